"""Quotes from a table whose columns have names: which is which, which rows belong to the chain, what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from orchestrate.data.calendar import DAY
from orchestrate.data.files.headers import normal
from orchestrate.data.options.formats.tables import Table, Texts
from orchestrate.data.options.quotes import Codes, Quotes, Source, several
from orchestrate.data.text.cells import Cells
from orchestrate.data.text.stamps import NAMED_FORMATS, read_stamps
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Flags, Stamps
from orchestrate.domain.options.settings import ChainSettings
from orchestrate.domain.options.view import QUOTED

#: Our names → what files call them, without blanks and signs.
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "timestamp": (
        "quotedatetime",
        "quotereadtime",
        "quotedate",
        "datadate",
        "timestamp",
        "datetime",
        "tradedate",
        "date",
    ),
    "time": ("time", "quotetime"),
    "expiry": ("expiration", "expiry", "expirationdate", "expirydate", "expiredate", "exdate"),
    "strike": ("strike", "strikeprice"),
    "right": ("right", "type", "optiontype", "callput", "putcall", "cpflag"),
    "bid": ("bid", "bestbid", "bidprice", "bideod"),
    "ask": ("ask", "bestask", "bestoffer", "askprice", "askeod", "offer"),
    "iv": ("iv", "impliedvol", "impliedvolatility", "ivmean"),
    "delta": ("delta",),
    "gamma": ("gamma",),
    "theta": ("theta",),
    "vega": ("vega",),
    "open_interest": ("openinterest", "oi"),
    "spot": ("underlyinglast", "underlyingprice", "underlyingclose", "spot", "stockprice"),
    "root": ("root", "optionroot", "optionsymbol", "contractsymbol", "contract", "symbol"),
    "underlying": ("underlying", "underlyingsymbol", "ticker"),
    "style": ("style", "exercisestyle"),
}
REQUIRED: Final = ("timestamp", "expiry", "strike", "right", "bid", "ask")
#: Columns of texts. Of a contract's symbol, such as SPXW  210106C03700000, the root counts.
WRITTEN: Final = {
    **dict.fromkeys(("timestamp", "time", "expiry", "right", "underlying", "style"), ""),
    "root": r"^\s*([A-Z0-9.$^]+?)\s*\d{6}[CP]\d{8}\s*$",
}
#: Vendors put them before the symbol of an index.
_SIGNS: Final = "^$."
_SYMBOL: Final = re.compile(r"[A-Z0-9.]{1,8}")


def places_of(header: Sequence[str], settings: ChainSettings, where: str, *, wide: bool = False) -> dict[str, int]:
    """Return places by our names; those of `columns:` go first. DataError where one is missing."""
    names = [normal(name) for name in header]
    places = {ours: _given(ours, theirs, header, settings, where) for ours, theirs in settings.columns.items()}
    for ours, aliases in ALIASES.items():
        match = next((alias for alias in aliases if alias in names), None)
        if ours not in places and match is not None:
            places[ours] = names.index(match)
    missing = [name for name in REQUIRED if name not in places and not (wide and name in ("right", "bid", "ask"))]
    if missing:
        shown = ", ".join(header[:12])
        hint = f"set data: {{{settings.symbol}: {{columns: {{{missing[0]}: …}}}}}} to the name of a column"
        raise DataError(f"no column is {' or '.join(missing)} (there are {shown})", where=where, hint=hint)
    return places


def quotes_of(table: Table, path: Path, settings: ChainSettings, where: str, slashed: str = "") -> Quotes | None:
    """Return the rows of a table that belong to the chain as quotes; None where no row does.

    `slashed` is how the vendor writes dates such as 09/10/2019.
    """
    table, facts = _of_chain(table, settings, where)
    if not len(table):
        return None
    quoted = {name: table.numbers[name] for name in (*QUOTED, "spot") if name in table.numbers}
    return Quotes(
        *moments_and_days(table, settings, where, slashed),
        Codes.of(table.numbers["strike"]),
        _rights(table, where),
        quoted,
        Source((path.name,), (0,), table.lines, table.unit),
        facts,
    )


def moments_and_days(table: Table, settings: ChainSettings, where: str, slashed: str = "") -> tuple[Codes, Codes]:
    """Return when each row was quoted and the day of its expiry.

    A `date_format` of patterns is that of the quotes alone, a named one is that of both.
    """
    quoted, expiry = _with_clock(table), table.texts["expiry"]
    moments = _read(table, quoted, settings.date_format or slashed, settings.timezone, where)
    named = settings.date_format if settings.date_format in NAMED_FORMATS else slashed
    days = _read(table, expiry, named, "UTC", where) // DAY
    return _coded(moments, quoted), _coded(days, expiry)


def _given(ours: str, theirs: str, header: Sequence[str], settings: ChainSettings, where: str) -> int:
    """Return the place of a column that the settings name."""
    if ours not in ALIASES:
        hint = f"columns can name {', '.join(ALIASES)}"
        raise DataError(f"columns.{ours} is no column of quotes", where=where, hint=hint)
    matches = [place for place, name in enumerate(header) if theirs == name or normal(theirs) == normal(name)]
    if not matches:
        hint = f"correct data: {{{settings.symbol}: {{columns: {{{ours}: …}}}}}}"
        raise DataError(f"there is no column {theirs!r} (there are {', '.join(header[:12])})", where=where, hint=hint)
    return matches[0]


def _of_chain(table: Table, settings: ChainSettings, where: str) -> tuple[Table, dict[str, str]]:
    """Return the rows of the chain's underlying and root, and what all of them say."""
    for name, wanted in (("underlying", settings.underlying), ("root", settings.root)):
        kinds = _kinds(table, name)
        if wanted in kinds:
            chosen = np.array([kind == wanted for kind in kinds], dtype=np.bool_)
            table = table.take(chosen[table.texts[name].codes])
        elif kinds and name == "root" and wanted:
            return table.take(np.zeros(len(table), dtype=np.bool_)), {}
    for name in ("underlying", "root"):
        if len(set(_kinds(table, name))) > 1:
            raise several(name, sorted(set(_kinds(table, name))), settings, where)
    roots = _kinds(table, "root")
    facts = {"root": roots[0]} if roots else {}
    if "style" in table.texts:
        facts["style"] = _style(table, settings, where)
    return table, facts


def _kinds(table: Table, name: str) -> list[str]:
    """Return what each text of a column names, without the signs of an index; nothing where it is no symbol."""
    column = table.texts.get(name)
    kinds = [text.strip(_SIGNS) for text in column.distinct] if column else []
    return kinds if all(_SYMBOL.fullmatch(kind) for kind in kinds) else []


def _style(table: Table, settings: ChainSettings, where: str) -> str:
    names = {"a": "american", "e": "european"}
    said = sorted({names.get(text[:1].lower(), "") for text in table.texts["style"].distinct})
    if len(said) > 1:
        raise several("style", said, settings, where)
    return said[0]


def _coded(stamps: Stamps, column: Texts) -> Codes:
    """Return what the texts of a column mean; several may mean the same."""
    own = Codes.of(stamps)
    return Codes(own.values, own.codes[column.codes])


def _with_clock(table: Table) -> Texts:
    """Return the stamps of quotes; a date alone with the time of day beside it."""
    dates, clocks = table.texts["timestamp"], table.texts.get("time")
    if clocks is None or ":" in dates.distinct[0] or ":" not in clocks.distinct[0]:
        return dates
    count = len(clocks.distinct)
    pairs, codes = np.unique(dates.codes * count + clocks.codes, return_inverse=True)
    return Texts(codes, tuple(f"{dates.distinct[pair // count]} {clocks.distinct[pair % count]}" for pair in pairs))


def _read(table: Table, column: Texts, date_format: str, zone: str, where: str) -> Stamps:
    cells = Cells(list(column.distinct), table.lines[column.firsts()].tolist(), where, zone, table.unit)
    is_slashed = date_format in ("month_first", "day_first")
    return read_stamps(cells, "" if is_slashed and "/" not in column.distinct[0] else date_format).label


def _rights(table: Table, where: str) -> Flags:
    column = table.texts["right"]
    letters = [text[:1].lower() for text in column.distinct]
    for text, letter, row in zip(column.distinct, letters, column.firsts(), strict=True):
        if letter not in ("c", "p"):
            message = f"{table.unit} {table.lines[row]}: {text!r} is neither a call nor a put"
            raise DataError(message, where=where, hint="write call or put, or C or P")
    return np.asarray(np.array([letter == "c" for letter in letters])[column.codes], dtype=np.bool_)
