"""Identify columns: by the names in the file, by the configuration, or by their position."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from orchestrate.domain.errors import DataError

ALIASES: Final = {
    "timestamp": (
        "timestamp",
        "datetime",
        "opentime",
        "date",
        "dateutc",
        "gmttime",
        "localtime",
        "unix",
        "datum",
        "ts",
        "windowstart",
    ),
    "open": ("open", "o", "openprice", "priceopen", "first", "opening", "eröffnung", "erster"),
    "high": ("high", "h", "max", "highprice", "pricehigh", "hoch"),
    "low": ("low", "l", "min", "lowprice", "pricelow", "tief"),
    "close": (
        "close",
        "c",
        "last",
        "closelast",
        "closeprice",
        "priceclose",
        "price",
        "settle",
        "schluss",
        "schlusskurs",
    ),
    "volume": ("volume", "vol", "v", "tickvol", "tickvolume", "volumen"),
}
REQUIRED: Final = ("timestamp", "open", "high", "low", "close")
_DATES: Final = ("date", "dateutc", "datum")
_TIME_OF_DAY: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2})?|\d{4}|\d{6}")
_CLOCK: Final = ("time", "timeutc", "hour", "uhrzeit", "zeit")


def normal(name: str) -> str:
    """Return a header for comparison: `<DATE>`, `1. open` and `Adj Close` become date, open, adjclose."""
    return re.sub(r"[\W_]", "", name.lower().lstrip("0123456789. "))


def which_columns(header: Sequence[str], given: Mapping[str, str], where: str) -> dict[str, int]:
    """Return places by our names (timestamp, time, open …). `given` goes first; DataError if one is missing."""
    names = [normal(name) for name in header]
    places = _chosen(given, header, where)
    for ours, aliases in ALIASES.items():
        if ours not in places and (alias := next((alias for alias in aliases if alias in names), None)):
            if names.count(alias) > 1:
                raise DataError(
                    f"{names.count(alias)} columns are called {alias!r}",
                    where=where,
                    hint=f"choose one with columns: {{{ours}: NUMBER}}, counted from 1",
                )
            places[ours] = names.index(alias)
    if "volume" not in places:
        place = next((place for place, name in enumerate(names) if name.startswith("volume")), None)
        places |= {} if place is None else {"volume": place}
    _find_clock(places, names, given)
    if "timestamp" not in places and 0 not in places.values():
        places["timestamp"] = 0
    missing = [ours for ours in REQUIRED if ours not in places]
    if missing:
        raise DataError(
            f"no column for {', '.join(missing)} among {', '.join(header)[:200]}",
            where=where,
            hint=f"name it with columns: {{{missing[0]}: NAME}}, if it exists",
        )
    return places


def _find_clock(places: dict[str, int], names: Sequence[str], given: Mapping[str, str]) -> None:
    """Find a time of day beside the date; a lone `time` column is the whole stamp."""
    clock = next((alias for alias in _CLOCK if alias in names), None)
    if clock is None or "time" in given or "timestamp" in given:
        return
    if "timestamp" not in places:
        places["timestamp"] = names.index(clock)
    elif names[places["timestamp"]] in _DATES:
        places["time"] = names.index(clock)


def _chosen(given: Mapping[str, str], header: Sequence[str], where: str) -> dict[str, int]:
    for ours in given:
        if ours not in (*REQUIRED, "time", "volume"):
            raise DataError(
                f"columns names {ours!r}, which is not a field of a bar",
                where=where,
                hint=f"a bar has {', '.join(REQUIRED)}, and perhaps time and volume",
            )
    return {ours: _named(theirs, header, ours, where) for ours, theirs in given.items()}


def _named(name: str, header: Sequence[str], ours: str, where: str) -> int:
    for same in (lambda theirs: theirs == name, lambda theirs: bool(theirs) and normal(theirs) == normal(name)):
        places = [place for place, theirs in enumerate(header) if same(theirs)]
        if len(places) == 1:
            return places[0]
    if name.isdigit() and 1 <= int(name) <= len(header):
        return int(name) - 1
    raise DataError(
        f"columns: {ours} is {name!r}, but the file has {', '.join(header).strip(', ') or 'columns without names'}",
        where=where,
        hint="use a name of the header, or a column's number, counted from 1",
    )


def columns_by_place(row: Sequence[str], given: Mapping[str, str], where: str) -> dict[str, int]:
    """Return places without a header: date, perhaps a time, then open, high, low, close and perhaps a volume."""
    if given:
        places = _chosen(given, [""] * len(row), where)
    else:
        clock = ["time"] if len(row) > 5 and _TIME_OF_DAY.fullmatch(row[1].strip()) else []
        names = ["timestamp", *clock, "open", "high", "low", "close", "volume"]
        places = dict(zip(names, range(len(row)), strict=False))
        if len(row) > len(names) and not _is_kline(row):
            places = {}
    missing = [ours for ours in REQUIRED if ours not in places]
    if missing:
        raise DataError(
            f"there is no header, so it is unknown which of the {len(row)} columns is {', '.join(missing)}",
            where=where,
            hint="set columns: {timestamp: 1, open: 2, high: 3, low: 4, close: 5}, with your numbers",
        )
    return places


def _is_kline(row: Sequence[str]) -> bool:
    """Return Binance's layout: open time, prices, volume, close time, and five more."""
    opened, closed = row[0].strip(), row[6].strip() if len(row) == 12 else ""
    return opened.isdecimal() and closed.isdecimal() and len(opened) == len(closed) >= 13 and opened < closed
