"""Positions that are closed at the last close of their series: at a settlement, or all with `close_at_end`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.orders.order import Reason
from orchestrate.domain.results import Finding
from orchestrate.orchestration.loop.order_manager import OrderManager
from orchestrate.orchestration.strategies.registry import StrategyEntry


class LastBars:
    """Places the orders that close positions in series which end; `is_needed` where a run may have such."""

    def __init__(self, market: Market, orders: OrderManager, *, close_at_end: bool) -> None:
        self._ends, self._settlements = market.timeline.ends, market.settlements
        self._orders, self._close_at_end = orders, close_at_end
        self._settled: dict[str, int] = {}
        self.is_needed = close_at_end or bool(market.settlements)

    def steps(self) -> list[int]:
        """Return the steps at which a position may be closed."""
        return [step for symbol, step in self._ends.steps.items() if self._close_at_end or symbol in self._settlements]

    def ending(self, event: MarketEvent) -> list[str]:
        """Return the symbols with their last bar now of which all positions are closed."""
        last = [symbol for symbol in event.rows if self._ends.steps[symbol] == event.step]
        return sorted(symbol for symbol in last if self._close_at_end or symbol in self._settlements)

    def close(self, symbols: Sequence[str], in_order: Iterable[StrategyEntry]) -> None:
        """Place an order for each position in `symbols`."""
        for entry in in_order:
            for symbol in symbols:
                position = entry.book.positions.get(symbol)
                if position is not None and symbol in self._settlements:
                    self._settled[symbol] = self._settled.get(symbol, 0) + 1
                    self._orders.close_position(entry, position, Reason.SETTLEMENT)
                elif position is not None:
                    self._orders.close_position(entry, position, Reason.CLOSE_AT_END)

    def findings(self) -> list[Finding]:
        """Return a finding for each future of which positions ended at the settlement."""
        ended = "positions ended at its settlement"
        return [
            Finding(
                "warning", f"instruments.{symbol}", f"{ended} on {self._settlements[symbol]}, none is rolled", count
            )
            for symbol, count in self._settled.items()
        ]
