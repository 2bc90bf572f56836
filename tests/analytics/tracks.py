"""Tracks made by hand, for tests of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrate.analytics.tracks.track import CapitalUse, RoundTrips, Track

DAY = 86_400 * 1_000_000_000
FIRST = 18_262 * DAY  # 2020-01-01


def trips_of(profits: Sequence[float], **columns: Sequence[float]) -> RoundTrips:
    """Closed round trips with these profits, by default of a day each, one after another, without fees."""
    size = len(profits)
    given = {name: np.array(column, dtype=np.float64) for name, column in columns.items()}
    return RoundTrips(
        profits=np.array(profits, dtype=np.float64),
        fees=given.get("fees", np.zeros(size)),
        exits=np.array(columns.get("exits", range(size)), dtype=np.int64),
        days=given.get("days", np.ones(size)),
        adverse=given.get("adverse", np.zeros(size)),
        favourable=given.get("favourable", np.zeros(size)),
    )


def track_of(
    equity: Sequence[float] | npt.NDArray[np.float64],
    *,
    initial: float | None = None,
    profits: Sequence[float] = (),
    trips: RoundTrips | None = None,
    exposed: Sequence[bool] | None = None,
    fees: float = 0.0,
    periods: float | None = 252.0,
    step: int = DAY,
    capital: CapitalUse | None = None,
    benchmark: Any = None,
) -> Track:
    """A curve with a value every `step` nanoseconds from the first of January 2020 on."""
    curve = np.array(equity, dtype=np.float64)
    return Track(
        initial=float(curve[0]) if initial is None and len(curve) else float(initial or 0.0),
        equity=curve,
        stamps=FIRST + np.arange(len(curve), dtype=np.int64) * step,
        exposed=np.zeros(len(curve), dtype=np.bool_) if exposed is None else np.array(exposed),
        trips=trips_of(profits) if trips is None else trips,
        fees=fees,
        periods_per_year=periods,
        capital=CapitalUse() if capital is None else capital,
        benchmark=None if benchmark is None else np.array(benchmark, dtype=np.float64),
    )
