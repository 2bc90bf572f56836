"""A walk-forward: chosen on each training, run on each test, on one account; nothing of a test reaches a training."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from orchestrate.domain.errors import ConfigurationError, DataError, InterruptedRunError
from orchestrate.usecases.backtest import Request, backtest
from orchestrate.usecases.sweeping.sweep import SweepOutcome, SweepRequest, sweep

FILE = """\
capital: 100000
data:
  ALPHA: {synthetic: {bars: 330, seed: 7, start: 2015-01-05}}
  BETA: {synthetic: {bars: 330, seed: 9, start: 2015-01-05}}
strategies:
  trend: {name: MOMENTUM, allocation: 60, symbols: [ALPHA], config: {fast: 2, slow: 5}}
  seen: {name: "seen.py:Seen", allocation: 40, symbols: [BETA]}
execution: {commission: {percent: 0.1}, lots: fractional}
gates: {sweep.out_of_sample.trades: ">= 1"}
sweep:
  parameters: {trend.fast: [2, 4], seen.hold: [2, 6]}
  select: best
  walk_forward: {train: 120 bars, test: 60 bars, embargo: 5 bars}
"""
#: Notes the last bar it is shown at each decision, and trades all the time.
SEEN = """\
import os
from pathlib import Path


class Seen:
    def __init__(self, hold: int = 3) -> None:
        self.hold = hold

    def should_enter(self, bars) -> bool:
        with (Path(__file__).parent / "seen.txt").open("a") as file:
            file.write(f"{bars[0].timestamp} {bars[-1].timestamp} {len(bars)}\\n")
        return len(bars) % (2 * self.hold) < self.hold

    def should_exit(self, position, bars) -> bool:
        return len(bars) % (2 * self.hold) >= self.hold
"""
DAY = 86_400 * 10**9
STABLE = ("trials.parquet", "walk_forward.parquet", "out_of_sample.parquet", "best.yaml")


@dataclass(frozen=True)
class Walked:
    folder: Path
    outcome: SweepOutcome

    def table(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.outcome.folder / name).to_pylist()
        return rows

    @property
    def windows(self) -> list[dict[str, Any]]:
        return self.table("walk_forward.parquet")


def write(folder: Path, text: str = FILE) -> str:
    (folder / "seen.py").write_text(SEEN)
    (folder / "walk.yaml").write_text(text)
    return (folder / "walk.yaml").as_posix()


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    folder = tmp_path_factory.mktemp("walked")
    return Walked(folder, sweep(SweepRequest(write(folder), workers=1, reports=folder / "reports")))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the journals of runs out of the project."""
    monkeypatch.chdir(tmp_path)


def day(moment: Any) -> str:
    return f"{moment:%Y-%m-%d}"


def run_of(folder: Path, text: str) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Run a configuration; return its figures and its portfolio's equity."""
    (folder / "one.yaml").write_text(text)
    outcome = backtest(Request((folder / "one.yaml").as_posix(), reports=folder / "reports", lookahead=False))
    assert outcome.folder is not None, outcome.error
    table = pq.read_table(outcome.folder / "equity.parquet").to_pydict()
    return json.loads((outcome.folder / "metrics.json").read_text()), table


def laid(row: dict[str, Any], **more: Any) -> str:
    """The file with a window's pick, without its sweep, over a span."""
    head = FILE[: FILE.index("gates:")].replace("fast: 2", f"fast: {row['trend.fast']}")
    head = head.replace("symbols: [BETA]}", f"symbols: [BETA], config: {{hold: {row['seen.hold']}}}}}")
    return head + "".join(f"{key}: {value}\n" for key, value in more.items())


def test_windows_are_as_the_file_says(walked: Walked) -> None:
    rows = walked.windows
    assert len(rows) == 4
    labels = [row["label"] for row in walked.table("out_of_sample.parquet")]
    assert len(labels) == 330 - 120
    assert labels[0] == rows[0]["test_start"]
    assert all(one["test_end"] < other["test_start"] for one, other in pairwise(rows))
    assert {row["status"] for row in rows} == {"completed"}
    manifest = json.loads((walked.outcome.folder / "run.json").read_text())
    assert [finding["message"] for finding in manifest["findings"] if "test" in finding["message"]] == [
        "the last test has 30 bars, less than 60 bars: data end"
    ]


def test_a_training_is_the_backtest_of_its_span(walked: Walked, tmp_path: Path) -> None:
    """The pick is the best of all points, each run as a backtest of the training's span."""
    shutil.copy(walked.folder / "seen.py", tmp_path)
    row = walked.windows[1]
    span = {"start": day(row["train_start"]), "end": day(row["train_end"])}
    found = {}
    for fast in (2, 4):
        for hold in (2, 6):
            figures, _ = run_of(tmp_path, laid({"trend.fast": fast, "seen.hold": hold}, **span))
            found[fast, hold] = figures["portfolio"]["metrics"]["sharpe"]
    assert max(found, key=lambda point: found[point]) == (row["trend.fast"], row["seen.hold"])


def test_the_account_is_one_stitched_by_hand(walked: Walked, tmp_path: Path) -> None:
    """Each test as a backtest of its own, whose strategies are added at its first bar and closed at its last close."""
    shutil.copy(walked.folder / "seen.py", tmp_path)
    capital, equity, idle = "100000", [], 0.0
    rows = walked.windows
    for row in rows:
        text = laid(row, start=day(row["train_start"]), end=day(row["test_end"])).replace("100000", capital)
        text = text.replace("lots: fractional", "lots: fractional, close_at_end: true")
        at = day(row["test_start"])
        text += f"portfolio: {{schedule: [{{at: {at}, add: trend}}, {{at: {at}, add: seen}}]}}\n"
        figures, table = run_of(tmp_path, text)
        series = table["portfolio"]
        assert row["test.trades"] == figures["portfolio"]["metrics"]["trades"]
        size = 30 if row is rows[-1] else 60
        held = (1.0 - figures["portfolio"]["metrics"]["idle_cash"]) * len(series)  # nothing in the training
        assert row["test.idle_cash"] == pytest.approx(1.0 - held / size, rel=1e-9)
        idle += size - held
        equity += series[-size:]
        capital = repr(equity[-1])
    account = [row["equity"] for row in walked.table("out_of_sample.parquet")]
    assert account == equity
    assert walked.outcome.document["out_of_sample"]["total_return"] == pytest.approx(
        equity[-1] / 100_000 - 1, abs=1e-12
    )
    assert walked.outcome.document["out_of_sample"]["idle_cash"] == pytest.approx(idle / len(account), rel=1e-9)
    returns = np.diff([100_000.0, *account]) / np.array([100_000.0, *account[:-1]])
    sharpe = returns[1:].mean() / returns[1:].std(ddof=1) * np.sqrt(252)
    assert walked.outcome.document["out_of_sample"]["sharpe"] == pytest.approx(sharpe, rel=1e-9)


def test_the_figures_of_a_test_are_those_of_its_account(walked: Walked) -> None:
    account = walked.table("out_of_sample.parquet")
    before = 100_000.0
    for number, row in enumerate(walked.windows):
        equity = [one["equity"] for one in account if one["window"] == number]
        assert row["test.final_equity"] == equity[-1]
        assert row["test.total_return"] == pytest.approx(equity[-1] / before - 1, abs=1e-12)
        assert equity[0] == before  # it first decides at its first close
        before = equity[-1]
    assert sum(row["test.trades"] for row in walked.windows) == walked.outcome.document["out_of_sample"]["trades"]
    assert sum(row["test.fees"] for row in walked.windows) == pytest.approx(
        walked.outcome.document["out_of_sample"]["fees"]
    )


def test_a_training_is_shown_no_bar_of_its_test(walked: Walked) -> None:
    """A strategy notes all that it is shown: in a training nothing after its end, in a test all before it.

    Of the first window, the sweep of all data has the same start.
    """
    shown = [tuple(map(int, line.split())) for line in (walked.folder / "seen.txt").read_text().splitlines()]
    for row in walked.windows[1:]:
        begin, end, test, last = (
            int(row[name].timestamp()) * 10**9 for name in ("train_start", "train_end", "test_start", "test_end")
        )
        lasts = sorted({at for first, at, _ in shown if first == begin})
        trained, tested = ([at for at in lasts if at < test], [at for at in lasts if at >= test])
        assert end - 7 * DAY < trained[-1] <= end < test - 5 * DAY  # an embargo lies between the two
        assert tested[-1] <= last
        assert min(count for first, at, count in shown if first == begin and at >= test) > 120  # it is warm


def test_two_workers_leave_the_same_bytes(walked: Walked, tmp_path: Path) -> None:
    again = sweep(SweepRequest((walked.folder / "walk.yaml").as_posix(), workers=2, reports=tmp_path))
    for name in STABLE:
        assert (again.folder / name).read_bytes() == (walked.outcome.folder / name).read_bytes(), name


def test_gates_judge_the_account(walked: Walked) -> None:
    (gate,) = walked.outcome.document["gates"]
    assert (gate["gate"], gate["passed"]) == ("sweep.out_of_sample.trades >= 1.0", True)
    assert gate["value"] == walked.outcome.document["out_of_sample"]["trades"]


def test_an_interrupted_one_is_resumed(walked: Walked, tmp_path: Path) -> None:
    config = (walked.folder / "walk.yaml").as_posix()
    seen = []

    class Ended(BaseException):
        pass

    def progress(at: object) -> None:
        seen.append(at)
        if len(seen) == 10:
            raise Ended

    with pytest.raises(Ended):
        sweep(SweepRequest(config, workers=1, reports=tmp_path), progress)
    again: list[object] = []
    resumed = sweep(SweepRequest(config, workers=1, reports=tmp_path, resume="latest"), again.append)
    assert len(again) == 20 - 10
    for name in STABLE:
        assert (resumed.folder / name).read_bytes() == (walked.outcome.folder / name).read_bytes(), name
    assert not list(tmp_path.glob(".*"))


def test_nothing_eligible_trades_nothing(tmp_path: Path) -> None:
    text = FILE.replace("  select: best\n", "  select: best\n  require: ['trades >= 5000']\n")
    outcome = sweep(SweepRequest(write(tmp_path, text), workers=1, reports=tmp_path / "reports"))
    rows = pq.read_table(outcome.folder / "walk_forward.parquet").to_pylist()
    assert {(row["trial"], row["trend.fast"], row["status"]) for row in rows} == {(None, None, "no_trades")}
    account = pq.read_table(outcome.folder / "out_of_sample.parquet").to_pydict()
    assert set(account["equity"]) == {100_000.0}
    assert outcome.document["out_of_sample"]["idle_cash"] == 1.0
    assert outcome.exit_code == 1
    manifest = json.loads((outcome.folder / "run.json").read_text())
    assert sum("no trial of its training can be chosen" in one["message"] for one in manifest["findings"]) == 4


@pytest.mark.parametrize("positions", ["flatten", "carry"])
def test_a_training_without_bars_of_a_symbol_fails_alone(tmp_path: Path, positions: str) -> None:
    late = FILE.replace("seed: 9, start: 2015-01-05", "seed: 9, start: 2015-07-06")
    text = late.replace("embargo: 5 bars", f"embargo: 5 bars, positions: {positions}")
    outcome = sweep(SweepRequest(write(tmp_path, text), workers=1, reports=tmp_path / "reports"))
    first, *others = pq.read_table(outcome.folder / "walk_forward.parquet").to_pylist()
    assert (first["trial"], first["trend.fast"], first["test.trades"]) == (None, None, 0)
    assert all(row["trial"] is not None and row["status"] == "completed" for row in others)
    assert sum(row["test.trades"] for row in others) > 0
    manifest = json.loads((outcome.folder / "run.json").read_text())
    (message,) = (one["message"] for one in manifest["findings"] if "can be chosen" in one["message"])
    assert message.startswith("no trial of its training can be chosen (BETA"), message
    assert outcome.exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ("test: 60 bars", "test: 60 bars, step: 30 bars", ConfigurationError, "overlap"),
        ("train: 120 bars", "train: 5y", DataError, "330 bars are too few for a training of 5y"),
        (
            "execution:",
            "portfolio: {schedule: [{at: 2015-06-01, pause: trend}]}\nexecution:",
            ConfigurationError,
            "adds",
        ),
    ],
)
def test_what_cannot_be_walked(tmp_path: Path, old: str, new: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sweep(SweepRequest(write(tmp_path, FILE.replace(old, new)), workers=1, reports=tmp_path / "reports"))
    assert InterruptedRunError.exit_code == 130
