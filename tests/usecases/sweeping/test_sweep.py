"""Every row of a sweep is a backtest; its files are the same whatever ran it, and however often it was begun."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from orchestrate.analytics.metrics import METRICS
from orchestrate.analytics.sweeps import neighbours
from orchestrate.domain.errors import ConfigurationError, NotFoundError
from orchestrate.usecases.backtest import Request, backtest
from orchestrate.usecases.sweeping.show import trial_configuration
from orchestrate.usecases.sweeping.sweep import SweepRequest, sweep
from orchestrate.usecases.validate import validate
from tests.usecases.sweeping.conftest import FILE, SWEEP, Swept, rows_of, write

STABLE = ("trials.parquet", "returns.parquet", "best.yaml")


class Killed(BaseException):
    """The end of a process."""


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in STABLE}


def require_row_of_its_backtest(row, text: str, folder: Path) -> None:
    """Run a printed configuration from elsewhere; every figure must be the row's, to the last bit."""
    folder.mkdir()
    (folder / "trial.yaml").write_text(text)
    outcome = backtest(Request((folder / "trial.yaml").as_posix(), reports=folder / "reports", lookahead=False))
    assert outcome.folder is not None, outcome.error
    stored = json.loads((outcome.folder / "metrics.json").read_text())
    expected = dict(stored["portfolio"]["metrics"])
    for name, facts in stored["strategies"].items():
        expected |= {f"{name}.{metric}": value for metric, value in facts["metrics"].items()}
    assert {name: repr(row[name]) for name in expected} == {name: repr(value) for name, value in expected.items()}
    assert repr(row["final_equity"]) == repr(stored["portfolio"]["final_equity"])


def test_every_point_of_the_grid_has_a_row(swept: Swept) -> None:
    """All combinations of the values (US6)."""
    rows = swept.rows
    assert [row["trial"] for row in rows] == list(range(24))
    assert Counter(row["status"] for row in rows) == {"done": 16, "infeasible": 8}
    assert {row["reason"] for row in rows if row["status"] == "infeasible"} == {
        "trend.fast < trend.slow must hold, but trend.fast is 15, trend.slow is 10",
        "trend.fast < trend.slow must hold, but trend.fast is 25, trend.slow is 10",
    }
    assert [row["trend.fast"] for row in rows[:24:8]] == [5, 15, 25]
    assert all(set(METRICS) <= set(row) and f"trend.{name}" in row for row in rows for name in METRICS)
    assert len({row["id"] for row in rows if row["status"] == "done"}) == 16
    assert all(row["eligible"] == ((row["trades"] or 0) >= 3) for row in rows)


def test_a_row_is_the_backtest_of_its_printed_configuration(swept: Swept, tmp_path: Path) -> None:
    rows, reports = swept.rows, swept.folder / "reports"
    done = [row for row in rows if row["status"] == "done"]
    for row in random.Random(5).sample(done, 3):
        text = trial_configuration(reports, "latest", row["trial"])
        require_row_of_its_backtest(row, text, tmp_path / str(row["trial"]))


def test_the_best_configuration_is_that_of_the_pick(swept: Swept) -> None:
    document, reports = swept.outcome.document, swept.folder / "reports"
    best = (swept.outcome.folder / "best.yaml").read_text()
    assert best == trial_configuration(reports, swept.outcome.folder.name, document["best"]["trial"])
    assert best == trial_configuration(reports, "latest", None)
    assert "sweep:" not in best
    assert document["pbo"] is not None
    assert document["statuses"]["infeasible"] == 8


def test_a_trial_that_is_not_there_is_not_found(swept: Swept) -> None:
    with pytest.raises(NotFoundError, match="has no trial 24\n    hint: orchestrate report "):
        trial_configuration(swept.folder / "reports", "latest", 24)


def test_two_workers_leave_the_same_bytes(swept: Swept, tmp_path: Path) -> None:
    config = (swept.folder / "sweep.yaml").as_posix()
    again = sweep(SweepRequest(config, workers=2, reports=tmp_path))
    assert contents(again.folder) == contents(swept.outcome.folder)


def begun(config: str, reports: Path, trials: int) -> Path:
    """Begin a sweep in a process that ends after so many trials; return what is left of it."""

    def progress(at) -> None:
        if at.done >= trials:
            raise Killed

    with pytest.raises(Killed):
        sweep(SweepRequest(config, workers=1, reports=reports), progress)
    (left,) = reports.glob(".*.partial")
    return left


@pytest.mark.uncounted
def test_what_was_killed_is_resumed_wherever_its_files_end(swept: Swept, tmp_path: Path) -> None:
    """Each file may end in the middle of a line or a row; what is whole is not run again."""
    config, dice = (swept.folder / "sweep.yaml").as_posix(), random.Random(11)
    left = begun(config, tmp_path / "reports", 13)
    for turn in range(4):
        reports = tmp_path / str(turn)
        partial = shutil.copytree(left, reports / left.name)
        for name in ("trials.jsonl", "returns.f64"):
            content = (partial / name).read_bytes()
            (partial / name).write_bytes(content[: dice.randint(len(content) // 2, len(content))])
        ran = []
        resumed = sweep(
            SweepRequest(config, workers=1, resume="latest", reports=reports),
            lambda at, ran=ran: ran.append(at.done),
        )
        assert contents(resumed.folder) == contents(swept.outcome.folder)
        assert resumed.folder.name == left.name.removeprefix(".").removesuffix(".partial")
        assert len(ran) < 16
        assert not list(reports.glob(".*"))


def test_a_changed_file_can_not_be_resumed(tmp_path: Path) -> None:
    config = write(tmp_path, FILE + SWEEP)
    begun(config, tmp_path / "reports", 2)
    write(tmp_path, FILE.replace("100000", "90000") + SWEEP)
    with pytest.raises(ConfigurationError, match="has changed since sweep"):
        sweep(SweepRequest(config, workers=1, resume="latest", reports=tmp_path / "reports"))
    with pytest.raises(NotFoundError, match="there is no unfinished sweep 'x'"):
        sweep(SweepRequest(config, workers=1, resume="x", reports=tmp_path / "reports"))


def test_a_file_that_varies_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nothing varies"):
        sweep(SweepRequest(write(tmp_path, FILE), reports=tmp_path / "reports"))


def test_validate_says_how_many_trials_there_are(swept: Swept) -> None:
    findings = validate((swept.folder / "sweep.yaml").as_posix()).findings
    assert "24 trials (grid, 4 parameters), 16 of them allowed by 'where'" in [one.message for one in findings]
    assert rows_of(swept.outcome.folder)


def test_neighbours_are_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    look = neighbours._in_grid
    monkeypatch.setattr(neighbours, "_in_grid", lambda found: (looked.append(len(found.scores)), look(found))[1])
    text = FILE + "sweep: {parameters: {trend.fast: [5, 15, 25]}}\n"
    swept = sweep(SweepRequest(write(tmp_path, text), workers=1, reports=tmp_path / "reports"))
    assert (swept.exit_code, looked) == (0, [3])
