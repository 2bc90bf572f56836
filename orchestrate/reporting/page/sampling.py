"""Which points of long series a chart shows: as many as can be seen, and always their extremes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Floats

Places = npt.NDArray[np.int64]
#: More points than these can't be distinguished on a screen; and so many are there of all curves of a chart.
MOST: Final = 2600
_OF_ALL: Final = 18_000


def shown(curves: Sequence[Floats], most: int = MOST) -> Places:
    """Return the places to show of series of one length: by MinMaxLTTB, with the extremes and ends of each.

    Half of them are those of the first one.
    """
    size, most = len(curves[0]), min(most, _OF_ALL // len(curves))
    if size <= most:
        return np.arange(size)
    first = most // 2 if len(curves) > 1 else most
    each = max((most - first) // max(len(curves) - 1, 1), 50)
    places = [np.array([0, size - 1])]
    for place, curve in enumerate(curves):
        known = np.flatnonzero(np.isfinite(curve))
        if len(known):
            places += [_downsampled(known, curve[known], each if place else first), known[_extremes(curve[known])]]
    return np.unique(np.concatenate(places)).astype(np.int64)


def extremes_of(curves: Sequence[Floats]) -> Places:
    """Return the places of the highest and lowest values."""
    return np.unique(np.concatenate([_extremes(curve) for curve in curves if len(curve)]))


def note(places: int, size: int, what: str = "points") -> str:
    """Return how much is shown; "" where that is everything."""
    return "" if places >= size else f"{places:,} of {size:,} {what} shown"


def _downsampled(x: Places, y: Floats, most: int) -> Places:
    import tsdownsample

    if len(y) <= most:
        return x
    downsampler: Any = tsdownsample.MinMaxLTTBDownsampler
    chosen: Places = downsampler().downsample(x, np.ascontiguousarray(y), n_out=most).astype(np.int64)
    return x[chosen]


def _extremes(curve: Floats) -> Places:
    return np.array([int(np.argmin(curve)), int(np.argmax(curve))], dtype=np.int64)
