"""The smallest engine there is: the worked example of docs/adapters.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrate.domain.execution import ExecutionRules
from orchestrate.domain.market import Market
from orchestrate.domain.orders import Fill, Order, StrategyCommand
from orchestrate.engines.handover import Handover, raise_broken, refuse_crossing
from orchestrate.orchestration.orders.ports import EngineReport, FrameworkPortfolioState, StrategySeat


class InMemoryAdapter:
    """See `OrchestrationPort`. Its books are two dictionaries: quantity and cost by strategy and symbol."""

    framework = "in_memory"

    def __init__(self) -> None:
        self._handover = Handover(self.framework)
        self._quantities: dict[tuple[str, str], float] = {}
        self._averages: dict[tuple[str, str], float] = {}
        self._realised = 0.0
        self._messages = 0

    def begin(self, market: Market, accounts: Sequence[StrategySeat], rules: ExecutionRules) -> None:
        self._market, self._rules = market, rules

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        self._messages += len(commands)
        self._handover.take(commands)

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        return EngineReport(self._fill_at("open", t, self._handover.advance(t, rows)))

    def close(self, t: int) -> tuple[Fill, ...]:
        return self._fill_at("close", t, self._handover.close(t))

    def _fill_at(self, moment: str, t: int, due: Sequence[Order]) -> tuple[Fill, ...]:
        try:
            fills = tuple(self._fill(order, self._price(order.symbol, moment), t) for order in due)
        except Exception as error:
            raise_broken(self.framework, [order.id for order in due], error)
        self._messages += len(fills)
        return fills

    def _price(self, symbol: str, moment: str) -> float:
        column = getattr(self._market.series[symbol], moment)
        return float(column[self._handover.rows[symbol]])

    def _fill(self, order: Order, raw: float, t: int) -> Fill:
        instrument = self._market.instruments[order.symbol]
        price = self._rules.fill_price(raw, order.quantity, instrument)
        fee = self._rules.fee(order.quantity, price, instrument)
        key = (order.strategy_id, order.symbol)
        held, average = self._quantities.get(key, 0.0), self._averages.get(key, 0.0)
        refuse_crossing(held, order.quantity)
        self._realised -= fee
        if held * order.quantity < 0:
            self._realised -= order.quantity * (price - average) * instrument.multiplier
        else:
            average = (held * average + order.quantity * price) / (held + order.quantity)
        self._quantities[key] = round(held + order.quantity, 6)
        self._averages[key] = average
        return Fill(order.id, order.strategy_id, order.symbol, order.quantity, price, fee, t)

    def get_portfolio_state(self) -> FrameworkPortfolioState:
        net: dict[str, float] = {}
        for (_, symbol), quantity in self._quantities.items():
            net[symbol] = round(net.get(symbol, 0.0) + quantity, 6)
        return FrameworkPortfolioState(self.framework, net, self._realised, self._messages)

    def end(self) -> None:
        self._quantities.clear()
