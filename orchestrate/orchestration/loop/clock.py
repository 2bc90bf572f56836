"""The steps of a run. Nothing else knows whether some are skipped, or whether bars are still to come."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import numpy as np

from orchestrate.domain.market.arriving import Arrival, MarketBuffer
from orchestrate.domain.market.timeline import NEVER, MarketEvent, Stamps, Timeline

#: A step → the next one at which something of one kind may happen; `NEVER` where nothing will.
NextEvent = Callable[[int], int]
#: A step and a later one → the first step between them that must be taken; the later one where none must.
FirstHit = Callable[[int, int], int]


class Clock(Protocol):
    """Yields the steps of a run in order, each with its bars."""

    def __len__(self) -> int:
        """Return the number of steps that are known."""

    def __iter__(self) -> Iterator[MarketEvent]:
        """Yield the steps that have to be taken."""


class HistoricalClock:
    """The steps of bars that are all known.

    With `events` it jumps to the next step that any of them names, and to the last; everything that can happen in a run
    needs one. Without, every step is visited. `first_hit(step, bound)` may return a step between: it depends on
    positions, which are constant until `bound`.
    """

    def __init__(
        self, timeline: Timeline, events: Iterable[NextEvent] | None = None, first_hit: FirstHit | None = None
    ) -> None:
        if not timeline.is_complete:
            raise ValueError("bars of this market are still to come: its steps come from a FeedClock")
        self._timeline, self._first_hit = timeline, first_hit
        self._events = None if events is None else tuple(events)

    def __len__(self) -> int:
        return len(self._timeline)

    def __iter__(self) -> Iterator[MarketEvent]:
        if self._events is None:
            return self._timeline.events()
        return self._jump(self._events)

    def _jump(self, events: tuple[NextEvent, ...]) -> Iterator[MarketEvent]:
        step, last = -1, len(self._timeline) - 1
        while step < last:
            bound = last
            for next_event in events:
                bound = min(bound, next_event(step))
                if bound == step + 1:  # none comes before it
                    break
            step = bound if self._first_hit is None else self._first_hit(step, bound)
            yield self._timeline.event(step)


class FeedClock:
    """The steps of bars that arrive one at a time: each is written into the columns of its market, then taken.

    None is skipped. When nothing arrives any more, every series has ended.
    """

    def __init__(self, buffer: MarketBuffer, arrivals: Iterable[Arrival]) -> None:
        self._buffer, self._arrivals = buffer, arrivals

    def __len__(self) -> int:
        return len(self._buffer.market.timeline)

    def __iter__(self) -> Iterator[MarketEvent]:
        for arrival in self._arrivals:
            yield self._buffer.append(arrival)
        self._buffer.close()


def fixed_steps(steps: Iterable[int]) -> NextEvent:
    """Return the next of steps that are known from the start, such as a symbol's last bar."""
    stops = sorted({*steps})

    def next_event(step: int) -> int:
        place = bisect_right(stops, step)
        return stops[place] if place < len(stops) else NEVER

    return next_event


def every_step(step: int) -> int:
    """Return the next step, for those that must see each."""
    return step + 1


def first_at(timeline: Timeline, moments: Iterable[int]) -> list[int]:
    """Return for each moment the first step whose label is not before it; the number of steps where there is none."""
    labels = np.maximum.accumulate(timeline.labels)
    return [int(step) for step in np.searchsorted(labels, np.array([*moments], dtype=np.int64))]


def next_bars(timeline: Timeline, symbols: Callable[[], Iterable[str]]) -> NextEvent:
    """Return the next bar of any of the `symbols` of the moment; mostly that of the very next step."""
    bars: dict[str, Stamps] = {}

    def next_bar(symbol: str, step: int) -> int:
        column = timeline.columns[symbol]
        if step + 1 < len(column) and column[step + 1] >= 0:
            return step + 1
        if symbol not in bars:
            bars[symbol] = np.flatnonzero(timeline.rows[symbol] >= 0)
        place = int(np.searchsorted(bars[symbol], step, side="right"))
        return int(bars[symbol][place]) if place < len(bars[symbol]) else NEVER

    def next_event(step: int) -> int:
        nearest = NEVER
        for symbol in symbols():
            nearest = min(nearest, next_bar(symbol, step))
        return nearest

    return next_event
