"""`orchestrate reproduce`: the plan of a stored run once more, against what is stored."""

from __future__ import annotations

import json
import shutil

import pytest

from orchestrate.reporting.reproduction import show
from orchestrate.runs import manifest
from orchestrate.runs.manifest import seal, unseal
from orchestrate.runs.store import digest
from orchestrate.usecases.audit.reproduce import first_unlike

NATIVE = """\
import backtrader as bt


class Native(bt.Strategy):
    def next(self):
        if len(self) == 2:
            self.buy(size=3)
        if len(self) == 5:
            self.close()
"""


OF_THE_ENVIRONMENT = """\
import os
import signal


class OfTheEnvironment:
    def should_enter(self, bars):
        return len(bars) == int(os.environ["ENTER"])

    def should_exit(self, position, bars):
        if len(bars) == int(os.environ.get("INTERRUPT", 0)):
            os.kill(os.getpid(), signal.SIGINT)
        return False
"""
BARS = "data: {A: {synthetic: {bars: 30, seed: 1, frequency: 1d}}}\n"


def replaced(prompt, name, old, new):
    text = (prompt.folder / name).read_text()
    assert old in text
    prompt.write(name, text.replace(old, new))


def resealed(folder, **changes):
    """Change facts of run.json, with its checksum."""
    facts = json.loads(unseal((folder / "run.json").read_bytes())) | changes
    (folder / "run.json").write_bytes(seal(json.dumps(facts, indent=2).encode() + b"\n"))
    return facts


def differences(done):
    return [(one["kind"], one["name"]) for one in done.document["differences"]]


def test_a_run_gives_the_same_again_and_leaves_nothing_behind(stored, prompt):
    lines, runs = len(prompt.journal), prompt.runs
    done = prompt("reproduce", "latest", "--format", "json")
    assert (done.code, done.err) == (0, "")
    assert done.document == {"schema_version": 1, "run_id": runs[0].name, "identical": True, "differences": []}
    text = prompt("reproduce", runs[0].name[:20])
    assert (text.code, text.out) == (0, f"Run {runs[0].name} gives the same results again.\n")
    assert (len(prompt.journal), prompt.runs) == (lines, runs)


@pytest.mark.parametrize(
    "changes",
    [
        ["capital={total: 10000, mode: pooled}", "portfolio={rebalance: {every: week}}"],
        ["execution={fill: close, close_at_end: true, lots: fractional, slippage: {ticks: 2}}"],
        ["strategies.native={name: 'native.py:Native', allocation: 5}", "instruments.A.borrow=0"],
        ["portfolio={limits: {max_drawdown: 0.2}, conflicts: net_signal}", "gates={trades: '>= 99'}", "benchmark=A"],
    ],
    ids=["pooled", "at the close", "with a native", "with limits"],
)
def test_runs_of_many_kinds_give_the_same_again(stored, prompt, changes):
    prompt.write("native.py", NATIVE)
    words = [word for change in changes for word in ("--set", change)]
    made = prompt("backtest", "stored.yaml", "--format", "json", *words).document
    done = prompt("reproduce", made["run_id"], "--format", "json")
    assert done.document["differences"] == []
    assert done.code == 0


def test_a_changed_price_is_named_with_its_symbol_and_the_first_fill(stored, prompt):
    replaced(prompt, "a.csv", "2024-01-02,11,12,10,11.5", "2024-01-02,11.5,12,10,11.5")
    done = prompt("reproduce", "latest", "--format", "json")
    assert done.code == 1
    assert differences(done)[:2] == [("data", "A"), ("result", "fills")]
    first = done.document["differences"][1]
    assert (first["stored"]["price"], first["now"]["price"]) == (11.02, 11.52)
    assert first["stored"]["label"] == first["now"]["label"] == "2024-01-02"
    text = prompt("reproduce", "latest")
    assert text.code == 1
    assert "does not give the same results again.\nThese have changed since:\n  data A: sha256 " in text.out
    assert "The first difference in fills:\n  stored  label 2024-01-02, fill_id whole-1," in text.out


def test_a_changed_parameter_of_a_strategy_file_is_named(stored, prompt):
    replaced(prompt, "planned.py", "(0.5, 4.0)", "(0.5, 3.0)")
    done = prompt("reproduce", "latest", "--format", "json")
    assert (done.code, differences(done)[:2]) == (1, [("strategy_file", "planned.py"), ("result", "fills")])
    first = done.document["differences"][1]
    assert (first["stored"]["order_id"], first["stored"]["quantity"], first["now"]["quantity"]) == (
        "short-1",
        -4.0,
        -3.0,
    )
    assert "  strategy file planned.py: sha256 " in prompt("reproduce", "latest").out


def test_the_stored_plan_is_run_whatever_the_configuration_says_now(stored, prompt):
    replaced(prompt, "stored.yaml", "allocation: 50", "allocation: 30")
    assert prompt("reproduce", "latest").code == 0


def test_a_changed_version_is_named_and_harmless_if_nothing_comes_of_it(stored, prompt, monkeypatch):
    monkeypatch.setattr(manifest, "_version", {"numpy": "0.1", "backtrader": "0.2"}.get)
    resealed(prompt.runs[0], versions={"python": "2.7", "orchestrate": "0.0.1", "numpy": "9", "backtrader": "0.2"})
    done = prompt("reproduce", "latest", "--format", "json")
    assert (done.code, done.document["identical"]) == (0, True)
    assert differences(done) == [("version", "python"), ("code", "orchestrate"), ("version", "numpy")]
    text = prompt("reproduce", "latest").out
    assert "gives the same results again.\nThese have changed since:\n  version python: 2.7, now " in text
    assert "\n  code orchestrate: 0.0.1, now " in text
    assert "\n  version numpy: 9, now 0.1\n" in text


def test_a_fill_that_is_missing_or_new_differs(stored, prompt):
    replaced(prompt, "planned.py", "if self.bar < 2:", "if self.bar < 1:")
    done = prompt("reproduce", "latest", "--format", "json")
    assert done.document["differences"][1]["name"] == "fills"
    assert done.document["differences"][1]["now"] is None
    assert "  now     no such row\n" in prompt("reproduce", "latest").out


def test_what_no_input_explains_is_said(prompt, monkeypatch):
    prompt.write("own.py", OF_THE_ENVIRONMENT)
    prompt.write("own.yaml", "strategy: own.py:OfTheEnvironment\n" + BARS)
    monkeypatch.setenv("ENTER", "3")
    assert prompt("backtest", "own.yaml", "-q").code == 0
    monkeypatch.setenv("ENTER", "4")
    done = prompt("reproduce", "latest")
    assert done.code == 1
    assert "a strategy is not repeatable" in done.out


def test_a_strategy_file_that_has_no_such_class_any_more(stored, prompt):
    prompt.write("planned.py", "class Other:\n    pass\n")
    done = prompt("reproduce", "latest", "--format", "json")
    assert (done.code, differences(done)) == (1, [("strategy_file", "planned.py"), ("result", "run")])
    assert "planned.py has no class Bracketed" in done.document["differences"][1]["now"]
    assert "The first difference: run was completed, now Unknown strategy" in prompt("reproduce", "latest").out


@pytest.mark.parametrize("name", ["a.csv", "planned.py"])
def test_missing_data_or_strategy_files_are_code_3(stored, prompt, name):
    (prompt.folder / name).unlink()
    done = prompt("reproduce", "latest")
    assert (done.code, done.out) == (3, "")
    assert name in done.err


def test_what_has_moved_is_found_from_another_root(stored, prompt):
    (prompt.folder / "moved").mkdir()
    for name in ("a.csv", "planned.py"):
        shutil.move(prompt.folder / name, prompt.folder / "moved" / name)
    assert prompt("reproduce", "latest").code == 3
    assert prompt("reproduce", "latest", "--root", "moved").code == 0


def test_no_such_run_is_code_5_and_a_damaged_one_code_4(stored, prompt):
    assert prompt("reproduce", "nothing").code == 5
    folder = prompt.runs[0]
    (folder / "fills.parquet").write_bytes(b"PAR1")
    done = prompt("reproduce", "latest")
    message, hint = done.err.splitlines()
    assert done.code == 4
    assert message == f"reports/{folder.name}/fills.parquet: changed since the run: its hash in run.json differs"
    assert "orchestrate runs" in hint


def test_a_changed_plan_is_damaged_also_when_its_hash_is_made_to_fit(stored, prompt):
    path = prompt.runs[0] / "plan.json"
    path.write_bytes(path.read_bytes().replace(b'"ticks": 2.0', b'"ticks": 3.0'))
    assert prompt("reproduce", "latest").code == 4
    facts = json.loads((prompt.runs[0] / "run.json").read_bytes())
    resealed(prompt.runs[0], files=facts["files"] | {"plan.json": digest(path.read_bytes())})
    done = prompt("reproduce", "latest")
    assert done.code == 4
    assert done.err.endswith("plan.json: damaged: it is not the plan whose hash stands in run.json\n")


def test_an_interrupted_run_is_run_as_far(prompt, monkeypatch):
    prompt.write("own.py", OF_THE_ENVIRONMENT)
    prompt.write("own.yaml", "strategy: own.py:OfTheEnvironment\n" + BARS)
    monkeypatch.setenv("INTERRUPT", "20")
    monkeypatch.setenv("ENTER", "3")
    made = prompt("backtest", "own.yaml", "--format", "json")
    assert (made.code, made.document["bars"]) == (130, 20)
    monkeypatch.delenv("INTERRUPT")
    done = prompt("reproduce", "latest", "--format", "json")
    assert (done.code, done.document["differences"]) == (0, [])


def test_a_gate_against_a_baseline_is_judged_by_what_was_stored(stored, prompt):
    """The run that it was compared with may be gone."""
    first = prompt.runs[0]
    assert prompt("backtest", "stored.yaml", "-q", "--gate", "trades >= baseline", "--baseline", first.name).code == 0
    shutil.rmtree(first)
    done = prompt("reproduce", "latest", "--format", "json")
    assert (done.code, done.document["differences"]) == (0, [])


def test_the_time_limit_holds(prompt):
    prompt("backtest", "single.yaml", "-q")
    assert prompt("reproduce", "latest", "--time-limit", "0").code == 124


def test_the_first_figure_that_differs_is_named():
    stored = {"initial": 1.0, "metrics": {"sharpe": 0.5, "turnover": 6.18}}
    now = {"initial": 1.0, "metrics": {"sharpe": 0.5, "turnover": 6.19, "alpha": None}}
    assert first_unlike("portfolio", stored, now) == ("portfolio.metrics.turnover", 6.18, 6.19)
    assert first_unlike("portfolio", stored["metrics"], now["metrics"] | {"turnover": 6.18}) is None
    assert first_unlike("gates", [1], [2]) == ("gates", [1], [2])
    assert first_unlike("peaks", None, {"gross": 1.0}) == ("peaks", None, {"gross": 1.0})


def test_both_sides_of_a_figure_are_shown(capsys):
    one = {"kind": "result", "name": "portfolio.metrics.turnover", "stored": 6.18, "now": None}
    show({"run_id": "R", "identical": False, "differences": [one]})
    assert "The first difference: portfolio.metrics.turnover was 6.18, now nothing\n" in capsys.readouterr().out
