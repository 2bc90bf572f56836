"""Whether the best trial of one half of the days is a good one in the other, after Bailey et al. (2017).

The days are cut into blocks; each way to choose half of the blocks is a split. The trial with the best Sharpe ratio in
the chosen half is ranked among all trials in the other half.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.sweeps.columns import Columns, Returns, chunks, columns_of
from orchestrate.domain.market.timeline import Floats

Places = npt.NDArray[np.int64]
#: Sharpe ratios that are held at once.
_RATIOS: Final = 2**17
#: A variance this small against the mean square is the rounding of floats, not a movement.
_NOISE: Final = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """What each split gave: its best trial (a column), that one's Sharpe ratio in and out of sample, and its rank.

    `ranks` are those out of sample divided by the number of trials plus one: 0.5 is the middle.
    """

    best: Places
    in_sample: Floats
    out_of_sample: Floats
    ranks: Floats

    @property
    def overfitting(self) -> float:
        """The share of splits whose best trial is no better than the middle out of sample."""
        return float(np.mean(self.ranks <= 0.5))

    @property
    def loss(self) -> float:
        """The share of splits whose best trial loses money out of sample."""
        return float(np.mean(self.out_of_sample < 0.0))


def backtest_overfitting(returns: Returns, blocks: int = 16) -> float:
    """Return the probability that the best trial in sample is no better than the middle one out of sample.

    `returns`: a row a day, a column a trial. The first days that fill no block are left out.
    """
    return cross_validate(returns, blocks).overfitting


def cross_validate(returns: Returns, blocks: int = 16) -> CrossValidation:
    """Compare the halves of all splits of `returns`, a row a day and a column a trial; see `CrossValidation`.

    Where a trial's returns don't change within a half, its Sharpe ratio there is 0. Equal trials share their ranks.
    NoFigureError says why there is no comparison.
    """
    columns = columns_of(returns)
    parts = list(_sums(columns, _left_out(columns, blocks), blocks))
    found = _Contest.of(math.comb(blocks, blocks // 2))
    for halves in parts:
        for pairs in halves.chunks():
            first, second = halves.ratios(pairs)
            found.enter(pairs, halves.start, first, second)
            found.mirrored.enter(pairs, halves.start, second, first)
    for halves in parts:
        for pairs in halves.chunks():
            first, second = halves.ratios(pairs)
            found.rank(pairs, second)
            found.mirrored.rank(pairs, first)
    trials = sum(halves.trials for halves in parts)
    days = parts[0].days
    scale = math.sqrt((days - 1) / days)
    return CrossValidation(found.best, found.inside * scale, found.outside * scale, found.ranks / (trials + 1))


def _left_out(columns: Columns, blocks: int) -> int:
    """Return how many days fill no block; NoFigureError for too few days or trials."""
    if blocks < 2 or blocks % 2:
        raise ValueError(f"blocks: {blocks} can't be halved: give an even number of at least 2")
    days, trials = columns.shape
    least = max(blocks, 4)
    if trials < 2:
        raise NoFigureError("it takes two trials")
    if days < least:
        raise NoFigureError(f"it takes {least} daily returns")
    return days % blocks


def _sums(columns: Columns, left_out: int, blocks: int) -> Iterator[_Halves]:
    """Yield the sums of some trials at a time; NoFigureError where there is nothing to compare."""
    masks, still, same = _masks(blocks), True, True
    first: Floats | None = None
    for start, every in chunks(columns):
        some = every[left_out:]
        first = some[:, :1].copy() if first is None else first
        if not np.isfinite(some).all():
            raise NoFigureError("a return is not a number")
        still = still and bool(np.all(some == some[:1]))
        same = same and bool(np.all(some == first))
        cut = some.reshape(blocks, -1, some.shape[1])
        yield _Halves(start, len(some) // 2, cut.sum(axis=1), (cut**2).sum(axis=1), masks)
    if still:
        raise NoFigureError("returns never change")
    if same:
        raise NoFigureError("all trials have the same returns")


class _Halves:
    """Sharpe ratios of some trials in the halves of all splits, in pairs of a half and its complement.

    The first block is in the first half of each pair. The sum over a half is one over some of the first blocks plus one
    over some of the others; all sums of either kind are in a table. Sums of equal columns are equal to the last bit.
    """

    def __init__(self, start: int, days: int, sums: Floats, squares: Floats, masks: Places) -> None:
        self.start, self.trials = start, sums.shape[1]
        self.days, self._sums, self._squares, self._masks = days, sums, squares * days, masks
        self._first, self._all = len(sums) // 2, (1 << len(sums)) - 1
        self._tables: list[tuple[Floats, Floats]] = []

    def chunks(self) -> Iterator[slice]:
        """Yield all pairs, some at a time; the tables are there meanwhile."""
        self._tables = [
            (_subset_sums(sums[: self._first]), _subset_sums(sums[self._first :]))
            for sums in (self._sums, self._squares)
        ]
        step = max(1, _RATIOS // self.trials)
        for start in range(0, len(self._masks), step):
            yield slice(start, min(start + step, len(self._masks)))
        self._tables = []

    def ratios(self, pairs: slice) -> tuple[Floats, Floats]:
        """Return what is in proportion to the Sharpe ratios in both halves of some pairs, a row a pair."""
        masks = self._masks[pairs]
        return self._ratios(masks), self._ratios(self._all ^ masks)

    def _ratios(self, masks: Places) -> Floats:
        """Return sum ÷ √(days × squares − sum²), which is in proportion to the Sharpe ratio."""
        lower = (1 << self._first) - 1
        sums, spread = (low[masks & lower] + high[masks >> self._first] for low, high in self._tables)
        noise = spread * _NOISE
        spread -= sums**2
        still = spread <= noise
        if still.any():
            spread[still] = 1.0
            sums[still] = 0.0
        np.sqrt(spread, out=spread)
        return np.asarray(sums / spread)


def _masks(blocks: int) -> Places:
    """Return the blocks of the first half of each pair, bit k for block k, in lexicographic order."""
    halves = np.array(list(combinations(range(blocks), blocks // 2)), dtype=np.int64)
    return np.asarray(np.left_shift(1, halves[: len(halves) // 2]).sum(axis=1))


def _subset_sums(rows: Floats) -> Floats:
    """Return the sum of each subset of rows; bit k of its place says whether row k is in it."""
    sums = np.zeros((1, rows.shape[1]))
    for row in rows:
        sums = np.concatenate([sums, sums + row])
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class _Contest:
    """The best trial of each split so far, and then its rank out of sample."""

    best: Places
    inside: Floats
    outside: Floats
    ranks: Floats

    @classmethod
    def of(cls, splits: int) -> _Contest:
        """Return a contest that nobody has entered."""
        unknown = np.full(splits, -np.inf)
        return cls(np.zeros(splits, dtype=np.int64), unknown, np.zeros(splits), np.full(splits, 0.5))

    @property
    def mirrored(self) -> _Contest:
        """The same splits from the last one on: there, a split's place is that of its complement."""
        return _Contest(self.best[::-1], self.inside[::-1], self.outside[::-1], self.ranks[::-1])

    def enter(self, splits: slice, start: int, sample: Floats, other: Floats) -> None:
        """Compare the best of some more trials, from `start` on, with the best so far; of equal ones the first wins."""
        rows = np.arange(len(sample))
        columns = sample.argmax(axis=1)
        better = sample[rows, columns] > self.inside[splits]
        self.best[splits][better] = start + columns[better]
        self.inside[splits][better] = sample[rows, columns][better]
        self.outside[splits][better] = other[rows, columns][better]

    def rank(self, splits: slice, other: Floats) -> None:
        """Count which of some trials are worse out of sample than the best one; equal ones share their ranks."""
        value = self.outside[splits][:, np.newaxis]
        below = np.count_nonzero(other < value, axis=1)
        self.ranks[splits] += below + np.count_nonzero(other == value, axis=1) / 2


@dataclass(frozen=True, slots=True)
class CombinatorialSplits:
    """All ways to test on some groups of days and train on the others.

    `tests`: the groups that each split tests on. `paths`: each goes through all groups once, and names for each group
    the split that tested it; together they use each test once.
    """

    tests: tuple[tuple[int, ...], ...]
    paths: tuple[tuple[int, ...], ...]


def combinatorial_splits(groups: int, tested: int) -> CombinatorialSplits:
    """Return the splits that test on `tested` of `groups` groups, and the paths that their tests can be joined to."""
    if not 0 < tested < groups:
        raise ValueError(
            f"{tested} of {groups} groups can't be tested: at least one is tested, at least one trained on"
        )
    tests = tuple(combinations(range(groups), tested))
    by_group = [[split for split, chosen in enumerate(tests) if group in chosen] for group in range(groups)]
    return CombinatorialSplits(tests, tuple(zip(*by_group, strict=True)))
