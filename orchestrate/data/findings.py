"""What a user should know about a series: one small function a finding.

They judge and change nothing. An `error` is something that no backtest can live with; a `warning` is most likely a
fault of the data; an `info` is worth a glance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from orchestrate.data.calendar import DAY, HOUR, SECOND, held_days, missing_days, trading_weekdays, weekdays
from orchestrate.data.columns import Columns, counted, finding_at, show
from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.results import Finding

_MOVE: Final = 0.4  # a one-bar move beyond this may be a split
_ODD: Final = 0.04  # an odd print leaves the price by at least this and by _ODD_TIMES the usual step
_ODD_TIMES: Final = 40.0
_ODD_BARS: Final = 3  # and is back after at most so many bars
_VOLUME: Final = 100.0  # a volume of so many times the next greatest is no trading day
_FEW: Final = 30
_STILL_DAYS: Final = 5
_STILL_BARS: Final = 30
_QUARTER: Final = 15 * 60 * SECOND  # sessions begin and end on quarters of an hour
_BREAK: Final = 2 * _QUARTER  # and lie this far apart
_BREAKS: Final = 5
_MOSTLY: Final = 0.9
_SHOWN_NANOSECONDS: Final = ((DAY, "day"), (HOUR, "hour"), (60 * SECOND, "minute"), (SECOND, "second"))


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A repaired series and what bears on judging it: nothing but data, so that the same is judged the same."""

    where: str
    columns: Columns
    length: int
    may_be_negative: bool = False
    stamp: Literal["start", "end"] = "start"

    @property
    def intraday(self) -> bool:
        """True for bars shorter than a day."""
        return self.length < DAY


def judge(evidence: Evidence) -> list[Finding]:
    """Return all findings about a series."""
    return [finding for look in FINDINGS if (finding := look(evidence))]


def negative_prices(evidence: Evidence) -> Finding | None:
    """Report negative prices, legal only for a future or when declared."""
    below = np.flatnonzero(np.logical_or.reduce([column < 0 for column in evidence.columns.each]))
    if not len(below):
        return None
    if evidence.may_be_negative:
        return finding_at("info", evidence.where, "prices below zero", evidence.columns, below)
    then = "if they are real, set asset_class: future or allow_negative: true"
    return finding_at("error", evidence.where, "prices below zero", evidence.columns, below, then)


def zero_prices(evidence: Evidence) -> Finding | None:
    """Report prices of zero, which mostly stand for no price."""
    zero = np.flatnonzero(np.logical_or.reduce([column == 0 for column in evidence.columns.each]))
    if not len(zero) or evidence.may_be_negative:
        return None
    then = "remove the rows, or if they are real, set allow_negative: true"
    return finding_at("error", evidence.where, "prices of zero", evidence.columns, zero, then)


def great_moves(evidence: Evidence) -> Finding | None:
    """Report closes far from the one before: a split, a roll or a wrong price."""
    close = evidence.columns.close
    moved = np.flatnonzero(_far(close[1:], close[:-1])) + 1
    if not len(moved):
        return None
    message = f"moves of over {_MOVE:.0%} from one close to the next"
    return finding_at("warning", evidence.where, message, evidence.columns, moved, "a split? adjust: takes it out")


def great_reach(evidence: Evidence) -> Finding | None:
    """Report highs and lows far from the bar's own open and close, and opens far from both neighbouring closes."""
    columns = evidence.columns
    upper, lower = np.maximum(columns.open, columns.close), np.minimum(columns.open, columns.close)
    wide = _far(columns.high, upper) | _far(columns.low, lower)
    wide[1:] |= _far(columns.open[1:], columns.close[:-1]) & _far(columns.open[1:], columns.close[1:])
    places = np.flatnonzero(wide)
    message = f"bars reach over {_MOVE:.0%} beyond where they open and close"
    return finding_at("warning", evidence.where, message, columns, places) if len(places) else None


def odd_prints(evidence: Evidence) -> Finding | None:
    """Report closes that leave the price and come straight back, within three bars."""
    close = evidence.columns.close
    if len(close) < _FEW or (close <= 0).any():
        return None
    height = np.log(close)
    steps = np.diff(height)
    away = np.abs(steps)
    if not (away > _ODD).any():
        return None
    usual = float(np.median(away[away > 0]))
    leaves = (away > max(_ODD, _ODD_TIMES * usual)) & (away < -np.log(1 - _MOVE))
    odd = np.zeros(len(steps), dtype=np.bool_)
    for bars in range(1, _ODD_BARS + 1):
        returned = np.abs(height[bars + 1 :] - height[: -bars - 1]) < 0.25 * away[:-bars]
        odd[:-bars] |= leaves[:-bars] & returned & (steps[bars:] * steps[:-bars] < -0.5 * away[:-bars] ** 2)
    places = np.flatnonzero(odd) + 1
    if not len(places):
        return None
    message = "closes leave the price and come straight back"
    return finding_at("warning", evidence.where, message, evidence.columns, places, "odd prints?")


def stillness(evidence: Evidence) -> Finding | None:
    """Report bars without any movement, one after the other: filled-in holes, or a market that was shut."""
    columns = evidence.columns
    flat = columns.high == columns.low
    flat[1:] &= columns.close[1:] == columns.close[:-1]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    least = _STILL_BARS if evidence.intraday else _STILL_DAYS
    long = np.flatnonzero(ends - starts >= least)
    if not len(long):
        return None
    longest = int((ends - starts).max())
    message = f"stretches of {least} or more bars in which no price moves (longest: {longest} bars)"
    return finding_at("warning", evidence.where, message, columns, starts[long])


def no_volume(evidence: Evidence) -> Finding | None:
    """Report bars of volume 0: no fault, but strategies that use volume should know."""
    silent = np.flatnonzero(evidence.columns.volume == 0)
    if not len(silent):
        return None
    if len(silent) == len(evidence.columns):
        return Finding("info", evidence.where, "volume is 0 throughout")
    return finding_at("info", evidence.where, "bars have volume 0", evidence.columns, silent)


def great_volume(evidence: Evidence) -> Finding | None:
    """Report one volume that dwarfs all others: digits too many."""
    volume = evidence.columns.volume
    if len(volume) < _FEW:
        return None
    greatest = int(volume.argmax())
    if not 0 < _VOLUME * np.delete(volume, greatest).max() < volume[greatest]:
        return None
    message = f"the volume is over {_VOLUME:.0f} times that of any other bar"
    return finding_at("warning", evidence.where, message, evidence.columns, [greatest])


def few_rows(evidence: Evidence) -> Finding | None:
    """Report a history too short to judge a strategy by."""
    size = len(evidence.columns)
    return Finding("info", evidence.where, f"{size} bars are too few to judge a strategy") if size < _FEW else None


def missing_days_in_a_row(evidence: Evidence) -> Finding | None:
    """Report gaps of two or more of the series' own trading days."""
    if evidence.length > DAY:
        return None
    runs = [run for run in missing_days(evidence.columns.timestamp) if run[1] > 1]
    if not runs:
        return None
    first = tuple(f"{show(start)}: {days} days" for start, days in runs[:5])
    longest = max(days for _, days in runs)
    message = f"holes of two or more trading days running (longest: {longest} days)"
    return counted("warning", evidence.where, message, len(runs), first)


def missing_single_days(evidence: Evidence) -> Finding | None:
    """Report single trading days without a bar, mostly holidays."""
    if evidence.length > DAY:
        return None
    singles = [start for start, days in missing_days(evidence.columns.timestamp) if days == 1]
    if not singles:
        return None
    first = tuple(show(start) for start in singles[:5])
    message = "single trading days without a bar"
    return counted("info", evidence.where, message, len(singles), first, "holidays?")


def missing_weeks(evidence: Evidence) -> Finding | None:
    """Report steps of more than one and a half bars of a week or a month."""
    label = evidence.columns.timestamp
    wide = np.flatnonzero(np.diff(label) > 1.5 * evidence.length) + 1
    if evidence.length <= DAY or not len(wide):
        return None
    return finding_at("warning", evidence.where, "bars are missing before these", evidence.columns, wide)


def holes_in_days(evidence: Evidence) -> Finding | None:
    """Report three or more missing bars within a day, where the series usually has them."""
    if not evidence.intraday:
        return None
    label = evidence.columns.timestamp
    steps = np.diff(label)
    holes = np.flatnonzero((steps > 3 * evidence.length) & (label[1:] // DAY == label[:-1] // DAY))
    if not len(holes):
        return None
    hour = label[holes] // (HOUR) % 24
    days = len(held_days(label))
    rare = holes[np.bincount(hour, minlength=24)[hour] <= max(1, 0.1 * days)]
    if not len(rare):
        return None
    message = f"holes within a day (longest: {span(int(steps[rare].max()))})"
    return finding_at("info", evidence.where, message, evidence.columns, rare + 1)


def unusual_weekdays(evidence: Evidence) -> Finding | None:
    """Report bars on weekdays on which the series mostly has none."""
    if evidence.length > DAY:
        return None
    usual = trading_weekdays(evidence.columns.timestamp)
    if usual >= set(weekdays(held_days(evidence.columns.timestamp) * DAY).tolist()):
        return None
    odd = np.flatnonzero(~np.isin(weekdays(evidence.columns.timestamp), list(usual)))
    message = "bars on days on which this series rarely trades"
    return finding_at("info", evidence.where, message, evidence.columns, odd)


def crowded_bars(evidence: Evidence) -> Finding | None:
    """Report bars that begin before the one before them can have ended."""
    # days and weeks shrink by a change of clocks or a holiday on a Monday
    least = evidence.length if evidence.intraday else 0.8 * evidence.length
    close_by = np.flatnonzero(np.diff(evidence.columns.timestamp) < least) + 1
    if not len(close_by):
        return None
    message = f"bars follow sooner than the bar length of {span(evidence.length)}"
    return finding_at("warning", evidence.where, message, evidence.columns, close_by, "check frequency:")


def off_the_grid(evidence: Evidence) -> Finding | None:
    """Report stamps that are not where the others are, such as 10:07:31 among full hours.

    The last one is `unfinished`.
    """
    columns, off = evidence.columns, _off_grid(evidence)
    off = off[off < len(columns) - 1]
    if not len(off) or len(off) > 0.05 * len(columns):
        return None
    return finding_at("warning", evidence.where, "stamps are off the series' own grid", columns, off)


def unfinished(evidence: Evidence) -> Finding | None:
    """Report a last bar that was still being traded when the data was taken, by its odd stamp (see freshness.py)."""
    columns, off = evidence.columns, _off_grid(evidence)
    if len(off) != 1 or off[0] != len(columns) - 1:
        return None
    message = "the last bar was not finished when the data was taken"
    return finding_at("warning", evidence.where, message, columns, off, "its close is not final")


def _off_grid(evidence: Evidence) -> np.typing.NDArray[np.intp]:
    if evidence.length > DAY:
        return np.array([], dtype=np.intp)
    phase = evidence.columns.timestamp % evidence.length
    phases, counts = np.unique(phase, return_counts=True)
    off = np.abs(phase - phases[counts.argmax()])
    # bars of several hours follow their exchange's clocks, which are put forward and back
    return np.flatnonzero(np.minimum(off, evidence.length - off) > (HOUR if evidence.length > HOUR else 0))


def _far(prices: Floats, base: Floats) -> np.typing.NDArray[np.bool_]:
    """Return which prices are over 40% above or below `base`; prices at or below zero have no percentage."""
    usable = (base > 0) & (prices > 0)
    return np.asarray(usable & (np.abs(prices - base) > _MOVE * np.where(usable, base, 1.0)), dtype=np.bool_)


def span(nanoseconds: int) -> str:
    """Return a length of time in words."""
    for unit, name in _SHOWN_NANOSECONDS:
        if nanoseconds >= unit:
            count = nanoseconds / unit
            return f"{count:.4g} {name}{'' if count == 1 else 's'}"
    return f"{nanoseconds} ns"


def stamped_at_the_end(evidence: Evidence) -> Finding | None:
    """Report labels taken for the start of a bar that look like its end: sessions begin one bar after the quarter."""
    label, length = evidence.columns.timestamp, evidence.length
    if evidence.stamp == "end" or length >= _QUARTER or _QUARTER % length:
        return None
    begins = np.flatnonzero(np.diff(label) >= _BREAK) + 1
    if len(begins) < _BREAKS:
        return None
    late = (label[begins] % _QUARTER == length) & (label[begins - 1] % _QUARTER == 0)
    if late.mean() < _MOSTLY:
        return None
    message = "sessions begin one bar after a quarter of an hour and end on one, as where stamps are the ends of bars"
    return finding_at("info", evidence.where, message, evidence.columns, begins[late], "if they are, set stamp: end")


FINDINGS: Final[tuple[Callable[[Evidence], Finding | None], ...]] = (
    negative_prices,
    zero_prices,
    great_moves,
    great_reach,
    odd_prints,
    stillness,
    crowded_bars,
    off_the_grid,
    missing_days_in_a_row,
    missing_weeks,
    unfinished,
    missing_single_days,
    holes_in_days,
    unusual_weekdays,
    no_volume,
    great_volume,
    few_rows,
    stamped_at_the_end,
)
