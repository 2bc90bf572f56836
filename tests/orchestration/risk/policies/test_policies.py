"""The mathematics of each policy, by hand and on any demands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.domain.orders.conflicts import Settle
from orchestrate.orchestration.risk.policies.netting import net_signal, weighted_average
from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES
from orchestrate.orchestration.risk.policies.sides import cancel_both, first_wins, independent, priority
from tests.orchestration.risk.policies.settling import demands_of, view

WEIGHTS = {"a": 0.5, "b": 0.3, "c": 0.2}
OPPOSITE = {"a": 50.0, "b": -30.0, "c": -10.0}
SAME_SIDE = {"a": 50.0, "b": 30.0, "c": 20.0}


@pytest.mark.parametrize(
    ("policy", "opposite", "same_side"),
    [
        (independent, [50, -30, -10], [50, 30, 20]),
        (first_wins, [50, 0, 0], [50, 0, 0]),
        (priority, [0, -30, 0], [0, 30, 0]),
        (cancel_both, [0, 0, 0], [50, 30, 20]),
        (net_signal, [10, 0, 0], [50, 30, 20]),
        # (25 - 9 - 2) and (25 + 9 + 4) over weights that add up to 1: 14 and 38, shared 50 : 30 : 20
        (weighted_average, [14, 0, 0], [19, 11.4, 7.6]),
    ],
)
def test_a_policy_by_hand(policy: Settle, opposite: list[float], same_side: list[float]) -> None:
    seen = view(WEIGHTS, {"a": 2, "b": 1, "c": 1})
    assert policy(demands_of(OPPOSITE), seen) == pytest.approx(opposite)
    assert policy(demands_of(SAME_SIDE), seen) == pytest.approx(same_side)


def test_ties_of_priority_go_by_id() -> None:
    demands = demands_of({"z": 5.0, "b": 3.0, "c": 4.0})
    assert priority(demands, view({"z": 1, "b": 1, "c": 1}, {"z": 1, "b": 1, "c": 1})) == [0, 3, 0]


def test_a_net_of_nothing_refuses_all() -> None:
    demands = demands_of({"a": 0.1, "b": 0.2, "c": -0.3})  # floats don't add up to 0 here
    assert net_signal(demands, view(WEIGHTS)) == [0, 0, 0]
    assert weighted_average(demands_of({"a": 3.0, "b": -5.0}), view(WEIGHTS)) == [0, 0]


@pytest.mark.parametrize(
    ("quantities", "shares"),
    [
        # 100 by 50 : 30 : 20 would be 50, 30, 20: b wants less, and its 20 go to a and c by 50 : 20
        ({"a": 90.0, "b": 10.0, "c": 90.0, "d": -90.0}, [50 + 20 * 5 / 7, 10, 20 + 20 * 2 / 7, 0]),
        # a's share of 100 is 50, it wants 40; of the spare 10 b gets 6, of which it wants 2, and c all that is left
        ({"a": 40.0, "b": 32.0, "c": 60.0, "d": -32.0}, [40, 32, 28, 0]),
    ],
)
def test_spare_is_shared_again_by_weight(quantities: Mapping[str, float], shares: list[float]) -> None:
    seen = view(WEIGHTS | {"d": 0.1})
    assert math.fsum(quantities.values()) == 100
    assert net_signal(demands_of(quantities), seen) == pytest.approx(shares)


def test_strategies_without_any_weight_share_alike() -> None:
    demands, nothing = demands_of({"a": 60.0, "b": 60.0, "c": -100.0}), view(dict.fromkeys("abc", 0.0))
    assert net_signal(demands, nothing) == [10, 10, 0]
    assert weighted_average(demands_of({"a": 10.0, "b": 20.0}), nothing) == pytest.approx([7.5, 7.5])
    assert net_signal(demands, view({"a": 0.0, "b": 0.0, "c": 1.0})) == [10, 10, 0]


#: Signed quantities, weights and priorities by strategy.
Conflict = tuple[dict[str, float], dict[str, float], dict[str, int]]
QUANTITY = st.one_of(
    st.integers(1, 10**7).map(float), st.floats(1e-3, 1e9, allow_nan=False), st.sampled_from([0.1, 0.2, 0.3])
)


@st.composite
def conflicts(draw: st.DrawFn) -> Conflict:
    """Two to six strategies."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=6, unique=True))
    quantities = {name: draw(QUANTITY) * draw(st.sampled_from([1, -1])) for name in names}
    weights = {name: draw(st.floats(0.0, 1.0)) for name in names}
    return quantities, weights, {name: draw(st.integers(-2, 2)) for name in names}


ALL_BUT_INDEPENDENT = [policy.settle for name, policy in CONFLICT_POLICIES.items() if name != "independent"]


@given(conflicts())
@settings(max_examples=60)
def test_no_policy_invents_enlarges_or_turns_a_demand(conflict: Conflict) -> None:
    quantities, weights, priorities = conflict
    for policy in CONFLICT_POLICIES.values():
        answers = policy.settle(demands_of(quantities), view(weights, priorities))
        assert len(answers) == len(quantities)
        for wanted, answer in zip(quantities.values(), answers, strict=True):
            assert abs(answer) <= abs(wanted)
            assert answer * wanted >= 0 or abs(answer) < 1e-9 * abs(wanted)


@given(conflicts())
@settings(max_examples=60)
def test_opposite_sides_never_both_pass(conflict: Conflict) -> None:
    quantities, weights, priorities = conflict
    largest = max(map(abs, quantities.values()))
    for settle in ALL_BUT_INDEPENDENT:
        answers = settle(demands_of(quantities), view(weights, priorities))
        assert len({answer > 0 for answer in answers if abs(answer) > 1e-9 * largest}) <= 1


@given(conflicts())
@settings(max_examples=60)
def test_net_and_average_trade_what_they_say(conflict: Conflict) -> None:
    quantities, weights, _ = conflict
    demands, seen = demands_of(quantities), view(weights)
    largest = max(map(abs, quantities.values()))
    net = math.fsum(quantities.values())
    assert math.fsum(net_signal(demands, seen)) == pytest.approx(net, rel=1e-9, abs=1e-9 * largest)
    parts = weights if any(weights.values()) else dict.fromkeys(weights, 1.0)
    average = math.fsum(parts[name] * quantity for name, quantity in quantities.items()) / math.fsum(parts.values())
    assert math.fsum(weighted_average(demands, seen)) == pytest.approx(average, rel=1e-9, abs=1e-9 * largest)


@given(conflicts(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_the_file_changes_only_the_first(conflict: Conflict, dice: Random) -> None:
    quantities, weights, priorities = conflict
    seen, shuffled = view(weights, priorities), list(quantities)
    dice.shuffle(shuffled)
    for settle in ALL_BUT_INDEPENDENT:
        if settle is first_wins:
            continue
        there = dict(zip(quantities, settle(demands_of(quantities), seen), strict=True))
        again = settle(demands_of({each: quantities[each] for each in shuffled}), seen)
        assert dict(zip(shuffled, again, strict=True)) == there


def test_the_documentation_has_a_row_for_every_policy() -> None:
    page = (Path(__file__).parents[4] / "docs" / "portfolio.md").read_text(encoding="utf-8")
    assert [name for name in CONFLICT_POLICIES if f"\n| `{name}`" not in page] == []
    assert all(policy.description for policy in CONFLICT_POLICIES.values())
