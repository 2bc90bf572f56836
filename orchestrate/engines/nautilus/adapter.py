"""Nautilus behind the port: a host strategy for each portable one, a position of its own for each round trip.

Native strategies are hosted apart (see `hosting`), each in an engine of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nautilus_trader.model.position import Position

from orchestrate.domain.errors import EngineError
from orchestrate.domain.execution import FRACTION_DIGITS, ExecutionRules
from orchestrate.domain.market import BarSeries, Market
from orchestrate.domain.orders import Fill, Order, StrategyCommand
from orchestrate.engines.handover import Handover, breaking_named, refuse_crossing
from orchestrate.engines.nautilus.settings import NautilusSettings
from orchestrate.engines.nautilus.stepping import NautilusStepper
from orchestrate.orchestration.ports import Account, FrameworkPortfolioState, Stepped

if TYPE_CHECKING:
    from orchestrate.engines.nautilus.hosting.host import NativeHost


class NautilusOrchestrationAdapter:
    """See `NativeHostPort`."""

    framework = "nautilus"

    def __init__(self, settings: NautilusSettings | None = None) -> None:
        self._full = (settings or NautilusSettings()).feed == "full"
        self._handover = Handover(self.framework)
        self._stepper: NautilusStepper | None = None
        self._host: NativeHost | None = None
        self._series: dict[str, BarSeries] = {}
        self._open: dict[tuple[str, str], Position] = {}
        self._realised = 0.0
        self._messages = 0

    def begin(self, market: Market, accounts: Sequence[Account], rules: ExecutionRules) -> None:
        """Build an engine for all that portable strategies trade, and one for each native."""
        portables = [account for account in accounts if account.native is None]
        self._series = {symbol: market.series[symbol] for account in portables for symbol in account.symbols}
        if portables:
            self._stepper = NautilusStepper(
                {symbol: market.instruments[symbol] for symbol in self._series},
                [account.strategy_id for account in portables],
                rules,
                int(market.timeline.stamps[0]),
            )
        natives = [account for account in accounts if account.native is not None]
        if natives:
            from orchestrate.engines.nautilus.hosting.host import NativeHost

            self._host = NativeHost(market, natives, rules)

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        """Hand over orders for the next open or close; verdicts reach natives at once."""
        self._messages += len(commands)
        if self._host is None:
            self._handover.take(commands)
            return
        self._handover.take([command for command in commands if command.strategy_id not in self._host])
        for command in commands:
            if command.strategy_id in self._host:
                self._host.execute(command)

    def wake(self, t: int) -> Stepped:
        """Timers of natives fire that are due before `t`."""
        return self._host.wake(t) if self._host is not None else Stepped()

    def listen(self) -> Stepped:
        """What natives did since anything was last told."""
        return self._host.listen() if self._host is not None else Stepped()

    def advance(self, t: int, rows: Mapping[str, int]) -> Stepped:
        """Fill at the open; with `feed: full` the whole bars follow, as they do for natives."""
        fills = self._fill(self._handover.advance(t, rows), t, "open")
        if self._full:
            self._show(t, rows)
        if self._host is None:
            return Stepped(fills)
        stepped = self._host.advance(t, rows)
        self._messages += len(stepped.fills)
        return replace(stepped, fills=fills + stepped.fills) if fills else stepped

    def _show(self, t: int, rows: Mapping[str, int]) -> None:
        bars = [(self._series[symbol], row) for symbol, row in rows.items() if symbol in self._series]
        if bars:
            with breaking_named(self.framework, (series.symbol for series, _ in bars)):
                self._running.show(t, bars)

    def close(self, t: int) -> tuple[Fill, ...]:
        """Fill at the close of the bars of the last `advance`."""
        fills = self._fill(self._handover.close(t), t, "close")
        return fills if self._host is None else fills + self._host.close(t)

    @property
    def _running(self) -> NautilusStepper:
        if self._stepper is None:
            raise EngineError("nautilus: no run is under way")
        return self._stepper

    def _fill(self, due: list[Order], t: int, moment: str) -> tuple[Fill, ...]:
        if not due:
            return ()
        symbols, rows = dict.fromkeys(order.symbol for order in due), self._handover.rows
        prices = ((symbol, float(getattr(self._series[symbol], moment)[rows[symbol]])) for symbol in symbols)
        with breaking_named(self.framework, (order.id for order in due)):
            self._running.quote(t, prices)
            fills = tuple(self._trade(order, t) for order in due)
        self._messages += len(fills)
        return fills

    def _trade(self, order: Order, t: int) -> Fill:
        key = (order.strategy_id, order.symbol)
        held = self._open.get(key)
        before = 0.0
        if held is not None:
            refuse_crossing(held.signed_qty, order.quantity)
            before = held.realized_pnl.as_double()
        event = self._running.trade(order.strategy_id, order.symbol, order.quantity, held)
        if isinstance(event, str):
            raise EngineError(f"nautilus did not fill order {order.id}: {event}")
        position = held or self._running.position(event.position_id)
        self._realised += position.realized_pnl.as_double() - before
        if position.is_closed:
            del self._open[key]
            self._running.forget(position)
        else:
            self._open[key] = position
        size = round(event.last_qty.as_double(), event.last_qty.precision)
        price = round(event.last_px.as_double(), event.last_px.precision)
        quantity = size if event.is_buy else -size
        return Fill(order.id, *key, quantity, price, event.commission.as_double(), t)

    def get_portfolio_state(self) -> FrameworkPortfolioState:
        """The engine's open positions, netted, and what all of its positions realised."""
        held: dict[str, float] = {}
        for (_, symbol), position in self._open.items():
            held[symbol] = held.get(symbol, 0.0) + position.signed_qty
        realised = self._realised
        if self._host is not None:
            realised += self._host.realised
            for symbol, size in self._host.holdings():
                held[symbol] = held.get(symbol, 0.0) + size
        quantities = {symbol: round(size, FRACTION_DIGITS) for symbol, size in held.items()}
        return FrameworkPortfolioState(self.framework, quantities, realised, self._messages)

    def end(self) -> None:
        """Dispose of all engines."""
        stepper, self._stepper = self._stepper, None
        host, self._host = self._host, None
        self._open.clear()
        try:
            if host is not None:
                host.end()
        finally:
            if stepper is not None:
                stepper.end()
