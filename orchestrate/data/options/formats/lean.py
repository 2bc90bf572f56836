"""Zip files of Lean with quotes of options, a member for each contract; prices are ten-thousandths, times New York's.

Members are named `20151224_goog_minute_quote_american_call_7500000_20160115.csv`, or, of days and hours,
`goog_quote_american_call_7500000_20160115.csv`. A row is a bar of bids and one of asks; their closes are the quote.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from orchestrate.data.calendar import DAY, HOUR, SECOND
from orchestrate.data.files.bounds import require_memory, require_unpacked
from orchestrate.data.options.formats.tables import Table, rows_table
from orchestrate.data.options.quotes import Codes, Quotes, Source, several
from orchestrate.data.text.cells import Cells
from orchestrate.data.text.stamps import read_stamps
from orchestrate.data.text.zones import at_utc
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Stamps
from orchestrate.domain.options.settings import ChainSettings

_SCALE: Final = 10_000.0
_MEMBER: Final = re.compile(
    r"(?:(?P<date>\d{8})_)?(?P<root>[a-z0-9.]+?)_(?:(?P<resolution>second|minute|hour|daily)_)?quote_"
    r"(?P<style>american|european)_(?P<right>call|put)_(?P<strike>\d+)_(?P<expiry>\d{8})\.csv",
    re.IGNORECASE,
)
_LENGTHS: Final = {"second": SECOND, "minute": 60 * SECOND, "hour": HOUR, "daily": DAY}
_MILLISECOND: Final = 1_000_000
#: Where the closes of bid and ask stand among time, bid's bar, bid's size, ask's bar, ask's size.
_WIDTH: Final = 11
_COLUMNS: Final = {"time": 0, "bid": 4, "ask": 9}
_COPIES: Final = 4


@dataclass(frozen=True, slots=True)
class _Member:
    """The quotes of one contract, as its name says, with its rows as they are stored."""

    date: int | None
    root: str
    resolution: str
    style: str
    is_call: bool
    strike: float
    day: int
    rows: bytes


def read_lean(path: Path, settings: ChainSettings, where: str) -> Quotes | None:
    """Return the quotes of the chain's root in a zip file; None where it has none, as one of trades."""
    members = _members(path, settings, where)
    if not members:
        return None
    facts = {}
    for fact in ("root", "style"):
        said = sorted({getattr(member, fact) for member in members})
        if len(said) > 1:
            raise several(fact, said, settings, where)
        facts[fact] = said[0]
    counts = np.array([member.rows.count(b"\n") for member in members])
    table = rows_table(b"".join(member.rows for member in members), _WIDTH, _COLUMNS, where)
    moment, length = _moments(table, members, counts, settings, where)
    return Quotes(
        Codes.of(moment),
        _repeated([member.day for member in members], counts),
        _repeated([member.strike for member in members], counts),
        np.repeat(np.array([member.is_call for member in members]), counts),
        {name: table.numbers[name] / _SCALE for name in ("bid", "ask")},
        Source(
            (path.name,), (0,), np.concatenate([np.arange(1, count + 1, dtype=np.int32) for count in counts]), "row"
        ),
        facts,
        length,
        0 if length == DAY else length,
    )


def _members(path: Path, settings: ChainSettings, where: str) -> list[_Member]:
    """Return the members with quotes of the chain's root, by name."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [(info.filename, _MEMBER.fullmatch(info.filename)) for info in archive.infolist()]
            wanted = [(name, match) for name, match in sorted(names) if match and _is_of(match, settings)]
            size = sum(archive.getinfo(name).file_size for name, _ in wanted)
            require_unpacked(size, settings.max_unpacked, where)
            require_memory(_COPIES * size, where)
            return [_member(match, archive.read(name)) for name, match in wanted if archive.getinfo(name).file_size]
    except (FileNotFoundError, PermissionError):
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError) as error:
        # the last two: packed in a way that Python does not know, or under a password
        raise DataError(f"the zip file is damaged ({error})", where=where, hint="download it again") from None


def _is_of(match: re.Match[str], settings: ChainSettings) -> bool:
    return not settings.root or match["root"].upper() == settings.root


def _member(match: re.Match[str], rows: bytes) -> _Member:
    return _Member(
        _day(match["date"]) if match["date"] else None,
        match["root"].upper(),
        (match["resolution"] or "").lower(),
        match["style"].lower(),
        match["right"].lower() == "call",
        int(match["strike"]) / _SCALE,
        _day(match["expiry"]),
        rows if rows.endswith(b"\n") else rows + b"\n",
    )


def _repeated(facts: Sequence[float], counts: Stamps) -> Codes:
    """Return a fact of each member, as often as it has rows."""
    own = Codes.of(np.array(facts))
    return Codes(own.values, np.repeat(own.codes, counts))


def _day(text: str) -> int:
    return int(np.datetime64(f"{text[:4]}-{text[4:6]}-{text[6:]}", "D").astype(np.int64))


def _moments(
    table: Table, members: Sequence[_Member], counts: Stamps, settings: ChainSettings, where: str
) -> tuple[Stamps, int]:
    """Return the start of each row's bar in UTC, and the length of the bars."""
    cells = Cells([], [], where, settings.timezone)
    texts = table.texts["time"]
    if members[0].date is None:
        stamps = read_stamps(replace(cells, texts=list(texts.distinct), rows=table.lines[texts.firsts()].tolist()))
        moment = stamps.label[texts.codes]
        return moment, HOUR if (moment % DAY).any() else DAY
    clock = np.array([int(text) for text in texts.distinct])[texts.codes] * _MILLISECOND
    local = np.repeat(np.array([member.date for member in members]), counts) * DAY + clock
    return at_utc(cells, local), _LENGTHS[members[0].resolution or "minute"]
