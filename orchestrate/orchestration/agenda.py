"""What comes next: every step, or only those at which something can happen. Nothing else knows which are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from orchestrate.domain.market import MarketEvent, Stamps, Timeline


class Agenda:
    """The steps of a run, in order.

    With `foreseen` (step → the next one behind it at which a strategy speaks) it jumps: to that, to the next bar of a
    symbol that `awaited` names, to one of `stops`, or to the last step, whichever comes first. Without, every step is
    visited.
    """

    def __init__(
        self,
        timeline: Timeline,
        foreseen: Callable[[int], int] | None = None,
        stops: Iterable[int] = (),
        awaited: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._timeline = timeline
        self._foreseen = foreseen
        self._stops = sorted({*stops, len(timeline) - 1}, reverse=True)
        self._awaited = awaited
        self._bars: dict[str, Stamps] = {}

    def __len__(self) -> int:
        return len(self._timeline)

    def __iter__(self) -> Iterator[MarketEvent]:
        if self._foreseen is None:
            return self._timeline.events()
        return self._jumping(self._foreseen)

    def _jumping(self, foreseen: Callable[[int], int]) -> Iterator[MarketEvent]:
        step, stops = -1, self._stops.copy()
        while stops:
            after, step = step, min(foreseen(step), stops[-1])
            for symbol in self._awaited():
                step = min(step, self._next_bar(symbol, after))
            if step == stops[-1]:
                stops.pop()
            yield self._timeline.event(step)

    def _next_bar(self, symbol: str, step: int) -> int:
        """The first step behind `step` at which `symbol` has a bar, or the end; mostly the very next."""
        column = self._timeline.columns[symbol]
        if step + 1 < len(column) and column[step + 1] >= 0:
            return step + 1
        if symbol not in self._bars:
            self._bars[symbol] = np.flatnonzero(self._timeline.rows[symbol] >= 0)
        steps = self._bars[symbol]
        place = int(np.searchsorted(steps, step, side="right"))
        return int(steps[place]) if place < len(steps) else len(self._timeline)
