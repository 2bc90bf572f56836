"""Exits of a part are in lots; one that is less than a lot ends with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal
from tests.engines.builders import market_of, series
from tests.orchestration.harness import PLAIN, HarnessRun, Part, Scripted, run_harness

FRACTIONAL = ExecutionRules(lots="fractional")


def run(plan: Mapping[int, Sequence[Signal]], rules: ExecutionRules = PLAIN) -> tuple[HarnessRun, Scripted]:
    """A strategy that enters 5 at 10 on the first bar, and does the rest of the plan."""
    scripted = Scripted({0: [Signal.enter("A")], **plan})
    part = Part(scripted, sizing=Sizing("fixed", Decimal(5)))
    return run_harness(market_of(series("A", [(10.0, 10.0)] * 7)), {"s": part}, rules), scripted


@pytest.mark.parametrize("terms", [{}, {"limit": 9.0}, {"stop": 11.0}, {"trail": 1.0}], ids=str)
def test_a_part_of_less_than_a_lot_is_refused(terms: dict[str, float]) -> None:
    done, scripted = run({2: [Signal.exit("A", 0.4, tag="part", **terms)]})
    assert done.fills() == [(5.0, 10.0)]
    last = done.orchestrator.session.log.decisions[-1].decision
    assert (str(last.outcome), str(last.reason), last.quantity) == ("rejected", "below_one_lot", 0.0)
    assert last.detail == "0.4 is less than one lot"
    assert (last.demand.quantity, last.demand.tag, last.demand.closing) == (-0.4, "part", True)
    assert "below_one_lot" in scripted.callbacks


@pytest.mark.parametrize("terms", [{}, {"limit": 9.0}, {"stop": 11.0}], ids=str)
def test_a_part_is_rounded_to_lots(terms: dict[str, float]) -> None:
    assert run({2: [Signal.exit("A", 1.7, **terms)]})[0].fills()[1:] == [(-1.0, 10.0)]
    assert run({2: [Signal.exit("A", 1.7, **terms)]}, FRACTIONAL)[0].fills()[1:] == [(-1.7, 10.0)]


def test_those_of_a_pair_are_rounded_and_refused_too() -> None:
    pair = Signal.oco(Signal.exit("A", 1.7, limit=9.0), Signal.exit("A", 0.5, stop=5.0))
    done, _ = run({2: [pair]})
    assert done.fills()[1:] == [(-1.0, 10.0)]
    assert ("rejected", "below_one_lot", 0.0) in done.reasons("s")


def test_several_parts_are_judged_one_by_one() -> None:
    """4 of 5 go; the half is refused, what is asked of the one that is left is all of it."""
    exits = [Signal.exit("A", 4), Signal.exit("A", 0.5), Signal.exit("A", 2.5)]
    done, _ = run({2: exits})
    assert done.fills()[1:] == [(-4.0, 10.0), (-1.0, 10.0)]
    assert done.reasons("s")[1:] == [("approved", "", -4.0), ("rejected", "below_one_lot", 0.0), ("approved", "", -1.0)]


def test_a_replacement_by_less_than_a_lot_is_refused_and_changes_only_prices() -> None:
    plan = {
        2: [Signal.exit("A", 2, limit=20.0, tag="x")],
        3: [Signal.replace("x", quantity=0.4)],
        4: [Signal.replace("x", quantity=1.7, limit=9.0)],
    }
    done, _ = run(plan)
    assert done.fills()[1:] == [(-1.0, 10.0)]
    assert done.reasons("s")[2:] == [("rejected", "below_one_lot", 0.0)]
