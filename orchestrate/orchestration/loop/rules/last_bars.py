"""Positions that are closed at the last close of their series: at a settlement, or all with `close_at_end`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.orders.order import Reason, StrategyCommand
from orchestrate.domain.results import Finding
from orchestrate.orchestration.loop.clock import NextEvent, fixed_steps
from orchestrate.orchestration.strategies.registry import StrategyEntry

if TYPE_CHECKING:
    from orchestrate.orchestration.loop.session import Session


class LastBars:
    """Places the orders that close positions in series which end; `is_needed` where a run may have such."""

    def __init__(self, session: Session, market: Market, *, close_at_end: bool) -> None:
        self._ends, self._settlements = market.timeline.ends, market.settlements
        self._session, self._close_at_end = session, close_at_end
        self._settled: dict[str, int] = {}

    @property
    def is_needed(self) -> bool:
        """True where a run may have positions that end before it does."""
        return self._close_at_end or bool(self._settlements)

    @property
    def events(self) -> list[NextEvent]:
        """What names the steps at which a position may be closed."""
        ends = self._ends.steps
        steps = [ends[symbol] for symbol in (ends if self._close_at_end else self._settlements)]
        return [fixed_steps(steps)] if self.is_needed else []

    def commands(self, event: MarketEvent) -> list[StrategyCommand]:
        """Place an order for each position that ends now; return the commands that hand them to the engines."""
        last = [symbol for symbol in event.rows if self._ends.steps[symbol] == event.step]
        ending = sorted(symbol for symbol in last if self._close_at_end or symbol in self._settlements)
        if not ending:
            return []
        self._session.cancel_ended(event)
        for entry in self._session.in_order:
            for symbol in ending:
                self._close(entry, symbol)
        closed = self._session.release(event, at_open=False, symbols=ending)
        if self._session.structures.quote(event):
            closed += self._session.release(event, at_open=False, which="quoted")
        return closed

    def _close(self, entry: StrategyEntry, symbol: str) -> None:
        position = entry.book.positions.get(symbol)
        if position is None:
            return
        if self._session.structures.settle(entry, position):
            return
        reason = Reason.CLOSE_AT_END
        if symbol in self._settlements:
            reason = Reason.SETTLEMENT
            self._settled[symbol] = self._settled.get(symbol, 0) + 1
        self._session.orders.close_position(entry, position, reason)

    def findings(self) -> list[Finding]:
        """Return a finding for each future of which positions ended at the settlement."""
        ended = "positions ended at its settlement"
        return [
            Finding(
                "warning", f"instruments.{symbol}", f"{ended} on {self._settlements[symbol]}, none is rolled", count
            )
            for symbol, count in self._settled.items()
        ]
