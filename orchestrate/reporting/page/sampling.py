"""Which points of long series a chart shows: as many as can be seen, and always their extremes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Floats

Places = npt.NDArray[np.int64]
#: More points than these can't be told apart on a screen.
MOST: Final = 2600


def shown(curves: Sequence[Floats], most: int = MOST) -> Places:
    """Return the places to show of series of one length: by MinMaxLTTB, with the extremes and ends of each."""
    size = len(curves[0])
    if size <= most:
        return np.arange(size)
    each = max(most // len(curves), 50)
    places = [np.array([0, size - 1])]
    for curve in curves:
        known = np.flatnonzero(np.isfinite(curve))
        if len(known):
            places += [_downsampled(known, curve[known], each), known[_extremes(curve[known])]]
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
