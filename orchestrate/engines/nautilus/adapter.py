"""Nautilus behind the port: a host strategy for each of ours, a position of its own for each round trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nautilus_trader.model.position import Position

from orchestrate.domain.errors import EngineError
from orchestrate.domain.execution import FRACTION_DIGITS, ExecutionRules
from orchestrate.domain.market import BarSeries, Market
from orchestrate.domain.orders import Fill, Order, StrategyCommand
from orchestrate.engines.handover import Handover, breaking_named, refuse_crossing, refuse_natives
from orchestrate.engines.nautilus.settings import NautilusSettings
from orchestrate.engines.nautilus.stepping import NautilusStepper
from orchestrate.orchestration.ports import Account, FrameworkPortfolioState, Stepped


class NautilusOrchestrationAdapter:
    """See `OrchestrationPort`."""

    framework = "nautilus"

    def __init__(self, settings: NautilusSettings | None = None) -> None:
        self._full = (settings or NautilusSettings()).feed == "full"
        self._handover = Handover(self.framework)
        self._stepper: NautilusStepper | None = None
        self._series: dict[str, BarSeries] = {}
        self._open: dict[tuple[str, str], Position] = {}
        self._realised = 0.0
        self._messages = 0

    def begin(self, market: Market, accounts: Sequence[Account], rules: ExecutionRules) -> None:
        """Build an engine for the symbols that the accounts trade."""
        refuse_natives(self.framework, accounts)
        self._series = {symbol: market.series[symbol] for account in accounts for symbol in account.symbols}
        self._stepper = NautilusStepper(
            {symbol: market.instruments[symbol] for symbol in self._series},
            [account.strategy_id for account in accounts],
            rules,
            int(market.timeline.stamps[0]),
        )

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        """Hand over orders for the next open or close."""
        self._messages += len(commands)
        self._handover.take(commands)

    def advance(self, t: int, rows: Mapping[str, int]) -> Stepped:
        """Fill at the open; with `feed: full` the whole bars follow."""
        fills = self._fill(self._handover.advance(t, rows), t, "open")
        if self._full:
            self._show(t, rows)
        return Stepped(fills)

    def _show(self, t: int, rows: Mapping[str, int]) -> None:
        bars = [(self._series[symbol], row) for symbol, row in rows.items() if symbol in self._series]
        if bars:
            with breaking_named(self.framework, (series.symbol for series, _ in bars)):
                self._running.show(t, bars)

    def close(self, t: int) -> tuple[Fill, ...]:
        """Fill at the close of the bars of the last `advance`."""
        return self._fill(self._handover.close(t), t, "close")

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
        quantities = {symbol: round(size, FRACTION_DIGITS) for symbol, size in held.items()}
        return FrameworkPortfolioState(self.framework, quantities, self._realised, self._messages)

    def end(self) -> None:
        """Dispose of the engine."""
        stepper, self._stepper = self._stepper, None
        self._open.clear()
        if stepper is not None:
            stepper.end()
