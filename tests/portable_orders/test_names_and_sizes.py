"""Names of a bracket's exits, targets, exits of a part; what follows an exit that is replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal
from tests.engines.builders import market_of, series
from tests.engines.conformance.resting import bars
from tests.orchestration.harness import PLAIN, HarnessRun, Part, Scripted, run_harness
from tests.portable_orders.test_orders_of_strategies import CALM, error_of, fills, run

WAITS = Signal.enter("A", limit=5.0, stop_loss=4.0, tag="in")


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("in.stop_loss", "tag 'in.stop_loss' is the name of an open order already"),
        ("in", "tag 'in' is the name of an open order already"),
        ("in.take_profit", ""),
        (".stop_loss", ""),
    ],
)
def test_an_entry_that_waits_keeps_the_names_of_its_exits(tag: str, message: str) -> None:
    done, _ = run({0: [WAITS], 2: [Signal.enter("B", limit=5.0, tag=tag)]}, more=[bars(CALM, "B")])
    assert error_of(done) == message


def test_names_of_exits_are_free_once_their_entry_is_over() -> None:
    done, seen = run({0: [WAITS], 2: [Signal.cancel("in"), Signal.enter("A", limit=9.0, tag="in.stop_loss")]})
    assert (error_of(done), fills(done)) == ("", [(3, 5.0, 9.0)])
    assert seen.seen("in.stop_loss")[-1][0] == "filled"


@pytest.mark.parametrize("reward", [None, Decimal(2)], ids=["stop", "stop and target"])
@pytest.mark.parametrize("first", ["entry", "exit"])
def test_exits_that_the_plan_gives_have_names_too(first: str, reward: Decimal | None) -> None:
    """The order with the name of the exit comes before, or after, the entry that will have such an exit."""
    sizing = Sizing("risk", Decimal("0.01"), period=2, take_profit_risk_reward=reward)
    part = "stop_loss" if reward is None else "take_profit"
    entry, other = Signal.enter("A", limit=5.0, tag="in"), Signal.enter("B", "short", limit=25.0, tag=f"in.{part}")
    said = [other, entry] if first == "exit" else [entry, other]
    message = f"tag 'in.{part}' is the name of an open order already"
    done, _ = run({3: [said[0]], 4: [said[1]]}, sizing=sizing, more=[bars(CALM, "B")])
    assert error_of(done) == message
    done, _ = run({3: said}, sizing=sizing, more=[bars(CALM, "B")])
    assert error_of(done) == message


@pytest.mark.parametrize("planned", [True, False])
def test_a_reversal_may_keep_its_tag(planned: bool) -> None:
    """The exits of the old position end before those of the new one are placed."""
    stops = ({}, {}) if planned else ({"stop_loss": 5.0}, {"stop_loss": 20.0})
    plan = {
        3: [Signal.enter("A", tag="in", **stops[0])],
        4: [Signal.exit("A"), Signal.enter("A", "short", tag="in", **stops[1])],
        5: [Signal.cancel("in.stop_loss")],
    }
    how = {"sizing": Sizing("risk", Decimal("0.05"), period=2)} if planned else {}
    done, seen = run(plan, [*CALM, *CALM[:2]], **how)
    assert error_of(done) == ""
    assert [quantity > 0 for _, quantity, _ in fills(done)] == [True, False, False]
    ends = [(status, reason) for status, reason, _, _ in seen.seen("in.stop_loss") if status == "cancelled"]
    assert ends == [("cancelled", "position_closed"), ("cancelled", "cancelled")]


def test_two_targets_of_a_symbol_at_once_are_an_error() -> None:
    """Each would trade the whole way from what is held: 20 and 10 of 50 would end at none."""
    plan = {0: [Signal.enter("A", quantity=50)], 2: [Signal.target("A", quantity=20), Signal.target("A", quantity=10)]}
    done, _ = run(plan)
    assert error_of(done) == "target: A has two at once"
    done, _ = run(
        {0: [Signal.target("A", quantity=20), Signal.target("B", quantity=10)]},
        more=[bars(CALM, "B")],
    )
    assert fills(done) == [(1, 20.0, 10.0), (1, 10.0, 10.0)]


FRACTIONAL = ExecutionRules(lots="fractional")


def parted(plan: Mapping[int, Sequence[Signal]], rules: ExecutionRules = PLAIN) -> tuple[HarnessRun, Scripted]:
    """A strategy that enters 5 at 10 on the first bar, and does the rest of the plan."""
    scripted = Scripted({0: [Signal.enter("A")], **plan})
    part = Part(scripted, sizing=Sizing("fixed", Decimal(5)))
    return run_harness(market_of(series("A", [(10.0, 10.0)] * 7)), {"s": part}, rules), scripted


@pytest.mark.parametrize("terms", [{}, {"limit": 9.0}, {"stop": 11.0}, {"trail": 1.0}], ids=str)
def test_a_part_of_less_than_a_lot_is_refused(terms: dict[str, float]) -> None:
    done, scripted = parted({2: [Signal.exit("A", 0.4, tag="part", **terms)]})
    assert done.fills() == [(5.0, 10.0)]
    last = done.orchestrator.session.log.decisions[-1].decision
    assert (str(last.outcome), str(last.reason), last.quantity) == ("rejected", "below_one_lot", 0.0)
    assert last.detail == "0.4 is less than one lot"
    assert (last.demand.quantity, last.demand.tag, last.demand.closing) == (-0.4, "part", True)
    assert "below_one_lot" in scripted.callbacks


@pytest.mark.parametrize("terms", [{}, {"limit": 9.0}, {"stop": 11.0}], ids=str)
def test_a_part_is_rounded_to_lots(terms: dict[str, float]) -> None:
    assert parted({2: [Signal.exit("A", 1.7, **terms)]})[0].fills()[1:] == [(-1.0, 10.0)]
    assert parted({2: [Signal.exit("A", 1.7, **terms)]}, FRACTIONAL)[0].fills()[1:] == [(-1.7, 10.0)]


def test_those_of_a_pair_are_rounded_and_refused_too() -> None:
    pair = Signal.oco(Signal.exit("A", 1.7, limit=9.0), Signal.exit("A", 0.5, stop=5.0))
    done, _ = parted({2: [pair]})
    assert done.fills()[1:] == [(-1.0, 10.0)]
    assert ("rejected", "below_one_lot", 0.0) in done.reasons("s")


def test_several_parts_are_judged_one_by_one() -> None:
    """4 of 5 go; the half is refused, what is asked of the one that is left is all of it."""
    exits = [Signal.exit("A", 4), Signal.exit("A", 0.5), Signal.exit("A", 2.5)]
    done, _ = parted({2: exits})
    assert done.fills()[1:] == [(-4.0, 10.0), (-1.0, 10.0)]
    assert done.reasons("s")[1:] == [("approved", "", -4.0), ("rejected", "below_one_lot", 0.0), ("approved", "", -1.0)]


def test_a_replacement_by_less_than_a_lot_is_refused_and_changes_only_prices() -> None:
    plan = {
        2: [Signal.exit("A", 2, limit=20.0, tag="x")],
        3: [Signal.replace("x", quantity=0.4)],
        4: [Signal.replace("x", quantity=1.7, limit=9.0)],
    }
    done, _ = parted(plan)
    assert done.fills()[1:] == [(-1.0, 10.0)]
    assert done.reasons("s")[2:] == [("rejected", "below_one_lot", 0.0)]
    [stage] = done.orchestrator.session.log.decisions[-1].decision.trail
    assert (stage.stage, stage.detail) == ("change", "its new quantity, 0.4, is less than one lot")


def test_an_entry_that_follows_an_exit_waits_for_all_of_it() -> None:
    """Both wait for B's next bar, then only 2 of 5 are to be sold: what would go short finds the strategy long."""
    other = bars([(10.0, 10.1, 9.9, 10.0)] * 3, "B", [0, 1, 5])
    plan = {
        0: [Signal.enter("B", quantity=5)],
        1: [Signal.exit("B", 9, tag="out"), Signal.enter("B", "short", 3, tag="in")],
        2: [Signal.replace("out", quantity=2)],
    }
    done, seen = run(plan, more=[other])
    assert fills(done) == [(1, 5.0, 10.0), (5, -2.0, 10.0)]
    assert seen.seen("in")[-1][:2] == ("cancelled", "cancelled")
