"""Nautilus behind the port: its exchange for the orders of portable strategies, a position for each round trip.

Native strategies are hosted apart (see `hosting`), each in an engine of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.position import Position

from orchestrate.domain.errors import EngineError
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules, rounded
from orchestrate.domain.orders.order import Ended, Fill, Order, StrategyCommand
from orchestrate.engines.nautilus.bars import BarColumn
from orchestrate.engines.nautilus.exchange import Exchange
from orchestrate.engines.nautilus.instruments import explained
from orchestrate.engines.nautilus.settings import NautilusSettings
from orchestrate.engines.pending_fills import DueFill, PendingFills, raise_broken, refuse_crossing
from orchestrate.orchestration.orders.ports import EngineReport, FrameworkPortfolioState, StrategySeat

if TYPE_CHECKING:
    from orchestrate.engines.nautilus.hosting.host import NativeHost

Moment = Literal["open", "close"]


class NautilusOrchestrationAdapter:
    """The adapter of NautilusTrader; it implements `OrchestrationPort` and `NativeHostPort`."""

    framework = "nautilus"

    def __init__(self, settings: NautilusSettings | None = None) -> None:
        self._full = (settings or NautilusSettings()).feed == "full"
        self._pending = PendingFills(self.framework)
        self._exchange: Exchange | None = None
        self._host: NativeHost | None = None
        self._prices: dict[Moment, dict[str, memoryview]] = {}
        self._bars: dict[str, BarColumn] = {}
        self._open: dict[tuple[str, str], Position] = {}
        self._held: dict[str, float] = {}  # by symbol, what the positions of all strategies add up to
        self._realised = 0.0
        self._messages = 0

    def begin(self, market: Market, accounts: Sequence[StrategySeat], rules: ExecutionRules) -> None:
        """Open an exchange for all that portable strategies trade, and build an engine for each native."""
        self._pending.begin(market)
        portables = [account for account in accounts if account.native is None]
        if portables:
            symbols = dict.fromkeys(symbol for account in portables for symbol in account.symbols)
            self._exchange = Exchange(
                {symbol: market.instruments[symbol] for symbol in symbols},
                [account.strategy_id for account in portables],
                rules,
                market.timeline.begins,
            )
            self._prices = {
                "open": {symbol: market.series[symbol].open.data for symbol in symbols},
                "close": {symbol: market.series[symbol].close.data for symbol in symbols},
            }
            if self._full:
                self._bars = self._exchange.bars(market)
        natives = [account for account in accounts if account.native is not None]
        if natives:
            from orchestrate.engines.nautilus.hosting.host import NativeHost

            self._host = NativeHost(market, natives, rules)

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        """Hand over orders for the next open or close; verdicts reach natives at once."""
        self._messages += len(commands)
        if self._host is None:
            self._pending.take(commands)
            return
        self._pending.take([command for command in commands if command.strategy_id not in self._host])
        for command in commands:
            if command.strategy_id in self._host:
                self._host.execute(command)

    def wake(self, t: int) -> EngineReport:
        """Timers of natives fire that are due before `t`."""
        return self._host.wake(t) if self._host is not None else EngineReport()

    def listen(self) -> EngineReport:
        """What natives did since anything was last told."""
        return self._host.listen() if self._host is not None else EngineReport()

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        """Fill at the open, then what the bars reach; with `feed: full` they follow whole, as they do for natives."""
        fills = self._fill(self._pending.advance(t, rows), t, "open")
        ended: tuple[Ended, ...] = ()
        if self._pending.resting:
            fills += self._fill_reached(t)
            ended = self._pending.ended()
        if self._full:
            self._show(t, rows)
        if self._host is None:
            return EngineReport(fills, ended=ended)
        stepped = self._host.advance(t, rows)
        self._messages += len(stepped.fills)
        if not fills and not ended:
            return stepped
        return replace(stepped, fills=fills + stepped.fills, ended=ended + stepped.ended)

    def _show(self, t: int, rows: Mapping[str, int]) -> None:
        symbols = [symbol for symbol in self._bars if symbol in rows]
        if symbols:
            try:
                self._running.show(t, [(symbol, self._bars[symbol].bar(rows[symbol])) for symbol in symbols])
            except Exception as error:
                raise_broken(self.framework, symbols, explained(error, symbols))

    def close(self, t: int) -> tuple[Fill, ...]:
        """Fill at the close of the bars of the last `advance`."""
        fills = self._fill(self._pending.close(t), t, "close")
        return fills if self._host is None else fills + self._host.close(t)

    @property
    def _running(self) -> Exchange:
        if self._exchange is None:
            raise EngineError("nautilus: no run is under way")
        return self._exchange

    def _fill(self, due: list[Order], t: int, moment: Moment) -> tuple[Fill, ...]:
        if not due:
            return ()
        exchange, prices, rows = self._running, self._prices[moment], self._pending.rows
        try:
            fills = tuple(
                [self._trade(exchange, DueFill(o, o.quantity, prices[o.symbol][rows[o.symbol]]), t) for o in due]
            )
        except Exception as error:
            names = [order.id for order in due]
            raise_broken(self.framework, names, explained(error, names))
        self._messages += len(fills)
        return fills

    def _fill_reached(self, t: int) -> tuple[Fill, ...]:
        fills = []
        for due in self._pending.reached(self._size):
            try:
                fills.append(self._trade(self._running, due, t))
            except Exception as error:
                names = [due.order.id]
                raise_broken(self.framework, names, explained(error, names))
        self._messages += len(fills)
        return tuple(fills)

    def _size(self, strategy_id: str, symbol: str) -> float:
        held = self._open.get((strategy_id, symbol))
        return 0.0 if held is None else float(held.signed_qty)

    def _trade(self, exchange: Exchange, due: DueFill, t: int) -> Fill:
        order, symbol = due.order, due.order.symbol
        key = (order.strategy_id, symbol)
        held = self._open.get(key)
        size_before = realised_before = 0.0
        if held is not None:
            size_before, realised_before = held.signed_qty, held.realized_pnl.as_double()
            refuse_crossing(size_before, due.quantity)
        fill, position = exchange.trade(t, due, held)
        self._realised += position.realized_pnl.as_double() - realised_before
        size = position.signed_qty
        self._held[symbol] = rounded(self._held.get(symbol, 0.0) + size - size_before)
        if size:
            self._open[key] = position
        else:
            del self._open[key]
        units, paid = fill.last_qty, fill.last_px
        quantity = abs(due.quantity)
        if units != Quantity(quantity, units.precision):  # as_double of what is equal may differ in the last bit
            quantity = round(units.as_double(), units.precision)
        price = round(paid.as_double(), paid.precision)
        fee = fill.commission.as_double()
        quantity = quantity if fill.is_buy else -quantity
        return Fill(order.id, order.strategy_id, symbol, quantity, price, fee, t, due.part)

    def get_portfolio_state(self) -> FrameworkPortfolioState:
        """The engine's positions, netted, and what all of them realised."""
        held, realised = self._held.copy(), self._realised
        if self._host is not None:
            realised += self._host.realised
            for symbol, size in self._host.holdings():
                held[symbol] = rounded(held.get(symbol, 0.0) + size)
        return FrameworkPortfolioState(self.framework, held, realised, self._messages)

    def state_of(self, strategy_id: str) -> FrameworkPortfolioState:
        """One native's own engine."""
        held, realised = self._hosted.state_of(strategy_id)
        return FrameworkPortfolioState(self.framework, held, realised)

    def drop(self, strategy_id: str) -> None:
        """Dispose of one native's engine."""
        self._hosted.drop(strategy_id)

    @property
    def _hosted(self) -> NativeHost:
        if self._host is None:
            raise EngineError("nautilus: no native is hosted")
        return self._host

    def end(self) -> None:
        """Let go of the exchange, which holds nothing of the process, and dispose of the natives' engines."""
        host, self._host = self._host, None
        self._exchange = None
        self._bars.clear()
        self._open.clear()
        self._held.clear()
        self._pending = PendingFills(self.framework)
        if host is not None:
            host.end()
