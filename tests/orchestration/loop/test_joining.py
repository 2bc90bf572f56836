"""Strategies that join from Python while a run goes on; one that its schedule adds is the reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nautilus_trader.trading.strategy import Strategy

from orchestrate import wiring
from orchestrate.domain.events import CapitalRebalancedEvent, DomainEvent, StrategyAddedEvent, StrategyFailedEvent
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.domain.portfolio import Appointment, Limits, PortfolioPlan, RebalancePlan, VolatilityTarget
from orchestrate.orchestration.loop.clock import FeedClock
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.limits.losses import MaxDailyLoss, MaxDrawdown, MaxPortfolioDrawdown
from orchestrate.orchestration.risk.limits.sizes import MaxPositionPct
from orchestrate.orchestration.strategies.compatibility import StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from tests.backtest.own_strategies import Dips, Spread, Turning
from tests.engines.builders import market_of, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.natives.nautilus.scripts import Pair, TimerRebalancer
from tests.orchestration.harness import HarnessRun, Part, prepare
from tests.orchestration.loop.feed_runs import Crosses, arrivals, buffer_for, stage
from tests.whole_runs import whole_runs

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

ENGINES = ("in_memory", "backtrader", "nautilus")
LATE = 30


def adapters() -> dict[str, Any]:
    return {"in_memory": InMemoryAdapter()} | {name: wiring.build_adapter(name, {}) for name in ENGINES[1:]}


def join(run: HarnessRun, part: Part) -> None:
    """Let `part` take part from the next step on."""
    run.orchestrator.add_strategy(
        part.strategy,
        StrategyMetadata("late", symbols=part.symbols, priority=part.priority),
        AllocationConfig(Decimal(part.pct), part.sizing, part.limits),
        framework=part.framework,
        kind=part.kind,
    )


def joined(parts: dict[str, Part], late: Part, market: Market, rules: ExecutionRules, step: int, **how: Any) -> Any:
    """A run that `late` joins after the first step that is taken from `step` on; that step."""
    run, at = prepare(parts, adapters=adapters(), **how), []

    def progress(done: int, _all: int) -> None:
        if done > step and not at:
            at.append(done - 1)
            join(run, late)

    run.orchestrator.run(market, rules, progress=progress)
    return run, at[0] if at else None


def unwaited(event: DomainEvent) -> DomainEvent:
    """One that waits is a row of each rebalance, and is added a step later than one that joins."""
    if isinstance(event, StrategyAddedEvent):
        return replace(event, t=0)
    if isinstance(event, CapitalRebalancedEvent) and not event.before.get("late"):
        kept = [{name: money for name, money in each.items() if money} for each in (event.allocations, event.before)]
        return replace(event, allocations=kept[0], before=kept[1])
    return event


def facts(run: HarnessRun) -> dict[str, Any]:
    results = run.results
    curves = {
        name: (one.equity.tolist(), one.has_bar.tolist(), one.trades, one.status) for name, one in results.items()
    }
    events = [unwaited(event) for event in run.events]
    return {
        "fills": run.orchestrator.fills,
        "decisions": run.orchestrator.session.log.decisions,
        "events": sorted(map(str, events)),
        "curves": curves,
        "reserve": run.orchestrator.capital_manager.reserve.cash,
    }


STRATEGIES = st.sampled_from([lambda: Turning(3), lambda: Turning(5, long_only=True), lambda: Dips(1), Spread])
LIMITS: list[Limits] = [
    {},
    {"max_drawdown": MaxDrawdown(0.02), "max_daily_loss": MaxDailyLoss(0.01)},
    {"max_position_pct": MaxPositionPct(40)},
]
PLANS = [
    PortfolioPlan(),
    PortfolioPlan(rebalance=RebalancePlan(threshold=Decimal("0.05"), every="week")),
    PortfolioPlan(
        rebalance=RebalancePlan(every="week"), target_volatility=VolatilityTarget(Decimal("0.2"), lookback=10)
    ),
]


@whole_runs(15)
@given(
    seed=st.integers(0, 1_000),
    makes=st.tuples(STRATEGIES, STRATEGIES, STRATEGIES),
    engines=st.tuples(*[st.sampled_from(ENGINES)] * 3),
    step=st.integers(0, 40),
    limits=st.sampled_from(LIMITS),
    portfolio_limits=st.sampled_from([{}, {"max_drawdown": MaxPortfolioDrawdown(0.1)}]),
    plan=st.sampled_from(PLANS),
    pooled=st.booleans(),
    fill=st.sampled_from(["next_open", "close"]),
    priority=st.sampled_from([-1, 1]),
)
def test_who_joins_does_as_one_that_the_schedule_adds(
    seed: int,
    makes: Any,
    engines: Any,
    step: int,
    limits: Limits,
    portfolio_limits: Limits,
    plan: PortfolioPlan,
    pooled: bool,
    fill: Any,
    priority: int,
) -> None:
    market, rules = stage(seed, [(0, 60), (3, 50)]), ExecutionRules(fill=fill, close_at_end=seed % 2 == 0)

    def parts() -> dict[str, Part]:
        return {
            name: Part(make(), ("A", "B"), 30, Sizing("percent", Decimal(60)), 0, (), engine, limits=limits)
            for name, make, engine in zip(("a", "b", "late"), makes, engines, strict=True)
        }

    def how() -> dict[str, Any]:
        return {"pooled": pooled, "coordinator": StrategyCoordinator(limits=portfolio_limits)}

    early = parts()
    late = replace(early.pop("late"), priority=priority)
    by_hand, at = joined(early, late, market, rules, step, portfolio=plan, **how())
    assume(at is not None and at + 1 < len(market.timeline))
    when = label_text(int(market.timeline.labels[at + 1]))
    scheduled = replace(plan, schedule=(Appointment(when, "add", "late"),))
    reference = prepare(
        parts() | {"late": replace(parts()["late"], priority=priority)},
        adapters=adapters(),
        portfolio=scheduled,
        **how(),
    )
    reference.orchestrator.run(market, rules)
    one, other = facts(by_hand), facts(reference)
    for name in one:
        assert one[name] == other[name], name


@pytest.mark.parametrize("engine", ENGINES)
def test_who_joins_bars_that_arrive_does_as_in_stored_ones(engine: str) -> None:
    market, rules = stage(5, [(0, 60), (3, 50)]), ExecutionRules()
    early = {"a": Part(Dips(1), ("A", "B"), 40, framework="in_memory")}
    late = Part(Turning(3), ("A",), 40, framework=engine)
    stored, _ = joined(early, late, market, rules, LATE)
    run, buffer = prepare(early, adapters=adapters()), buffer_for(market)
    run.orchestrator.run(
        buffer.market,
        rules,
        clock=FeedClock(buffer, arrivals(market)),
        progress=lambda done, _: join(run, late) if done == LATE + 1 else None,
    )
    assert stored.fills("late")
    assert facts(run) == facts(stored)


NATIVES = [
    Part(Crosses, ("A", "B"), 30, framework="backtrader", kind="backtrader"),
    Part(TimerRebalancer, ("A",), 30, framework="nautilus", kind="nautilus"),
    Part(Pair, ("A", "B"), 30, framework="nautilus", kind="nautilus"),
]
COMPANY = {"x": replace(NATIVES[0], pct=20), "y": replace(NATIVES[1], pct=20)}


def traded(run: HarnessRun) -> list[tuple[object, ...]]:
    """All fills; one that waits closes nothing at times, and so has other numbers of orders."""
    fills = [record.fill for record in run.orchestrator.fills]
    return [(fill.strategy_id, fill.symbol, fill.quantity, fill.price, fill.t) for fill in fills]


@pytest.mark.parametrize("native", [NATIVES[0], NATIVES[2]], ids=["backtrader", "nautilus"])
@pytest.mark.parametrize("fill", ["next_open", "close"])
@pytest.mark.parametrize("company", [{}, COMPANY], ids=["alone", "in company"])
@pytest.mark.parametrize("make", [lambda: Turning(4), lambda: Dips(1)], ids=["jumping", "dense"])
def test_a_native_joins_as_one_that_waited(
    native: Part, fill: Any, company: dict[str, Part], make: Callable[[], object]
) -> None:
    """It has seen all bars, and nothing was ordered; its kind is inferred."""
    market, rules = stage(8, [(0, 80), (3, 70)]), ExecutionRules(fill=fill)

    def others() -> dict[str, Part]:
        return {"a": Part(make(), ("A",), 10)} | company

    run, at = joined(others(), replace(native, kind=None), market, rules, LATE)
    assert at is not None
    plan = PortfolioPlan(schedule=(Appointment(label_text(int(market.timeline.labels[at + 1])), "add", "late"),))
    waited = prepare(others() | {"late": native}, adapters=adapters(), portfolio=plan)
    waited.orchestrator.run(market, rules)
    assert run.fills("late")
    assert traded(run) == traded(waited)
    for name in ("curves", "reserve"):
        assert facts(run)[name] == facts(waited)[name], name


def test_who_joins_before_the_first_bar_misses_none() -> None:
    market = stage(8, [(0, 40)])
    run = prepare({"a": Part(Dips(1), ("A",), 30)}, adapters=adapters())
    run.orchestrator.begin(market, ExecutionRules())
    join(run, NATIVES[1])
    for event in market.timeline.events():
        run.orchestrator.step(event)
    run.orchestrator.finish()
    run.orchestrator.end()
    alone = prepare({"late": NATIVES[1]}, adapters=adapters())
    alone.orchestrator.run(market, ExecutionRules())
    times = [one.t for one in alone.orchestrator.fills]
    assert [one.t for one in run.orchestrator.fills if one.fill.strategy_id == "late"] == times != []


# ---- what can't join


def begun() -> tuple[HarnessRun, list[MarketEvent]]:
    """A run after four steps, and the others."""
    market = market_of(series("A", [(100.0 + bar, 100.5 + bar) for bar in range(10)]))
    run = prepare({"a": Part(Dips(1), ("A",), 60)}, adapters=adapters())
    run.orchestrator.begin(market, ExecutionRules())
    events = list(market.timeline.events())
    for event in events[:4]:
        run.orchestrator.step(event)
    return run, events[4:]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Part(Dips(1), ("Z",), 10), "no data of Z"),
        (Part(Dips(1), ("A",), 41), "add up to 101"),
        (Part(Dips(1), ("A",), 10, framework="zipline"), "Unknown framework: 'zipline'"),
    ],
)
def test_who_can_not_join(part: Part, message: str) -> None:
    run, _ = begun()
    with pytest.raises(ValueError, match=message):
        join(run, part)
    assert list(run.orchestrator.strategies) == ["a"]


class Unable:
    def on_start(self) -> None:
        raise RuntimeError("no licence")

    def on_bar(self, context: Any) -> None: ...


class NativeUnable(Strategy):
    def on_start(self) -> None:
        raise RuntimeError("no licence")


@pytest.mark.parametrize(
    "part",
    [Part(Unable(), ("A",), 10), Part(NativeUnable, ("A",), 10, framework="nautilus", kind="nautilus")],
    ids=["portable", "native"],
)
def test_who_fails_as_it_joins_fails_alone(part: Part) -> None:
    run, events = begun()
    join(run, part)
    for event in events:
        run.orchestrator.step(event)
    [failed] = run.of(StrategyFailedEvent)
    assert (failed.strategy_id, run.results["late"].status) == ("late", "failed")
    assert run.results["a"].status == "completed"


def test_entries_of_one_that_joins_have_the_stops_of_its_sizing() -> None:
    risk = Sizing("risk", Decimal("0.01"), period=2)
    late = Part(Turning(3), pct=50, sizing=risk)
    run, _ = joined({"first": Part(Turning(3), pct=50)}, late, stage(3, [(0, 40)]), ExecutionRules(), 5)
    stops: dict[str, set[bool]] = {"first": set(), "late": set()}
    for record in run.orchestrator.session.log.decisions:
        demand = record.decision.demand
        if not demand.closing and record.decision.quantity:
            stops[demand.strategy_id].add(demand.bracket is not None)
    assert stops == {"first": {False}, "late": {True}}
