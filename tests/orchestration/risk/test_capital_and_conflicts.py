"""How capital is split to the cent, and how demands on one symbol are found to be in conflict."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate import UnifiedStrategyOrchestrator
from orchestrate.domain.accounts import IsolatedAccount, StrategyAllocation, allocation
from orchestrate.domain.books import Book
from orchestrate.domain.events import (
    StrategyConflictDetectedEvent,
)
from orchestrate.domain.orders.conflicts import ConflictDemand, ConflictView
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Decision, Demand, Outcome, Reason
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.orders.ports import CapitalManagementPort, CoordinationPort
from orchestrate.orchestration.risk.buying_power import BuyingPower
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.exposure import Exposure
from orchestrate.orchestration.risk.pipeline import Resources
from orchestrate.orchestration.strategies.compatibility import (
    CompatibilityAnalyzer,
    StrategyMetadata,
)
from orchestrate.orchestration.strategies.registry import AllocationConfig, StrategyEntry
from tests.engines.builders import market_of, series
from tests.orchestration.harness import Flags, Part, Scripted, fixed, run_harness

BARS = [(10.0, 10.0)] * 6


@pytest.fixture
def orchestrator() -> UnifiedStrategyOrchestrator:
    return UnifiedStrategyOrchestrator(PortfolioCapitalManager(), StrategyCoordinator(), CompatibilityAnalyzer())


def add(orchestrator: UnifiedStrategyOrchestrator, name: str, pct: str = "40", **metadata: Any) -> None:
    orchestrator.add_strategy(
        Scripted({}), StrategyMetadata(id=name, **metadata), AllocationConfig(target_pct=Decimal(pct))
    )


# ---- capital


def test_capital_is_allocated_to_the_cent(orchestrator: UnifiedStrategyOrchestrator) -> None:
    third = Decimal(100) / 3
    for name in "abc":
        orchestrator.add_strategy(Scripted({}), StrategyMetadata(id=name), AllocationConfig(target_pct=third))
    parts = orchestrator.allocate_capital()
    assert parts == {"a": Decimal("33333.34"), "b": Decimal("33333.33"), "c": Decimal("33333.33")}
    assert orchestrator.strategies["a"].allocated == Decimal("33333.34")


def test_unallocated_capital_is_the_reserve(orchestrator: UnifiedStrategyOrchestrator) -> None:
    add(orchestrator, "a", pct="12.5")
    assert orchestrator.allocate_capital() == {"a": Decimal("12500.00")}


@given(
    st.lists(st.integers(0, 1_000), min_size=1, max_size=9),
    st.integers(1, 10**14).map(lambda cents: Decimal(cents) / 100),
    st.booleans(),
)
def test_parts_sum_exactly(shares: list[int], total: Decimal, whole: bool) -> None:
    """Largest remainder: every part within a cent of its share, the sum exact, ties to the first."""
    given_out = sum(shares) if whole else sum(shares) + 7
    if not given_out:
        return
    weights = {str(place): Decimal(share) / given_out for place, share in enumerate(shares)}
    parts = PortfolioCapitalManager(total).calculate_allocations(total, weights)
    exact = total * sum(shares) / given_out
    assert sum(parts.values()) <= total
    assert sum(parts.values()) == total if whole else abs(sum(parts.values()) - exact) < Decimal("0.01")
    for name, part in parts.items():
        assert part == part.quantize(Decimal("0.01"))
        assert abs(part - total * weights[name]) <= Decimal("0.01")
    for first, second in zip(parts, list(parts)[1:], strict=False):
        if weights[first] == weights[second]:
            assert parts[first] >= parts[second]


@pytest.mark.parametrize("total", ["10000000000", "999999999999.99", "0.01", "0.05"])
def test_no_cent_is_made(total: str) -> None:
    weights = {"a": Decimal("0.4"), "b": Decimal("0.3"), "c": Decimal("0.3")}
    assert sum(PortfolioCapitalManager().calculate_allocations(Decimal(total), weights).values()) == Decimal(total)
    half = PortfolioCapitalManager().calculate_allocations(Decimal(total), {"a": Decimal("0.5")})
    assert half["a"] <= Decimal(total) / 2


def test_shares_and_totals_that_cannot_be() -> None:
    manager = PortfolioCapitalManager()
    with pytest.raises(ValueError, match="sum to 1 at most"):
        manager.calculate_allocations(Decimal(100), {"a": Decimal("0.6"), "b": Decimal("0.5")})
    with pytest.raises(ValueError, match="must not be negative"):
        manager.calculate_allocations(Decimal(100), {"a": Decimal("-0.1")})
    with pytest.raises(ValueError, match="the total capital must be positive, not 0"):
        PortfolioCapitalManager(Decimal(0))


def test_used_reserved_and_available_are_what_is_allocated() -> None:
    from tests.domain.test_books import SHARE, fill

    book, account, marks = Book("s", 10_000.0), IsolatedAccount(10_000.0), {"A": 10.0}
    assert allocation(account, book, 0.0, marks) == StrategyAllocation("s", 10_000.0, 0.0, 10_000.0, 0.0)
    book.apply(fill(100, 50.0, 10.0), SHARE)
    assert allocation(account, book, 1_000.0, marks) == StrategyAllocation("s", 9_990.0, 5_000.0, 3_990.0, 1_000.0)
    book.apply(fill(-50, 10.0), SHARE)
    assert allocation(account, book, 0.0, marks) == StrategyAllocation("s", 7_990.0, 2_500.0, 5_490.0, 0.0)
    assert account.money_for_openings(book, 0.0, marks) == 5_490.0
    assert account.money_for_openings(book, 9_999.0, marks) == 0.0


# ---- conflicts and the coordinator


def demand(strategy_id: str, quantity: float, *, closing: bool = False, symbol: str = "A") -> Demand:
    return Demand(strategy_id, symbol, quantity, closing, 10.0, 0, 0)


def no_exposure() -> Exposure:
    raise AssertionError("without limits nobody asks for it")


def coordinate(coordinator: StrategyCoordinator, demands: Sequence[Demand]) -> list[Decision]:
    """With capital for all of them."""
    market = market_of(series("A", BARS), series("B", BARS))
    entries = {
        name: StrategyEntry(object(), StrategyMetadata(name), AllocationConfig(100), "x", account=IsolatedAccount(1e6))
        for name in "abc"
    }
    for name, entry in entries.items():
        entry.book = Book(name, 1e6)
    blotter = Blotter({"a": 0, "b": 1, "c": 2})
    marks = {"A": 10.0, "B": 10.0}
    power = BuyingPower(entries, blotter, marks, market.series, market.instruments, ExecutionRules())
    coordinator.begin(Resources(entries, marks, market.instruments, blotter, power, no_exposure, ExecutionRules()))
    intents = [Intent.of(each) for each in demands]
    coordinator.coordinate(intents)
    assert [intent.order is not None for intent in intents] == [not intent.refused for intent in intents]
    return [intent.decision() for intent in intents]


def last_wins(demands: Sequence[ConflictDemand], _view: ConflictView) -> Sequence[float]:
    return [*(0.0 for _ in demands[1:]), demands[-1].quantity]


def test_demands_on_one_symbol_are_a_conflict_and_go_on() -> None:
    coordinator = StrategyCoordinator()
    demands = [demand("a", 5), demand("b", -3), demand("c", 2, symbol="B")]
    decisions = coordinate(coordinator, demands)
    assert [(d.demand, d.quantity) for d in decisions] == [(each, each.quantity) for each in demands]
    [conflict] = coordinator.conflicts
    assert (conflict.symbol, conflict.strategy_ids, conflict.kind, conflict.demands) == (
        "A",
        ("a", "b"),
        "opposite",
        (demands[0], demands[1]),
    )
    assert coordinate(coordinator, [demand("a", 1)])[0].quantity == 1
    assert not coordinator.conflicts


def test_one_strategy_is_in_no_conflict_with_itself() -> None:
    coordinator = StrategyCoordinator()
    coordinate(coordinator, [demand("a", -5, closing=True), demand("a", -5)])
    assert not coordinator.conflicts


def test_closings_are_decided_first() -> None:
    demands = [demand("a", 5), demand("b", -3, closing=True)]
    assert [d.demand.strategy_id for d in coordinate(StrategyCoordinator(), demands)] == ["b", "a"]


def test_a_policy_is_a_function() -> None:
    coordinator = StrategyCoordinator(last_wins)
    decisions = coordinate(coordinator, [demand("a", 5), demand("b", 3), demand("c", 4, symbol="B")])
    assert [(d.outcome, d.quantity, d.reason, d.detail) for d in decisions] == [
        (Outcome.REJECTED, 0.0, Reason.CONFLICT, "last_wins: a refused, b passes 3"),
        (Outcome.APPROVED, 3.0, Reason.NONE, ""),
        (Outcome.APPROVED, 4.0, Reason.NONE, ""),
    ]
    assert coordinator.conflicts[0].kind == "same_side"


def test_conflicts_are_reported_with_their_demands() -> None:
    parts = {
        "a": Part(Flags(long=[1]), pct=50, sizing=fixed(5)),
        "b": Part(Flags(short=[1]), pct=50, sizing=fixed(3)),
    }
    market = market_of(series("A", BARS))
    done = run_harness(market, parts)
    [event] = done.of(StrategyConflictDetectedEvent)
    assert (event.strategy_ids, event.conflict_type, event.symbol, event.resolution_mode) == (
        ("a", "b"),
        "opposite",
        "A",
        "independent",
    )
    assert [(d.strategy_id, d.quantity) for d in event.demands] == [("a", 5.0), ("b", -3.0)]
    assert event.outcome == "each book trades its own"
    assert event.t == market.series["A"].timestamp[1]
    assert sorted(done.fills()) == [(-3.0, 10.0), (5.0, 10.0)]


def test_a_policy_may_refuse_and_the_strategy_is_notified() -> None:
    refused = Scripted({1: [Signal.enter("A", quantity=3)]})
    parts = {
        "b": Part(refused, pct=50),
        "a": Part(Scripted({1: [Signal.enter("A", quantity=5)]}), pct=50),
    }
    done = run_harness(market_of(series("A", BARS)), parts, coordinator=StrategyCoordinator(last_wins))
    assert done.fills() == [(5.0, 10.0)]
    assert refused.callbacks == ["conflict", "stop"]
    assert done.results["b"].blocked == 1


def test_the_two_classes_are_what_their_ports_say() -> None:
    """Checked by mypy as well: an assignment is the proof."""
    capital: CapitalManagementPort = PortfolioCapitalManager()
    coordination: CoordinationPort = StrategyCoordinator()
    assert capital.calculate_allocations(Decimal(10), {"a": Decimal(1)}) == {"a": Decimal("10.00")}
    coordination.coordinate([])
