"""Whether the best trial of one half of the days is a good one in the other, after Bailey et al. (2017).

The days are cut into blocks; each way to choose half of the blocks is a split. The trial with the best Sharpe ratio in
the chosen half is ranked among all trials in the other half.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.domain.market.timeline import Floats

Columns = npt.NDArray[np.int64]
#: How many Sharpe ratios are held at once.
_AT_ONCE: Final = 2**17
#: A variance this small against the mean square is the rounding of floats, not a movement.
_NOISE: Final = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """What each split gave: its best trial (a column), that one's Sharpe ratio in and out of sample, and its rank.

    `ranks` are those out of sample divided by the number of trials plus one: 0.5 is the middle.
    """

    best: Columns
    in_sample: Floats
    out_of_sample: Floats
    ranks: Floats

    @property
    def overfitting(self) -> float:
        """The share of splits whose best trial is no better than the middle out of sample."""
        return float(np.mean(self.ranks <= 0.5))

    @property
    def logits(self) -> Floats:
        """The log odds of the ranks: 0 or less counts as overfitting."""
        return np.asarray(np.log(self.ranks / (1.0 - self.ranks)))

    @property
    def loss(self) -> float:
        """The share of splits whose best trial loses money out of sample."""
        return float(np.mean(self.out_of_sample < 0.0))


def backtest_overfitting(returns: npt.ArrayLike, blocks: int = 16) -> float:
    """Return the probability that the best trial in sample is no better than the middle one out of sample.

    `returns`: a row a day, a column a trial. The first days that fill no block are left out.
    """
    return cross_validate(returns, blocks).overfitting


def cross_validate(returns: npt.ArrayLike, blocks: int = 16) -> CrossValidation:
    """Compare the halves of all splits of `returns`, a row a day and a column a trial; see `CrossValidation`.

    Where a trial's returns don't change within a half, its Sharpe ratio there is 0. Equal trials share their ranks.
    NoFigureError says why the comparison is undefined.
    """
    days = _whole_blocks(np.asarray(returns, dtype=np.float64), blocks)
    halves = _Halves(days, blocks)
    per_chunk = max(1, _AT_ONCE // days.shape[1])
    there, back = [], []
    for start in range(0, halves.pairs, per_chunk):
        first, second = halves.sharpes(slice(start, min(start + per_chunk, halves.pairs)))
        there.append(_compare(first, second))
        back.append(_compare(second, first))
    forwards, backwards = (zip(*part, strict=True) for part in (there, back))
    joined = (
        np.concatenate([*ahead, np.concatenate(behind)[::-1]])
        for ahead, behind in zip(forwards, backwards, strict=True)
    )
    return CrossValidation(*joined)


def _whole_blocks(returns: Floats, blocks: int) -> Floats:
    """Return the days that fill blocks; NoFigureError where there is nothing to compare."""
    if blocks < 2 or blocks % 2:
        raise ValueError(f"blocks: {blocks} can't be halved: give an even number of at least 2")
    if returns.ndim != 2:
        raise ValueError(f"returns have a row a day and a column a trial, not the shape {returns.shape}")
    days, least = returns[len(returns) % blocks :], max(blocks, 4)
    if returns.shape[1] < 2:
        raise NoFigureError("it takes two trials")
    if len(days) < least:
        raise NoFigureError(f"it takes {least} daily returns")
    if not np.isfinite(days).all():
        raise NoFigureError("a return is not a number")
    if np.all(days == days[:1]):
        raise NoFigureError("returns never change")
    if np.all(days == days[:, :1]):
        raise NoFigureError("all trials have the same returns")
    return days


class _Halves:
    """The halves of all splits, in pairs of a half and its complement; the first block is in the first of each pair.

    The sum over a half is one over some of the first blocks plus one over some of the others; all sums of either kind
    are in a table. Sums of equal columns are equal to the last bit.
    """

    def __init__(self, days: Floats, blocks: int) -> None:
        self._size = len(days) // 2
        self._first = blocks // 2
        cut = days.reshape(blocks, -1, days.shape[1])
        self._tables = [
            (_subset_sums(sums[: self._first]), _subset_sums(sums[self._first :]))
            for sums in (cut.sum(axis=1), (cut**2).sum(axis=1))
        ]
        splits = [sum(1 << block for block in half) for half in combinations(range(blocks), self._first)]
        self._masks = np.array(splits[: len(splits) // 2], dtype=np.int64)
        self._all = (1 << blocks) - 1

    @property
    def pairs(self) -> int:
        """The number of pairs."""
        return len(self._masks)

    def sharpes(self, which: slice) -> tuple[Floats, Floats]:
        """Return the Sharpe ratios of all trials in the halves of some pairs, a row a pair."""
        masks = self._masks[which]
        return self._sharpes(masks), self._sharpes(self._all ^ masks)

    def _sharpes(self, masks: Columns) -> Floats:
        sums, squares = (
            low[masks & ((1 << self._first) - 1)] + high[masks >> self._first] for low, high in self._tables
        )
        sums /= self._size
        squares /= self._size
        variance = squares - sums**2
        still = variance <= _NOISE * squares
        variance[still] = 1.0
        sums[still] = 0.0
        return np.asarray(sums / np.sqrt(variance * (self._size / (self._size - 1))))


def _subset_sums(rows: Floats) -> Floats:
    """Return the sum of each subset of rows; bit k of its place says whether row k is in it."""
    sums = np.zeros((1, rows.shape[1]))
    for row in rows:
        sums = np.concatenate([sums, sums + row])
    return sums


def _compare(sample: Floats, other: Floats) -> tuple[Columns, Floats, Floats, Floats]:
    """Return the best column of each row, its value there and in `other`, and its rank among all there."""
    best = sample.argmax(axis=1)
    rows = np.arange(len(best))
    value = other[rows, best]
    below = np.count_nonzero(other < value[:, np.newaxis], axis=1)
    equal = np.count_nonzero(other == value[:, np.newaxis], axis=1)
    ranks = (below + (equal + 1) / 2) / (other.shape[1] + 1)
    return best, sample[rows, best], value, ranks


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
