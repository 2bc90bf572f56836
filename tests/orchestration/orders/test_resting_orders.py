"""Resting orders of portable strategies through the whole loop, placed by hand: no signal can ask for one yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from orchestrate.domain.market.timeline import MarketEvent
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Demand, OrderStatus, Reason
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.orders.ports import EngineReport, OrchestrationPort
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from tests.engines.builders import market_of
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.engines.conformance.resting import Bar, bars
from tests.orchestration.harness import AT_CLOSE, PLAIN, Flags, HarnessRun, Scripted

CALM: list[Bar] = [(10.0, 11.0, 9.0, 10.0)] * 6
ENGINES = [InMemoryAdapter, BacktraderOrchestrationAdapter, NautilusOrchestrationAdapter]


class ByHand(CrossFrameworkOrchestrator):
    """Adds demands to what the strategies want at a step."""

    demands: Mapping[int, Sequence[Demand]] = {}
    steps: Sequence[int] = ()

    def decide(self, event: MarketEvent, reports: Sequence[EngineReport]) -> list[Intent]:
        self.steps = [*self.steps, event.step]
        return super().decide(event, reports) + [Intent.of(demand) for demand in self.demands.get(event.step, ())]


def wants(quantity: float, *, closing: bool = False, symbol: str = "A", **prices: Any) -> Demand:
    return Demand("s", symbol, quantity, closing, 10.0, 0, 0, **prices)


def run(
    demands: Mapping[int, Sequence[Demand]],
    prices: Sequence[Bar] = CALM,
    *,
    engine: OrchestrationPort | None = None,
    rules: ExecutionRules = PLAIN,
    strategy: object = None,
    full: bool = False,
    more: Sequence[Any] = (),
) -> HarnessRun:
    """One strategy with 1,000 on one engine."""
    engine = engine or InMemoryAdapter()
    events: list[Any] = []
    orchestrator = ByHand(
        PortfolioCapitalManager(Decimal(1_000)),
        StrategyCoordinator(),
        CompatibilityAnalyzer(),
        {engine.framework: engine},
        fed_in_full=frozenset({engine.framework} if full else ()),
        emit=events.append,
    )
    orchestrator.demands = demands
    symbols = ("A", *(series.symbol for series in more))
    orchestrator.add_strategy(
        strategy or Scripted({}), StrategyMetadata("s", symbols=symbols), AllocationConfig(Decimal(100))
    )
    orchestrator.run(market_of(bars(prices), *more), rules)
    return HarnessRun(orchestrator, events)


def fills(done: HarnessRun) -> list[tuple[int, str, float, float]]:
    """(step, id, quantity, price) of every fill."""
    labels = done.orchestrator.session._market.series["A"].timestamp.tolist()
    return [(labels.index(one.t), one.fill.id, one.fill.quantity, one.fill.price) for one in done.orchestrator.fills]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE])
def test_a_bracket_by_hand(engine: type, rules: ExecutionRules) -> None:
    """In at a limit, out at a stop: both rest from the bar after their decision on."""
    prices = [*CALM[:4], (10.0, 10.0, 7.0, 8.0), (8.0, 9.0, 7.0, 8.0)]
    done = run(
        {0: [wants(50, limit=9.5)], 1: [wants(-50, closing=True, trigger=8.5)]}, prices, engine=engine(), rules=rules
    )
    assert fills(done) == [(1, "s-1", 50.0, 9.5), (4, "s-2", -50.0, 8.5)]
    assert done.results["s"].equity.tolist() == [1000.0, 1025.0, 1025.0, 1025.0, 950.0, 950.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_trailing_stop_begins_at_the_close_it_was_decided_on(engine: type) -> None:
    prices = [(10.0, 15.0, 9.0, 10.0), (10.0, 10.2, 9.0, 10.0), (10.0, 12.0, 8.8, 11.0), (11.0, 11.0, 10.0, 10.0)]
    demands = {0: [wants(5)], 1: [wants(-5, closing=True, trail=1.25)]}
    assert fills(run(demands, prices, engine=engine())) == [(1, "s-1", 5.0, 10.0), (3, "s-2", -5.0, 10.75)]


def test_what_is_released_to_rest_keeps_its_money_from_an_order_released_with_it() -> None:
    """560 of 1,000 wait for the limit; at an open of 12 the other 440 pay for 36, not for the 44 of the decision."""
    prices = [(10.0, 10.0, 10.0, 10.0), (12.0, 12.0, 8.0, 10.0), (10.0, 10.0, 10.0, 10.0)]
    done = run({0: [wants(70, limit=8.0), wants(70)]}, prices)
    assert sorted(fills(done)) == [(1, "s-1", 70.0, 8.0), (1, "s-2", 36.0, 12.0)]
    assert done.orchestrator.strategies["s"].book.cash == 1_000 - 560 - 432


def test_what_rests_keeps_its_money_until_it_expires() -> None:
    done = run({0: [wants(70, limit=8.0)], 1: [wants(70)]})
    assert fills(done) == [(2, "s-2", 44.0, 10.0)]  # 1,000 less 70 × 8
    until = int(done.orchestrator.session._market.timeline.stamps[2])
    done = run({0: [wants(70, limit=8.0, until=until)], 1: [wants(70)], 3: [wants(56)]})
    assert fills(done) == [(2, "s-2", 44.0, 10.0), (4, "s-3", 56.0, 10.0)]
    assert ("rejected", "expired", 0.0) in done.reasons("s")
    assert done.orchestrator.session.blotter.resting() == []


def test_an_order_fills_in_parts_and_the_rest_ends() -> None:
    done = run({0: [wants(50, limit=9.5)]}, engine=InMemoryAdapter(largest_fill=15))
    assert fills(done) == [
        (1, "s-1/1", 15.0, 9.5),
        (2, "s-1/2", 15.0, 9.5),
        (3, "s-1/3", 15.0, 9.5),
        (4, "s-1/4", 5.0, 9.5),
    ]
    done = run({1: [wants(50, limit=9.5)]}, engine=InMemoryAdapter(largest_fill=10))
    assert [quantity for _, _, quantity, _ in fills(done)] == [10.0] * 4
    [last] = [
        record for record in done.orchestrator.session.log.decisions if record.decision.reason == "unfilled_at_end"
    ]
    assert last.decision.demand.quantity == 10.0  # what was left of it
    assert done.orchestrator.session.blotter.resting() == []


def test_money_is_set_free_part_by_part() -> None:
    done = run({0: [wants(100, limit=9.5)], 2: [wants(100)]}, engine=InMemoryAdapter(largest_fill=50))
    assert sum(quantity * price for _, _, quantity, price in fills(done)) <= 1_000
    assert fills(done)[-1][1:] == ("s-2", 5.0, 10.0)  # 1,000 less 100 × 9.5


def test_a_strategy_is_cancelled_at_any_time() -> None:
    class Fails(Scripted):
        def on_bar(self, context: Any) -> Any:
            if self.calls == 2:
                raise ValueError("no more")
            return super().on_bar(context)

    prices = [*CALM[:4], (8.0, 8.0, 8.0, 8.0), (8.0, 8.0, 8.0, 8.0)]
    done = run({0: [wants(70, limit=8.5)]}, prices, strategy=Fails({}))
    assert fills(done) == []
    assert ("rejected", "strategy_failed", 0.0) in done.reasons("s")


def test_a_cancel_reaches_the_engine_from_any_caller() -> None:
    engine = InMemoryAdapter()

    class Cancels(Scripted):
        def on_bar(self, context: Any) -> Any:
            if self.calls == 2:
                session.orders.cancel(lambda order: order.status is OrderStatus.RESTING, Reason.CANCELLED)
            return super().on_bar(context)

    class Seen(ByHand):
        def prepare(self, *how: Any) -> None:
            nonlocal session
            super().prepare(*how)
            session = self.session

    session: Any = None
    orchestrator = Seen(
        PortfolioCapitalManager(Decimal(1_000)), StrategyCoordinator(), CompatibilityAnalyzer(), {"in_memory": engine}
    )
    orchestrator.demands = {0: [wants(70, limit=8.5)]}
    orchestrator.add_strategy(Cancels({}), StrategyMetadata("s", symbols=("A",)), AllocationConfig(Decimal(100)))
    prices = [*CALM[:4], (8.0, 8.0, 8.0, 8.0)]
    orchestrator.run(market_of(bars(prices)), PLAIN)
    assert (orchestrator.fills, session.blotter.resting(), engine._pending.resting) == ([], [], {})


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_that_jumps_stops_where_an_order_may_be_reached(engine: type) -> None:
    """All strategies are vectorised, so only steps with an event are visited."""
    prices = [*CALM * 3, (8.0, 8.0, 8.0, 8.0), *CALM * 3]
    demands = {2: [wants(5, limit=8.5)]}
    done, full = (
        run(demands, prices, engine=engine(), strategy=Flags(long=[2, 30], out=[5]), full=full)
        for full in (False, True)
    )
    assert fills(done) == fills(full)
    assert (18, "s-2", 5.0, 8.0) in fills(done) or (18, "s-1", 5.0, 8.0) in fills(done)
    assert len(done.orchestrator.steps) < len(full.orchestrator.steps) == len(prices)  # type: ignore[attr-defined]


def test_an_order_on_a_symbol_without_a_bar_rests_from_its_next_one_on() -> None:
    other = bars([(20.0, 21.0, 19.0, 20.0)] * 3, "B", [0, 3, 5])
    for rules in (PLAIN, AT_CLOSE):
        done = run({1: [wants(5, symbol="B", limit=19.5)]}, more=[other], rules=rules)
        assert fills(done) == [(3, "s-1", 5.0, 19.5)]


def test_resting_exits_leave_the_rest_to_the_strategy() -> None:
    """The stop closes the position; the target ends with it."""
    prices = [*CALM[:2], (10.0, 13.0, 7.0, 10.0), *CALM[:2]]
    exits = [wants(-5, closing=True, trigger=8.0), wants(-5, closing=True, limit=12.0)]
    done = run({0: [wants(5)], 1: exits, 3: [wants(7)]}, prices)
    assert [name for _, name, _, _ in fills(done)] == ["s-1", "s-2", "s-4"]
    assert ("rejected", "position_closed", 0.0) in done.reasons("s")


def test_signals_trade_beside_what_rests() -> None:
    signalling = Scripted({1: [Signal.enter("A", quantity=5)], 3: [Signal.exit("A")]})
    done = run({0: [wants(5, limit=8.0)]}, strategy=signalling)
    assert [(name, quantity) for _, name, quantity, _ in fills(done)] == [("s-2", 5.0), ("s-3", -5.0)]
    assert signalling.callbacks[:2] == [(5.0, 10.0), (-5.0, 10.0)]
