"""`portfolio: {conflicts: rules.py:function}` at the prompt: checked, loaded, watched, and its failures in words."""

from __future__ import annotations

from pathlib import Path

import pytest

PLAN = """\
capital: 30000
data: {AAA: {synthetic: {bars: 120, seed: 7, frequency: 1d}}}
strategies:
  up: {name: MOMENTUM, framework: backtrader, allocation: 40, config: {fast: 3, slow: 8}}
  down: {name: RSI, framework: nautilus, allocation: 40, config: {period: 3}}
execution: {strategy_timeout: 0.3}
portfolio: {exits: included, conflicts: "rules/settle.py:FUNCTION"}
"""
RULES = '''\
"""Rules for conflicts."""
import time
from shares import HALF


def halves(demands, view):
    print("asked about", demands[0].symbol)
    return [HALF * demand.quantity for demand in demands]


def enlarges(demands, view):
    return [2 * demand.quantity for demand in demands]


def raises(demands, view):
    return [1 / (demand.quantity - demand.quantity) for demand in demands]


def hangs(demands, view):
    time.sleep(60)


calm = halves
number = 5
'''


@pytest.fixture
def rules(prompt):
    """The file of the rules, whose neighbour it imports."""
    (prompt.folder / "rules").mkdir()
    prompt.write("rules/settle.py", RULES)
    prompt.write("rules/shares.py", "HALF = 0.5\n")
    return prompt


def run(prompt, function: str):
    prompt.write("plan.yaml", PLAN.replace("FUNCTION", function))
    return prompt("backtest", "plan.yaml", "--format", "json")


@pytest.mark.parametrize("function", ["halves", "calm"])
def test_a_function_settles_the_conflicts_of_a_run(rules, function: str) -> None:
    done = run(rules, function)
    assert (done.code, done.document["status"]) == (0, "completed")
    assert "error" not in done.document
    assert "asked about AAA" in done.err  # what it prints is no result
    conflicts = [line for line in rules.journal if line["event"] == "orchestrator.conflict_detected"]
    assert {line["resolution_mode"] for line in conflicts} == {f"rules/settle.py:{function}"}
    first = conflicts[0]
    assert (first["conflict_type"], first["strategies"]) == ("opposite", ["down", "up"])
    assert first["signals"][0] == {"strategy_id": "down", "side": "sell", "quantity": -116.0, "closing": True}
    assert first["outcome"] == "up 55 of 111.727, down -58 of -116"
    assert done.document["strategies"]["down"]["resized"] >= 1


@pytest.mark.parametrize(
    ("function", "kind", "line", "words"),
    [
        (
            "enlarges",
            "FunctionError",
            11,
            "enlarges answers 223.454 to up, which wants 111.727 of AAA: an answer is not larger than its demand",
        ),
        ("raises", "ZeroDivisionError", 16, "raises raises ZeroDivisionError: float division by zero"),
        (
            "hangs",
            "StrategyTimeout",
            20,
            "hangs raises StrategyTimeout: no answer within 0.3 seconds (execution.strategy_timeout)",
        ),
    ],
)
def test_a_function_that_fails_ends_the_run(rules, function: str, kind: str, line: int, words: str) -> None:
    done = run(rules, function)
    error, message = done.document["error"], f"rules/settle.py:{line}: {words}"
    assert (done.code, done.document["status"], done.document["exit_code"]) == (1, "failed", 1)
    assert error == {
        "type": kind,
        "message": message,
        "file": "rules/settle.py",
        "line": line,
        "bar_date": "2010-01-22",
    }
    assert done.err.splitlines()[-1] == f"{message} (2010-01-22)"
    assert done.document["bars"] == 15
    assert [strategy["error"] for strategy in done.document["strategies"].values()] == [None, None]
    failed = {line["event"]: line for line in rules.journal if "failed" in line["event"]}
    assert failed["backtest_failed"]["error_message"] == message
    assert failed["orchestrator.backtest_failed"]["strategy_id"] is None
    assert failed["orchestrator.backtest_failed"]["bar_date"] == "2010-01-22"
    shown = rules("report", "latest")
    assert message.partition(": ")[0] in shown.out


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("raise OSError('no model')\n", "settle raises OSError: no model", 2),
        (
            "import nothing_of_that_name\n",
            "settle raises ModuleNotFoundError: No module named 'nothing_of_that_name'",
            2,
        ),
        ("settle = 5\n", "settle raises TypeError: settle is no function once loaded", 0),
    ],
)
def test_a_file_that_fails_as_it_is_loaded_ends_the_run_before_its_first_bar(rules, text, message, line) -> None:
    rules.write("rules/settle.py", f"def settle(demands, view): return []\n{text}")
    done = run(rules, "settle")
    assert (done.code, done.document["status"], done.document["bars"]) == (1, "failed", 0)
    error = done.document["error"]
    assert (error["line"], error["bar_date"]) == (line, None)
    assert error["message"] == (f"rules/settle.py:{line}: {message}" if line else message)


@pytest.mark.parametrize(
    ("reference", "message", "hint"),
    [
        ("halfs", "settle.py has no function halfs", "did you mean 'halves'?"),
        ("nothing_like_it", "settle.py has no function nothing_like_it", "it has halves, enlarges, raises, hangs"),
    ],
)
def test_validate_checks_that_the_function_is_there(rules, reference: str, message: str, hint: str) -> None:
    rules.write("plan.yaml", PLAN.replace("FUNCTION", reference))
    done = rules("validate", "plan.yaml", "--format", "json")
    (error,) = done.document["errors"]
    assert done.code == 2
    assert (error["line"], error["column"]) == (7, 41)
    assert (error["message"], error["hint"]) == (f"portfolio.conflicts: {message}", hint)


def test_validate_reads_the_file_and_runs_nothing(rules) -> None:
    rules.write("rules/settle.py", "raise SystemExit(3)\ndef settle(demands, view): return []\n")
    rules.write("plan.yaml", PLAN.replace("FUNCTION", "settle"))
    done = rules("validate", "plan.yaml", "--format", "json")
    assert done.code == 0
    assert done.document["plan"]["portfolio"]["conflicts"] == "rules/settle.py:settle"
    rules.write("rules/settle.py", "def settle(demands, view)\n    return []\n")
    done = rules("validate", "plan.yaml", "--format", "json")
    assert done.document["errors"][0]["message"] == "portfolio.conflicts: settle.py:1: syntax error: expected ':'"


def test_a_function_is_looked_up_from_the_folder_of_its_file(rules, monkeypatch: pytest.MonkeyPatch) -> None:
    (rules.folder / "plans").mkdir()
    rules.write("plans/base.yaml", PLAN.replace('"rules/settle.py:FUNCTION"', "../rules/settle.py:halves"))
    rules.write("mine.yaml", "extends: plans/base.yaml\n")
    assert rules("validate", "mine.yaml", "--format", "json").document["plan"]["portfolio"]["conflicts"] == (
        "rules/settle.py:halves"
    )
    (elsewhere := rules.folder / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere)
    assert rules("backtest", str(Path("..") / "plans" / "base.yaml"), "-q").code == 0
