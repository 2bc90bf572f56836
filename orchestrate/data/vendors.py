"""Habits of the programs that write bars: what they mean is told by their own layouts, and each use of that is told."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np

from orchestrate.data.columns import PRICES
from orchestrate.data.dialect import Table
from orchestrate.data.headers import normal
from orchestrate.data.numbers import read_numbers
from orchestrate.domain.errors import DataError
from orchestrate.domain.market import Floats
from orchestrate.domain.results import Finding

_NAMES: Final = ("ticker", "symbol")
_TICKS: Final = ("tickvol", "tickvolume")
_ADJUSTED: Final = ("adjclose", "adjustedclose")
_LEAN_STAMP: Final = re.compile(r"\d{8} \d\d:\d\d")
_LEAN_SCALE: Final = 10_000.0

Numbers = dict[str, Floats]


def is_special(header: tuple[str, ...]) -> bool:
    """True where one of these habits may matter."""
    return any(normal(name) in (*_NAMES, *_TICKS, *_ADJUSTED) for name in header)


def one_symbol(table: Table, symbol: str, where: str) -> tuple[Table, list[Finding]]:
    """The rows of `symbol` in a file that holds several; DataError where it is not among them."""
    place = next((place for place, name in enumerate(table.header) if normal(name) in _NAMES), None)
    if place is None:
        return table, []
    names = [row[place].strip() for row in table.rows]
    held = sorted(set(names))
    if len(held) == 1:
        return table, []
    chosen = [name for name in held if symbol in (name, name.split(".")[0])]
    if len(chosen) != 1:
        raise DataError(
            f"the file holds {len(held)} symbols ({', '.join(held[:5])}{' …' if len(held) > 5 else ''}), "
            f"and {symbol!r} is none of them",
            where=where,
            hint="call the data entry by the symbol in the file",
        )
    kept = [number for number, name in enumerate(names) if name == chosen[0]]
    message = f"the file holds {len(held)} symbols: the rows of {chosen[0]} are read"
    rows, lines = [table.rows[number] for number in kept], [table.lines[number] for number in kept]
    return replace(table, rows=rows, lines=lines), [Finding("info", where, message, len(kept))]


def adjusted_close(table: Table, places: dict[str, int], where: str) -> list[Finding]:
    """Yahoo's second close is left aside: open, high and low have no such twin."""
    for place, name in enumerate(table.header):
        if normal(name) in _ADJUSTED and place not in places.values():
            message = f"the column {name!r} is left aside: prices are those of open, high, low and close"
            return [Finding("info", where, message)]
    return []


def tick_volume(table: Table, numbers: Numbers, where: str) -> list[Finding]:
    """MT5's real volume is 0 where a market has none; its tick volume then stands for it. Changes `numbers`."""
    place = next((place for place, name in enumerate(table.header) if normal(name) in _TICKS), None)
    if place is None or numbers["volume"].any():
        return []
    ticks, unreadable = read_numbers([row[place] for row in table.rows], ".")
    if unreadable or not ticks.any():
        return []
    numbers["volume"] = ticks
    return [Finding("info", where, f"volume is 0 throughout: {table.header[place]} is read in its place")]


def without_header(table: Table, places: dict[str, int], numbers: Numbers, where: str) -> list[Finding]:
    """Columns taken by their place must look like bars; Lean's whole prices become dollars. Changes `numbers`."""
    if table.header:
        return []
    ordered = sorted(places, key=lambda name: places[name])
    with np.errstate(invalid="ignore"):
        lower, upper = np.minimum(numbers["open"], numbers["close"]), np.maximum(numbers["open"], numbers["close"])
        fitting = (numbers["low"] <= lower) & (numbers["high"] >= upper)
    if fitting.mean() < 0.9:
        raise DataError(
            f"there is no header, and {', '.join(ordered)} does not fit: in {int((~fitting).sum())} of "
            f"{len(fitting)} rows open or close lies outside low..high",
            where=where,
            hint="say columns: {timestamp: 1, open: 2, high: 3, low: 4, close: 5}, as it is",
        )
    findings = [Finding("info", where, f"there is no header: the columns are taken as {', '.join(ordered)}")]
    prices = np.vstack([numbers[name] for name in PRICES])
    stamped = _LEAN_STAMP.fullmatch(table.rows[0][places["timestamp"]].strip())
    if stamped and np.nanmin(prices) >= 1000 and not np.nanmax(prices % 1):
        for name in PRICES:
            numbers[name] = numbers[name] / _LEAN_SCALE
        findings.append(Finding("warning", where, "whole prices in Lean's layout are read as ten-thousandths"))
    return findings
