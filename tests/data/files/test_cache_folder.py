"""The folder of the cache: whose it is, where it lies, how much it holds, and who else writes to it meanwhile."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrate.data.columns import Columns, Parsed
from orchestrate.data.files.cache import LIMIT, ColumnCache, cache_folder
from orchestrate.data.text.csv import read_csv
from tests.data.files.cached import PLAN, ROWS, entry, equal, text


def test_the_folder_is_the_users_own(bars: Path, cache: ColumnCache) -> None:
    read_csv(bars, PLAN, "X", cache)
    assert cache.folder.stat().st_mode & 0o777 == 0o700


def test_where_nothing_can_be_written_nothing_is_cached(bars: Path) -> None:
    (bars.parent / "file").write_text("in the way")
    for folder in (bars.parent / "file", bars.parent / "file" / "below", Path("/dev/null/columns")):
        equal(read_csv(bars, PLAN, "X", ColumnCache(folder)), read_csv(bars, PLAN, "X", None))
    assert (bars.parent / "file").read_text() == "in the way"


def test_a_full_disk_leaves_nothing_behind(bars: Path, cache: ColumnCache) -> None:
    without = read_csv(bars, PLAN, "X", None)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        read = read_csv(bars, PLAN, "X", cache)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    equal(read, without)
    assert cache.folder.is_dir()
    assert cache.entries() == []


class Pressed:
    """A column during which Ctrl-C is pressed."""

    def __array__(self, *_: object, **__: object) -> np.ndarray[Any, Any]:
        raise KeyboardInterrupt


def test_ctrl_c_while_an_entry_is_written_leaves_nothing_behind(cache: ColumnCache) -> None:
    column: Any = Pressed()
    ones = np.ones(3)
    columns = Columns(np.arange(3), ones, ones, ones, ones, column, np.arange(2, 5), "line")
    with pytest.raises(KeyboardInterrupt):
        cache.keep("a" * 64, Parsed(columns))
    assert cache.folder.is_dir()
    assert cache.entries() == []


def test_the_entries_unused_for_longest_go(tmp_path: Path) -> None:
    files = {}
    for number in range(4):
        files[number] = tmp_path / f"{number}.csv"
        files[number].write_text(text(start=f"201{number}-01-06T09:30"))
    roomy = ColumnCache(tmp_path / "columns")
    read_csv(files[0], PLAN, "X", roomy)
    size = entry(roomy).stat().st_size
    cache = ColumnCache(roomy.folder, limit=3 * size)
    for number in range(3):
        read_csv(files[number], PLAN, "X", cache)
        os.utime(cache.folder / cache.key(files[number].read_bytes(), PLAN), ns=(0, number))
    left_over = cache.folder / f"{'0' * 64}.1.1"
    left_over.write_bytes(b"of a process that was killed")
    os.utime(left_over, ns=(0, 0))
    read_csv(files[0], PLAN, "X", cache)  # used again: 1 is now the one unused for longest
    read_csv(files[3], PLAN, "X", cache)
    kept = {path.name for _, _, path in cache.entries()}
    assert kept == {cache.key(files[number].read_bytes(), PLAN) for number in (0, 2, 3)}
    assert sum(held for _, held, _ in cache.entries()) <= cache.limit


def test_only_entries_of_a_shared_folder_are_counted_and_removed(bars: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    others = [tmp_path / "mine" / name for name in ("thesis.txt", "0" * 63, f"{'0' * 64}.bak", f"{'A' * 64}")]
    for path in others:
        path.write_bytes(b"x" * 100_000)
        os.utime(path, ns=(0, 0))
    cache = ColumnCache(tmp_path / "mine", limit=60 * ROWS)
    read_csv(bars, PLAN, "X", cache)
    assert [path.read_bytes() for path in others] == [b"x" * 100_000] * len(others)
    assert len(cache.entries()) == 1


def test_what_alone_is_beyond_the_limit_is_not_kept(bars: Path, tmp_path: Path) -> None:
    small = ColumnCache(tmp_path / "small", limit=48 * ROWS - 1)
    equal(read_csv(bars, PLAN, "X", small), read_csv(bars, PLAN, "X", None))
    assert not small.folder.exists()
    assert LIMIT == 1_000_000_000


def test_threads_that_write_and_read_one_entry_see_it_whole_or_not_at_all(bars: Path, cache: ColumnCache) -> None:
    raw = bars.read_bytes()
    whole = read_csv(bars, PLAN, "X", cache)
    parsed = Parsed(whole[0], tuple(whole[1]))
    key = cache.key(raw, PLAN)

    def turn(number: int) -> Parsed | None:
        if number % 2:
            cache.keep(key, parsed)
        return cache.load(key)

    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(turn, range(200)))
    for one in entries:
        assert one is not None
        equal(one.at("X"), whole)
    assert entry(cache).name == key


READER = """
import sys
from hashlib import sha256
from pathlib import Path
from orchestrate.data.files.cache import ColumnCache
from orchestrate.data.sources import read_bars
from orchestrate.domain.plan import DataPlan
folder, limit = Path(sys.argv[1]), int(sys.argv[2])
digest = sha256()
for turn in range(10):
    for name in ("a.csv", "b.csv", "c.csv"):
        columns, findings = read_bars(DataPlan("X", path=name), folder, cache=ColumnCache(folder / "columns", limit))
        digest.update(columns.timestamp.tobytes() + columns.prices.tobytes() + columns.volume.tobytes())
        digest.update(repr((columns.rows.tolist(), findings)).encode())
print(digest.hexdigest())
"""


@pytest.mark.parametrize("entries", [1, 100])
def test_processes_share_a_folder(entries: int, tmp_path: Path) -> None:
    for number, name in enumerate("abc"):
        (tmp_path / f"{name}.csv").write_text(text(start=f"201{number}-01-06T09:30"))
    limits = [0, *[48 * ROWS * entries + 9_000] * 3]  # the first keeps nothing: what is right
    started = [
        subprocess.Popen([sys.executable, "-c", READER, tmp_path, str(limit)], stdout=subprocess.PIPE, text=True)
        for limit in limits
    ]
    outputs = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert len(set(outputs)) == 1
    assert len(outputs[0].strip()) == 64


@pytest.mark.parametrize(
    ("environ", "platform", "folder"),
    [
        ({"HOME": "/home/me"}, "linux", "/home/me/.cache/orchestrate/columns"),
        ({"HOME": "/home/me", "XDG_CACHE_HOME": "/var/mine"}, "linux", "/var/mine/orchestrate/columns"),
        ({"HOME": "/home/me", "XDG_CACHE_HOME": "mine"}, "linux", "/home/me/.cache/orchestrate/columns"),
        ({"HOME": "/Users/me", "XDG_CACHE_HOME": "/x"}, "darwin", "/Users/me/Library/Caches/orchestrate/columns"),
        ({"LOCALAPPDATA": "/c/me/Local", "HOME": "/h"}, "win32", "/c/me/Local/orchestrate/columns"),
        ({"HOME": "/home/me", "ORCHESTRATE_CACHE": "/else/where"}, "linux", "/else/where"),
        ({"HOME": "/home/me", "ORCHESTRATE_CACHE": ""}, "linux", "/home/me/.cache/orchestrate/columns"),
    ],
)
def test_the_folder_is_where_the_platform_has_it(environ: dict[str, str], platform: str, folder: str) -> None:
    assert cache_folder(environ, platform) == Path(folder)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_without_a_home_there_is_no_folder(platform: str) -> None:
    assert cache_folder({}, platform) is None


def test_a_relative_folder_stays_when_a_strategy_changes_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = cache_folder({"ORCHESTRATE_CACHE": "mine"})
    assert folder == tmp_path / "mine"


def test_a_folder_may_be_given_from_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder({"ORCHESTRATE_CACHE": "~/mine"}) == tmp_path / "mine"
