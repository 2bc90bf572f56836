"""Positions of a removed strategy that are kept: they move at cost to the book `UNMANAGED`, no return changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.portfolio import Appointment
from orchestrate.domain.strategies.protocols import Signal
from tests.orchestration.harness import Flags, HarnessRun
from tests.orchestration.loop.test_lifecycle import BUY, PLACES, SELL, day, run

SHORT = [Signal.enter("A", "short")]
#: With a fee of 1 a fill.
FEES = ExecutionRules(commission=Commission(minimum=1.0))


def keep(bar: int, name: str = "s") -> Appointment:
    """The removal of a strategy whose positions are kept."""
    return Appointment(day(bar), "remove", name, "keep")


def total(done: HarnessRun) -> Floats:
    """The reserve at the start and what all books have earned."""
    results = done.results.values()
    reserve = 10_000.0 - float(sum(result.allocated for result in results))
    return np.sum([result.earned for result in results], axis=0) + reserve


@pytest.mark.parametrize("place", PLACES)
def test_positions_move_at_cost_and_the_cash_goes_to_the_reserve(place: str) -> None:
    """10 bought at 101 with a fee of 1, kept before bar 5: worth 1,045 at bar 4's close, then marked on."""
    done = run({"s": {0: BUY, 7: SELL}}, [keep(5)], place=place, rules=FEES)
    assert done.fills() == [(10.0, 101.0)]
    removed, kept = done.results["s"], done.results["UNMANAGED"]
    assert (removed.status, kept.status, kept.framework, kept.allocated) == ("removed", "completed", place, 0)
    assert (removed.open_positions, removed.trades, kept.symbols) == ((), (), ("A",))
    [position] = kept.open_positions
    assert (position.quantity, position.average_price, position.entry_fees) == (10.0, 101.0, 1.0)
    assert kept.equity.tolist() == [0.0] * 4 + [1045.0, *(10 * (100.5 + bar) for bar in range(5, 10))]
    assert removed.earned.tolist()[4:] == [3_000 - 1 + 10 * 3.5] * 6
    assert removed.equity.tolist()[4:] == [0.0] * 6
    assert done.orchestrator.capital_manager.reserve.cash == 10_000 - 1010 - 1


@pytest.mark.parametrize("place", PLACES)
def test_the_portfolio_is_worth_what_it_is_without_the_removal(place: str) -> None:
    plan: dict[str, Any] = {"s": {0: BUY}, "t": {1: BUY, 6: SELL}}
    assert np.allclose(total(run(plan, [keep(5)], place=place)), total(run(plan, [], place=place)), rtol=0, atol=1e-9)


def test_the_close_before_the_removal_still_counts_as_exposed() -> None:
    done = run({"s": {0: BUY}}, [keep(5)])
    assert done.results["s"].exposed.tolist() == [False, *[True] * 4, *[False] * 5]
    assert done.results["UNMANAGED"].exposed.tolist() == [*[False] * 5, *[True] * 5]


@pytest.mark.parametrize("place", PLACES)
def test_positions_of_one_side_are_kept_at_their_average_cost(place: str) -> None:
    done = run({"s": {0: BUY}, "t": {2: BUY}}, [keep(5), keep(6, "t")], place=place)
    [position] = done.results["UNMANAGED"].open_positions
    assert (position.quantity, position.average_price) == (20.0, 102.0)
    assert position.opened_at == run({"s": {0: BUY}}, []).results["s"].open_positions[0].opened_at


def test_the_other_side_of_a_kept_position_is_refused() -> None:
    done = run({"s": {0: BUY}, "t": {2: SHORT}}, [keep(5), keep(6, "t")])
    [finding] = done.orchestrator.session.portfolio.findings
    assert "Positions of 't' can't be kept: UNMANAGED holds the other side of A" in finding.message
    assert done.results["t"].status == "completed"
    assert done.results["t"].open_positions[0].quantity == -10.0


@pytest.mark.parametrize("place", PLACES)
def test_a_short_position_takes_what_it_owes_with_it(place: str) -> None:
    """10 sold at 101; at the handover it takes 1,045 to buy them back."""
    done = run({"s": {0: SHORT}}, [keep(5)], place=place)
    assert done.results["UNMANAGED"].equity[4:6].tolist() == [-1045.0, -1055.0]
    assert done.orchestrator.capital_manager.reserve.cash == 10_000 + 1010


def test_a_removal_at_once_and_one_without_positions_leave_no_row() -> None:
    assert list(run({"s": {}}, [keep(5)]).results) == ["s"]


def test_orders_of_who_is_removed_are_cancelled_before_positions_are_kept() -> None:
    done = run({"s": {0: BUY, 4: SELL}}, [keep(5)])
    assert done.fills() == [(10.0, 101.0)]
    assert done.reasons("s")[-1] == ("rejected", "strategy_removed", 0.0)


def test_close_at_end_leaves_unmanaged_positions_with_a_finding() -> None:
    rules = ExecutionRules(close_at_end=True)
    done = run({"s": {0: BUY}, "t": {0: BUY}}, [keep(5)], rules=rules)
    assert done.fills() == [(10.0, 101.0), (10.0, 101.0), (-10.0, 109.5)]
    [finding] = done.orchestrator.session.portfolio.findings
    assert (finding.where, finding.severity) == ("strategies.UNMANAGED", "warning")
    assert "it still holds A" in finding.message


@pytest.mark.parametrize("place", PLACES)
def test_jumping_changes_nothing(place: str) -> None:
    flags = {"s": Flags(long=[0]), "t": Flags(long=[1, 6], out=[3])}
    dense, jumping = (run(flags, [keep(5)], place=place, full=full) for full in ([place], []))
    assert dense.fills() == jumping.fills()
    assert list(dense.results) == list(jumping.results) == ["s", "t", "UNMANAGED"]
    for name, result in dense.results.items():
        assert result.equity.tolist() == jumping.results[name].equity.tolist()
        assert result.earned.tolist() == jumping.results[name].earned.tolist()
