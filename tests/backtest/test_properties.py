"""What holds for every run, tried on random ones, with the real engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestrate import wiring
from orchestrate.data.columns import Columns
from orchestrate.data.loading import load_market
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.plan import DataPlan, MultiFrameworkConfig, RunPlan, StrategyPlan
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.orders.reconciliation import reconcile
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from orchestrate.wiring import describe, load
from tests.backtest.plans import ENGINES, HERE, digest, part, plan_of, run_plan, synthetic

#: long runs of what short tests cover
pytestmark = pytest.mark.uncounted

FEW = settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking whole runs takes minutes; the first failure is telling enough
    suppress_health_check=[HealthCheck.too_slow],
)
RULES = st.builds(
    ExecutionRules,
    fill=st.sampled_from(["next_open", "close"]),
    commission=st.sampled_from([Commission(percent=0.1), Commission(per_share=0.005, minimum=1.0)]),
    slippage=st.sampled_from([Slippage(), Slippage(ticks=1), Slippage(percent=0.05)]),
    lots=st.sampled_from(["integer", "fractional"]),
    close_at_end=st.booleans(),
)
SEEDS = st.integers(0, 10_000)


def markets(seed: int, bars: int = 70) -> dict[str, DataPlan]:
    """Two series of calendars of their own, with holes."""
    return {
        "A": synthetic("A", bars, seed=seed, gaps=0.1, tails=0.1),
        "B": synthetic("B", bars - 20, seed=seed + 1, gaps=0.3, start="2010-02-01"),
    }


def four(frameworks: tuple[str, str, str, str], weight: str = "0.23") -> list[StrategyPlan]:
    return [
        part("turning", "Turning", frameworks[0], weight=weight, percent=100, window=4),
        part("trend", "MOMENTUM", frameworks[1], weight=weight, symbols=["A"], fast=3, slow=7),
        part("dips", "Dips", frameworks[2], weight=weight, kind="istrategy", falls=1),
        part("spread", "Spread", frameworks[3], weight=weight, kind="on_bar"),
    ]


FRAMEWORKS = st.tuples(*[st.sampled_from(ENGINES)] * 4)


class Stepping:
    """A plan's run in the hands of the test: one step at a time."""

    def __init__(self, plan: RunPlan) -> None:
        self.market, _ = load_market(plan)
        self.events: list[DomainEvent] = []
        names = dict.fromkeys(strategy.framework for strategy in plan.strategies)
        self.orchestrator = CrossFrameworkOrchestrator(
            PortfolioCapitalManager(plan.capital.total, pooled=plan.capital.mode == "pooled"),
            StrategyCoordinator(),
            CompatibilityAnalyzer(),
            {name: wiring.build_adapter(name, plan.frameworks.get(name, {})) for name in names},
            fed_in_full=frozenset(name for name, settings in plan.frameworks.items() if settings.get("feed") == "full"),
            emit=self.events.append,
        )
        for strategy in plan.strategies:
            self.orchestrator.add_strategy(
                load(describe(strategy.reference, HERE), strategy.config),
                StrategyMetadata(strategy.id, symbols=strategy.symbols),
                AllocationConfig(strategy.weight * 100, strategy.sizing),
                framework=strategy.framework,
                kind=strategy.kind,
            )
        self.rules = plan.execution

    def steps(self) -> Iterator[int]:
        """Begin, step after step, end."""
        self.orchestrator.begin(self.market, self.rules)
        try:
            for event in self.orchestrator.clock():
                self.orchestrator.step(event)
                yield event.step
            self.orchestrator.finish()
        finally:
            self.orchestrator.end()

    def facts(self) -> tuple[Any, ...]:
        """All that came of it."""
        curves = [each.equity.tolist() for each in self.orchestrator.results().values()]
        return self.events, curves, self.orchestrator.fills, self.orchestrator.session.log.decisions


@FEW
@given(seed=SEEDS, rules=RULES, frameworks=FRAMEWORKS)
def test_reconciliation_holds_at_every_step(seed: int, rules: ExecutionRules, frameworks: Any) -> None:
    plan = plan_of(
        four(frameworks),
        markets(seed),
        rules,
        frameworks=MultiFrameworkConfig({name: {"feed": "full"} for name in ENGINES}),
    )
    stepping = Stepping(plan)
    orchestrator = stepping.orchestrator
    for _ in stepping.steps():
        for framework, names in orchestrator.framework_strategies.items():
            books = [orchestrator.strategies[name].book for name in names]
            reconcile(orchestrator.adapters[framework].get_portfolio_state(), books, "now")
            if rules.close_at_end:
                continue
            marks = orchestrator.session.marks
            assert all(book.equity(marks) == pytest.approx(book.cash + worth(book, marks)) for book in books)
    assert len(orchestrator.fills) > 20


def worth(book: Any, marks: Any) -> float:
    return sum(position.quantity * marks[symbol] for symbol, position in book.positions.items())


@FEW
@given(seed=SEEDS, rules=RULES, frameworks=FRAMEWORKS, bump=st.sampled_from([0.5, 0.97, 1.01, 3.0]))
def test_the_last_bar_changes_nothing_before_it(seed: int, rules: ExecutionRules, frameworks: Any, bump: float) -> None:
    """Bumped are the prices of all bars known last; decisions, fills and equity until then are the same (FR-015)."""
    market, _ = load_market(plan_of(four(frameworks), markets(seed), rules))
    plan = plan_of(four(frameworks), {symbol: DataPlan(symbol) for symbol in market.series}, rules)
    runs = []
    for factor in (1.0, bump):
        columns = {}
        for symbol, series in market.series.items():
            prices = {name: getattr(series, name).copy() for name in ("open", "high", "low", "close")}
            if market.timeline.ends.steps[symbol] == len(market.timeline) - 1:
                for column in prices.values():
                    column[-1] = round(column[-1] * factor, 2)
            columns[symbol] = Columns(series.timestamp.copy(), volume=series.volume.copy(), **prices)
        runs.append(run_plan(plan, lookahead=False, bars=columns))
    first, other = runs
    assert len(first.fills) > 20
    assert other.data_hash != first.data_hash
    last = int(first.labels[-1])
    for mine, theirs in ((first.fills, other.fills), (first.decisions, other.decisions)):
        assert [each for each in mine if each.t < last] == [each for each in theirs if each.t < last]
    for name, each in first.strategies.items():
        assert each.equity[:-1].tolist() == other.strategies[name].equity[:-1].tolist()


@FEW
@given(seed=SEEDS, rules=RULES, order=st.permutations([0, 1, 2, 3]), frameworks=FRAMEWORKS)
def test_the_order_in_the_file_changes_nothing(
    seed: int, rules: ExecutionRules, order: list[int], frameworks: Any
) -> None:
    parts = four(frameworks)
    plan = plan_of(parts, markets(seed), rules)
    one = run_plan(plan, lookahead=False)
    other = run_plan(replace(plan, strategies=tuple(plan.strategies[place] for place in order)), lookahead=False)
    assert one.decisions == other.decisions
    assert sorted(map(repr, one.fills)) == sorted(map(repr, other.fills))
    for name, each in one.strategies.items():
        assert each.equity.tolist() == other.strategies[name].equity.tolist()


@FEW
@given(seed=SEEDS, rules=RULES, frameworks=FRAMEWORKS, vectorised=st.booleans())
def test_feeding_changes_no_result(seed: int, rules: ExecutionRules, frameworks: Any, vectorised: bool) -> None:
    """Every bar fed, or engines touched only when needed; a run of vectorised strategies even jumps."""
    parts = four(frameworks)[: 2 if vectorised else 4]
    plan = plan_of(parts, markets(seed), rules)
    fed = [
        digest(
            run_plan(
                replace(plan, frameworks=MultiFrameworkConfig({name: {"feed": feed} for name in ENGINES})),
                lookahead=False,
            )
        )
        for feed in ("on_demand", "full")
    ]
    assert fed[0] == fed[1]


@FEW
@given(seed=SEEDS, rules=RULES, frameworks=FRAMEWORKS, turns=st.randoms(use_true_random=False))
def test_two_runs_step_by_step_in_one_process(seed: int, rules: ExecutionRules, frameworks: Any, turns: Any) -> None:
    """Interleaved in any order, both engines alive twice: each run is what it is alone."""
    plans = [
        plan_of(four(frameworks), markets(seed), rules),
        plan_of(four(frameworks[::-1]), markets(seed + 7), replace(rules, fill="close"), capital=Decimal(70_000)),
    ]
    alone = [Stepping(plan) for plan in plans]
    for each in alone:
        for _ in each.steps():
            pass
    together = [Stepping(plan) for plan in plans]
    waiting = [each.steps() for each in together]
    while waiting:
        if next(turn := turns.choice(waiting), None) is None:
            waiting.remove(turn)
    assert [each.facts() for each in together] == [each.facts() for each in alone]


@FEW
@given(seed=SEEDS, rules=RULES, frameworks=FRAMEWORKS)
def test_money_is_neither_made_nor_lost(seed: int, rules: ExecutionRules, frameworks: Any) -> None:
    """Equity at the end is the start, what sales brought in less purchases and fees, and what is still held."""
    plan = plan_of(four(frameworks), markets(seed), rules, capital="99999.97")
    result = run_plan(plan, lookahead=False)
    market: Market = load_market(plan)[0]
    total = float(result.reserve)
    for name, each in result.strategies.items():
        fills = [record.fill for record in result.fills if record.fill.strategy_id == name]
        gained = -sum(fill.quantity * fill.price + fill.fee for fill in fills)
        gained += sum(p.quantity * float(market.series[p.symbol].close[-1]) for p in each.open_positions)
        assert each.equity[-1] == pytest.approx(float(each.allocated) + gained, abs=0.005)
        total += each.equity[-1]
        assert not (rules.close_at_end and each.open_positions), name
    assert result.portfolio_equity[-1] == pytest.approx(total, abs=1e-6)
    assert np.isfinite(result.portfolio_equity).all()
