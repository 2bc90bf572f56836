"""All native Nautilus strategies of a run."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.engines.hosting.host import NativeHost
from orchestrate.engines.nautilus.hosting.strategy import NautilusStrategy
from orchestrate.orchestration.orders.ports import StrategySeat


class NautilusHost(NativeHost[NautilusStrategy]):
    """See `NativeHost`; where something still fills at the last close, natives are stopped in `end`."""

    def __init__(self, market: Market, seats: Sequence[StrategySeat], rules: ExecutionRules) -> None:
        ends = market.timeline.ends
        fills_at_end = rules.close_at_end or any(ends.steps[symbol] == ends.last for symbol in market.settlements)
        symbols, stops = tuple(market.timeline.rows), rules.fill == "next_open" and not fills_at_end
        super().__init__(NautilusStrategy, market, seats, rules, symbols, stops_at_last_bar=stops)
