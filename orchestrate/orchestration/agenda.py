"""What comes next: every step, or only those at which something can happen. Nothing else knows which are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from orchestrate.domain.market import MarketEvent, Stamps, Timeline
from orchestrate.orchestration.deciders import VectorDecider
from orchestrate.orchestration.entries import StrategyEntry


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
        while True:
            following = min([_after(stops, step, end), *(self._next_bar(symbol, step) for symbol in self._awaited())])
            if following >= end:
                return
            step = following
            yield self._timeline.event(step)

    def _next_bar(self, symbol: str, step: int) -> int:
        if symbol not in self._bars:
            self._bars[symbol] = np.flatnonzero(self._timeline.rows[symbol] >= 0)
        return _after(self._bars[symbol], step, len(self._timeline))


def _after(steps: Stamps, step: int, end: int) -> int:
    """The first of `steps` behind `step`, or `end`."""
    place = int(np.searchsorted(steps, step, side="right"))
    return int(steps[place]) if place < len(steps) else end


def stops_of(entries: Sequence[StrategyEntry], timeline: Timeline, symbols: Iterable[str]) -> Stamps | None:
    """The steps that matter whatever happens: flags, the last bar of each of `symbols`, and the end.

    None where a strategy has to be asked at every bar, because only vectorised ones say beforehand when they speak.
    """
    found = [np.array([len(timeline) - 1], dtype=np.int64)]
    for entry in entries:
        if entry.status == "failed":
            continue
        if not isinstance(entry.decider, VectorDecider):
            return None
        for symbol, flags in entry.decider.flags.items():
            rows = timeline.rows[symbol]
            steps = np.flatnonzero(rows >= 0)
            found.append(steps[flags.any[rows[steps]]])
    found.append(np.array([timeline.last_step(symbol) for symbol in symbols], dtype=np.int64))
    return np.unique(np.concatenate(found))
