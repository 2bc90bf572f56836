"""Two runs compared: what counts as the same, what belongs together, and what natives leave behind in a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.engines import Difference, EngineProperty
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.orders.order import Reason
from orchestrate.domain.plan import Gate, RunPlan, StrategyPlan
from orchestrate.domain.portfolio import Appointment, PortfolioPlan
from orchestrate.domain.results import RunResult
from orchestrate.usecases.parity.comparison import Agreement, Parity, compare
from orchestrate.usecases.parity.plans import natives_in, portable_plan

DAY = 86_400 * 10**9


def refilled(result: RunResult, place: int, *, later: int = 0, **changes: Any) -> RunResult:
    """The run with one of its fills changed, and days later."""
    fills = list(result.fills)
    before = fills[place]
    t = before.t + later * DAY
    fills[place] = replace(before, t=t, fill=replace(before.fill, t=t, **changes))
    return replace(result, fills=tuple(fills))


def restated(result: RunResult, name: str, **changes: Any) -> RunResult:
    """The run with other facts of one strategy."""
    return replace(result, strategies={**result.strategies, name: replace(result.strategies[name], **changes)})


def compared(one: RunResult, other: RunResult) -> Parity:
    return compare({"one": one, "other": other})


def test_a_run_equals_itself(two_strategies: RunResult) -> None:
    parity = compared(two_strategies, two_strategies)
    assert parity.equal
    assert parity.strategies["wave"].orders == Agreement(6, 6)
    assert parity.strategies["climb"].trades == Agreement(2, 2)
    assert (parity.strategies["wave"].equity.steps, parity.strategies["wave"].equity.worst) == (5, 0.0)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"fee": 9e-7}, True),
        ({"fee": 1.1e-6}, False),
        ({"price": 100.0 + 1e-8}, False),
        ({"quantity": 1.000001}, False),
        ({"price": 100.0 * (1 + 1e-15)}, True),
        ({"symbol": "GLD"}, False),
        ({"quantity": -1.0}, False),
    ],
)
def test_what_counts_as_the_same_order(two_strategies: RunResult, changes: dict[str, Any], same: bool) -> None:
    assert compared(two_strategies, refilled(two_strategies, 0, **changes)).equal is same


def test_the_name_of_an_order_is_no_difference(two_strategies: RunResult) -> None:
    fills = tuple(
        replace(one, fill=replace(one.fill, order_id=f"x-{place}")) for place, one in enumerate(two_strategies.fills)
    )
    decisions = tuple(replace(one, order_id="") for one in two_strategies.decisions)
    renamed = replace(two_strategies, fills=fills, decisions=decisions)
    assert compared(replace(two_strategies, decisions=decisions), renamed).equal


def test_an_order_that_fills_later_is_one_difference_with_two_times(two_strategies: RunResult) -> None:
    parity = compared(two_strategies, refilled(two_strategies, 0, later=9))
    (difference,) = parity.differences
    assert parity.strategies["wave"].orders == Agreement(6, 5)
    one, other = difference.sides["one"], difference.sides["other"]
    assert one is not None and other is not None
    assert (difference.strategy, difference.kind) == ("wave", "order")
    assert difference.t == two_strategies.fills[0].t
    assert [one["t"], other["t"]] == [label_text(two_strategies.fills[0].t + days * DAY) for days in (0, 9)]


def test_an_order_that_one_engine_lacks_has_one_side(two_strategies: RunResult) -> None:
    lacks = replace(two_strategies, fills=two_strategies.fills[1:], decisions=two_strategies.decisions[1:])
    parity = compared(two_strategies, lacks)
    (difference,) = parity.differences
    assert difference.sides["one"] is not None
    assert difference.sides["other"] is None
    assert parity.strategies["wave"].orders == Agreement(6, 5)
    (difference,) = compared(lacks, two_strategies).differences
    assert difference.sides["one"] is None


def test_an_order_ends_for_the_same_reason(two_strategies: RunResult) -> None:
    *decisions, refused = two_strategies.decisions
    ends = [
        replace(refused, order_id="climb-9", decision=replace(refused.decision, reason=reason))
        for reason in (Reason.EXPIRED, Reason.CANCELLED)
    ]
    one, other = (replace(two_strategies, decisions=(*decisions, end)) for end in ends)
    assert compared(one, one).equal
    (difference,) = compared(one, other).differences
    assert [side and side["ended"] for side in difference.sides.values()] == ["expired", "cancelled"]


def test_trades_are_compared_by_entry_then_by_figures(two_strategies: RunResult) -> None:
    first, *rest = two_strategies.strategies["wave"].trades
    for changes in ({"profit": first.profit + 1e-5}, {"exited": first.exited + 5 * DAY}, {"quantity": 2.0}):
        other = restated(two_strategies, "wave", trades=(replace(first, **changes), *rest))
        (difference,) = compared(two_strategies, other).differences
        assert (difference.kind, difference.t) == ("trade", first.exited)
        assert None not in difference.sides.values()


@pytest.mark.parametrize(("apart", "equal"), [(9e-7, True), (2e-6, False)])
def test_equity_differs_at_the_first_step_beyond_a_millionth(
    two_strategies: RunResult, apart: float, equal: bool
) -> None:
    equity = two_strategies.strategies["wave"].equity
    other = restated(two_strategies, "wave", equity=equity + np.array([0.0, 0.0, apart, 0.0, 2 * apart * (not equal)]))
    parity = compared(two_strategies, other)
    assert parity.equal is equal
    assert parity.strategies["wave"].equity.worst == pytest.approx(apart if equal else 2 * apart, rel=1e-4)
    if not equal:
        (difference,) = parity.differences
        assert (difference.kind, difference.t) == ("equity", int(two_strategies.labels[2]))
        assert difference.sides["one"] == {"equity": float(equity[2])}


def test_a_strategy_that_failed_is_a_difference_even_from_itself(
    two_strategies: RunResult, one_failed: RunResult
) -> None:
    for one, other in ((one_failed, one_failed), (two_strategies, one_failed), (one_failed, two_strategies)):
        (difference,) = compared(one, other).differences
        assert (difference.strategy, difference.kind) == ("climb", "status")
        assert difference.t == one_failed.strategies["climb"].error.t  # type: ignore[union-attr]


def test_other_statuses_and_strategies_that_one_run_lacks(two_strategies: RunResult) -> None:
    paused = restated(two_strategies, "climb", status="paused")
    (difference,) = compared(two_strategies, paused).differences
    assert [side and side["status"] for side in difference.sides.values()] == ["completed", "paused"]
    alone = replace(two_strategies, strategies={"wave": two_strategies.strategies["wave"]}, fills=(), decisions=())
    parity = compared(two_strategies, alone)
    statuses = [one for one in parity.differences if one.kind == "status"]
    assert [side and side["status"] for side in statuses[0].sides.values()] == ["completed", "absent"]
    assert parity.strategies["climb"].equity.steps == 0


def test_differences_stand_in_the_order_of_time(two_strategies: RunResult) -> None:
    other = refilled(refilled(two_strategies, -1, price=1.0), 0, price=1.0)
    times = [difference.t for difference in compared(two_strategies, other).differences]
    assert len(times) == 2
    assert times == sorted(times, key=lambda t: t or 0)


def test_of_three_engines_the_pair_that_agrees_least_counts(two_strategies: RunResult) -> None:
    wrong = refilled(two_strategies, 0, price=1.0)
    for runs in ((two_strategies, wrong), (wrong, two_strategies)):
        parity = compare({"first": two_strategies, **dict(zip(("second", "third"), runs, strict=True))})
        (difference,) = parity.differences
        assert list(difference.sides) == ["first", "second" if runs[0] is wrong else "third"]
        assert parity.strategies["wave"].orders == Agreement(6, 5)
        assert parity.engines == ("first", "second", "third")


def test_only_properties_of_the_engines_that_differ_explain(two_strategies: RunResult) -> None:
    parity = compared(two_strategies, refilled(two_strategies, 0, price=1.0))

    def explains(difference: Difference) -> bool:
        return difference.kind == "order"

    known = EngineProperty("rounds", "it rounds", explains)
    for engine, explained in (("other", "rounds"), ("third", "unexplained")):
        (difference,) = parity.document({engine: (known,)})["differences"]
        assert difference["explained_by"] == explained


# ---- plans

NATIVE = StrategyPlan("own", "Own", "backtrader", "own.py:Own", "backtrader", Decimal("0.5"), ("IBM",))


def with_native(plan: RunPlan, schedule: tuple[Appointment, ...] = ()) -> RunPlan:
    wave, climb = plan.strategies
    climb = replace(climb, depends_on=("own", "wave"))
    return replace(plan, strategies=(wave, NATIVE, climb), portfolio=PortfolioPlan(schedule=schedule))


def test_natives_leave_the_plan_and_their_capital_stays_in_reserve(two_strategies: RunResult) -> None:
    plan = replace(with_native(two_strategies.plan), gates=(Gate("trades", ">=", 5.0),))
    assert natives_in(plan) == ("own",)
    ported = portable_plan(plan, "nautilus")
    assert [(one.id, one.framework) for one in ported.strategies] == [("wave", "nautilus"), ("climb", "nautilus")]
    assert [one.weight for one in ported.strategies] == [one.weight for one in two_strategies.plan.strategies]
    assert (ported.capital, ported.gates) == (plan.capital, ())
    assert ported.strategies[1].depends_on == ("wave",)


def test_appointments_of_natives_are_left_out(two_strategies: RunResult, result_of: Callable[..., RunResult]) -> None:
    kept = Appointment("2020-01-03", "pause", "wave")
    shares = {"own": Decimal(50), "wave": Decimal(20)}
    schedule = (
        Appointment("2020-01-02", "pause", "own"),
        kept,
        Appointment("2020-01-04", "allocation", allocation=shares),
        Appointment("2020-01-05", "allocation", allocation={"own": Decimal(10)}),
    )
    ported = portable_plan(with_native(two_strategies.plan, schedule), "nautilus")
    assert ported.portfolio.schedule == (
        kept,
        Appointment("2020-01-04", "allocation", allocation={"wave": Decimal(20)}),
    )
