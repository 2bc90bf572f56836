"""Repair what has one reading only: order, repeated rows, incomplete rows, ranges. Each repair is a warning.

Ambiguous rows and uncountable figures are refused by a `DataError` that names them and the setting that decides.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from orchestrate.data.columns import PRICES, Columns, finding_at
from orchestrate.data.text.cells import DATE_HINT
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.magnitudes import MAX_PRICE, MAX_VOLUME
from orchestrate.domain.market.stamps import EARLIEST, FIRST_YEAR, LAST_YEAR, LATEST
from orchestrate.domain.market.timeline import Flags
from orchestrate.domain.results import Finding

Repaired = tuple[Columns, Finding | None]
OnDuplicate = Literal["error", "first", "last"]


def repair(columns: Columns, where: str, on_duplicate: OnDuplicate = "error") -> tuple[Columns, list[Finding]]:
    """Make every repair in turn, and return what was done."""
    findings = []
    for step in (_reach, _order, partial(_repetition, on_duplicate=on_duplicate), _incompleteness, _silence, _range):
        columns, finding = step(columns, where)
        if finding:
            findings.append(finding)
    return columns, findings


def _reach(columns: Columns, where: str) -> Repaired:
    label = columns.timestamp
    if len(label) and (label.min() < EARLIEST or label.max() > LATEST):
        place = int(((label < EARLIEST) | (label > LATEST)).argmax())
        raise DataError(
            f"{columns.place(place)}: {columns.stamp(place)} lies outside the years {FIRST_YEAR} to {LAST_YEAR}",
            where=where,
            hint=DATE_HINT,
        )
    return columns, None


def require_countable(columns: Columns, where: str) -> None:
    """Raise DataError for a price or volume too large to calculate with: digits too many, or the wrong column."""
    for name, most in (*((price, MAX_PRICE) for price in PRICES), ("volume", MAX_VOLUME)):
        values = getattr(columns, name)
        beyond = np.flatnonzero((np.abs(values) > most) & np.isfinite(values))  # infinite: no value at all
        if len(beyond):
            first = int(beyond[0])
            raise DataError(
                f"{columns.place(first)}: {name} {values[first]:g} is beyond {most:g}, the largest supported value",
                where=where,
                hint="scale the whole series, or remove the row",
            )


def _order(columns: Columns, where: str) -> Repaired:
    label = columns.timestamp
    back = np.flatnonzero(label[1:] < label[:-1]) + 1
    if not len(back):
        return columns, None
    ordered = columns.take(np.argsort(label, kind="stable"))
    if len(columns) > 2 and not (label[1:] > label[:-1]).any():
        return ordered, Finding("warning", where, "the newest row is first: rows are reversed")
    return ordered, finding_at("warning", where, "rows come after newer ones", columns, back, "rows are sorted by time")


def _repetition(columns: Columns, where: str, on_duplicate: OnDuplicate) -> Repaired:
    same_stamp = columns.timestamp[1:] == columns.timestamp[:-1]
    if not same_stamp.any():
        return columns, None
    values = np.vstack([columns.prices, columns.volume])
    values = np.where(np.isnan(values), -np.inf, values)
    same = same_stamp & (values[:, 1:] == values[:, :-1]).all(axis=0)
    conflicts = np.flatnonzero(same_stamp & ~same)
    if len(conflicts) and on_duplicate == "error":
        first, second = (columns.place(int(conflicts[0]) + offset) for offset in (0, 1))
        raise DataError(
            f"{len(conflicts)} stamp(s) have rows that differ, first {columns.stamp(int(conflicts[0]))}: "
            f"{first} says {columns.shown(int(conflicts[0]))}, {second} says {columns.shown(int(conflicts[0]) + 1)}",
            where=where,
            hint="keep one of them with on_duplicate: first or on_duplicate: last",
        )
    last = on_duplicate == "last"
    dropped = np.concatenate([same_stamp, [False]]) if last else np.concatenate([[False], same_stamp])
    then = f"the {on_duplicate} is kept" if len(conflicts) else "one is kept"
    finding = finding_at("warning", where, "rows repeat a stamp", columns, np.flatnonzero(dropped), then)
    return columns.take(np.flatnonzero(~dropped)), finding


def _incompleteness(columns: Columns, where: str) -> Repaired:
    missing = ~np.logical_and.reduce([np.isfinite(column) for column in columns.each])
    if not missing.any():
        return columns, None
    if missing.all():
        raise DataError("not one row has all four prices", where=where, hint="download the data again")
    return columns.take(np.flatnonzero(~missing)), finding_at(
        "warning", where, "rows lack a price", columns, np.flatnonzero(missing), "they are left out"
    )


def _silence(columns: Columns, where: str) -> Repaired:
    missing = ~(columns.volume >= 0) | np.isinf(columns.volume)
    if not missing.any():
        return columns, None
    what = "rows have no volume, or one below 0"
    filled = replace(columns, volume=np.where(missing, 0.0, columns.volume))
    return filled, finding_at("warning", where, what, columns, np.flatnonzero(missing), "it is read as 0")


def _range(columns: Columns, where: str) -> Repaired:
    crossed = columns.high < columns.low
    outside = _outside(columns)
    if not outside.any():
        return columns, None
    if crossed.sum() > max(2, len(columns) / 2):
        raise DataError(
            f"high is below low in {crossed.sum()} of {len(columns)} rows: check the columns",
            where=where,
            hint="name them with columns: {high: NAME, low: NAME}",
        )
    prices = columns.prices
    prices[1], prices[2] = prices.max(axis=0), prices.min(axis=0)
    what = "high is below low" if crossed.any() else "open or close lies outside low..high"
    then = "the range is widened to hold all four prices"
    return columns.with_prices(prices), finding_at("warning", where, what, columns, np.flatnonzero(outside), then)


def _outside(columns: Columns) -> Flags:
    upper = np.maximum(columns.open, columns.close)
    lower = np.minimum(columns.open, columns.close)
    return np.asarray((columns.high < upper) | (columns.low > lower), dtype=np.bool_)
