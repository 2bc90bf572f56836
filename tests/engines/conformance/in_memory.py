"""The smallest engine there is: the worked example of docs/adapters.md."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Fill, Order, StrategyCommand
from orchestrate.engines.pending_fills import DueFill, PendingFills, raise_broken, refuse_crossing
from orchestrate.orchestration.orders.ports import EngineReport, FrameworkPortfolioState, StrategySeat


class InMemoryAdapter:
    """See `OrchestrationPort`. Its books are two dictionaries: quantity and cost by strategy and symbol.

    `largest_fill` is the most that one bar fills of an order that rests; `every_bar` tries these at each bar.
    """

    framework = "in_memory"

    def __init__(self, largest_fill: float = math.inf, *, every_bar: bool = False) -> None:
        self._pending = PendingFills(self.framework, largest_fill)
        self._every_bar = every_bar
        self._quantities: dict[tuple[str, str], float] = {}
        self._averages: dict[tuple[str, str], float] = {}
        self._realised = 0.0
        self._messages = 0

    def begin(self, market: Market, seats: Sequence[StrategySeat], rules: ExecutionRules) -> None:
        self._market, self._rules = market, rules
        self._pending.begin(market, every_bar=self._every_bar)

    def join(self, seat: StrategySeat, t: int) -> None:
        """Nothing is kept of a strategy before its first fill."""

    def open_symbol(self, symbol: str) -> None:
        """Nothing is kept of a symbol before its first fill."""

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        self._messages += len(commands)
        self._pending.take(commands)

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        fills = self._fill_all(self._market_fills("open", self._pending.advance(t, rows)), t)
        fills += self._fill_all(self._pending.reached(self._held), t)
        return EngineReport(fills, ended=self._pending.ended())

    def next_event(self, step: int) -> int:
        return self._pending.next_event(step)

    def close(self, t: int) -> tuple[Fill, ...]:
        return self._fill_all(self._market_fills("close", self._pending.close(t)), t)

    def _market_fills(self, moment: str, orders: Sequence[Order]) -> Iterator[DueFill]:
        for order in orders:
            raw = getattr(self._market.series[order.symbol], moment)[self._pending.rows[order.symbol]]
            yield DueFill(order, order.quantity, float(raw) if order.price is None else order.price)

    def _held(self, strategy_id: str, symbol: str) -> float:
        return self._quantities.get((strategy_id, symbol), 0.0)

    def _fill_all(self, due: Iterable[DueFill], t: int) -> tuple[Fill, ...]:
        fills = []
        for each in due:
            try:
                fills.append(self._fill(each, t))
            except Exception as error:
                raise_broken(self.framework, [each.order.id], error)
        self._messages += len(fills)
        return tuple(fills)

    def _fill(self, due: DueFill, t: int) -> Fill:
        order, quantity, price, part = due
        instrument = self._market.instruments[order.symbol]
        if order.slips:
            price = self._rules.fill_price(price, quantity, instrument)
        fee = self._rules.fee(quantity, price, instrument) if order.fee is None else order.fee
        key = (order.strategy_id, order.symbol)
        held, average = self._quantities.get(key, 0.0), self._averages.get(key, 0.0)
        refuse_crossing(held, quantity)
        self._realised -= fee
        if held * quantity < 0:
            self._realised -= quantity * (price - average) * instrument.multiplier
        else:
            average = (held * average + quantity * price) / (held + quantity)
        self._quantities[key] = round(held + quantity, 6)
        self._averages[key] = average
        return Fill(order.id, order.strategy_id, order.symbol, quantity, price, fee, t, part)

    def get_portfolio_state(self) -> FrameworkPortfolioState:
        net: dict[str, float] = {}
        for (_, symbol), quantity in self._quantities.items():
            net[symbol] = round(net.get(symbol, 0.0) + quantity, 6)
        return FrameworkPortfolioState(self.framework, net, self._realised, self._messages)

    def end(self) -> None:
        self._quantities.clear()
