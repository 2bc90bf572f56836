"""The cache of parsed columns: with it or without, cold or warm, whole or damaged, the same comes out."""

from __future__ import annotations

import os
import sys
import zlib
import zoneinfo
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrate.data.columns import Columns, Parsed
from orchestrate.data.files.cache import ColumnCache
from orchestrate.data.sources import read_bars
from orchestrate.data.text.csv import read_csv
from orchestrate.data.text.large_csv import LARGE
from orchestrate.data.text.zones import rules
from orchestrate.domain.errors import DataError
from orchestrate.domain.plan import Adjustment, DataPlan
from tests.data.files.cached import PLAN, ROWS, entry, equal, text
from tests.data.reading import same


def holed() -> str:
    """Rows without prices, a total, dates that a later row decides: findings, and lines that don't run on."""
    lines = text("american", start="2014-01-01T00:00").splitlines(keepends=True)
    lines[7] = lines[7].split(",")[0] + ",null,null,null,null,null\n"
    lines += ["1/13/2014 0:00,1,2,0.5,1.5,3\n", "Total,,,,,7\n"]
    return "".join(lines)


WILD: dict[str, tuple[str | bytes, dict[str, Any]]] = {
    "plain": (text(), {}),
    "large enough for Arrow": (text(rows=45_000), {}),
    "with findings": (holed(), {}),
    "semicolons and decimal commas": (text().replace(",", ";").replace(".", ","), {"delimiter": ";", "decimal": ","}),
    "UTF-16": (text().encode("utf-16"), {}),
    "newest first": ("\n".join([text().split("\n")[0], *text().split("\n")[:0:-1]]), {}),
    "a zone of its own": (text(), {"timezone": "America/New_York"}),
    "stamps that name their zone": (text().replace(":00,", ":00 US/Eastern,"), {}),
    "chosen columns": (text(), {"columns": {"close": "Open", "volume": "6"}}),
    "repeated rows": (text() + text().splitlines()[-1] + "\n", {}),
}


def poison(cache: ColumnCache, path: Path, plan: DataPlan = PLAN) -> Parsed:
    """Put into the entry of a file what is not in the file, so that it is seen where bars come from."""
    ones = np.ones(3)
    false = Parsed(Columns(np.arange(3) * 60, ones, ones, ones, ones, ones, np.arange(2, 5), "line"))
    cache.keep(cache.key(path.read_bytes(), plan), false)
    return false


@pytest.mark.parametrize("kind", WILD)
def test_from_the_cache_comes_what_comes_from_the_file(kind: str, tmp_path: Path, cache: ColumnCache) -> None:
    content, settings = WILD[kind]
    path = tmp_path / "bars.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    plan = replace(PLAN, **settings)
    without, cold, warm = (read_csv(path, plan, "X", given) for given in (None, cache, cache))
    assert len(cache.entries()) == 1
    equal(cold, without)
    equal(warm, without)
    repaired = [read_bars(plan, tmp_path, cache=given) for given in (None, cache)]
    equal(repaired[1], repaired[0])
    if kind == "with findings":
        assert len(without[1]) == 3
        assert np.diff(without[0].rows).max() == 2


def test_what_is_there_is_read_and_not_the_file(bars: Path, cache: ColumnCache) -> None:
    false = poison(cache, bars)
    same(read_csv(bars, PLAN, "X", cache)[0], false.columns)
    assert len(read_csv(bars, PLAN, "X", None)[0]) == ROWS


def test_findings_name_the_entry_that_is_loaded(tmp_path: Path, cache: ColumnCache) -> None:
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(holed())
    _, first = read_bars(replace(PLAN, path="one.csv"), tmp_path, cache=cache)
    _, second = read_bars(replace(PLAN, path="two.csv"), tmp_path, cache=cache)
    assert len(cache.entries()) == 1
    assert {finding.where for finding in first} == {"X (one.csv)"}
    assert {finding.where for finding in second} == {"X (two.csv)"}
    assert [replace(finding, where="") for finding in first] == [replace(finding, where="") for finding in second]


def test_any_changed_byte_is_another_file_whatever_its_age(bars: Path, cache: ColumnCache) -> None:
    read_csv(bars, PLAN, "X", cache)
    before, age = bars.read_bytes(), bars.stat()
    for place in np.random.default_rng(5).choice(len(before), 12, replace=False).tolist():
        changed = bytearray(before)
        changed[place] = ord("7") if changed[place] != ord("7") else ord("8")
        bars.write_bytes(changed)
        os.utime(bars, ns=(age.st_atime_ns, age.st_mtime_ns))
        answers = []
        for given in (None, cache):
            try:
                answers.append(read_csv(bars, PLAN, "X", given))
            except DataError as error:
                answers.append(str(error))
        if isinstance(answers[0], str):
            assert answers[1] == answers[0]
        else:
            equal(answers[1], answers[0])
    assert cache.key(before, PLAN) != cache.key(before + b"\n", PLAN)


PARSING: dict[str, Any] = {
    "symbol": "Y",
    "date_format": "iso",
    "timezone": "Europe/Berlin",
    "columns": {"close": "Open"},
    "delimiter": ",",
    "decimal": ".",
    "max_unpacked": 1,
}
LATER: dict[str, Any] = {
    "path": "./bars.csv",
    "synthetic": {"bars": 3},
    "resample": {"of": "Z", "to": "1h"},
    "format": "csv",
    "stamp": "end",
    "frequency": "1h",
    "on_duplicate": "last",
    "allow_negative": True,
    "bar_type": "B",
    "adjust": Adjustment(),
}


@pytest.mark.parametrize("setting", [field.name for field in fields(DataPlan)])
def test_a_setting_that_decides_how_text_is_read_is_part_of_the_key(setting: str, cache: ColumnCache) -> None:
    value = (PARSING | LATER)[setting]  # a setting that is new has to be put into one of the two
    changed = replace(PLAN, **{setting: value})
    assert changed != PLAN
    assert (cache.key(b"bars", changed) != cache.key(b"bars", PLAN)) == (setting in PARSING)


def test_settings_that_come_later_hold_for_cached_columns_too(bars: Path, cache: ColumnCache) -> None:
    twice = bars.read_text() + text().splitlines()[-1].replace("50.", "60.").replace("70.", "69.") + "\n"
    bars.write_text(twice)
    for on_duplicate in ("first", "last", "first"):
        plan = replace(PLAN, on_duplicate=on_duplicate)
        equal(read_bars(plan, bars.parent, cache=cache), read_bars(plan, bars.parent))
    for _ in range(2):
        with pytest.raises(DataError, match="keep one of them with on_duplicate"):
            read_bars(PLAN, bars.parent, cache=cache)
    assert len(cache.entries()) == 1


DAMAGE = {
    "cut": lambda whole: whole[: len(whole) // 2],
    "cut by a byte": lambda whole: whole[:-1],
    "only the mark": lambda whole: whole[:8],
    "empty": lambda whole: b"",
    "longer": lambda whole: whole + b"\0",
    "longer by columns": lambda whole: whole + bytes(8 * ROWS),
    "another format": lambda whole: b"columns0" + whole[8:],
    "no bars": lambda whole: whole[:12] + bytes(8) + whole[20:],
    "a header beyond all bounds": lambda whole: whole[:8] + b"\xff" * 12 + whole[20:],
    "text": lambda whole: b"somebody else's file, longer than our start\n" * 99,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_as_good_as_absent_and_replaced(damage: str, bars: Path, cache: ColumnCache) -> None:
    without = read_csv(bars, PLAN, "X", cache)
    path = entry(cache)
    whole = path.read_bytes()
    path.write_bytes(DAMAGE[damage](whole))
    equal(read_csv(bars, PLAN, "X", cache), without)
    assert entry(cache).read_bytes() == whole


def test_a_flipped_bit_anywhere_is_seen(bars: Path, cache: ColumnCache) -> None:
    read_csv(bars, PLAN, "X", cache)
    path = entry(cache)
    whole = path.read_bytes()
    for place in [*range(300), *range(300, len(whole), 997), len(whole) - 1]:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        assert cache.load(path.name) is None, place
    path.write_bytes(whole)
    assert cache.load(path.name) is not None


def test_the_entry_of_another_file_under_this_name_is_not_taken(bars: Path, cache: ColumnCache) -> None:
    poison(cache, bars)
    other = "0" * 64
    entry(cache).rename(cache.folder / other)
    assert cache.load(other) is None
    (cache.folder / cache.key(bars.read_bytes(), PLAN)).mkdir()
    equal(read_csv(bars, PLAN, "X", cache), read_csv(bars, PLAN, "X", None))


def test_an_entry_that_is_whole_but_not_ours_is_not_taken(bars: Path, cache: ColumnCache) -> None:
    without = read_csv(bars, PLAN, "X", cache)
    path = entry(cache)
    whole = path.read_bytes()
    other = b"columns0" + whole[8:-4]
    path.write_bytes(other + zlib.crc32(other).to_bytes(4, "little"))
    assert cache.load(path.name) is None
    for header in (b"{}", b"[]", b"3", b"no JSON at all", b'{"key": 1, "rules": 2, "zone": 3}'):
        start = whole[:8] + len(header).to_bytes(4, "little") + whole[12:20] + header
        content = start + whole[-4 - 48 * ROWS : -4]
        path.write_bytes(content + zlib.crc32(content).to_bytes(4, "little"))
        assert cache.load(path.name) is None
    equal(read_csv(bars, PLAN, "X", cache), without)
    assert path.read_bytes() == whole


def test_a_small_file_is_not_kept(tmp_path: Path, cache: ColumnCache) -> None:
    (tmp_path / "bars.csv").write_text(text(rows=100))
    read_bars(PLAN, tmp_path, cache=cache)
    assert not cache.folder.exists()


def test_a_file_that_is_refused_is_refused_every_time(bars: Path, cache: ColumnCache) -> None:
    bars.write_text(bars.read_text().replace("2014-01-06T09:40:00", "nonsense"))
    messages = set()
    for _ in range(2):
        with pytest.raises(DataError) as raised:
            read_bars(PLAN, bars.parent, cache=cache)
        messages.add(str(raised.value))
    assert len(messages) == 1
    assert not cache.entries()


@pytest.fixture
def rules_of_berlin_in_new_york(tmp_path: Path) -> Iterator[Path]:
    """A folder of time zones in which New York keeps the hours of Berlin."""
    folder = tmp_path / "zones"
    (folder / "America").mkdir(parents=True)
    berlin = next(path for place in zoneinfo.TZPATH if (path := Path(place, "Europe/Berlin")).is_file())
    (folder / "America" / "New_York").write_bytes(berlin.read_bytes())
    yield folder
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.parametrize("named_in", ["settings", "cells"])
@pytest.mark.parametrize("rows", [ROWS, 45_000])
def test_rules_of_time_zones_that_have_changed_are_followed(
    rows: int, named_in: str, bars: Path, cache: ColumnCache, rules_of_berlin_in_new_york: Path
) -> None:
    plan = replace(PLAN, timezone="America/New_York") if named_in == "settings" else PLAN
    bars.write_text(text(rows=rows))
    assert (bars.stat().st_size > LARGE) == (rows > ROWS)
    if named_in == "cells":
        bars.write_text(bars.read_text().replace(":00,", ":00 America/New_York,"))
    before, _ = read_csv(bars, plan, "X", cache)
    zoneinfo.reset_tzpath([rules_of_berlin_in_new_york])
    zoneinfo.ZoneInfo.clear_cache()
    after, _ = read_csv(bars, plan, "X", cache)
    assert set((before.timestamp - after.timestamp).tolist()) == {6 * 3600 * 10**9}
    same(read_csv(bars, plan, "X", cache)[0], after)


def test_rules_that_come_from_a_package_or_from_nowhere_break_nothing(
    bars: Path, cache: ColumnCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, timezone="America/New_York")
    known, there = rules("America/New_York"), find_spec("tzdata") is not None
    without = read_csv(bars, plan, "X", cache)
    zoneinfo.reset_tzpath([])
    try:
        packaged = rules("America/New_York")
        equal(read_csv(bars, plan, "X", cache), without)
        monkeypatch.setitem(sys.modules, "tzdata", None)  # as where it is not installed
        assert rules("America/New_York") == b""
        equal(read_csv(bars, plan, "X", cache), without)
    finally:
        zoneinfo.reset_tzpath()
    assert known.startswith(b"TZif")
    assert packaged.startswith(b"TZif") == there
    assert [rules(zone) for zone in ("UTC", "", "Nowhere/At_All", "../../etc/hosts", "/etc/hosts")] == [b""] * 5
