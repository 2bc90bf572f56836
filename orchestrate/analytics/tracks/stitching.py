"""Tracks cut and put together: the tests of a walk-forward as one account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from math import fsum

import numpy as np

from orchestrate.analytics.sums import mean
from orchestrate.analytics.tracks.run import Tracks
from orchestrate.analytics.tracks.track import CapitalUse, RoundTrips, Track


def since(tracks: Tracks, moment: int) -> Track:
    """Return the part of a portfolio's track from a moment on, before which nothing happened in it."""
    track = tracks.portfolio()
    idle = tracks.extremes.idle_between(moment, int(track.stamps[-1]))
    return _from(track, moment, idle)


def _from(track: Track, moment: int, idle: float | None) -> Track:
    part = slice(int(np.searchsorted(track.stamps, moment)), None)
    equity = track.equity[part]
    return replace(
        track,
        equity=equity,
        stamps=track.stamps[part],
        exposed=track.exposed[part],
        benchmark=None if track.benchmark is None else track.benchmark[part],
        capital=replace(track.capital, equity=mean(equity) if len(equity) else 0.0, idle=idle),
    )


def between(tracks: Tracks, first: int, last: int, fees: float) -> Track:
    """Return the part of a portfolio's track between two moments, with the trades that ended in it, and these fees."""
    track = tracks.portfolio()
    begin, end = (int(np.searchsorted(track.stamps, at)) for at in (first, last + 1))
    ended = (track.trips.exits >= first) & (track.trips.exits <= last)
    trips = RoundTrips(*(getattr(track.trips, one.name)[ended] for one in fields(RoundTrips)))
    initial = float(track.equity[begin - 1]) if begin else track.initial
    idle = tracks.extremes.idle_between(first, last)
    whole = _from(replace(track, trips=trips, fees=fees, initial=initial), first, idle)
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
            idle=_idle(tracks),
        ),
        benchmark=np.concatenate(benchmarks) if len(benchmarks) == len(tracks) else None,
    )


def _idle(tracks: Sequence[Track]) -> float | None:
    """Return the share left idle, over all closes that had equity; None where none had."""
    shares = [(one.capital.idle, np.count_nonzero(one.equity > 0.0)) for one in tracks]
    closes = sum(count for share, count in shares if share is not None)
    return fsum(share * count for share, count in shares if share is not None) / closes if closes else None
