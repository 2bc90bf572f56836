"""A strategy that breaks fails alone: its orders are cancelled, its positions are closed at the next fill."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest

from orchestrate.domain.errors import EngineError, UserInterrupt
from orchestrate.domain.events import StrategyFailedEvent
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.usecases.running.watchdog import StrategyTimeout, Watchdog
from tests.engines.builders import market_of, series
from tests.orchestration.harness import (
    AT_CLOSE,
    PLAIN,
    Flags,
    HarnessRun,
    Part,
    Scripted,
    fixed,
    prepare,
    run_harness,
)
from tests.orchestration.strategies.broken_strategies import (
    OPEN_IN,
    Nonsense,
    Raising,
    boom,
    check_others_unaffected,
    market,
    together,
)


@pytest.mark.parametrize(
    ("where", "fills", "step"),
    [
        ("on_start", [], None),
        ("on_fill", [(100.0, 12.0), (-100.0, 13.0)], 2),
        ("on_bar", [(100.0, 12.0), (-100.0, 15.0)], 4),
        ("on_rejected", [(100.0, 12.0), (-100.0, 15.0)], 4),
        ("on_stop", [(100.0, 12.0)], 9),
    ],
)
def test_wherever_it_raises(where: str, fills: list[tuple[float, float]], step: int | None) -> None:
    done = together(Raising(where))
    result = done.results["broken"]
    assert done.fills("broken") == fills
    assert result.status == "failed"
    assert result.error is not None
    assert (result.error.type, result.error.message) == ("RuntimeError", "no such bar")
    assert "in boom" in result.error.traceback
    labels = market().timeline.labels
    assert result.error.t == (None if step is None else labels[step])
    [event] = done.of(StrategyFailedEvent)
    assert (event.strategy_id, event.error_type, event.t) == ("broken", "RuntimeError", result.error.t)
    check_others_unaffected(done)


def test_at_the_close_it_is_flat_at_the_close_it_broke_on() -> None:
    done = together(Raising("on_bar"), rules=AT_CLOSE)
    assert done.fills("broken") == [(100.0, 11.5), (-100.0, 14.5)]
    check_others_unaffected(done, AT_CLOSE)


def test_made_with_an_error() -> None:
    """What the library hands over where a constructor raised."""
    done = together(ImportError("no module named zipline"))
    assert done.results["broken"].error is not None
    assert done.results["broken"].error.type == "ImportError"
    assert done.results["broken"].error.t is None
    check_others_unaffected(done)


def test_no_strategy_at_all() -> None:
    done = together(object())
    assert done.results["broken"].error is not None
    assert "object is no strategy: it needs signals(bars)" in done.results["broken"].error.message


class HidingPlaces:
    """Raises where one looks for an attribute, not where one calls it."""

    def on_bar(self, context: Any) -> list[Signal]:
        return [Signal.enter("A")]

    @property
    def on_fill(self) -> Any:
        raise KeyError("a property that raises")


class BrokenError(Exception):
    """An error whose message can't be read."""

    def __str__(self) -> str:
        raise ValueError("no words")


def test_a_hook_that_raises_when_it_is_looked_up() -> None:
    done = together(HidingPlaces())
    assert done.results["broken"].error is not None
    assert done.results["broken"].error.type == "KeyError"
    assert done.results["broken"].open_positions == ()
    check_others_unaffected(done)


def test_an_error_whose_message_can_not_be_read() -> None:
    def raise_it(context: object) -> Any:
        raise BrokenError

    done = together(Scripted({3: raise_it}))
    assert done.results["broken"].error is not None
    assert done.results["broken"].error.type == "BrokenError"
    check_others_unaffected(done)


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), MemoryError(), RecursionError(), StopIteration()])
def test_errors_of_every_sort(error: BaseException) -> None:
    def raise_it(context: object) -> Any:
        raise error

    done = together(Scripted({**OPEN_IN, 4: raise_it}))
    assert done.results["broken"].error is not None
    assert done.results["broken"].error.type == type(error).__name__
    assert done.fills("broken") == [(100.0, 12.0), (-100.0, 15.0)]
    check_others_unaffected(done)


def test_ctrl_c_passes() -> None:
    def press(context: object) -> Any:
        raise UserInterrupt

    with pytest.raises(UserInterrupt):
        together(Scripted({3: press}))


class Renamed(type):
    """A class that gives no name away."""

    @property
    def __name__(cls) -> str:
        raise LookupError("no name")


class NamelessError(Exception, metaclass=Renamed):
    pass


@pytest.mark.parametrize(
    ("error", "kind"), [(KeyboardInterrupt("by hand"), "KeyboardInterrupt"), (NamelessError(), "NamelessError")]
)
def test_what_looks_like_ctrl_c_or_has_no_name_fails_alone(error: BaseException, kind: str) -> None:
    def raise_it(context: object) -> Any:
        raise error

    done = together(Scripted({3: raise_it}))
    assert done.results["broken"].error is not None
    assert done.results["broken"].error.type == kind
    check_others_unaffected(done)


# ---- fills and refusals of several symbols at one moment


def both(symbols: str = "AB") -> list[Signal]:
    return [Signal.enter(symbol) for symbol in symbols]


class FailsOnFirstFill(Scripted):
    def on_fill(self, fill: Any) -> None:
        boom()


class FailsOnRejection(Scripted):
    def on_rejected(self, decision: Any) -> None:
        boom()


@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE])
def test_failing_at_the_first_of_two_fills_flattens_both(rules: ExecutionRules) -> None:
    parts = {"s": Part(FailsOnFirstFill({1: both()}), symbols=("A", "B"), sizing=fixed(10))}
    done = run_harness(market(), parts, rules)
    assert done.results["s"].status == "failed"
    assert done.results["s"].open_positions == ()
    assert [quantity for quantity, _ in done.fills()] == [10.0, 10.0, -10.0, -10.0]
    assert len(done.of(StrategyFailedEvent)) == 1


def gapping() -> Market:
    """A opens far above its close at bar 2; B does not."""
    return market_of(series("A", [(10, 10), (10, 10), (500, 500), (500, 500), (500, 500)]), series("B", [(10, 10)] * 5))


def test_a_refusal_at_the_open_is_notified_and_changes_nothing() -> None:
    strategy = Scripted({1: [Signal.enter("A", quantity=1)]})
    done = run_harness(gapping(), {"s": Part(strategy)}, capital=100)
    assert done.reasons("s") == [("approved", "", 1.0), ("rejected", "below_one_lot", 0.0)]
    assert strategy.callbacks == ["below_one_lot", "stop"]
    assert done.results["s"].blocked == 1


def test_failing_at_a_refusal_at_the_open_cancels_what_is_released_with_it() -> None:
    strategy = FailsOnRejection({1: [Signal.enter("A", quantity=1), Signal.enter("B", quantity=1)]})
    done = run_harness(gapping(), {"s": Part(strategy, symbols=("A", "B"))}, capital=100)
    assert done.results["s"].status == "failed"
    assert done.results["s"].open_positions == ()
    assert done.reasons("s")[-1][1] in ("strategy_failed", "flattened")


def test_failing_at_a_refusal_at_the_close_cancels_other_approvals() -> None:
    strategy = FailsOnRejection({1: [Signal.enter("A", quantity=0.5), Signal.enter("B", quantity=1)]})
    done = run_harness(market(), {"s": Part(strategy, symbols=("A", "B"))})
    assert done.fills() == []
    assert [reason for _, reason, _ in done.reasons("s")] == ["below_one_lot", "", "strategy_failed"]


# ---- hanging


def spin(*_: object) -> Any:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):  # a strategy that swallows whatever comes
            time.sleep(0.001)
    return None


class HangingStart(Scripted):
    on_start = staticmethod(spin)


class HangingFill(Scripted):
    on_fill = staticmethod(spin)


class HangingStop(Scripted):
    on_stop = staticmethod(spin)


class HangingError(Exception):
    __str__ = spin


class HangingNotes(Exception):
    @property
    def __notes__(self) -> object:
        return spin()


def hanging_error(context: object) -> Any:
    raise HangingError


def hanging_notes(context: object) -> Any:
    raise HangingNotes("the notes hang")


@pytest.mark.parametrize(
    "broken",
    [
        Scripted({3: spin}),
        Nonsense(spin),
        HangingStart({}),
        HangingFill(OPEN_IN),
        HangingStop({}),
        Scripted({3: lambda context: (spin() for _ in range(1))}),
    ],
    ids=["on_bar", "signals", "on_start", "on_fill", "on_stop", "generator"],
)
def test_a_strategy_that_hangs_is_broken_off(broken: object) -> None:
    watchdog = Watchdog(0.25)
    with watchdog.armed() as armed:
        done = together(broken, watch=watchdog)
    assert armed
    assert done.results["broken"].error is not None
    assert done.results["broken"].error.type == StrategyTimeout.__name__
    assert "no answer within 0.25 seconds (execution.strategy_timeout)" in done.results["broken"].error.message
    check_others_unaffected(done)


def test_the_time_of_a_decision_is_its_own() -> None:
    """Eight decisions of a fifth of the limit each are no hang."""
    watchdog = Watchdog(0.4)
    with watchdog.armed():
        done = together(Scripted({n: lambda context: time.sleep(0.08) for n in range(8)}), watch=watchdog)
    assert done.results["broken"].status == "completed"


# ---- runs inside runs


def test_a_run_inside_a_callback_is_refused() -> None:
    inner: list[HarnessRun] = []

    def start_another(context: object) -> Any:
        inner.append(prepare({"x": Part(Scripted({}))}))
        inner[0].orchestrator.run(market(), PLAIN)

    done = together(Scripted({**OPEN_IN, 4: start_another}))
    error = done.results["broken"].error
    assert error is not None
    assert error.type == EngineError.__name__
    assert "'broken' starts a run from inside a run, which can't be done" in error.message
    assert inner[0].orchestrator.steps_done == 0
    assert done.fills("broken") == [(100.0, 12.0), (-100.0, 15.0)]
    check_others_unaffected(done)
    assert together(Scripted({})).results["broken"].status == "completed"  # and afterwards runs can be started again


class FlagsThatFail(Flags):
    """Vectorised, in a run that jumps; breaks in the callback of its fill."""

    def on_fill(self, fill: object) -> None:
        boom()


def test_breaking_between_two_jumps() -> None:
    done = run_harness(market(), {"s": Part(FlagsThatFail(long=[1], out=[8]), sizing=fixed(5))})
    assert done.fills() == [(5.0, 12.0), (-5.0, 13.0)]
    assert done.results["s"].status == "failed"


@pytest.mark.parametrize(
    ("raising", "message"),
    [(hanging_error, "an error whose message can't be read"), (hanging_notes, "the notes hang")],
)
def test_an_error_whose_text_hangs(raising: Any, message: str) -> None:
    watchdog = Watchdog(0.25)
    with watchdog.armed():
        done = together(Scripted({3: raising}), watch=watchdog)
    error = done.results["broken"].error
    assert error is not None
    assert error.message == message
    assert f"in {raising.__name__}" in error.traceback
    assert error.traceback.endswith(error.type)
    check_others_unaffected(done)
