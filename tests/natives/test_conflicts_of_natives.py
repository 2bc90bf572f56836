"""Natives of both engines and a portable strategy in conflict: one policy, each one's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import backtrader as bt
import pytest

from orchestrate.domain.events import StrategyConflictDetectedEvent
from orchestrate.domain.orders.conflicts import Exits, Settle
from orchestrate.domain.portfolio import NO_LIMITS, Limits
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.limits.sizes import MaxNetLeverage, MaxSymbolPct
from orchestrate.orchestration.risk.policies.netting import net_signal
from orchestrate.orchestration.risk.policies.sides import cancel_both, independent
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from tests.natives.nautilus.builders import NEXT_OPEN, drawn, market
from tests.natives.nautilus.scripts import Planned
from tests.orchestration.harness import Scripted

FLAT = [(10.0, 10.5, 9.5, 10.0)] * 8


class OnBacktrader(bt.Strategy):
    """Does `plan[n]` at its n-th bar (from 0), and notes what becomes of its orders."""

    plan: ClassVar[Mapping[int, Callable[[Any], Any]]] = {}
    notices: ClassVar[list[tuple[str, float, str]]] = []

    def notify_order(self, order: Any) -> None:
        self.notices.append((order.getstatusname(), order.created.size, order.info.get("reason", "")))

    def next(self) -> None:
        act = self.plan.get(len(self) - 1)
        if act:
            act(self)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    yield
    OnBacktrader.plan, OnBacktrader.notices = {}, []
    Planned.plans.clear()
    Planned.notices.clear()
    Planned.alive.clear()


@dataclass
class Played:
    """What came of a run."""

    orchestrator: CrossFrameworkOrchestrator
    outcomes: list[str]

    def fills(self, name: str) -> list[float]:
        return [each.fill.quantity for each in self.orchestrator.fills if each.fill.strategy_id == name]

    def counts(self, name: str) -> tuple[int, int]:
        result = self.orchestrator.results()[name]
        assert result.error is None
        return result.blocked, result.resized


def play(
    settle: Settle,
    *,
    portable: Mapping[int, Any] | None = None,
    backtrader: Mapping[int, Callable[[Any], Any]] | None = None,
    nautilus: Mapping[int, Any] | None = None,
    exits: Exits = "protected",
    priorities: tuple[int, int, int] = (0, 0, 0),
    limits: Limits = NO_LIMITS,
) -> Played:
    """Three strategies on one symbol: a portable one with 40 % of the capital, natives with 30 % each."""
    events: list[Any] = []
    engines = {"backtrader": BacktraderOrchestrationAdapter(), "nautilus": NautilusOrchestrationAdapter()}
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(100_000)),
        StrategyCoordinator(settle, limits, exits=exits),
        CompatibilityAnalyzer(),
        engines,
        emit=events.append,
    )
    OnBacktrader.plan = backtrader or {}
    Planned.plans["default"] = dict(nautilus or {})
    parts = [
        ("portable", Scripted(portable or {}), "nautilus", None, 40),
        ("bt", OnBacktrader, "backtrader", "backtrader", 30),
        ("naut", Planned, "nautilus", "nautilus", 30),
    ]
    for (name, strategy, framework, kind, weight), priority in zip(parts, priorities, strict=True):
        metadata = StrategyMetadata(name, symbols=("A",), priority=priority)
        share = AllocationConfig(Decimal(weight))
        orchestrator.add_strategy(strategy, metadata, share, framework=framework, kind=kind)
    orchestrator.run(market(drawn("A", FLAT)), NEXT_OPEN)
    conflicts = [event for event in events if isinstance(event, StrategyConflictDetectedEvent)]
    return Played(orchestrator, [event.outcome for event in conflicts])


def test_a_cut_and_a_refusal_reach_each_native_in_its_engines_words() -> None:
    """+30, -20 and +20 are +30 in all: 40 : 30 of it are 17 and 12."""
    played = play(
        net_signal,
        portable={2: [Signal.enter("A", quantity=30)]},
        backtrader={2: lambda one: one.sell(size=20)},
        nautilus={2: lambda one, _: one.market(20)},
    )
    assert played.outcomes == ["portable 17 of 30, bt refused, naut 12 of 20"]
    assert (played.fills("portable"), played.fills("bt"), played.fills("naut")) == ([17], [], [12])
    assert OnBacktrader.notices == [("Submitted", -20, "conflict"), ("Rejected", -20, "conflict")]
    assert Planned.notices["default"][:4] == ["Initialized", ("Updated", 12.0), "Submitted", ("Filled", 12.0, 10.0)]
    assert [played.counts(name) for name in ("portable", "bt", "naut")] == [(0, 1), (1, 0), (0, 1)]


def test_natives_are_refused_together() -> None:
    played = play(
        cancel_both, backtrader={2: lambda one: one.sell(size=20)}, nautilus={2: lambda one, _: one.market(20)}
    )
    assert played.outcomes == ["all refused"]
    assert not played.orchestrator.fills
    assert OnBacktrader.notices[-1] == ("Rejected", -20, "conflict")
    assert ("Denied", "conflict: cancel_both: all refused") in Planned.notices["default"]


@pytest.mark.parametrize("native", ["bt", "naut"])
def test_one_order_that_turns_a_position_keeps_the_part_that_closes(native: str) -> None:
    """Long 30, a native sells 80 while the portable buys 60: the close passes, the rest is netted away."""
    plans: dict[str, Any] = {
        "bt": {"backtrader": {0: lambda one: one.buy(size=30), 3: lambda one: one.sell(size=80)}},
        "naut": {"nautilus": {0: lambda one, _: one.market(30), 3: lambda one, _: one.market(-80)}},
    }
    played = play(net_signal, portable={3: [Signal.enter("A", quantity=60)]}, **plans[native])
    assert played.outcomes == [f"portable 10 of 60, {native} refused"]
    assert (played.fills("portable"), played.fills(native)) == ([10], [30, -30])


@pytest.mark.parametrize("native", ["bt", "naut"])
def test_an_included_exit_of_a_native_closes_a_part(native: str) -> None:
    plans: dict[str, Any] = {
        "bt": {"backtrader": {0: lambda one: one.buy(size=30), 3: lambda one: one.close(), 5: lambda one: one.close()}},
        "naut": {
            "nautilus": {
                0: lambda one, _: one.market(30),
                3: lambda one, _: one.market(-30),
                5: lambda one, _: one.market(-20),
            }
        },
    }
    played = play(net_signal, portable={3: [Signal.enter("A", quantity=20)]}, exits="included", **plans[native])
    assert played.outcomes == [f"portable refused, {native} -10 of -30"]
    assert (played.fills("portable"), played.fills(native)) == ([], [30, -10, -20])
    assert played.counts(native) == (0, 1)


def test_the_exits_of_a_bracket_shrink_with_their_parent_and_are_no_party() -> None:
    """Buys 50 with two exits against the portable's sale of 20: 30 are left, and so much is sold at the target."""
    bracket = {1: lambda one: one.buy_bracket(size=50, exectype=bt.Order.Market, stopprice=5.0, limitprice=10.25)}
    played = play(
        net_signal,
        portable={1: [Signal.enter("A", "short", quantity=20)]},
        backtrader=bracket,
        exits="included",
    )
    assert played.outcomes == ["portable refused, bt 30 of 50"]
    assert played.fills("bt") == [30, -30]


@pytest.mark.parametrize(
    ("priorities", "passed"),
    [((2, 1, 0), (0, 200, 300)), ((2, 0, 1), (0, 300, 200)), ((1, 0, 2), (200, 300, 0)), ((0, 1, 2), (300, 200, 0))],
)
def test_natives_are_decided_in_plan_order(priorities: tuple[int, int, int], passed: tuple[int, int, int]) -> None:
    """Each wants 300 for 3,000; 5 % of 100,000 are allowed in one symbol, so the first gets it all, the next 200."""
    played = play(
        independent,
        portable={2: [Signal.enter("A", quantity=300)]},
        backtrader={2: lambda one: one.buy(size=300)},
        nautilus={2: lambda one, _: one.market(300)},
        priorities=priorities,
        limits={"max_symbol_pct": MaxSymbolPct(5)},
    )
    assert tuple(sum(played.fills(name)) for name in ("portable", "bt", "naut")) == passed


@pytest.mark.parametrize("native", ["bt", "naut"])
@pytest.mark.parametrize(
    ("limits", "bought", "sold"),
    [
        ({"max_symbol_pct": MaxSymbolPct(3)}, 300, -600),
        ({"max_net_leverage": MaxNetLeverage(0.02)}, 200, -400),
        ({}, 400, -700),
    ],
)
def test_an_order_that_crosses_zero_is_judged_after_its_close(
    native: str, limits: Limits, bought: int, sold: int
) -> None:
    """400 are bought and 700 sold at 10: what closes makes room, and as much may be short as was long."""
    played = play(
        independent,
        backtrader={2: lambda one: one.buy(size=400), 4: lambda one: one.sell(size=700)} if native == "bt" else {},
        nautilus={2: lambda one, _: one.market(400), 4: lambda one, _: one.market(-700)} if native == "naut" else {},
        limits=limits,
    )
    assert played.fills(native)[0] == bought
    assert sum(played.fills(native)[1:]) == sold
