"""A strategy that is another one in each test of a walk-forward, while its positions go on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrate.domain.market.bars import Bars
from orchestrate.domain.market.timeline import sealed
from orchestrate.domain.strategies.protocols import Context, Signal, Signals
from orchestrate.orchestration.orders.entries import FIGURES
from orchestrate.orchestration.strategies.deciders import BITS, SIDES, answer_of

if TYPE_CHECKING:
    from orchestrate.domain.books import Position


class Relay:
    """Portable strategies of one kind, each from the bar with its label on until the next one takes over.

    Before the first one, and where there is None, nothing is decided. Hooks and other attributes are those of the one
    that decided last. None is shown a bar after its own.
    """

    def __init__(self, legs: Sequence[tuple[int, Any]]) -> None:
        self._starts = [start for start, _ in legs]
        self._legs = [leg for _, leg in legs]
        self._last = next(leg for leg in self._legs if leg is not None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._last, name)

    def should_enter(self, bars: Bars) -> bool:
        """See `IStrategy`."""
        leg = self._at(int(bars.timestamp[-1]))
        return leg is not None and leg.should_enter(bars)

    def should_exit(self, position: Position, bars: Bars) -> bool:
        """See `IStrategy`."""
        leg = self._at(int(bars.timestamp[-1]))
        return leg is not None and leg.should_exit(position, bars)

    def on_bar(self, context: Context) -> Iterable[Signal] | Signal | None:
        """See `BarStrategy`."""
        leg = self._at(max(int(context.bars(symbol).timestamp[-1]) for symbol in context.updated))
        return None if leg is None else leg.on_bar(context)

    def _at(self, label: int) -> Any:
        """Return who decides at a bar."""
        place = bisect_right(self._starts, label) - 1
        leg = self._legs[place] if place >= 0 else None
        if leg is not None:
            self._last = leg
        return leg

    def signals(self, bars: Bars) -> Signals:
        """See `VectorStrategy`: each one's answer about the bars up to its last one, of which its own are taken."""
        flags = {side: np.zeros(len(bars), dtype=np.bool_) for side in SIDES}
        figures = {name: np.full(len(bars), np.nan) for name in FIGURES}
        absolute: set[bool] = set()
        cuts = [*np.searchsorted(bars.timestamp, self._starts).tolist(), len(bars)]
        for leg, (begin, end) in zip(self._legs, pairwise(cuts), strict=True):
            if leg is None or begin == end:
                continue
            codes, entries = answer_of(leg, _until(bars, end), bars.symbol)
            for bit, side in zip(BITS, SIDES, strict=True):
                flags[side][begin:end] = codes[begin:end] & bit
            if entries is not None:
                absolute.add(entries.absolute)
                for name in FIGURES:
                    figures[name][begin:end] = entries.figures(name, np.arange(begin, end))
        if len(absolute) > 1:
            raise ValueError("'absolute' is not the same in all tests, and positions are carried between them")
        return Signals(**flags, **(figures if absolute else {}), absolute=True in absolute)


def _until(bars: Bars, end: int) -> Bars:
    """Return the first bars, in memory of their own."""
    columns = (bars.timestamp, bars.open, bars.high, bars.low, bars.close, bars.volume)
    label, opened, high, low, close, volume = (sealed(column[:end]) for column in columns)
    return Bars(bars.symbol, (label, opened, high, low, close, volume), 0, end)
