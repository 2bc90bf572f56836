"""Decide which strategies to call at each step: vectorised ones where a flag acts, all others at every bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Protocol

import numpy as np

from orchestrate.domain.market.timeline import MarketEvent, Stamps, Timeline
from orchestrate.orchestration.strategies.deciders import VectorDecider
from orchestrate.orchestration.strategies.registry import StrategyEntry

#: What a strategy holds of a symbol, signed, with what its pending orders will do.
Held = Callable[[StrategyEntry, str], float]


class Schedule(Protocol):
    """The strategies to call at a step, always in the same order among each other."""

    def at(self, event: MarketEvent) -> list[StrategyEntry]:
        """Return the strategies to call now; steps come in order."""

    def next_event(self, step: int) -> int:
        """Return the first step after `step` at which a strategy must be called."""


class EveryBar:
    """A schedule that calls every strategy at every bar of one of its symbols."""

    def __init__(self, entries: Sequence[StrategyEntry]) -> None:
        self._entries = entries

    def at(self, event: MarketEvent) -> list[StrategyEntry]:
        """Return the strategies with a bar."""
        return [entry for entry in self._entries if any(symbol in event.rows for symbol in entry.symbols)]

    def next_event(self, step: int) -> int:
        """See `Schedule`."""
        return step + 1


class SignalSchedule:
    """A schedule that calls a vectorised strategy only where one of its flags acts, all others at every bar.

    An exit flag means nothing to a strategy that is out, so its next step is looked up again when its holding may have
    changed. `moved` has the ids of such strategies; each change of a holding adds to it.
    """

    def __init__(self, entries: Sequence[StrategyEntry], timeline: Timeline, moved: set[str], held: Held) -> None:
        self._entries, self._moved, self._held = entries, moved, held
        self._end = len(timeline)
        self._flags: dict[str, tuple[int, StrategyEntry, Mapping[str, tuple[bytes, ...]]]] = {}
        self._always: list[int] = []
        self._others: list[int] = []
        for rank, entry in enumerate(entries):
            if isinstance(entry.decider, VectorDecider):
                self._flags[entry.id] = rank, entry, _by_step(entry.decider, timeline)
            elif entry.decider is not None:
                full = any(bool((timeline.rows[symbol] >= 0).all()) for symbol in entry.symbols)
                (self._always if full else self._others).append(rank)
        self._at_every_bar = [entries[rank] for rank in self._always]
        self._next = [self._end] * len(entries)
        self._queue: list[tuple[int, int]] = []
        moved.update(self._flags)

    @property
    def is_complete(self) -> bool:
        """True where all strategies are vectorised: nothing happens but at the steps of `next_event`."""
        return not self._others and not self._always

    def next_event(self, step: int) -> int:
        """Return the first step after `step` at which a flag acts on its strategy's holding; the end if none does."""
        if not self.is_complete:
            return step + 1
        if self._moved:
            self._look_up(step + 1)
        queue = self._queue
        while queue and queue[0][0] != self._next[queue[0][1]]:
            heappop(queue)
        return queue[0][0] if queue else self._end

    def at(self, event: MarketEvent) -> list[StrategyEntry]:
        """Return the strategies to call now."""
        step, queue = event.step, self._queue
        if self._moved:
            self._look_up(step)
        due = self._due(step) if queue and queue[0][0] <= step else []
        if self._others:
            due += [rank for rank in self._others if _any_bar(self._entries[rank].symbols, event.rows)]
        if not due:
            return self._at_every_bar
        return [self._entries[rank] for rank in sorted(due + self._always)]

    def _due(self, step: int) -> list[int]:
        """Return the strategies with a flag that acts now; they are looked up again from the next step on."""
        queue = self._queue
        due: list[int] = []
        while queue and queue[0][0] <= step:
            at, rank = heappop(queue)
            if at == self._next[rank]:
                self._moved.add(self._entries[rank].id)
                self._next[rank] = -1
                if at == step:
                    due.append(rank)
        return due

    def _look_up(self, start: int) -> None:
        """Look up the next step of strategies whose holdings may have changed, from `start` on."""
        for strategy_id in self._moved:
            scheduled = self._flags.get(strategy_id)
            if scheduled is None:
                continue
            rank, entry, flags = scheduled
            nearest = self._end
            for symbol, steps in flags.items():
                held = self._held(entry, symbol)
                at = steps[(held > 0) - (held < 0)].find(1, start)
                if 0 <= at < nearest:
                    nearest = at
            if nearest != self._next[rank]:
                self._next[rank] = nearest
                if nearest < self._end:
                    heappush(self._queue, (nearest, rank))
        self._moved.clear()


def _by_step(decider: VectorDecider, timeline: Timeline) -> dict[str, tuple[bytes, ...]]:
    """Return for each symbol one byte a step: whether a flag acts on a strategy that is out, long, short."""
    by_symbol = {}
    for symbol in decider.codes:
        acting, rows = decider.acting(symbol), timeline.rows[symbol]
        by_symbol[symbol] = acting if (rows >= 0).all() else tuple(_spread(acts, rows) for acts in acting)
    return by_symbol


def _spread(acts: bytes, rows: Stamps) -> bytes:
    """Return what is said of each bar at the step that has it; 0 at others."""
    there = rows >= 0
    steps = np.zeros(len(rows), dtype=np.uint8)
    steps[there] = np.frombuffer(acts, dtype=np.uint8)[rows[there]]
    return steps.tobytes()


def _any_bar(symbols: Iterable[str], rows: Mapping[str, int]) -> bool:
    return any(symbol in rows for symbol in symbols)
