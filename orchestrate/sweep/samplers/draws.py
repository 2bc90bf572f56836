"""Samplers that know all their points beforehand: every one, random ones, evenly spread ones.

A point depends on the seed and the number of its trial alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import numpy as np

from orchestrate.domain.sweeps import Point
from orchestrate.sweep.samplers.registry import Batches
from orchestrate.sweep.space import SHUFFLED, Space

#: Points are yielded by so many.
_BATCH: Final = 1024


def grid(space: Space, _first: int) -> Batches:
    """Yield every point, the last parameter varying fastest."""
    yield from _batches(space.point(number) for number in range(space.size))


def random(space: Space, first: int) -> Batches:
    """Yield points drawn at random; where all can be counted, none twice."""
    if 0 < space.size <= SHUFFLED:
        order = np.random.default_rng([space.seed, first]).permutation(space.size)[: space.trials]
        yield from _batches(space.point(int(number)) for number in order)
        return
    draws = (np.random.default_rng([space.seed, first + number]) for number in range(space.trials))
    yield from _batches(space.drawn([float(u) for u in each.random(len(space.axes))]) for each in draws)


def halton(space: Space, first: int) -> Batches:
    """Yield points of a scrambled Halton sequence, which fills the space evenly."""
    from scipy.stats import qmc

    sequence = qmc.Halton(len(space.axes), scramble=True, seed=np.random.default_rng([space.seed, first]))
    left = space.trials
    while left > 0:
        drawn = sequence.random(min(left, _BATCH))
        left -= len(drawn)
        yield [space.drawn([float(u) for u in row]) for row in drawn]


def _batches(points: Iterator[Point]) -> Batches:
    while batch := list(islice(points, _BATCH)):
        yield batch
