"""The greatest value of a linear program of which some numbers are whole, exactly.

    maximise gains · x  where  rows @ x <= limits, x >= 0, and the first of x are whole numbers

No limit is below 0, so that x = 0 is a beginning. The simplex method finds the greatest value without whole numbers.
Where one of them isn't whole there, it is held at or below the number beneath it, or at or above the next one: that
loses no solution, and each half is solved again from where the whole ended (branch and bound). A half that can't beat
the best solution so far is dropped. Of several numbers that aren't whole, that is split whose halves lose most.
"""

from __future__ import annotations

from math import inf, prod
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Floats

Places = npt.NDArray[np.int64]
_SMALL: Final = 1e-9
_NOT_WHOLE: Final = 1e-6
#: Turns by the steepest number; after these by the first, which never goes in circles.
_STEEP_TURNS: Final = 500
#: Splits after which the best solution so far is taken.
_MOST_SPLITS: Final = 1_000


def greatest(gains: Floats, rows: Floats, limits: Floats, whole: int) -> Floats:
    """Return the best x, of which the first `whole` are whole numbers; after 1,000 splits, the best that was seen."""
    start = _Tableau.of(gains, rows, limits)
    start.climb()
    best, best_value, splits = np.zeros(len(gains)), 0.0, 0
    waiting = [start]
    while waiting and splits < _MOST_SPLITS:
        tableau = waiting.pop()
        if tableau.value <= best_value + _SMALL:
            continue
        broken = tableau.broken_rows(whole)
        if len(broken):
            waiting += tableau.split(broken)
            splits += 1
        else:
            best, best_value = tableau.solution(len(gains)), tableau.value
    return best


class _Tableau:
    """Rows of the numbers that may be positive, in terms of those that are 0; the last row is the gain.

    Numbers after those of x are what the rows leave of their limits.
    """

    __slots__ = ("positive", "table", "zero")

    def __init__(self, table: Floats, positive: list[int], zero: list[int]) -> None:
        self.table = table
        self.positive = positive
        self.zero = zero

    @classmethod
    def of(cls, gain: Floats, rows: Floats, limits: Floats) -> _Tableau:
        """Return that of a program, at x = 0."""
        height, width = rows.shape
        table = np.zeros((height + 1, width + 1))
        table[:-1, :-1], table[:-1, -1], table[-1, :-1] = rows, limits, -gain
        return cls(table, list(range(width, width + height)), list(range(width)))

    @property
    def value(self) -> float:
        """The gain here."""
        return float(self.table[-1, -1])

    def solution(self, width: int) -> Floats:
        """Return x, of that many numbers."""
        x = np.zeros(len(self.positive) + len(self.zero))
        x[self.positive] = self.table[:-1, -1]
        return x[:width]

    def climb(self) -> None:
        """Raise one number after the other that adds to the gain, as far as the rows allow."""
        turn = 0
        while True:
            adding = np.flatnonzero(self.table[-1, :-1] < -_SMALL)
            if not len(adding):
                return
            column = _chosen(adding, self.table[-1, adding], self.zero, turn)
            rising = np.flatnonzero(self.table[:-1, column] > _SMALL)
            self._turn(_first(rising, self.table[rising, -1] / self.table[rising, column], self.positive), column)
            turn += 1

    def descend(self) -> bool:
        """Give up as little gain as brings all numbers back above 0; return whether that can be done."""
        turn = 0
        while True:
            below = np.flatnonzero(self.table[:-1, -1] < -_SMALL)
            if not len(below):
                return True
            row = _chosen(below, self.table[below, -1], self.positive, turn)
            columns = np.flatnonzero(self.table[row, :-1] < -_SMALL)
            if not len(columns):
                return False
            self._turn(row, _first(columns, -self.table[-1, columns] / self.table[row, columns], self.zero))
            turn += 1

    def broken_rows(self, whole: int) -> Places:
        """Return the rows of numbers that should be whole and aren't."""
        numbers = self.table[:-1, -1]
        broken = np.abs(numbers - np.rint(numbers)) > _NOT_WHOLE
        return np.flatnonzero(broken & (np.array(self.positive) < whole))

    def split(self, rows: Places) -> list[_Tableau]:
        """Return the halves, the better one last, of that row's number whose halves lose most."""
        choices = (sorted(self._halves(int(row)), key=lambda half: half.value) for row in rows)
        return max(choices, key=self._lost_by)

    def _lost_by(self, halves: list[_Tableau]) -> float:
        """Return how much two halves lose, as a product: both must. A half that can't be loses without end."""
        losses = [max(self.value - half.value, _NOT_WHOLE) for half in halves]
        return {0: inf, 1: 1.0 / _NOT_WHOLE}.get(len(halves), 1.0) * prod(losses)

    def _halves(self, row: int) -> list[_Tableau]:
        """Return the program with the row's number held from above and from below, as far as it can be."""
        number = self.table[row, -1]
        below = self._with_row(-self.table[row], np.floor(number) - number)
        above = self._with_row(self.table[row], number - np.ceil(number))
        return [half for half in (below, above) if half.descend()]

    def _with_row(self, row: Floats, left: float) -> _Tableau:
        """Return a copy with one row more, of a new number that is `left` here."""
        table = np.insert(self.table, len(self.positive), row, axis=0)
        table[-2, -1] = left
        return _Tableau(table, [*self.positive, len(self.positive) + len(self.zero)], [*self.zero])

    def _turn(self, row: int, column: int) -> None:
        """Let the number of `column` be positive instead of that of `row`."""
        pivot = self.table[row, column]
        leaving = self.table[:, column].copy()
        leaving[row] = 0.0
        self.table[row] /= pivot
        self.table -= np.outer(leaving, self.table[row])
        self.table[:, column] = -leaving / pivot
        self.table[row, column] = 1.0 / pivot
        self.positive[row], self.zero[column] = self.zero[column], self.positive[row]


def _chosen(places: Places, sizes: Floats, names: list[int], turn: int) -> int:
    """Return the place of the least size; after many turns that of the lowest name, which never goes in circles."""
    return int(places[sizes.argmin()]) if turn < _STEEP_TURNS else int(min(places, key=names.__getitem__))


def _first(places: Places, ratios: Floats, names: list[int]) -> int:
    """Return the place of the least ratio; of several, that of the lowest name."""
    return int(min(places[ratios <= ratios.min() + _SMALL], key=names.__getitem__))
