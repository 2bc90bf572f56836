"""Broken strategies in whole runs: made by the library, watched by the clock, next to others that must not feel it."""

from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from orchestrate.domain.errors import EngineError
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import RunResult
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.strategies.calls import CallScope
from orchestrate.usecases.running.run import run
from orchestrate.usecases.running.watchdog import StrategyTimeout, Watchdog
from orchestrate.usecases.validate import validate
from tests.backtest.plans import ENGINES, fills_of, part, plan_of, synthetic

DATA = {"A": synthetic("A", 40, seed=3)}
QUICK = ExecutionRules(strategy_timeout=0.4)


def plan(framework: str, rules: ExecutionRules = QUICK) -> RunPlan:
    parts = [
        part("honest", "Turning", "backtrader", weight="0.4", window=4),
        part("broken", "Quiet", framework, weight="0.4", kind="on_bar"),
    ]
    return plan_of(parts, DATA, rules)


class Breaks:
    """Buys on its second bar, breaks on its sixth."""

    def __init__(self, how: Any) -> None:
        self.how, self.calls = how, 0

    def on_bar(self, context: Any) -> Any:
        self.calls += 1
        if self.calls == 6:
            self.how()
        return Signal.enter("A") if self.calls == 2 else None


def hang() -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            time.sleep(0.001)
        except Exception:
            continue


def swallow() -> None:
    with suppress(BaseException):
        hang()


def raise_it() -> None:
    raise LookupError("no such bar")


def check_flat_and_alone(result: RunResult, alone: RunResult) -> None:
    assert result.status == "degraded"
    broken = result.strategies["broken"]
    assert broken.status == "failed"
    assert [fill[6] for fill in fills_of(result, "broken")] == ["", "flattened"]
    assert broken.open_positions == ()
    assert fills_of(result, "honest") == fills_of(alone, "honest")
    assert result.strategies["honest"].equity.tolist() == alone.strategies["honest"].equity.tolist()


@pytest.mark.parametrize("framework", ENGINES)
@pytest.mark.parametrize(
    ("how", "error"),
    [
        (hang, "StrategyTimeout"),
        (swallow, "StrategyTimeout"),
        (raise_it, "LookupError"),
        (exit, "SystemExit"),
    ],
)
def test_it_fails_alone(framework: str, how: Any, error: str) -> None:
    result = run(plan(framework), strategies={"broken": Breaks(how)})
    failure = result.strategies["broken"].error
    assert failure is not None
    assert failure.type == error
    check_flat_and_alone(result, run(plan(framework)))


def test_all_failed() -> None:
    result = run(plan("nautilus"), strategies={"broken": Breaks(raise_it), "honest": object()})
    assert result.status == "failed"


def test_a_class_that_cannot_be_made() -> None:
    parts = [
        part("broken", "Unmakeable", weight="0.5", kind="on_bar"),
        part("honest", "Turning", "nautilus", weight="0.5", window=4),
    ]
    result = run(plan_of(parts, DATA))
    error = result.strategies["broken"].error
    assert error is not None
    assert (result.status, error.type, error.t) == ("degraded", "LookupError", None)
    assert error.message == "no model on this machine"
    assert "raise LookupError" in error.traceback
    assert len(fills_of(result, "honest")) > 5


def test_a_run_inside_signals_is_refused_also_in_the_look_ahead_check() -> None:
    refused: list[str] = []

    class Nests:
        def signals(self, bars: Any) -> Any:
            with pytest.raises(EngineError) as raised:
                run(plan("backtrader"))
            refused.append(str(raised.value))
            return bars.close > 1e9, bars.close > 1e9

    run(plan_of([part("mine", "Turning")], DATA), strategies={"mine": Nests()})
    ends = "starts a run from inside a run, which can't be done"
    assert {*refused} == {f"strategy 'mine' {ends}"}


def test_a_run_inside_a_strategy_is_refused_and_the_clock_goes_on() -> None:
    """The inner run is refused without touching the outer one's timer: a hang after it is still noticed."""
    refused: list[BaseException] = []

    def nest_then_hang() -> None:
        try:
            run(plan("backtrader"))
        except Exception as error:
            refused.append(error)
        hang()

    result = run(plan("nautilus"), strategies={"broken": Breaks(nest_then_hang)})
    assert "'broken' starts a run from inside a run" in str(refused[0])
    failure = result.strategies["broken"].error
    assert failure is not None
    assert failure.type == StrategyTimeout.__name__
    check_flat_and_alone(result, run(plan("nautilus")))


def test_what_a_strategy_prints_stays_off_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    run(plan("backtrader"), strategies={"broken": Breaks(lambda: print("hello from a strategy"))})
    out, err = capsys.readouterr()
    assert out == ""
    assert "hello from a strategy" in err


def test_off_the_main_thread_there_is_no_limit_and_a_finding() -> None:
    results: list[RunResult] = []
    thread = threading.Thread(target=lambda: results.append(run(plan("backtrader"))))
    thread.start()
    thread.join()
    findings = [finding for finding in results[0].findings if finding.where == "execution.strategy_timeout"]
    assert [finding.message for finding in findings] == ["not enforced: it works on the main thread only"]
    assert results[0].status == "completed"


@contextmanager
def ticking(seconds: float) -> Iterator[list[float]]:
    """A foreign alarm, such as a time limit of the whole run."""
    rung: list[float] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_alarm_that_was_set_before_is_set_again_afterwards() -> None:
    with ticking(0.8) as rung:
        with Watchdog(0.02).armed():
            time.sleep(0.05)
        assert rung == []
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 0.8
        end = time.monotonic() + 10
        while not rung and time.monotonic() < end:
            time.sleep(0.01)
        assert len(rung) == 1


def test_a_watchdog_bites_once_a_call_and_only_inside_one() -> None:
    watchdog = Watchdog(0.1)
    with watchdog.armed():
        time.sleep(0.3)
        for _ in range(2):
            with pytest.raises(StrategyTimeout, match=r"no answer within 0\.1 seconds"), CallScope("one", watchdog):
                hang()
    with pytest.raises(StrategyTimeout), watchdog.armed(), CallScope("one", watchdog), CallScope("two", watchdog):
        hang()


def calls_into_c_once(seconds: float) -> None:
    """Use processor time. No line of Python is reached before it is over, so no signal is handled either."""
    end = time.process_time() + seconds
    deque(takewhile(partial(operator.gt, end), iter(time.process_time, None)), maxlen=0)


def test_a_single_call_into_c_that_takes_too_long_is_broken_off_at_its_end() -> None:
    watchdog = Watchdog(0.3)
    with watchdog.armed():
        with pytest.raises(StrategyTimeout), CallScope("one", watchdog):
            calls_into_c_once(0.6)
        calls_into_c_once(0.6)  # no strategy is called
        with CallScope("one", watchdog):
            calls_into_c_once(0.02)


def test_time_in_which_a_process_was_stopped_does_not_count() -> None:
    """In a child: it stops itself within a call, for longer than a call may take, and another one lets it go on."""
    child = os.fork()
    if not child:
        code = 1
        with suppress(StrategyTimeout):
            watchdog = Watchdog(0.4)
            with watchdog.armed(), CallScope("one", watchdog):
                subprocess.Popen(["/bin/sh", "-c", f"sleep 1; kill -CONT {os.getpid()}"])
                os.kill(os.getpid(), signal.SIGSTOP)
                code = 0
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_process_that_a_strategy_forks_ends_as_it_comes_back() -> None:
    before, watchdog = os.getpid(), Watchdog(5.0)
    with watchdog.armed():
        with CallScope("one", watchdog):
            child = os.fork()
        if not child:
            os._exit(1)
        assert os.getpid() == before
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@dataclass
class Frame:
    """Where Python is when a tick comes through."""

    f_code: CodeType


def test_no_call_is_broken_off_while_it_begins_or_ends() -> None:
    watchdog = Watchdog(0.1)
    with pytest.raises(StrategyTimeout), CallScope("one", watchdog):
        for bracket in (CallScope.__enter__, CallScope.__exit__, Watchdog.enter, Watchdog.leave):
            for _ in range(10):
                watchdog._tick(signal.SIGALRM, Frame(bracket.__code__))  # type: ignore[arg-type]  # as far as is looked
        watchdog._tick(signal.SIGALRM, sys._getframe())
    assert watchdog.names == []


@pytest.mark.parametrize("then", [None, ValueError("another error")])
def test_code_that_swallows_its_timeout_and_returns_has_failed(then: Exception | None) -> None:
    watchdog = Watchdog(0.1)
    with watchdog.armed():
        with pytest.raises(StrategyTimeout, match=r"no answer within 0\.1 seconds"), CallScope("one", watchdog):
            with suppress(BaseException), CallScope("two", watchdog):
                pass
            with suppress(BaseException):
                hang()
            with CallScope("two", watchdog):
                pass
            if then is not None:
                raise then
        with CallScope("one", watchdog):  # the next call has time of its own
            pass
    assert watchdog.names == []


def test_a_run_that_is_stopped_is_interrupted_and_whole() -> None:
    calls: list[int] = []

    def stop() -> bool:
        calls.append(1)
        return len(calls) > 10

    result = run(plan("nautilus"), stop=stop)
    assert result.status == "interrupted"
    assert len(result.stamps) == len(result.labels) == len(result.portfolio_equity) == 10


def test_a_cheat_is_named_with_symbol_and_bar() -> None:
    class Cheat:
        def signals(self, bars: Any) -> Any:
            tomorrow = bars.close[1:] > bars.close[:-1]
            return [*tomorrow, False], [*~tomorrow, False]

    parts = [part("cheat", "Turning")]
    result = run(plan_of(parts, DATA), strategies={"cheat": Cheat()})
    assert result.looked_ahead == ("cheat",)
    [finding] = [finding for finding in result.checks if finding.severity == "error"]
    assert finding.where == "strategies.cheat"
    assert "looks ahead on A" in finding.message
    unchecked = run(plan_of(parts, DATA), strategies={"cheat": Cheat()}, lookahead=False)
    assert unchecked.looked_ahead == ()
    assert any("not checked for look-ahead" in finding.message for finding in unchecked.checks)


HANGING_TEXT = """\
class HangingError(Exception):
    def __str__(self):
        while True:
            pass


class Unmade:
    def __init__(self):
        raise HangingError

    def signals(self, bars):
        return [], []
"""


def test_an_error_whose_text_hangs_does_not_hang_a_deep_validation(tmp_path: Path) -> None:
    (tmp_path / "unmade.py").write_text(HANGING_TEXT)
    config = tmp_path / "config.yaml"
    config.write_text(
        "strategy: 'unmade.py:Unmade'\ncapital: 1000\ndata: {A: {synthetic: {bars: 40}}}\n"
        "execution: {strategy_timeout: 0.25}\n"
    )
    messages = [finding.message for finding in validate(str(config), deep=True).findings]
    assert "could not be checked for look-ahead on A: HangingError: an error whose message can't be read" in messages
