"""A run is there whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from orchestrate.domain.errors import StoreError
from orchestrate.runs import store
from orchestrate.runs.store import RUN_ID_PATTERN, claim, digest

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FILES = {"run.json": b"{}\n", "equity.parquet": bytes(range(256))}


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_an_id_tells_when_and_nothing_shows_before_all_is_there(tmp_path):
    reports = tmp_path / "deep" / "reports"
    with claim(reports, MOMENT) as claimed:
        assert re.fullmatch(RUN_ID_PATTERN, claimed.run_id)
        assert claimed.run_id.startswith("20260102T030405Z-")
        assert names(reports) == [f".{claimed.run_id}.unfinished"]
        folder = claimed.keep(FILES)
        assert folder == reports / claimed.run_id
        assert {name: (folder / name).read_bytes() for name in names(folder)} == FILES
    assert names(reports) == [claimed.run_id]


def test_a_claim_that_is_not_kept_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), claim(tmp_path, MOMENT):
        raise RuntimeError
    assert names(tmp_path) == []


def test_one_moment_gives_different_ids_and_skips_taken_ones(tmp_path, monkeypatch):
    suffixes = iter(["aaaaaa", "aaaaaa", "bbbbbb", "bbbbbb", "cccccc"])
    monkeypatch.setattr(store.secrets, "token_hex", lambda size: next(suffixes))
    with claim(tmp_path, MOMENT) as first, claim(tmp_path, MOMENT) as second:
        assert (first.run_id[-6:], second.run_id[-6:]) == ("aaaaaa", "bbbbbb")
        second.keep(FILES)
        with claim(tmp_path, MOMENT) as third:  # bbbbbb is a finished run by now
            assert third.run_id[-6:] == "cccccc"


def test_what_dead_runs_left_is_swept_and_what_living_ones_hold_is_not(tmp_path):
    dead = tmp_path / ".20260101T000000Z-dddddd.unfinished"
    dead.mkdir()
    (dead / "equity.parquet").write_bytes(b"half")
    with claim(tmp_path, MOMENT) as living, claim(tmp_path, MOMENT) as other:
        assert not dead.exists()
        assert names(tmp_path) == sorted(f".{one.run_id}.unfinished" for one in (living, other))


@pytest.mark.parametrize("kind", ["file", "pipe", "link"])
def test_what_only_looks_like_a_dead_run_neither_blocks_nor_goes(tmp_path, kind):
    strange, elsewhere = tmp_path / "reports" / ".x.unfinished", tmp_path / "elsewhere"
    for folder in (strange.parent, elsewhere):
        folder.mkdir()
    (elsewhere / "mine").write_text("")
    make = {"file": strange.touch, "pipe": lambda: os.mkfifo(strange), "link": lambda: strange.symlink_to(elsewhere)}
    make[kind]()
    with claim(tmp_path / "reports", MOMENT) as claimed:
        claimed.keep(FILES)
    assert names(tmp_path / "reports") == [".x.unfinished", claimed.run_id]
    assert names(elsewhere) == ["mine"]


def test_a_run_in_another_process_keeps_its_folder(tmp_path):
    hold = "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
    hold += "from orchestrate.runs.store import claim\n"
    hold += "c = claim(Path(sys.argv[1]), datetime.now(UTC)); print(c.run_id, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        run_id = child.stdout.readline().strip()
        claim(tmp_path, MOMENT).give_up()
        assert names(tmp_path) == [f".{run_id}.unfinished"]
        child.send_signal(signal.SIGKILL)
    claim(tmp_path, MOMENT).give_up()
    assert names(tmp_path) == []


def test_a_file_where_the_folder_should_be_is_a_clear_error(tmp_path):
    (tmp_path / "reports").write_text("not a folder")
    with pytest.raises(StoreError, match=r"reports: runs can't be stored here: File exists"):
        claim(tmp_path / "reports", MOMENT)
    with pytest.raises(StoreError, match="Not a directory"):
        claim(tmp_path / "reports" / "below", MOMENT)


def test_a_link_to_nowhere_is_a_clear_error_and_a_link_to_a_folder_is_fine(tmp_path):
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="gone: runs can't be stored here"):
        claim(tmp_path / "gone", MOMENT)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "reports").symlink_to(tmp_path / "elsewhere")
    with claim(tmp_path / "reports", MOMENT) as claimed:
        claimed.keep(FILES)
    assert names(tmp_path / "elsewhere") == [claimed.run_id]


def test_a_folder_that_may_not_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)  # root may write anywhere: be nobody for a moment
        with pytest.raises(StoreError, match="Permission denied"):
            claim(tmp_path, MOMENT)
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o700)


def test_a_full_disk_undoes_everything(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with claim(tmp_path, MOMENT) as claimed:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        try:
            with pytest.raises(StoreError, match="the run can't be stored: File too large"):
                claimed.keep({"small": b"x", "large": b"x" * 2000})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert names(tmp_path) == []


def test_a_file_system_without_locks_still_takes_runs_and_sweeps_none(tmp_path, monkeypatch):
    def refuse(descriptor, how):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(store.fcntl, "flock", refuse)
    left = tmp_path / ".20260101T000000Z-dddddd.unfinished"
    left.mkdir()
    with claim(tmp_path, MOMENT) as claimed:
        claimed.keep(FILES)
    assert names(tmp_path) == [left.name, claimed.run_id]


def test_digest():
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def name_of(descriptor, folder):
    """What an open file or folder within `folder` is called."""
    number = os.fstat(descriptor).st_ino
    return next(path.name for path in (folder, *folder.rglob("*")) if path.stat().st_ino == number)


@pytest.mark.parametrize("spoilt", ["run.json", "equity.parquet", "the folder"])
def test_what_a_disk_refuses_to_take_undoes_everything(tmp_path, monkeypatch, spoilt):
    def fsync(descriptor):
        if name_of(descriptor, tmp_path).replace(f".{claimed.run_id}.unfinished", "the folder") == spoilt:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    claimed = claim(tmp_path, MOMENT)
    with pytest.raises(StoreError, match="the run can't be stored: Input/output error"):
        claimed.keep(FILES)
    assert names(tmp_path) == []


def none_to_be_had(_thread):
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize("start", [Thread.start, none_to_be_had])
def test_all_is_on_the_disk_before_a_run_is_there(tmp_path, monkeypatch, start):
    calls = []
    renamed = Path.rename

    def rename(path, target):
        calls.append("renamed")
        return renamed(path, target)

    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append(name_of(descriptor, tmp_path)))
    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr(Thread, "start", start)
    with claim(tmp_path, MOMENT) as claimed:
        claimed.keep(FILES)
    assert sorted(calls[:3]) == sorted([f".{claimed.run_id}.unfinished", *FILES])
    assert calls[3:] == ["renamed", tmp_path.name]
