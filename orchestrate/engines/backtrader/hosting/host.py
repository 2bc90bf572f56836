"""All native Backtrader strategies of a run."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.engines.backtrader.hosting.strategy import BacktraderStrategy
from orchestrate.engines.hosting.host import NativeHost
from orchestrate.orchestration.orders.ports import EngineReport, StrategySeat


class BacktraderHost(NativeHost[BacktraderStrategy]):
    """See `NativeHost`; natives are stopped after the last bar of all of their symbols."""

    def __init__(self, market: Market, seats: Sequence[StrategySeat], rules: ExecutionRules) -> None:
        symbols = dict.fromkeys(symbol for seat in seats for symbol in seat.symbols)
        super().__init__(BacktraderStrategy, market, seats, rules, tuple(symbols), stops_at_last_bar=True)

    def wake(self, t: int) -> EngineReport:  # noqa: ARG002  # of the port
        """Report only: Backtrader's timers fire with bars, never between them."""
        return self.report()
