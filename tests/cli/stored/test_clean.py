"""`orchestrate clean`: the latest runs stay, whatever is being written stays."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrate.runs.store import claim
from orchestrate.runs.sweeps.partial import begin, unfinished


@pytest.fixture
def five(stored, two_strategies):
    """Runs of five days, the oldest first."""
    return [stored(two_strategies, f"2026-01-0{day}") for day in range(1, 6)]


def folders(prompt):
    return sorted(path.name for path in prompt.runs if path.is_dir())


def test_the_latest_stay(prompt, five):
    done = prompt("clean", "--keep", "2")
    assert (done.code, done.err) == (0, "")
    assert done.out == "".join(f"removed: {run_id}\n" for run_id in five[2::-1]) + "3 removed, 2 kept\n"
    assert folders(prompt) == five[3:]
    assert [path.name for path in (prompt.folder / "reports").iterdir() if path.name.startswith(".")] == []


def test_a_dry_run_removes_nothing(prompt, five):
    done = prompt("clean", "--keep", "4", "--dry-run")
    assert (done.code, done.out) == (0, f"would be removed: {five[0]}\n1 would be removed, 4 kept\n")
    assert folders(prompt) == five


def test_json(prompt, five):
    document = prompt("clean", "--keep", "3", "--format", "json").document
    assert document == {"schema_version": 1, "dry_run": False, "kept": five[4:1:-1], "removed": five[1::-1]}


@pytest.mark.parametrize("words", [(), ("--keep", "5")])
def test_fewer_than_are_kept(prompt, five, words):
    assert prompt("clean", *words).out == "0 removed, 5 kept\n"
    assert folders(prompt) == five


def test_all_of_them(prompt, five):
    prompt("clean", "--keep", "0")
    assert folders(prompt) == []
    assert prompt("clean", "--keep", "0").out == "0 removed, 0 kept\n"


def test_a_run_that_is_being_written_stays(prompt, five):
    with claim(prompt.folder / "reports", datetime(2025, 1, 1, tzinfo=UTC)) as claimed:
        done = prompt("clean", "--keep", "0")
        assert claimed.run_id not in done.out
        kept = claimed.keep({"run.json": b"{}"})
    assert kept.is_dir()


def test_an_abandoned_sweep_counts_as_a_run(prompt, five):
    reports = prompt.folder / "reports"
    with (
        begin(reports, datetime(2026, 1, 2, 12, tzinfo=UTC)) as old,
        begin(reports, datetime(2026, 1, 9, tzinfo=UTC)) as new,
    ):
        pass
    dry = prompt("clean", "--keep", "4", "--dry-run", "--format", "json").document
    assert dry["kept"] == [new.run_id, *five[4:1:-1]]
    assert dry["removed"] == [old.run_id, *five[1::-1]]
    assert unfinished(reports) == [old.run_id, new.run_id]
    prompt("clean", "--keep", "4")
    assert unfinished(reports) == [new.run_id]
    assert folders(prompt) == five[2:]
    assert prompt("clean", "--keep", "0").code == 0
    assert list(reports.iterdir()) == []


def test_a_sweep_under_way_stays(prompt, five):
    reports = prompt.folder / "reports"
    with begin(reports, datetime(2025, 1, 1, tzinfo=UTC)) as sweep:
        done = prompt("clean", "--keep", "0")
        assert sweep.run_id not in done.out
        assert unfinished(reports) == [sweep.run_id]


def test_what_is_no_run_stays(prompt, five):
    (prompt.folder / "reports" / "notes").mkdir()
    (prompt.folder / "reports" / "20260101T000000Z-ffffff").write_text("a file")
    prompt("clean", "--keep", "0")
    assert sorted(path.name for path in prompt.runs) == ["20260101T000000Z-ffffff", "notes"]


def test_a_link_is_removed_not_what_it_leads_to(prompt, five, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / five[0]
    (prompt.folder / "reports" / five[0]).rename(elsewhere)
    (prompt.folder / "reports" / five[0]).symlink_to(elsewhere)
    prompt("clean", "--keep", "4")
    assert folders(prompt) == five[1:]
    assert (elsewhere / "run.json").is_file()


def test_a_run_that_cannot_be_removed_is_code_4(prompt, five, monkeypatch):
    def refuse(self, _target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    done = prompt("clean", "--keep", "4")
    assert (done.code, done.err) == (4, f"reports/{five[0]}: can't be removed: Permission denied\n")
    assert folders(prompt) == five


def test_what_was_left_half_removed_is_swept_up_and_is_no_run(prompt, five, monkeypatch):
    from orchestrate.usecases.stored import clean

    def killed(_folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(clean.shutil, "rmtree", killed)
    assert prompt("clean", "--keep", "4").code == 130
    monkeypatch.undo()
    assert len(prompt("runs", "--reports", str(prompt.folder / "reports")).out.splitlines()) == 5
    with claim(prompt.folder / "reports", datetime(2026, 2, 1, tzinfo=UTC)):
        assert not (prompt.folder / "reports" / f".{five[0]}.unfinished").exists()


def test_an_index_is_written_anew(prompt, five):
    index = prompt.folder / "reports" / "index.html"
    index.write_text(five[0])
    prompt("clean", "--keep", "4")
    assert five[0] not in index.read_text()
    assert five[1] in index.read_text()


def test_no_index_is_made_where_there_was_none(prompt, five):
    prompt("clean", "--keep", "4")
    assert not (prompt.folder / "reports" / "index.html").exists()
