"""Who has something to say: known beforehand of vectorised strategies, to be found out from all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Protocol

import numpy as np

from orchestrate.domain.market import MarketEvent, Timeline
from orchestrate.orchestration.deciders import VectorDecider
from orchestrate.orchestration.entries import StrategyEntry

#: What a strategy holds of a symbol, signed, with what its pending orders will do.
Held = Callable[[StrategyEntry, str], float]


class Speakers(Protocol):
    """Which strategies have to be asked at a step, always in the same order among each other."""

    def at(self, event: MarketEvent) -> list[StrategyEntry]:
        """Those who have to be asked now; steps come in order."""


class EveryBar:
    """Everybody is asked at every bar of one of their symbols."""

    def __init__(self, entries: Sequence[StrategyEntry]) -> None:
        self._entries = entries

    def at(self, event: MarketEvent) -> list[StrategyEntry]:
        """Those with a bar."""
        return [entry for entry in self._entries if any(symbol in event.rows for symbol in entry.symbols)]


class Foreseen:
    """A vectorised strategy is asked only where a flag of it means something as it stands, all others at every bar.

    Where that is changes with what it holds: an exit means nothing to a strategy that is out. So whoever's holding may
    have changed is looked up anew; `moved` are their ids, and whoever changes one adds to it.
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
    def all_foreseen(self) -> bool:
        """True while nobody has to be asked but the vectorised, at the steps that `upcoming` tells."""
        return not self._others and not self._always

    def upcoming(self, step: int) -> int:
        """The first step behind `step` at which a vectorised strategy speaks, as things stand; the end if none does."""
        if self._moved:
            self._look_up(step + 1)
        queue = self._queue
        while queue and queue[0][0] != self._next[queue[0][1]]:
            heappop(queue)
        return queue[0][0] if queue else self._end

    def at(self, event: MarketEvent) -> list[StrategyEntry]:
        """Those who have to be asked now."""
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
        """Whose flags mean something now; they are looked up again from the next step on."""
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
        """Where those who moved speak next, from `start` on."""
        for strategy_id in self._moved:
            found = self._flags.get(strategy_id)
            if found is None:
                continue
            rank, entry, flags = found
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
    """For each symbol one byte a step: do its flags mean something, to who is out, to who is long, to who is short?"""
    found = {}
    for symbol in decider.codes:
        rows = timeline.rows[symbol]
        steps = np.flatnonzero(rows >= 0)
        masks = []
        for speaks in decider.speaks(symbol):
            mask = np.zeros(len(timeline), dtype=np.bool_)
            mask[steps] = speaks[rows[steps]]
            masks.append(mask.tobytes())
        found[symbol] = tuple(masks)
    return found


def _any_bar(symbols: Iterable[str], rows: Mapping[str, int]) -> bool:
    return any(symbol in rows for symbol in symbols)
