"""Answers of a strategy that mean nothing fail it, and it alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.strategies.protocols import Signal, Signals
from tests.orchestration.harness import (
    Scripted,
    Stateless,
)
from tests.orchestration.strategies.broken_strategies import OPEN_IN, Nonsense, boom, check_others_unaffected, together

NO = np.zeros(10, dtype=np.bool_)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda size: None, "not NoneType"),
        (lambda size: NO, "not ndarray"),
        (lambda size: "buy", "not str"),
        (lambda size: (NO, NO, NO), "not a tuple of 3"),
        (lambda size: (NO[:-1], NO), "enter_long of A has shape (9,), there are 10 bars"),
        (lambda size: (NO, NO.reshape(2, 5)), "exit_long of A has shape (2, 5)"),
        (lambda size: (True, False), "shape ()"),
        (lambda size: (np.full(size, np.nan), NO), "enter_long of A must hold true and false only"),
        (lambda size: (np.full(size, 2), NO), "must hold true and false only"),
        (lambda size: (np.array(["x"] * size), NO), "must hold true and false only"),
        (lambda size: (np.array([None] * size), NO), "must hold true and false only"),
        (lambda size: Signals(NO, NO, [1] * 3), "enter_short of A has shape (3,)"),
        (lambda size: boom(), "no such bar"),
        (lambda size: list(range(size))[99], "list index out of range"),
    ],
)
def test_nonsense_from_signals(answer: Callable[[int], Any], message: str) -> None:
    done = together(Nonsense(answer))
    assert done.results["broken"].error is not None
    assert message in done.results["broken"].error.message
    assert done.results["broken"].error.t is None
    check_others_unaffected(done)


@pytest.mark.parametrize(
    "flags", [NO.tolist(), NO.astype(int), NO.astype(float), tuple(NO), np.array(NO, dtype=np.uint8)]
)
def test_flags_may_be_any_zeros_and_ones(flags: Any) -> None:
    assert together(Nonsense(lambda size: (flags, flags))).results["broken"].status == "completed"


@pytest.mark.parametrize("answer", ["yes", 2, 0.5, np.array([True, False]), object(), [True], float("nan")])
@pytest.mark.parametrize("question", ["enter", "exit"])
def test_nonsense_from_should(answer: Any, question: str) -> None:
    strategy = Stateless([1], [])
    strategy.__dict__["should_exit" if question == "exit" else "should_enter"] = lambda *_: answer
    done = together(strategy)
    assert done.results["broken"].error is not None
    assert f"should_{question} must return True or False" in done.results["broken"].error.message
    assert done.fills("broken") == ([] if question == "enter" else [(100.0, 12.0), (-100.0, 13.0)])
    check_others_unaffected(done)


@pytest.mark.parametrize("answer", [1, np.True_, np.int64(1), True])
def test_should_may_answer_any_true(answer: Any) -> None:
    strategy = Stateless([], [])
    strategy.__dict__["should_enter"] = lambda bars: answer
    assert together(strategy).results["broken"].status == "completed"


@pytest.mark.parametrize("side", ["Long", "", None, 1, ["short"]], ids=["case", "empty", "none", "number", "list"])
def test_a_side_that_is_none(side: Any) -> None:
    done = together(Stateless([1], [], side=side))
    assert done.results["broken"].error is not None
    assert "side must be 'long' or 'short'" in done.results["broken"].error.message
    check_others_unaffected(done)


@pytest.mark.parametrize(
    "answer",
    [
        "A",
        b"A",
        42,
        [None],
        ["A"],
        [Signal.enter("NOPE")],
        [Signal.enter(None)],  # type: ignore[arg-type]  # nonsense is the point
        [Signal.enter("A", "long"), Signal.enter("A", "short")],
        itertools.repeat(3),
        (boom() for _ in range(1)),
        {"A": 1},
    ],
    ids=lambda answer: type(answer).__name__ if hasattr(answer, "send") else repr(answer),
)
def test_nonsense_from_on_bar(answer: Any) -> None:
    done = together(Scripted({**OPEN_IN, 4: lambda context: answer}))
    assert done.results["broken"].status == "failed"
    assert done.fills("broken") == [(100.0, 12.0), (-100.0, 15.0)]
    check_others_unaffected(done)


#: A signal that has no meaning from birth, and the field that its error names.
NONSENSE: dict[str, tuple[Callable[[], object], str]] = {
    "kind": (lambda: Signal("enter", "A"), "'enter' is no signal"),  # type: ignore[arg-type]  # nonsense on purpose
    "side": (lambda: Signal("entry", "A", "up"), "side must"),  # type: ignore[arg-type]  # nonsense is the point
    "zero": (lambda: Signal.enter("A", quantity=0.0), "quantity must"),
    "less": (lambda: Signal.enter("A", quantity=-5.0), "quantity must"),
    "nan": (lambda: Signal.enter("A", quantity=float("nan")), "quantity must"),
    "endless": (lambda: Signal.enter("A", quantity=float("inf")), "quantity must"),
    "text": (lambda: Signal.enter("A", quantity="7"), "quantity must"),  # type: ignore[arg-type]  # nonsense on purpose
    "true": (lambda: Signal.enter("A", quantity=True), "quantity must"),
    "huge": (lambda: Signal.enter("A", quantity=10**400), "quantity must"),
    "complex": (lambda: Signal.enter("A", quantity=np.complex128(1)), "quantity must"),  # type: ignore[arg-type]  # nonsense on purpose
    "time": (lambda: Signal.enter("A", quantity=np.timedelta64(1, "s")), ""),  # type: ignore[arg-type]  # nonsense on purpose
    "none added": (lambda: Signal.add("A", None), "quantity must"),  # type: ignore[arg-type]  # nonsense on purpose
    "no decimal": (lambda: Signal.enter("A", limit=Decimal("sNaN")), "limit must be a positive number"),
    "less than nothing": (lambda: Signal.exit("A", stop=Decimal(-1)), "stop must be a positive number"),
    "limit": (lambda: Signal.enter("A", limit=-1.0), "limit must be a positive number, not -1.0"),
    "stop": (lambda: Signal.exit("A", stop=0.0), "stop must"),
    "trail": (lambda: Signal.exit("A", trail=float("nan")), "trail must"),
    "stop_loss": (lambda: Signal.enter("A", stop_loss=-1.0), "stop_loss must"),
    "take_profit": (lambda: Signal.enter("A", take_profit="5"), "take_profit must"),  # type: ignore[arg-type]  # nonsense on purpose
    "trail_loss": (lambda: Signal.enter("A", trail_loss=0.0), "trail_loss must"),
    "trail and limit": (lambda: Signal.exit("A", trail=1.0, limit=5.0), "trail goes with neither"),
    "buy before its stop": (lambda: Signal.enter("A", limit=9.0, stop=10.0), "limit 9 of a buy lies below"),
    "sell before its stop": (lambda: Signal.enter("A", "short", limit=10.0, stop=9.0), "limit 10 of a sell"),
    "loss of a long": (lambda: Signal.enter("A", limit=9.0, stop_loss=9.0), "stop_loss 9 of a long entry"),
    "loss of a short": (lambda: Signal.enter("A", "short", stop=9.0, stop_loss=8.0), "stop_loss 8 of a short"),
    "target of a long": (lambda: Signal.enter("A", limit=9.0, take_profit=8.0), "take_profit 8 of a long"),
    "target of a short": (lambda: Signal.enter("A", "short", limit=9.0, take_profit=9.5), "take_profit 9.5"),
    "tif": (lambda: Signal.enter("A", limit=9.0, tif="ever"), "tif must"),  # type: ignore[arg-type]  # nonsense on purpose
    "tif without until": (lambda: Signal.enter("A", limit=9.0, tif="until"), "tif 'until' needs until"),
    "until of a market order": (lambda: Signal.enter("A", until="2020-01-05"), "until is for orders with a limit"),
    "until and day": (lambda: Signal.enter("A", limit=9.0, tif="day", until="2020-01-05"), "until goes with"),
    "until": (lambda: Signal.enter("A", limit=9.0, until="soon"), "until must be a date"),
    "until a number": (lambda: Signal.enter("A", limit=9.0, until=5), "until must be a date"),  # type: ignore[arg-type]  # nonsense on purpose
    "day of a market order": (lambda: Signal.enter("A", tif="day"), "tif 'day' is for orders with a limit"),
    "tag": (lambda: Signal.enter("A", tag=5), "tag must be a text"),  # type: ignore[arg-type]  # nonsense on purpose
    "no target": (lambda: Signal.target("A"), "a target is one of"),
    "two targets": (lambda: Signal.target("A", percent=5, value=5), "a target is one of"),
    "percent": (lambda: Signal.target("A", percent=101), "percent must lie in -100..100"),
    "value": (lambda: Signal.target("A", value=float("nan")), "value must be a number"),
    "no name": (lambda: Signal.cancel(""), "name must be the tag"),
    "nothing replaced": (lambda: Signal.replace("x"), "replace needs"),
    "a price replaced": (lambda: Signal.replace("x", limit=-3.0), "limit must"),
    "oco of a market order": (
        lambda: Signal.oco(Signal.exit("A"), Signal.exit("A", stop=9.0)),
        "oco: its first order needs a limit, a stop or a trail: the exit of A has none",
    ),
    "oco of a cancel": (
        lambda: Signal.oco(Signal.exit("A", stop=9.0), Signal.cancel("x")),
        "oco: its second order must be an entry, an exit or an add, not 'cancel'",
    ),
    "oco of a text": (
        lambda: Signal.oco("x", Signal.exit("A", stop=9.0)),
        "oco: its first order must be a Signal, not str",
    ),  # type: ignore[arg-type]  # nonsense on purpose
    "oco of two symbols": (
        lambda: Signal.oco(Signal.enter("A", stop=9.0), Signal.enter("B", stop=9.0)),
        "oco takes two orders of one symbol",
    ),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_a_signal_is_legal_from_birth(name: str) -> None:
    """The error names the field; the strategy in whose call it is raised fails alone."""
    signal, message = NONSENSE[name]
    done = together(Scripted({**OPEN_IN, 4: lambda context: [signal()]}))
    assert done.results["broken"].error is not None
    assert message in done.results["broken"].error.message
    assert done.fills("broken") == [(100.0, 12.0), (-100.0, 15.0)]
    check_others_unaffected(done)


@pytest.mark.parametrize("lots", ["integer", "fractional"])
@pytest.mark.parametrize("quantity", [1e20, 1e305, 1.7e308])
def test_an_absurd_quantity_is_cut_to_what_can_be_paid(lots: Any, quantity: float) -> None:
    done = together(Scripted({1: [Signal.enter("A", quantity=quantity)]}), rules=ExecutionRules(lots=lots))
    assert done.results["broken"].status == "completed"
    assert done.fills("broken") == [(2500.0, 12.0)]
    check_others_unaffected(done, ExecutionRules(lots=lots))
