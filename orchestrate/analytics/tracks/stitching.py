"""Tracks cut and put together: the tests of a walk-forward as one account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from math import fsum

import numpy as np

from orchestrate.analytics.sums import mean
from orchestrate.analytics.tracks.track import CapitalUse, RoundTrips, Track


def since(track: Track, moment: int) -> Track:
    """Return the part of a track from a moment on, before which nothing happened in it."""
    part = slice(int(np.searchsorted(track.stamps, moment)), None)
    equity = track.equity[part]
    return replace(
        track,
        equity=equity,
        stamps=track.stamps[part],
        exposed=track.exposed[part],
        benchmark=None if track.benchmark is None else track.benchmark[part],
        capital=replace(track.capital, equity=mean(equity) if len(equity) else 0.0, idle=None),
    )


def between(track: Track, first: int, last: int, fees: float) -> Track:
    """Return the part of a track from one moment to another, with the trades that ended in it, and these fees."""
    begin, end = (int(np.searchsorted(track.stamps, at)) for at in (first, last + 1))
    ended = (track.trips.exits >= first) & (track.trips.exits <= last)
    trips = RoundTrips(*(getattr(track.trips, one.name)[ended] for one in fields(RoundTrips)))
    initial = float(track.equity[begin - 1]) if begin else track.initial
    whole = since(replace(track, trips=trips, fees=fees, initial=initial), first)
    part = slice(0, end - begin)
    return replace(
        whole,
        equity=whole.equity[part],
        stamps=whole.stamps[part],
        exposed=whole.exposed[part],
        benchmark=None if whole.benchmark is None else whole.benchmark[part],
        capital=replace(whole.capital, equity=mean(whole.equity[part])),
    )


def stitched(tracks: Sequence[Track]) -> Track:
    """Return tracks of which each begins with what the one before it ended with, as one."""
    equity = np.concatenate([one.equity for one in tracks])
    benchmarks = [one.benchmark for one in tracks if one.benchmark is not None]
    return Track(
        initial=tracks[0].initial,
        equity=equity,
        stamps=np.concatenate([one.stamps for one in tracks]),
        exposed=np.concatenate([one.exposed for one in tracks]),
        trips=RoundTrips.joined([one.trips for one in tracks]),
        fees=fsum(one.fees for one in tracks),
        periods_per_year=tracks[0].periods_per_year,
        capital=CapitalUse(
            traded=fsum(one.capital.traded for one in tracks),
            slippage=fsum(one.capital.slippage for one in tracks),
            equity=mean(equity) if len(equity) else 0.0,
        ),
        benchmark=np.concatenate(benchmarks) if len(benchmarks) == len(tracks) else None,
    )
