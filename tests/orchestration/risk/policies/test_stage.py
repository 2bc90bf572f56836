"""Who takes part in a conflict, how shares become whole lots, and what the trail says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.domain.orders.conflicts import Exits
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent, Producer
from orchestrate.domain.orders.order import Demand, OrderGroup, Outcome, Reason, StageOutcome
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.risk.policies.netting import net_signal, weighted_average
from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES
from orchestrate.orchestration.risk.policies.sides import cancel_both, first_wins
from tests.orchestration.risk.policies.settling import entries_of, settled, stage_of, wants

WEIGHTS = {"a": 50, "b": 30, "c": 20}


# ---- exits and flips


def test_a_protected_exit_passes_and_does_not_count() -> None:
    stage = stage_of(entries_of(WEIGHTS, held={"a": 40}), net_signal)
    assert settled(stage, [wants("a", -40, closing=True), wants("b", 30), wants("c", -10)]) == [-40, 20, 0]
    (conflict,) = stage.conflicts
    assert conflict.outcome == "b 20 of 30, c refused; protected: a"
    assert conflict.strategy_ids == ("a", "b", "c")
    assert [demand.quantity for demand in conflict.demands] == [-40, 30, -10]


def test_what_is_left_alone_beside_a_protected_exit_passes() -> None:
    stage = stage_of(entries_of(WEIGHTS, held={"a": 40}), cancel_both)
    assert settled(stage, [wants("a", -40, closing=True), wants("b", 30)]) == [-40, 30]
    (conflict,) = stage.conflicts
    assert (conflict.kind, conflict.outcome) == ("opposite", "each book trades its own; protected: a")


def test_an_included_exit_is_cut_as_any_demand() -> None:
    stage = stage_of(entries_of(WEIGHTS, held={"a": 40}), net_signal, "included")
    assert settled(stage, [wants("a", -40, closing=True), wants("b", 30)]) == [-10, 0]
    assert stage.conflicts[0].outcome == "a -10 of -40, b refused"


@pytest.mark.parametrize(
    ("exits", "entry", "left"),
    [
        ("protected", 70, [-30, 0, 20]),  # -50 against 70: 20 are left for b
        ("protected", 20, [-30, -30, 0]),  # -50 against 20: the exit passes, and 30 of the entry
        ("included", 70, [-10, 0, 0]),  # -80 against 70: a closes 10
        ("included", 20, [-30, -30, 0]),  # -80 against 20: a closes 30 and opens 30
        ("included", 90, [0, 0, 10]),  # -80 against 90
    ],
)
def test_a_flip_is_one_demand_whose_close_is_served_first(exits: Exits, entry: float, left: list[float]) -> None:
    stage = stage_of(entries_of(WEIGHTS, held={"a": 30}), net_signal, exits)
    assert settled(stage, [wants("a", -30, closing=True), wants("a", -50), wants("b", entry)]) == left


@pytest.mark.parametrize(("exits", "left"), [("protected", -30), ("included", -20)])
def test_the_closing_part_of_one_order_that_turns_a_position_is_protected(exits: Exits, left: float) -> None:
    stage = stage_of(entries_of(WEIGHTS, held={"a": 30}), net_signal, exits)
    assert settled(stage, [wants("a", -80), wants("b", 60)])[0] == left


def test_orders_on_their_way_count_before_a_position_is_turned() -> None:
    entries = entries_of(WEIGHTS, held={"a": 30})
    blotter = Blotter({"a": 0, "b": 1, "c": 2})
    blotter.place(wants("a", -30, closing=True), -30, 0.0)
    assert settled(stage_of(entries, cancel_both, blotter=blotter), [wants("a", -50), wants("b", 60)]) == [0, 0]


def test_orders_of_one_strategy_both_ways_count_as_their_sum() -> None:
    stage = stage_of(entries_of(WEIGHTS), net_signal)
    assert settled(stage, [wants("a", 100), wants("a", -40), wants("b", -30)]) == [70, -40, 0]
    assert settled(stage, [wants("a", 100), wants("a", -40), wants("b", -70)]) == [0, 0, -10]
    assert settled(stage, [wants("a", 40), wants("a", -40), wants("b", -70)]) == [40, -40, -70]


# ---- who takes part


@pytest.mark.parametrize("producer", ["rebalance", "stop", "operator"])
def test_what_strategies_do_not_want_is_no_party(producer: Producer) -> None:
    stage = stage_of(entries_of(WEIGHTS, held={"a": 40}), cancel_both, "included")
    intents = [Intent.of(wants("a", -40, closing=True)), Intent.of(wants("b", 30)), Intent.of(wants("c", -5))]
    intents[0].producer = producer
    stage(intents)
    assert [intent.quantity for intent in intents] == [-40, 0, 0]
    assert stage.conflicts[0].strategy_ids == ("b", "c")
    stage(intents[:2])
    assert not stage.conflicts


@pytest.mark.parametrize(
    "exit_demand",
    [
        replace(wants("a", -40, closing=True), trigger=9.0),
        replace(wants("a", -40, closing=True), trail=1.0),
        replace(wants("a", -40, closing=True), limit=12.0, group=OrderGroup("bracket", "a-1")),
    ],
)
def test_exits_of_stops_and_brackets_are_subject_to_no_policy(exit_demand: Demand) -> None:
    stage = stage_of(entries_of(WEIGHTS, held={"a": 40}), cancel_both, "included")
    assert settled(stage, [exit_demand, wants("b", 30)]) == [-40, 30]
    assert not stage.conflicts
    assert settled(stage, [replace(wants("a", -40, closing=True), limit=12.0), wants("b", 30)]) == [0, 0]


def test_a_paused_opening_takes_nothing_from_others() -> None:
    entries = entries_of(WEIGHTS, held={"a": 40})
    entries["a"].status = "paused"
    stage = stage_of(entries, cancel_both, "included")
    assert settled(stage, [wants("a", -10), wants("b", 30)]) == [-10, 30]  # the next stage refuses it
    assert stage.conflicts[0].outcome == "each book trades its own; paused: a"
    assert settled(stage, [wants("a", -40, closing=True), wants("b", 30)]) == [0, 0]


def test_the_first_is_the_first_in_the_file() -> None:
    demands = [wants("b", 30), wants("a", 10), wants("b", 5), wants("c", -4)]
    assert settled(stage_of(entries_of({"c": 10, "b": 10, "a": 10}), first_wins), demands) == [0, 0, 0, -4]
    assert settled(stage_of(entries_of({"b": 10, "a": 10, "c": 10}), first_wins), demands) == [30, 0, 5, 0]


# ---- lots and trails


def test_each_share_is_rounded_down_to_lots_by_itself() -> None:
    demands = [wants("a", 47.5), wants("b", 30.25), wants("c", -10.5)]
    whole = stage_of(entries_of({"a": 1, "b": 2, "c": 1}), net_signal)
    assert settled(whole, demands) == [37, 30.25, 0]  # b wants less than two thirds of 67.25; 37 are left of a's 37.
    fractional = stage_of(
        entries_of({"a": 2, "b": 1, "c": 1}), weighted_average, rules=ExecutionRules(lots="fractional")
    )
    assert settled(fractional, [wants("a", 10), wants("b", 20)]) == [8.888888, 4.444444]


def test_a_share_that_floats_leave_just_below_a_lot_is_that_lot() -> None:
    stage = stage_of(entries_of({"a": 10, "b": 20, "c": 70}), net_signal)
    assert settled(stage, [wants("a", 100), wants("b", 100), wants("c", -170)]) == [10, 20, 0]
    tenths = stage_of(entries_of({"a": 33, "b": 33, "c": 34}), net_signal, rules=ExecutionRules(lots="fractional"))
    assert settled(tenths, [wants("a", 0.7), wants("b", 0.7), wants("c", -0.8)]) == [0.3, 0.3, 0]


def test_the_trail_names_stage_reason_and_figures() -> None:
    stage = stage_of(entries_of(WEIGHTS), net_signal)
    intents = [Intent.of(wants("a", 50)), Intent.of(wants("b", -30))]
    stage(intents)
    decisions = [intent.decision() for intent in intents]
    detail = "net_signal: a 20 of 50, b refused"
    assert [(d.outcome, d.reason, d.detail) for d in decisions] == [
        (Outcome.RESIZED, Reason.CONFLICT, detail),
        (Outcome.REJECTED, Reason.CONFLICT, detail),
    ]
    assert decisions[0].trail == (StageOutcome("conflicts", 50, 20, Reason.CONFLICT, detail),)


# ---- any demands


@st.composite
def steps(draw: st.DrawFn) -> tuple[dict[str, float], list[Demand]]:
    """What up to four strategies hold of a symbol, and an exit, an entry or both of each, in any order."""
    held: dict[str, float] = {}
    demands: list[Demand] = []
    for name in "abcd"[: draw(st.integers(2, 4))]:
        held[name] = float(draw(st.integers(-50, 50)))
        if held[name] and draw(st.booleans()):
            demands.append(wants(name, -held[name], closing=True))
        if not demands or demands[-1].strategy_id != name or draw(st.booleans()):
            demands.append(wants(name, draw(st.integers(1, 90)) * draw(st.sampled_from([1.0, -1.0]))))
    return held, demands


@given(steps(), st.sampled_from(list(CONFLICT_POLICIES)), st.sampled_from(["protected", "included"]))
@settings(max_examples=150)
def test_what_the_stage_leaves_of_any_demands(
    step: tuple[dict[str, float], list[Demand]], name: str, exits: Exits
) -> None:
    held, demands = step
    stage = stage_of(entries_of(dict.fromkeys(held, 25), held=held), CONFLICT_POLICIES[name].settle, exits)
    left = settled(stage, demands)
    for demand, quantity in zip(demands, left, strict=True):
        assert 0 <= quantity / demand.quantity <= 1
        assert quantity == demand.quantity or not quantity % 1
        if demand.closing and exits == "protected":
            assert quantity == demand.quantity
    owners = {demand.strategy_id: [q for d, q in zip(demands, left, strict=True) if d.strategy_id == demand.strategy_id]
              for demand in demands}  # fmt: skip
    for owner, quantities in owners.items():
        if len(quantities) > 1 and quantities[0] != -held[owner]:  # the close was cut: nothing is left of the entry
            assert quantities[1] == 0 or quantities[1] * quantities[0] < 0
    if name != "independent" and exits == "included":
        assert len({sum(quantities) > 0 for quantities in owners.values() if sum(quantities)}) <= 1
