"""The order of one symbol's ticks: what comes twice or too late is refused, what is missing is counted."""

from __future__ import annotations

from orchestrate.domain.errors import MessageError
from orchestrate.domain.ticks.tick import Refusal, Tick


class TickSequence:
    """What has come of one symbol.

    `missed` counts the numbers that were skipped; it is None as long as the feed numbers no tick, because then nobody
    can know. A feed that starts to count anew, at a later time, has been `restarted`; what it missed then is unknown.
    """

    def __init__(self) -> None:
        self.accepted = self.restarted = 0
        self.missed: int | None = None
        self.last: Tick | None = None
        self._seq: int | None = None

    def admit(self, tick: Tick) -> None:
        """Take in the next tick; MessageError for one that goes back in time, or that has come before."""
        last = self.last
        if last is not None and tick.t < last.t:
            message = f"its tick at {tick.t} comes after that at {last.t}"
            raise MessageError(Refusal.BACK_IN_TIME, message, where=tick.symbol)
        if tick.seq is not None:
            self._count(tick, tick.seq, last)
        self.accepted += 1
        self.last = tick

    def _count(self, tick: Tick, seq: int, last: Tick | None) -> None:
        before, self.missed = self._seq, self.missed or 0
        if before is not None and last is not None and seq <= before:
            if tick.t == last.t:
                raise MessageError(Refusal.DUPLICATE, f"its tick number {seq} has come before", where=tick.symbol)
            self.restarted += 1
        elif before is not None:
            self.missed += seq - before - 1
        self._seq = seq
