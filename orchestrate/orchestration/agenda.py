"""What comes next: every step, or only those at which something can happen. Nothing else knows which are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from orchestrate.domain.market import MarketEvent, Stamps, Timeline
from orchestrate.orchestration.speakers import Speakers


class Agenda:
    """The steps of a run, in order.

    With `stops` it jumps: to the next of these steps, or to the next bar of a symbol that `awaited` names, whichever
    comes first. Without, every step is visited.
    """

    def __init__(
        self,
        timeline: Timeline,
        stops: Stamps | None = None,
        awaited: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._timeline = timeline
        self._stops = stops
        self._awaited = awaited
        self._bars: dict[str, Stamps] = {}

    def __len__(self) -> int:
        return len(self._timeline)

    def __iter__(self) -> Iterator[MarketEvent]:
        if self._stops is None:
            return self._timeline.events()
        return self._jumping(self._stops)

    def _jumping(self, stops: Stamps) -> Iterator[MarketEvent]:
        step, end = -1, len(self._timeline)
        for stop in (*stops.data, end):
            while step < stop:
                step = min([stop, *(self._next_bar(symbol, step) for symbol in self._awaited())])
                if step == end:
                    return
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


def stops_of(speakers: Speakers, timeline: Timeline, symbols: Iterable[str]) -> Stamps | None:
    """The steps that matter whatever happens: flags, the last bar of each of `symbols`, and the end.

    None where a strategy has to be asked at every bar, because only vectorised ones say beforehand when they speak.
    """
    if not speakers.all_foreseen:
        return None
    last = [timeline.last_step(symbol) for symbol in symbols]
    return np.unique(np.concatenate([speakers.steps, np.array([*last, len(timeline) - 1], dtype=np.int64)]))
