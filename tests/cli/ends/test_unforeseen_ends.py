"""Strategies that can't be broken off, leave their process, or stay in it; and signals, while a run is under way."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("supervised_runs.py")
STRATEGIES = Path(__file__).with_name("unforeseen_strategies.py").read_text(encoding="utf-8")
CONFIG = """\
capital: 1000
data: {AAA: {synthetic: {bars: 60, seed: 7}}}
strategies:
  bad: {name: "strategies.py:%s", allocation: 50}
  good: {name: "strategies.py:Honest", allocation: 50}
execution: {strategy_timeout: 0.8}
"""
GRACE = "0.4"


@dataclass(frozen=True)
class Ended:
    """A command that is over, and the folder it ran in."""

    folder: Path
    code: int

    @property
    def out(self) -> str:
        return (self.folder / "out.txt").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "err.txt").read_text()

    @property
    def journal(self) -> list[dict[str, Any]]:
        path = self.folder / "logs/backtest/orchestrate.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def events(self, ends: str) -> list[dict[str, Any]]:
        return [line for line in self.journal if line["event"].endswith(ends)]

    @property
    def kept(self) -> list[str]:
        return sorted(entry.name for entry in (self.folder / "reports").iterdir())


def write(folder: Path, strategy: str) -> None:
    folder.mkdir()
    (folder / "strategies.py").write_text(STRATEGIES)
    (folder / "config.yaml").write_text(CONFIG % strategy)


STAYED = (
    "the process did not exit within 0.4 seconds of its result, and was ended; "
    "a strategy may have left a thread or a finalizer that does not end\n"
)
HUNG = "no answer within 0.8 seconds (execution.strategy_timeout), and no end within 0.4 seconds more"
#: The strategy, options of the command, signals sent meanwhile.
SCENARIOS: dict[str, tuple[str, list[str], list[tuple[float, str, str]]]] = {
    "swallows": ("Swallows", [], []),
    "sums": ("Sums", [], []),
    "finalizes": ("Finalizes", [], []),
    "takes the alarm": ("TakesTheAlarm", [], []),
    "time limit": ("SwallowsAtOnce", ["--set", "execution.strategy_timeout=600", "--time-limit", "3"], []),
    "exits": ("Exits", [], []),
    "executes": ("Executes", [], []),
    "kills": ("Kills", [], []),
    "forks": ("Forks", [], []),
    "raises KeyboardInterrupt": ("Interrupts", [], []),
    "an error that hangs": ("Unspeakable", [], []),
    "run stopped": ("Waits", [], [(0.0, "SIGSTOP", "run"), (1.5, "SIGCONT", "run")]),
    "all stopped": ("Waits", [], [(0.0, "SIGSTOP", "group"), (1.5, "SIGCONT", "group")]),
    "Ctrl-Z": ("Waits", [], [(0.0, "SIGTSTP", "group"), (1.5, "SIGCONT", "group")]),
    "Ctrl-Z for one": ("Waits", [], [(0.0, "SIGTSTP", "supervisor"), (1.5, "SIGCONT", "supervisor")]),
    "Ctrl-C": ("Patient", [], [(0.0, "SIGINT", "supervisor")]),
    "Ctrl-C for all": ("Patient", [], [(0.0, "SIGINT", "group")]),
    "terminated": ("Patient", [], [(0.0, "SIGTERM", "supervisor")]),
    "terminated together": ("Patient", [], [(0.0, "SIGTERM", "group")]),
    "terminated and deaf": (
        "Deaf",
        ["--set", "execution.strategy_timeout=600"],
        [(0.0, "SIGTERM", "supervisor")],
    ),
    "interrupted twice and deaf": (
        "Deaf",
        ["--set", "execution.strategy_timeout=600"],
        [(0.0, "SIGINT", "supervisor"), (0.2, "SIGINT", "supervisor")],
    ),
    "a policy swallows": ("Honest", ["--set", "portfolio.conflicts=strategies.py:swallowing"], []),
    "a policy exits": ("Honest", ["--set", "portfolio.conflicts=strategies.py:exiting"], []),
    "supervisor killed": ("Patient", [], [(0.0, "SIGKILL", "supervisor")]),
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """All scenarios, once for the whole module."""
    root = tmp_path_factory.mktemp("ends")
    scenarios = []
    for number, (strategy, options, signals) in enumerate(SCENARIOS.values()):
        folder = root / str(number)
        write(folder, strategy)
        arguments = ["backtest", "config.yaml", "--no-cache", "-q", *options]
        scenarios.append({"folder": str(folder), "arguments": arguments, "signals": signals})
    done = subprocess.run(
        [sys.executable, str(SCRIPT), json.dumps(scenarios)],
        env={**os.environ, "ORCHESTRATE_GRACE": GRACE},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    codes = json.loads(done.stdout)
    return {
        name: Ended(Path(scenario["folder"]), code)
        for name, scenario, code in zip(SCENARIOS, scenarios, codes, strict=True)
    }


@pytest.mark.parametrize("name", ["swallows", "sums", "finalizes", "takes the alarm"])
def test_what_cannot_be_broken_off_is_ended_and_named(ended: dict[str, Ended], name: str) -> None:
    one = ended[name]
    assert (one.code, one.out, one.err) == (124, "", f"strategy 'bad': {HUNG}\n")
    failed, orchestrator = one.events("backtest_failed")
    assert (failed["exit_code"], failed["error_type"], failed["error_message"]) == (124, "TimeLimitError", HUNG)
    assert orchestrator["strategy_id"] == "bad"
    assert one.kept == []


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("a policy swallows", 124, HUNG),
        ("a policy exits", 4, "the process of the run ended with exit code 0 in strategies.py:exiting"),
    ],
)
def test_a_function_of_the_portfolio_is_named_as_the_file_has_it(
    ended: dict[str, Ended], name: str, code: int, message: str
) -> None:
    one, function = ended[name], "swallowing" if code == 124 else "exiting"
    assert (one.code, one.out, one.err) == (code, "", f"strategies.py:{function}: {message}\n")
    _, orchestrator = one.events("backtest_failed")
    assert (orchestrator["strategy_id"], orchestrator["error_message"]) == (None, message)


def test_a_time_limit_holds_against_code_that_cannot_be_broken_off(ended: dict[str, Ended]) -> None:
    one = ended["time limit"]
    assert one.code == 124
    assert one.err == "strategy 'bad': the time limit has passed, and the run did not end within 0.4 seconds more\n"
    assert [line["exit_code"] for line in one.events("backtest_failed") if "exit_code" in line] == [124]


@pytest.mark.parametrize(
    ("name", "how"), [("exits", "with exit code 0"), ("executes", "with exit code 0"), ("kills", "by SIGKILL")]
)
def test_a_strategy_that_leaves_the_process_is_code_4(ended: dict[str, Ended], name: str, how: str) -> None:
    one = ended[name]
    message = f"the process of the run ended {how} in the strategy's code"
    assert (one.code, one.out, one.err) == (4, "", f"strategy 'bad': {message}\n")
    failed, orchestrator = one.events("backtest_failed")
    assert (failed["exit_code"], orchestrator["strategy_id"]) == (4, "bad")
    assert one.kept == []


def test_a_fork_does_not_go_on_with_the_run(ended: dict[str, Ended]) -> None:
    one = ended["forks"]
    assert (one.code, one.err) == (0, "")
    assert [f"reports/{name}" for name in one.kept] == one.out.splitlines()
    assert len(one.events("backtest_completed")) == 2  # the run's and the orchestrator's
    signals = [(line["strategy_id"], line["bar_date"]) for line in one.events("strategy_signal")]
    assert len(signals) == len(set(signals)) == 2


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("raises KeyboardInterrupt", "KeyboardInterrupt: by hand"),
        ("an error that hangs", "Silent: an error whose message can't be read"),
    ],
)
def test_it_fails_alone(ended: dict[str, Ended], name: str, error: str) -> None:
    one = ended[name]
    assert one.code == 1
    assert re.fullmatch(rf"bad failed: strategies\.py:\d+: {re.escape(error)}\n", one.err)
    assert [line["strategy_id"] for line in one.events("strategy_failed")] == ["bad"]
    assert one.events("orchestrator.backtest_completed")[0]["error_count"] == 1
    assert len(one.kept) == 1


@pytest.mark.parametrize("name", ["run stopped", "all stopped", "Ctrl-Z", "Ctrl-Z for one"])
def test_time_that_a_process_did_not_have_does_not_count(ended: dict[str, Ended], name: str) -> None:
    one = ended[name]
    assert (one.code, one.err) == (0, "")
    assert len(one.kept) == 1
    supervisor, run = (one.folder / "states").read_text().splitlines()[1]
    assert run == "T"
    assert (supervisor == "T") == (name != "run stopped")


@pytest.mark.parametrize("name", ["Ctrl-C", "Ctrl-C for all"])
def test_ctrl_c_keeps_what_is_done(ended: dict[str, Ended], name: str) -> None:
    one = ended[name]
    assert one.code == 130
    assert one.err.startswith("interrupted after")
    assert len(one.kept) == 1
    assert [line["status"] for line in one.events("backtest_completed") if "status" in line] == ["interrupted"]


@pytest.mark.parametrize("name", ["terminated", "terminated together", "terminated and deaf"])
def test_a_request_to_end_is_passed_on_and_obeyed(ended: dict[str, Ended], name: str) -> None:
    one = ended[name]
    assert one.code == -signal.SIGTERM
    assert one.err == ("strategy 'bad': " if "deaf" in name else "") + "ended by SIGTERM\n"
    assert one.events("backtest_failed")[0]["exit_code"] == 128 + signal.SIGTERM
    assert one.kept == []


def test_a_second_ctrl_c_ends_even_the_deaf(ended: dict[str, Ended]) -> None:
    one = ended["interrupted twice and deaf"]
    assert (one.code, one.err) == (130, "strategy 'bad': ended by SIGINT\n")
    assert one.events("backtest_failed")[0]["exit_code"] == 130


def test_a_supervisor_that_is_killed_takes_the_run_with_it(ended: dict[str, Ended]) -> None:
    one = ended["supervisor killed"]
    assert one.code == -signal.SIGKILL
    process = int((one.folder / "there").read_text())
    end = time.monotonic() + 10
    while alive(process) and time.monotonic() < end:
        time.sleep(0.01)
    assert not alive(process)
    assert [name for name in one.kept if not name.startswith(".")] == []


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("strategy", "code", "message"),
    [
        ("LeavesAThread", 0, STAYED),
        ("FinalizesLate", 0, STAYED),
        ("Exits", 4, "strategy 'bad': the process of the run ended with exit code 0 in the strategy's code\n"),
    ],
)
def test_the_command_itself(tmp_path: Path, strategy: str, code: int, message: str) -> None:
    write(tmp_path / "run", strategy)
    done = subprocess.run(
        [sys.executable, "-m", "orchestrate", "backtest", "config.yaml", "-q"],
        cwd=tmp_path / "run",
        env={**os.environ, "ORCHESTRATE_GRACE": GRACE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, message)
    assert done.stdout.startswith("reports/") == (code == 0)
