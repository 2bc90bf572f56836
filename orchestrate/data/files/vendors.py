"""Layouts of programs that write bars; each use of one is reported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from orchestrate.data.columns import PRICES
from orchestrate.data.files.fields import Fields
from orchestrate.data.files.headers import normal
from orchestrate.data.text.numbers import read_numbers
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.results import Finding

_NAMES: Final = ("ticker", "symbol")
_TICKS: Final = ("tickvol", "tickvolume")
_ADJUSTED: Final = ("adjclose", "adjustedclose")
_LEAN_STAMP: Final = re.compile(r"\d{8} \d\d:\d\d")
_LEAN_SCALE: Final = 10_000.0

Numbers = dict[str, Floats]


def vendor_columns(header: Sequence[str]) -> dict[str, int]:
    """Return columns that bear on which rows and volumes are read: `symbol` and `ticks` → places."""
    names = [normal(name) for name in header]
    matches = {"symbol": _NAMES, "ticks": _TICKS}
    places = {ours: [place for place, name in enumerate(names) if name in theirs] for ours, theirs in matches.items()}
    return {ours: columns[0] for ours, columns in places.items() if columns}


def one_symbol(fields: Fields, symbol: str, where: str) -> tuple[Fields, list[Finding]]:
    """Return the rows of `symbol` in a file that holds several; DataError where it is not among them."""
    column = fields.columns.get("symbol")
    if column is None or isinstance(column, np.ndarray):
        return fields, []
    held = sorted({name.strip() for name in set(column)})
    if len(held) == 1:
        return fields, []
    chosen = [name for name in held if symbol in (name, name.split(".")[0])]
    if len(chosen) != 1:
        raise DataError(
            f"the file holds {len(held)} symbols ({', '.join(held[:5])}{' …' if len(held) > 5 else ''}), "
            f"and {symbol!r} is none of them",
            where=where,
            hint="call the data entry by the symbol in the file",
        )
    kept = np.array([number for number, name in enumerate(column) if name.strip() == chosen[0]])
    message = f"the file holds {len(held)} symbols: the rows of {chosen[0]} are read"
    return fields.take(kept), [Finding("info", where, message, len(kept))]


def adjusted_close(fields: Fields, where: str) -> list[Finding]:
    """Leave Yahoo's second close aside: open, high and low have no such twin."""
    for place, name in enumerate(fields.header):
        if normal(name) in _ADJUSTED and place not in fields.places.values():
            message = f"the column {name!r} is left aside: prices are those of open, high, low and close"
            return [Finding("info", where, message)]
    return []


def tick_volume(fields: Fields, numbers: Numbers, where: str) -> list[Finding]:
    """Use MT5's tick volume where the real one is 0, because the market has none. Changes `numbers`."""
    column = fields.columns.get("ticks")
    if column is None or numbers["volume"].any():
        return []
    ticks, unreadable = (column, []) if isinstance(column, np.ndarray) else read_numbers(column, ".")
    if unreadable or not ticks.any():
        return []
    numbers["volume"] = ticks
    name = fields.header[fields.places["ticks"]]
    return [Finding("info", where, f"volume is 0 throughout: {name} is used instead")]


def without_header(fields: Fields, numbers: Numbers, where: str) -> list[Finding]:
    """Check that columns taken by their place look like bars; Lean's whole prices become dollars.

    Changes `numbers`.
    """
    if fields.header:
        return []
    ordered = sorted(fields.places, key=lambda name: fields.places[name])
    with np.errstate(invalid="ignore"):
        lower, upper = np.minimum(numbers["open"], numbers["close"]), np.maximum(numbers["open"], numbers["close"])
        fitting = (numbers["low"] <= lower) & (numbers["high"] >= upper)
    if fitting.mean() < 0.9:
        raise DataError(
            f"there is no header, and {', '.join(ordered)} does not fit: in {int((~fitting).sum())} of "
            f"{len(fitting)} rows open or close lies outside low..high",
            where=where,
            hint="set columns: {timestamp: 1, open: 2, high: 3, low: 4, close: 5}, with your numbers",
        )
    findings = [Finding("info", where, f"there is no header: the columns are assumed to be {', '.join(ordered)}")]
    prices = np.vstack([numbers[name] for name in PRICES])
    stamped = _LEAN_STAMP.fullmatch(str(fields.columns["timestamp"][0]).strip())
    if stamped and np.nanmin(prices) >= 1000 and not np.nanmax(prices % 1):
        for name in PRICES:
            numbers[name] = numbers[name] / _LEAN_SCALE
        findings.append(Finding("warning", where, "whole prices in Lean's layout are read as ten-thousandths"))
    return findings
