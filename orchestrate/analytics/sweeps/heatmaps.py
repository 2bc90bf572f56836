"""A figure of all points over two of their axes, the others reduced in a stated way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from orchestrate.analytics.sweeps.landscape import Flags, Landscape, Places
from orchestrate.domain.market.timeline import Floats

Reduction = Literal["slice", "mean", "median", "max", "min"]
REDUCTIONS: Final[tuple[Reduction, ...]] = ("slice", "mean", "median", "max", "min")


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """Figures in cells: a row a cell of the axis `y`, a column one of `x`; NaN where no point has a figure.

    `counts`: how many points have a figure there.
    """

    x: int
    y: int
    reduction: Reduction
    figures: Floats
    counts: Places


def heatmap(
    landscape: Landscape, x: int, y: int, figures: Floats, reduction: Reduction = "median", at: int = 0
) -> Heatmap:
    """Return `figures`, one a point, over the axes `x` and `y`; NaN is none.

    `slice` takes the points that have the values of the point `at` on every other axis; where several are in a cell,
    as those of a range, it has their median.
    """
    shape = landscape.scales[y].cells, landscape.scales[x].cells
    known = np.isfinite(figures)
    if reduction == "slice":
        known &= _same_elsewhere(landscape, {x, y}, at)
    cells = (landscape.cells(y) * shape[1] + landscape.cells(x))[known]
    counts = np.bincount(cells, minlength=shape[0] * shape[1])
    order = np.lexsort((figures[known], cells))
    ends = np.cumsum(counts)
    reduced = np.full(len(counts), np.nan)
    filled = counts > 0
    reduced[filled] = _reduce(figures[known][order], ends[filled] - counts[filled], ends[filled], reduction)
    return Heatmap(x, y, reduction, reduced.reshape(shape), counts.astype(np.int64).reshape(shape))


def _same_elsewhere(landscape: Landscape, shown: set[int], at: int) -> Flags:
    same = np.ones(len(landscape.scores), dtype=np.bool_)
    for axis in range(len(landscape.scales)):
        if axis not in shown:
            cells = landscape.cells(axis)
            same &= cells == cells[at]
    return same


def _reduce(figures: Floats, starts: Places, ends: Places, reduction: Reduction) -> Floats:
    """Return one figure for each span of `figures`, which rise within it."""
    if reduction == "max":
        return figures[ends - 1]
    if reduction == "min":
        return figures[starts]
    if reduction == "mean":
        return np.asarray(np.add.reduceat(figures, starts) / (ends - starts)) if len(starts) else figures
    middle = starts + ends
    return np.asarray((figures[(middle - 1) // 2] + figures[middle // 2]) / 2.0)
