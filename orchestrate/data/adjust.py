"""Splits and dividends taken out of a series before anything looks at it: the only thing that changes prices."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from orchestrate.data.columns import Columns
from orchestrate.data.files.bounds import read_regular
from orchestrate.data.text.decoding import decode, unpack
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.magnitudes import MAX_FACTOR
from orchestrate.domain.market.stamps import moment_of, saturated
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.plan import Adjustment
from orchestrate.domain.results import Finding

_HEADER = ("date", "price_factor", "split_factor")
_LARGEST = 10_000_000  # bytes of a factor file; a day for 100 years takes one


def adjust(columns: Columns, how: Adjustment, root: Path, where: str) -> tuple[Columns, list[Finding]]:
    """Return prices and volumes on the scale of the last bar, and what was done."""
    factor, shares = np.ones(len(columns)), np.ones(len(columns))
    findings = []
    for date, ratio in how.splits:
        before = columns.timestamp < _day(date, where)
        if not 1 <= ratio * MAX_FACTOR <= MAX_FACTOR**2:
            raise DataError(f"the split of {date} has the ratio {ratio}", where=where, hint="a 7:1 split is 7")
        if not before.all():  # a split after the last bar leaves the scale as it is
            factor[before] /= float(ratio)
            shares[before] *= float(ratio)
        findings.append(_split_finding(columns, date, float(ratio), int(before.sum()), where))
    if how.factors:
        price, split = _factors(columns.timestamp, root / how.factors, how.factors)
        factor *= split * price if how.dividends else split
        shares /= split
        what = "splits and dividends" if how.dividends else "splits"
        count = int((factor != 1.0).sum())
        findings.append(Finding("info", where, f"bars adjusted for {what} by {how.factors}", count))
    volume, notes = _volume(columns, shares, where)
    return replace(columns.with_prices(columns.prices * factor), volume=volume), findings + notes


def _volume(columns: Columns, shares: Floats, where: str) -> tuple[Floats, list[Finding]]:
    """Return volumes by the number of shares; whole ones stay whole."""
    exact = columns.volume * shares
    if (columns.volume % 1).any():
        return exact, []
    whole = np.rint(exact)
    change = np.abs(whole - exact)
    count = int((change > 1e-9 * exact).sum())
    message = f"adjusted volumes are rounded to whole ones, at most by {change.max():.3g}"
    return whole, [Finding("info", where, message, count)] if count else []


def _are_factors(*columns: Floats) -> bool:
    """Return whether all lie where a factor can."""
    return all(bool(((column >= 1 / MAX_FACTOR) & (column <= MAX_FACTOR)).all()) for column in columns)


def _split_finding(columns: Columns, date: str, ratio: float, before: int, where: str) -> Finding:
    """Return an information, or a warning if the prices do not show the split (adjusted already, or another day)."""
    if not 0 < before < len(columns):
        return Finding("warning", where, f"the split of {date} lies outside the data: it adjusts nothing")
    jump = math.log(columns.close[before - 1] / columns.open[before]) / math.log(ratio) if ratio != 1 else 0.0
    if not 0.5 < jump < 1.5:
        message = f"the split {ratio:g}:1 of {date} doesn't show in prices: already adjusted, or the wrong date?"
        return Finding("warning", where, message)
    return Finding("info", where, f"bars before {date} adjusted for a split {ratio:g}:1", before)


def _day(text: str, where: str) -> int:
    try:
        return saturated(moment_of(text))
    except ValueError:
        raise DataError(f"{text!r} is no date of a split", where=where, hint="write it like 2014-06-09") from None


def _factors(label: Stamps, path: Path, where: str) -> tuple[Floats, Floats]:
    """Return price and split factors of every bar. A row of the file applies to bars on and before its date."""
    try:
        lines = decode(unpack(read_regular(path, where), _LARGEST, where), where).split()
    except OSError as error:
        raise DataError(f"the factor file cannot be read ({error.strerror})", where=where) from None
    rows = [line.split(",") for line in lines if line]
    if rows and tuple(cell.lower() for cell in rows[0][:3]) == _HEADER:
        rows = rows[1:]
    try:
        days = [
            _day(f"{row[0][:4]}-{row[0][4:6]}-{row[0][6:8]}" if row[0].isdigit() else row[0], where) for row in rows
        ]
        price = np.array([float(row[1]) for row in rows])
        split = np.array([float(row[2]) for row in rows])
    except (ValueError, IndexError, DataError):
        raise DataError("this is not a factor file", where=where, hint=f"its columns are {','.join(_HEADER)}") from None
    if not rows or days != sorted(days) or not _are_factors(price, split):
        raise DataError("factors must be positive, oldest first", where=where, hint="download the factor file again")
    day = label - label % 86_400_000_000_000
    place = np.searchsorted(np.array(days, dtype=np.int64), day, side="left")
    return np.append(price, 1.0)[place], np.append(split, 1.0)[place]
