"""What comes next: every step, or only those at which something can happen. Nothing else knows which are skipped."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from orchestrate.domain.market import MarketEvent, Stamps, Timeline

#: A step → the first one behind it at which something may happen of one kind; past the last step where nothing will.
Foresight = Callable[[int], int]


class Agenda:
    """The steps of a run, in order.

    With `foresights` it jumps to what any of them tells next, and to the last step; whatever can happen in a run needs
    one. Without, every step is visited.
    """

    def __init__(self, timeline: Timeline, foresights: Sequence[Foresight] | None = None) -> None:
        self._timeline = timeline
        self._foresights = foresights

    def __len__(self) -> int:
        return len(self._timeline)

    def __iter__(self) -> Iterator[MarketEvent]:
        if self._foresights is None:
            return self._timeline.events()
        return self._jumping(self._foresights)

    def _jumping(self, foresights: Sequence[Foresight]) -> Iterator[MarketEvent]:
        step, last = -1, len(self._timeline) - 1
        while step < last:
            step = min([last, *(after(step) for after in foresights)])
            yield self._timeline.event(step)


def stops_at(steps: Iterable[int]) -> Foresight:
    """Steps that are known from the start, such as a symbol's last bar."""
    stops = sorted({*steps})

    def after(step: int) -> int:
        place = bisect_right(stops, step)
        return stops[place] if place < len(stops) else _NEVER

    return after


def next_bars(timeline: Timeline, awaited: Callable[[], Iterable[str]]) -> Foresight:
    """The next bar of any symbol that `awaited` names at the moment; mostly that of the very next step."""
    bars: dict[str, Stamps] = {}

    def of(symbol: str, step: int) -> int:
        column = timeline.columns[symbol]
        if step + 1 < len(column) and column[step + 1] >= 0:
            return step + 1
        if symbol not in bars:
            bars[symbol] = np.flatnonzero(timeline.rows[symbol] >= 0)
        place = int(np.searchsorted(bars[symbol], step, side="right"))
        return int(bars[symbol][place]) if place < len(bars[symbol]) else _NEVER

    def after(step: int) -> int:
        nearest = _NEVER
        for symbol in awaited():
            nearest = min(nearest, of(symbol, step))
        return nearest

    return after


_NEVER = 2**62
