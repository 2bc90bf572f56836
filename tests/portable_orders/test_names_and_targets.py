"""Names of a bracket's exits are taken while their entry is open; a symbol has one target at a step."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal
from tests.engines.conformance.resting import bars
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
