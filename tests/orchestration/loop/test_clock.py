"""A run that jumps is the run that takes every step: the same facts, on random flags, prices, calendars and rules."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.events import DomainEvent, LimitReachedEvent
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.orders.order import Reason
from orchestrate.domain.plan import Sizing
from orchestrate.domain.portfolio import NO_LIMITS, Limits
from orchestrate.domain.strategies.protocols import Side, Signal, Signals
from orchestrate.orchestration.loop.clock import HistoricalClock, fixed_steps
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.limits.losses import MaxDailyLoss, MaxDrawdown
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of, series
from tests.orchestration.harness import Flags as ByNumber
from tests.orchestration.harness import Part, fixed, run_harness
from tests.whole_runs import whole_runs

ENGINES = ("backtrader", "nautilus")
SIDES = ("enter_long", "exit_long", "enter_short", "exit_short")


class Flags:
    """Flags thrown beforehand, seldom enough that there is something to jump over; each symbol has its own."""

    def __init__(self, seed: int, share: float) -> None:
        self.seed, self.share = seed, share

    def signals(self, bars: Any) -> Signals:
        generator = np.random.default_rng([self.seed, ord(bars.symbol)])
        return Signals(**{side: generator.random(len(bars)) < self.share for side in SIDES})


class Bracketed(Flags):
    """The same, with sizes and exits of many kinds, at some bars none."""

    def signals(self, bars: Any) -> Signals:
        generator, size = np.random.default_rng([self.seed, ord(bars.symbol), 7]), len(bars)

        def some(low: float, high: float) -> Any:
            return np.where(generator.random(size) < 0.6, generator.uniform(low, high, size), np.nan)

        exits = {"stop_loss": some(0.001, 0.2), "take_profit": some(0.001, 0.2), "trail_loss": some(0.005, 0.2)}
        return replace(super().signals(bars), size=some(1, 900) if self.seed % 2 else None, **exits)


class Held:
    """Flags that hold as long as something does: in while above, out while below, as most strategies are written."""

    def __init__(self, seed: int, share: float) -> None:
        self.seed, self.share = seed, share

    def signals(self, bars: Any) -> Signals:
        above = np.cumsum(np.random.default_rng([self.seed, ord(bars.symbol)]).normal(size=len(bars))) > 0
        long_only = self.share < 0.1
        return Signals(above, ~above) if long_only else Signals(above, ~above, ~above, above)


class Touchy(Flags):
    """Breaks in the callback of its third fill, or of a refusal."""

    def on_start(self) -> None:
        self.fills = 0

    def on_fill(self, fill: object) -> None:
        self.fills += 1
        if self.fills == 3:
            raise RuntimeError("enough")

    def on_rejected(self, decision: object) -> None:
        raise RuntimeError("an insult")


class Once:
    """Buys at its second bar and holds."""

    def signals(self, bars: Any) -> Signals:
        flags = np.arange(len(bars)) == 1
        return Signals(flags, np.zeros(len(bars), dtype=np.bool_))


class Asked:
    """Throws a coin for each symbol at each of its bars."""

    def __init__(self, seed: int, share: float) -> None:
        self.seed, self.share = seed, share

    def on_bar(self, context: Any) -> list[Signal]:
        wishes = []
        for symbol in context.updated:
            generator = np.random.default_rng([self.seed, context.t // 10**9, ord(symbol)])
            if generator.random() < self.share:
                side: Side = "short" if generator.random() < 0.5 else "long"
                wishes.append(Signal.exit(symbol) if context.position(symbol) else Signal.enter(symbol, side))
        return wishes


def market(seed: int, spans: list[tuple[int, int]]) -> Market:
    """A symbol for each span of days; some of its days have no bar."""
    generator = np.random.default_rng(seed)
    symbols = []
    for name, (first, length) in zip("ABC", spans, strict=False):
        days = [first + day for day in range(length) if generator.random() < 0.8] or [first]
        closes = np.round(50 * np.exp(np.cumsum(generator.normal(0, 0.03, len(days)))), 2)
        opens = np.round(closes * np.exp(generator.normal(0, 0.01, len(days))), 2)
        symbols.append(series(name, list(zip(opens, closes, strict=True)), days=days))
    return market_of(*symbols)


def facts(
    stage: Market,
    rules: ExecutionRules,
    parts: list[tuple[Any, str, int]],
    feed: str,
    limits: Limits = NO_LIMITS,
    pooled: bool = False,
) -> tuple[int, Any]:
    """How many steps were taken, and all that came of them."""
    events: list[DomainEvent] = []
    steps: list[int] = []
    orchestrator = CrossFrameworkOrchestrator(
        PortfolioCapitalManager(Decimal(100_000), pooled=pooled),
        StrategyCoordinator(),
        CompatibilityAnalyzer(),
        {name: build_adapter(name, {"feed": feed}) for name in ENGINES},
        fed_in_full=frozenset(ENGINES if feed == "full" else ()),
        emit=events.append,
    )
    for number, (strategy, framework, percent) in enumerate(parts):
        orchestrator.add_strategy(
            strategy,
            StrategyMetadata(f"s{number}", symbols=tuple(stage.series)),
            AllocationConfig(Decimal(100) / len(parts), Sizing("percent", Decimal(percent)), limits),
            framework=framework,
        )
    orchestrator.run(stage, rules, progress=lambda done, _: steps.append(done))
    results = orchestrator.results().values()
    curves = [(one.equity.tolist(), one.exposed.tolist(), one.has_bar.tolist(), one.trades) for one in results]
    return len(steps), (events, curves, orchestrator.fills, orchestrator.session.log.decisions, orchestrator.steps_done)


PARTS = st.tuples(
    st.builds(
        lambda kind, seed, share: kind(seed, share),
        st.sampled_from([Flags, Flags, Held, Touchy, Bracketed, Bracketed]),
        st.integers(0, 1_000),
        st.sampled_from([0.0, 0.02, 0.2, 0.8]),
    ),
    st.sampled_from(ENGINES),
    st.sampled_from([20, 95, 300]),
)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 90)), min_size=1, max_size=3)
RULES = st.builds(
    ExecutionRules,
    fill=st.sampled_from(["next_open", "close"]),
    commission=st.sampled_from([Commission(), Commission(percent=0.1), Commission(per_share=0.01, minimum=1.0)]),
    slippage=st.sampled_from([Slippage(), Slippage(percent=0.05), Slippage(ticks=2)]),
    lots=st.sampled_from(["integer", "fractional"]),
    close_at_end=st.booleans(),
)


LOSSES = {"max_drawdown": MaxDrawdown(0.02), "max_daily_loss": MaxDailyLoss(0.01)}


@pytest.mark.uncounted  # long runs of what short tests cover
@whole_runs(40)
@given(
    seed=st.integers(0, 1_000),
    spans=SPANS,
    rules=RULES,
    parts=st.lists(PARTS, min_size=1, max_size=4),
    limits=st.sampled_from([NO_LIMITS, NO_LIMITS, LOSSES]),
    pooled=st.booleans(),
)
def test_jumping_changes_nothing(
    seed: int,
    spans: list[tuple[int, int]],
    rules: ExecutionRules,
    parts: list[tuple[Flags, str, int]],
    limits: Limits,
    pooled: bool,
) -> None:
    scene = market(seed, spans)
    jumped, sparse = facts(scene, rules, parts, "on_demand", limits, pooled)
    walked, dense = facts(scene, rules, parts, "full", limits, pooled)
    assert sparse == dense
    assert jumped <= walked == len(scene.timeline)


@pytest.mark.uncounted  # long runs of what short tests cover
@whole_runs(25)
@given(
    seed=st.integers(0, 1_000),
    spans=SPANS,
    rules=RULES,
    parts=st.lists(PARTS, min_size=1, max_size=3),
    asked=st.integers(0, 1_000),
)
def test_beside_a_strategy_that_is_called_at_every_bar_too(
    seed: int, spans: list[tuple[int, int]], rules: ExecutionRules, parts: list[tuple[Flags, str, int]], asked: int
) -> None:
    scene = market(seed, spans)
    together = [*parts, (Asked(asked, 0.2), "backtrader", 50)]
    walked, sparse = facts(scene, rules, together, "on_demand")
    assert (walked, sparse) == facts(scene, rules, together, "full")
    assert walked == len(scene.timeline)


def test_an_order_refused_at_the_open_hides_no_flag_of_that_bar() -> None:
    """At 2,000 the first order pays for nothing; the flag of that bar makes another, which fills at 10."""
    bars = [(10.0, 10.0), (2_000.0, 10.0), (10.0, 10.0), (10.0, 10.0)]
    for full in ((), ("in_memory",)):
        part = Part(ByNumber(long=[0, 1]), sizing=fixed(100))
        done = run_harness(market_of(series("A", bars)), {"s": part}, capital=1_000, full=full)
        assert done.reasons("s")[1] == ("rejected", "below_one_lot", 0.0)
        assert done.fills() == [(100.0, 10.0)]


def test_a_flag_that_holds_is_a_stop_only_where_it_changes_something() -> None:
    scene = market(3, [(0, 90)])
    rules = ExecutionRules()
    jumped, (_, _, fills, *_) = facts(scene, rules, [(Held(5, 0.0), "backtrader", 95)], "on_demand")
    assert fills
    assert len(fills) < jumped <= 2 * len(fills) + 1  # a decision and a release each, and the last step
    assert jumped < len(scene.timeline) / 5


def test_steps_without_flag_or_order_are_not_taken() -> None:
    scene = market(3, [(0, 90), (30, 60)])
    jumped, (_, _, fills, *_) = facts(scene, ExecutionRules(), [(Flags(5, 0.02), "backtrader", 95)], "on_demand")
    assert fills
    assert jumped < len(scene.timeline) / 2


def test_a_daily_loss_is_reported_on_each_day_that_has_one() -> None:
    """Held over days that are jumped: one loses too much, the next ones don't, a later one does again."""
    closes = [100.0, 100.0, 100.0, 97.0, 98.0, 98.0, 95.0, 92.0, 93.0, 93.0]
    scene = market_of(series("A", [(close, close) for close in closes]))
    for feed in ("on_demand", "full"):
        _, (events, *_) = facts(
            scene, ExecutionRules(), [(Once(), "backtrader", 95)], feed, {"max_daily_loss": MaxDailyLoss(0.02)}
        )
        reached = [event for event in events if isinstance(event, LimitReachedEvent)]
        assert [scene.timeline.labels.tolist().index(event.t) for event in reached] == [3, 6, 7], feed


def test_an_order_to_flatten_what_has_no_further_bar_ends_at_once() -> None:
    """B is over when the loss on A flattens both."""
    a, b = [100.0, 100.0, 100.0, 100.0, 100.0, 60.0, 60.0, 60.0, 60.0], [100.0] * 4
    scene = market_of(series("A", [(close, close) for close in a]), series("B", [(close, close) for close in b]))
    for feed in ("on_demand", "full"):
        _, (_, _, _, decisions, _) = facts(
            scene, ExecutionRules(), [(Once(), "backtrader", 60)], feed, {"max_drawdown": MaxDrawdown(0.1)}
        )
        ended = [each for each in decisions if each.decision.reason is Reason.SERIES_ENDED]
        assert [(each.decision.demand.symbol, each.decision.demand.step) for each in ended] == [("B", 5)], feed


def test_where_nothing_is_foreseen_only_the_last_step_is_taken() -> None:
    market = market_of(series("A", [(10.0, 10.0)] * 30))
    assert [event.step for event in HistoricalClock(market.timeline, [])] == [29]
    assert [event.step for event in HistoricalClock(market.timeline, [fixed_steps([])])] == [29]
    assert [event.step for event in HistoricalClock(market.timeline, [fixed_steps([7, 3, 7])])] == [3, 7, 29]
    assert [event.step for event in HistoricalClock(market.timeline)] == list(range(30))
