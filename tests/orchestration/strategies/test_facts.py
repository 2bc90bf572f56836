"""Facts that strategies publish: who sees which when, and that nobody can change another's."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import backtrader as bt
import numpy as np
import pytest

import orchestrate
from orchestrate import wiring
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Context
from orchestrate.orchestration.strategies.compatibility import StrategyMetadata
from orchestrate.orchestration.strategies.facts import Facts, copied
from orchestrate.orchestration.strategies.registry import AllocationConfig
from tests.engines.builders import market_of, series
from tests.orchestration.harness import Part, prepare, run_harness

BARS = [(1.0, 1.0)] * 4


class Talker:
    """Publishes the number of its bars and notes what it can read of another."""

    def __init__(self, other: str) -> None:
        self.other = other
        self.read: list[object] = []

    def on_bar(self, context: Context) -> None:
        context.publish("bars", len(context.bars()))
        self.read.append(context.fact(self.other, "bars", "nothing"))


def test_later_strategies_see_a_fact_at_once_and_earlier_ones_at_the_next_bar() -> None:
    early, late = Talker("late"), Talker("early")
    run_harness(
        market_of(series("A", BARS)),
        {"late": Part(late, pct=50, priority=2), "early": Part(early, pct=50, priority=1)},
    )
    assert early.read == ["nothing", 1, 2, 3]
    assert late.read == [1, 2, 3, 4]


def test_a_fact_of_a_callback_before_the_decisions_keeps_the_order() -> None:
    """`on_fill` comes before anybody decides: an earlier strategy must not see what a later one says there."""
    facts = Facts({"early": 0, "late": 1}, lambda: step)
    step = 0
    facts.publish("late", "x", "old")
    step = 1
    facts.publish("late", "x", "new")
    facts.publish("late", "x", "newest")
    assert facts.fact("early", "late", "x", None) == "old"
    assert facts.fact("late", "late", "x", None) == "newest"
    step = 2
    assert facts.fact("early", "late", "x", None) == "newest"


def test_no_strategy_has_no_facts() -> None:
    done = run_harness(market_of(series("A", BARS)), {"a": Part(Talker("nobody"))})
    error = done.results["a"].error
    assert error is not None
    assert "reads facts of 'nobody', which is no strategy of this run" in error.message


@pytest.mark.parametrize(
    "value", [None, 1, 2.5, "text", b"bytes", Decimal("1.5"), (1, (2, "x")), frozenset({1}), {"a": {"b": [1, 2]}}, {3}]
)
def test_a_copy_is_kept(value: object) -> None:
    assert copied(value) == value


def test_nobody_changes_the_fact_of_another() -> None:
    facts = Facts({"a": 0, "b": 1}, lambda: 0)
    mine: dict[str, Any] = {"weights": [1, 2], "column": np.arange(3)}
    facts.publish("a", "x", mine)
    mine["weights"].append(3)
    seen: Any = facts.fact("b", "a", "x", None)
    seen["weights"].append(4)
    with pytest.raises(ValueError, match="read-only"):
        seen["column"][0] = 7
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        seen["column"].setflags(write=True)
    again: Any = facts.fact("b", "a", "x", None)
    assert again["weights"] == [1, 2]
    assert again["column"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "value", [object(), lambda: 1, np.array([object()]), type("Words", (list,), {})(), [[object()]]]
)
def test_what_can_not_be_copied_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="a fact can't be of type"):
        copied(value)


def test_what_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="nested 20 deep at most"):
        copied(loop)


def test_there_is_no_board_outside_of_a_run() -> None:
    with pytest.raises(RuntimeError, match="in a strategy's callbacks while a run goes on"):
        orchestrate.board(object())


class BacktraderTalker(bt.Strategy):  # type: ignore[misc]  # has no types
    read: list[object]

    def next(self) -> None:
        board = orchestrate.board(self)
        board.publish("bars", len(self))
        type(self).read.append(board.fact("portable", "bars", "nothing"))


def test_a_native_takes_part_by_its_board() -> None:
    """A native acts in its engine before portables are called: they see its fact at once, it sees theirs later."""
    native = type("Talking", (BacktraderTalker,), {"read": []})
    portable = Talker("native")
    run = prepare({"portable": Part(portable, pct=50, framework="backtrader", priority=2)}, adapters=_adapters())
    run.orchestrator.add_strategy(
        native,
        StrategyMetadata("native", symbols=("A",)),
        AllocationConfig(Decimal(50), Sizing()),
        framework="backtrader",
        kind="backtrader",
    )
    run.orchestrator.run(market_of(series("A", BARS)), orchestrate.ExecutionRules())
    assert native.read == ["nothing", 1, 2, 3]
    assert portable.read == [1, 2, 3, 4]


def _adapters() -> dict[str, Any]:
    build: Callable[..., Any] = wiring.build_adapter
    return {"backtrader": build("backtrader", {})}
