"""Ctrl-C while a run is under way, and how it differs from what a strategy raises."""

from __future__ import annotations

import signal
import time

import pytest

from orchestrate.domain.errors import InterruptedRunError, UserInterrupt
from orchestrate.usecases.running.run import run
from orchestrate.usecases.running.stopping import Stop, interrupts
from tests.backtest.plans import ENGINES, part, plan_of, synthetic

DATA = {"A": synthetic("A", 40, seed=3)}


@pytest.fixture(autouse=True)
def usual_handler():
    """Ctrl-C as Python has it, which a job in the background may ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_first_is_a_request_and_a_second_one_breaks_off():
    with Stop() as stop:
        assert not stop()
        press()
        press()  # at once: the same one, sent to the process and to its group
        assert stop()
        assert isinstance(stop.reason, InterruptedRunError)
        time.sleep(0.15)
        with pytest.raises(UserInterrupt):
            press()
    with pytest.raises(KeyboardInterrupt) as usual:
        press()
    assert usual.type is KeyboardInterrupt


@pytest.mark.parametrize("seconds", [1e30, float("inf")])
def test_a_limit_of_any_length_can_be_had(seconds):
    with Stop(seconds) as stop:
        assert not stop()


def test_a_limit_is_over_when_the_run_is():
    with Stop(0.0) as stop:
        stop.disarm()
        assert not stop()


def test_a_run_notices_ctrl_c_whichever_handler_gets_it():
    with interrupts(), pytest.raises(UserInterrupt):
        press()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    received: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    with interrupts():
        press()
    assert received == [signal.SIGINT]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupts():
        press()


class Presses:
    def should_enter(self, bars):
        if len(bars) == 3:
            press()
        return False

    should_exit = should_enter


class Raises:
    def should_enter(self, bars):
        raise KeyboardInterrupt("by hand")


@pytest.mark.parametrize("framework", ENGINES)
def test_in_the_python_api_ctrl_c_gets_out_and_a_raised_one_does_not(framework: str):
    plan = plan_of([part("one", "Turning", framework, kind="istrategy")], DATA)
    with pytest.raises(KeyboardInterrupt):
        run(plan, strategies={"one": Presses()})
    error = run(plan, strategies={"one": Raises()}).strategies["one"].error
    assert error is not None
    assert (error.type, error.message) == ("KeyboardInterrupt", "by hand")
