"""Who has something to say: known beforehand of vectorised strategies, to be found out from all others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from orchestrate.domain.market import MarketEvent, Stamps, Timeline
from orchestrate.orchestration.deciders import VectorDecider
from orchestrate.orchestration.entries import StrategyEntry


class Speakers:
    """Which of `entries` have to be asked at a step; they stay in that order.

    A vectorised one where a flag of it is set, any other at every bar of one of its symbols, which for many is always.
    `steps` are those at which a vectorised one speaks; `all_foreseen` tells that there are no others.
    """

    def __init__(self, entries: Sequence[StrategyEntry], timeline: Timeline) -> None:
        self._entries = entries
        self._always: list[int] = []
        self._others: list[int] = []
        steps, ranks = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for rank, entry in enumerate(entries):
            if isinstance(entry.decider, VectorDecider):
                steps.append(_flagged(entry.decider, timeline))
                ranks.append(np.full(len(steps[-1]), rank))
            elif entry.decider is not None:
                full = any(bool((timeline.rows[symbol] >= 0).all()) for symbol in entry.symbols)
                (self._always if full else self._others).append(rank)
        every_step, every_rank = np.concatenate(steps), np.concatenate(ranks)
        order = np.lexsort((every_rank, every_step))
        self.steps: Stamps = every_step[order]
        self._steps, self._ranks = self.steps.data, every_rank[order].data

    @property
    def all_foreseen(self) -> bool:
        """True while `steps` are all the steps at which anybody has to be asked."""
        return not self._others and not self._always

    def at(self, event: MarketEvent) -> list[StrategyEntry]:
        """Those who have to be asked now."""
        ranks = self._always
        if self._others:
            ranks = ranks + [rank for rank in self._others if _any_bar(self._entries[rank].symbols, event.rows)]
        if self._steps:
            place = bisect_left(self._steps, event.step)
            while place < len(self._steps) and self._steps[place] == event.step:
                ranks = [*ranks, self._ranks[place]]
                place += 1
        return [self._entries[rank] for rank in sorted(ranks)]


def _flagged(decider: VectorDecider, timeline: Timeline) -> Stamps:
    """The steps at which one of the decider's symbols has a bar with a flag, each once."""
    found = [np.empty(0, dtype=np.int64)]
    for symbol, flags in decider.flags.items():
        rows = timeline.rows[symbol]
        steps = np.flatnonzero(rows >= 0)
        found.append(steps[flags.any[rows[steps]]])
    return np.unique(np.concatenate(found))


def _any_bar(symbols: Iterable[str], rows: Mapping[str, int]) -> bool:
    return any(symbol in rows for symbol in symbols)
