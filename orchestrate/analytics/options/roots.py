"""Roots of many functions at once, each kept between two bounds (the method of Chandrupatla, 1997)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from orchestrate.analytics.options.columns import Rows
from orchestrate.domain.market.timeline import Flags, Floats

#: Halving alone takes so many turns to a root that is a billionth of a billionth of its bounds.
_TURNS: Final = 120


def roots(function: Callable[[Floats, Rows], Floats], lower: Floats, upper: Floats, precision: float) -> Floats:
    """Return where each function is 0; NaN where its signs at the bounds are the same.

    `function` gets a place for each of some rows, and their numbers. `precision` is relative to the root.
    """
    rows = np.arange(len(lower))
    ends = [function(lower, rows), function(upper, rows)]
    answer = np.where(ends[0] == 0.0, lower, np.where(ends[1] == 0.0, upper, np.nan))
    open_rows = np.flatnonzero(np.sign(ends[0]) * np.sign(ends[1]) < 0.0)
    search = _Search(open_rows, lower[open_rows], ends[0][open_rows], upper[open_rows], ends[1][open_rows])
    for _ in range(_TURNS):
        if not len(search.rows):
            break
        search.narrow(function)
        found = search.found(precision)
        answer[search.rows[found]] = search.best[found]
        search.keep(~found)
        search.aim(precision)
    answer[search.rows] = search.best
    return answer


class _Search:
    """Brackets around roots; the latest places are `near`, those across the roots `far`, the ones before `old`."""

    def __init__(self, rows: Rows, far: Floats, at_far: Floats, near: Floats, at_near: Floats) -> None:
        self.rows, self.share = rows, np.full(len(rows), 0.5)
        self.near, self.far, self.old = near, far, far
        self.at_near, self.at_far, self.at_old = at_near, at_far, at_far

    @property
    def best(self) -> Floats:
        """The place of each bracket at which the function is closer to 0."""
        return np.where(np.abs(self.at_near) < np.abs(self.at_far), self.near, self.far)

    def narrow(self, function: Callable[[Floats, Rows], Floats]) -> None:
        """Cut each bracket at a share of its width from the latest place."""
        place = self.near + self.share * (self.far - self.near)
        value = function(place, self.rows)
        same = np.sign(value) == np.sign(self.at_near)
        self.old, self.at_old = np.where(same, self.near, self.far), np.where(same, self.at_near, self.at_far)
        self.far, self.at_far = np.where(same, self.far, self.near), np.where(same, self.at_far, self.at_near)
        self.near, self.at_near = place, value

    def found(self, precision: float) -> Flags:
        """Return which roots are known."""
        return np.asarray((self._least(precision) > 0.5) | (self.at_near == 0.0) | (self.at_far == 0.0))

    def aim(self, precision: float) -> None:
        """Choose where to cut each bracket: where a curve crosses 0, or in the middle."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            place = (self.near - self.far) / (self.old - self.far)
            value = (self.at_near - self.at_far) / (self.at_old - self.at_far)
            is_smooth = (value**2 < place) & ((1.0 - value) ** 2 < 1.0 - place)
            share = np.where(is_smooth, self._crossing(), 0.5)
        least = self._least(precision)
        self.share = np.clip(np.where(np.isfinite(share), share, 0.5), least, 1.0 - least)

    def _least(self, precision: float) -> Floats:
        """Return the precision as a share of each bracket's width; 1 where it has none."""
        width = np.abs(self.far - self.near)
        return np.divide(precision * np.abs(self.best), width, out=np.ones(len(width)), where=width > 0.0)

    def _crossing(self) -> Floats:
        """Return where the inverse parabola through the three places crosses 0, as a share of the width."""
        near, far, old = self.at_near, self.at_far, self.at_old
        reach = (self.old - self.near) / (self.far - self.near)
        return near / (far - near) * old / (far - old) + reach * near / (old - near) * far / (old - far)

    def keep(self, rows: Flags) -> None:
        """Go on with some brackets alone."""
        for name in ("rows", "share", "near", "far", "old", "at_near", "at_far", "at_old"):
            setattr(self, name, getattr(self, name)[rows])
