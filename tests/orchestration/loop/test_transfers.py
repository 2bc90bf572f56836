"""Money that is moved between strategies and the reserve while a run goes on: no result of anybody changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.analytics.attribution import CrossFrameworkAnalytics
from orchestrate.analytics.returns import curve_of
from orchestrate.analytics.summary import summarise
from orchestrate.domain.errors import ReconciliationError
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.plan import CapitalPlan, RunPlan
from orchestrate.domain.results import RunResult
from orchestrate.orchestration.risk.capital import RESERVE
from tests.engines.builders import market_of, series
from tests.orchestration.harness import PLAIN, Flags, HarnessRun, Part, fixed, prepare
from tests.whole_runs import whole_runs

#: (at this step or the next that is taken, source, target, cents)
Move = tuple[int, str, str, int]
NAMES = ("a", "b", "c")
BARS = 16
ALL = ("in_memory",)


def prices(seed: int) -> Market:
    """Two walks in whole cents; B has no bar at every third day."""
    random = np.random.default_rng(seed)
    walks = 1000 + np.cumsum(random.integers(-40, 41, size=(2, 2 * BARS)), axis=1)
    a, b = ([(walk[2 * n] / 100, walk[2 * n + 1] / 100) for n in range(BARS)] for walk in walks)
    days = [day for day in range(BARS) if day % 3 != 1]
    return market_of(series("A", a), series("B", [b[day] for day in days], days=days))


def parts(seed: int) -> dict[str, Part]:
    """Three strategies with fixed sizes, small enough that no transfer of this file keeps them from trading."""
    random = np.random.default_rng(seed)
    parts_by_id = {}
    for name, pct in zip(NAMES, (40, 30, 20), strict=True):
        flags = Flags(*(sorted(random.choice(BARS, 4, replace=False)) for _ in range(4)))
        parts_by_id[name] = Part(flags, symbols=("A", "B"), pct=pct, sizing=fixed(int(random.integers(1, 500))))
    return parts_by_id


def with_transfers(
    run: HarnessRun, market: Market, transfers: Mapping[int, Sequence[tuple[str, str, Decimal]]]
) -> None:
    """Take all steps of a run, each with its transfers (source, target, amount) after it."""
    orchestrator = run.orchestrator
    orchestrator.begin(market, PLAIN)
    for event in orchestrator.clock():
        orchestrator.step(event)
        for source, target, amount in transfers.get(event.step, ()):
            orchestrator.transfer(source, target, amount)
    orchestrator.finish()


class Watched:
    """A run with transfers, watched at every step that is taken: equity before and after the transfers of the step."""

    def __init__(self, seed: int, rules: ExecutionRules, moves: Sequence[Move] = (), full: Sequence[str] = ALL) -> None:
        self.market = prices(seed)
        self.harness_run: HarnessRun = prepare(parts(seed), full=full, capital=100_000)
        self.taken: list[int] = []
        self.before: list[dict[str, float]] = []
        self.after: list[dict[str, float]] = []
        orchestrator, left = self.harness_run.orchestrator, sorted(moves)
        orchestrator.begin(self.market, rules)
        for event in orchestrator.clock():
            orchestrator.step(event)
            self.taken.append(event.step)
            self.before.append(self.equity())
            while left and left[0][0] <= event.step:
                _, source, target, cents = left.pop(0)
                orchestrator.transfer(source, target, Decimal(cents) / 100)
            self.after.append(self.equity())
        orchestrator.finish()
        orchestrator.end()

    def equity(self) -> dict[str, float]:
        orchestrator = self.harness_run.orchestrator
        marks = orchestrator.session.marks
        equity = {name: entry.book.equity(marks) for name, entry in orchestrator.strategies.items()}
        return equity | {RESERVE: orchestrator.capital_manager.reserve.cash}

    def growth(self, name: str) -> list[float]:
        """What 1 has grown to at the steps taken: each step's equity before transfers over the last one after them."""
        initial = float(self.harness_run.results[name].allocated)
        lasts = [initial, *(each[name] for each in self.after[:-1])]
        grown = np.cumprod([now[name] / last for now, last in zip(self.before, lasts, strict=True)])
        return [float(value) for value in grown]

    @property
    def result(self) -> RunResult:
        timeline = self.market.timeline
        return RunResult(
            plan=RunPlan("multi", CapitalPlan(Decimal(100_000)), {}, {}, ()),
            status="completed",
            stamps=timeline.stamps,
            labels=timeline.labels,
            reserve=Decimal(10_000),
            strategies=self.harness_run.results,
            decisions=tuple(self.harness_run.orchestrator.session.log.decisions),
            fills=tuple(self.harness_run.orchestrator.fills),
            periods_per_year=dict.fromkeys(("", *NAMES), 252.0),
        )


def drawdown(curve: Sequence[float]) -> float:
    peaks = np.maximum.accumulate([1.0, *curve])
    return float(np.min(np.array([1.0, *curve]) / peaks - 1.0))


RULES = st.builds(
    ExecutionRules,
    fill=st.sampled_from(["next_open", "close"]),
    commission=st.sampled_from([Commission(), Commission(percent=0.1), Commission(per_share=0.005, minimum=1.0)]),
    close_at_end=st.booleans(),
)
MOVE = st.tuples(st.integers(0, BARS - 1), st.permutations([*NAMES, RESERVE]).map(tuple), st.integers(1, 90_000)).map(
    lambda drawn: (drawn[0], drawn[1][0], drawn[1][1], drawn[2])
)


@pytest.mark.uncounted
@whole_runs(25)
@given(
    seed=st.integers(0, 10_000),
    rules=RULES,
    moves=st.lists(MOVE, min_size=1, max_size=10),
    full=st.sampled_from([(), ALL]),
)
def test_transfers_change_no_return(seed: int, rules: ExecutionRules, moves: list[Move], full: Sequence[str]) -> None:
    plain, moved = Watched(seed, rules, full=full), Watched(seed, rules, moves, full)
    assert moved.taken == plain.taken
    assert moved.harness_run.fills() == plain.harness_run.fills()
    for ours, theirs in zip(moved.after, plain.after, strict=True):
        assert sum(ours.values()) == pytest.approx(sum(theirs.values()), abs=1e-6)
    result, bare = moved.result, plain.result
    columns = {name: each.equity for name, each in result.strategies.items()} | {RESERVE: result.reserve_equity}
    for name, column in columns.items():
        assert column[moved.taken] == pytest.approx([each[name] for each in moved.after], abs=1e-6)
    assert sum(columns.values()) == pytest.approx(result.portfolio_equity, abs=1e-6)
    assert result.portfolio_equity.tolist() == bare.portfolio_equity.tolist()
    figures, without = summarise(result), summarise(bare)
    _compare_figures(figures, without)
    for name, each in result.strategies.items():
        curve = curve_of([each])
        grown = moved.growth(name)
        assert curve.equity[moved.taken] / curve.initial == pytest.approx(grown, rel=1e-10)
        metrics = figures["strategies"][name]["metrics"]  # type: ignore[index]
        assert metrics["total_return"] == pytest.approx(grown[-1] - 1.0, abs=1e-10)
        if full:
            assert metrics["max_drawdown"] == pytest.approx(drawdown(grown), abs=1e-10)


def _compare_figures(figures: Mapping[str, Any], without: Mapping[str, Any]) -> None:
    reserve = figures["portfolio"].pop("reserve")
    without["portfolio"].pop("reserve")
    assert figures["portfolio"] == without["portfolio"]
    finals = [each["final_equity"] for each in figures["strategies"].values()]
    assert sum(finals) + reserve == pytest.approx(figures["portfolio"]["final_equity"], abs=1e-6)
    for name, each in figures["strategies"].items():
        theirs = CrossFrameworkAnalytics(without).strategy(name)
        assert CrossFrameworkAnalytics(figures).strategy(name) == pytest.approx(theirs, abs=1e-12), each


def test_a_return_is_of_the_money_that_was_there() -> None:
    """40,000 hold 100 at 10; after +1 a share 20,000 leave, so that another +1 is 100 on 20,100."""
    bars = series("A", [(10.0, 10.0), (10.0, 10.0), (11.0, 11.0), (12.0, 12.0)])
    harness_run = prepare({"a": Part(Flags(long=[0]), pct=40, sizing=fixed(100))}, full=ALL)
    with_transfers(harness_run, market_of(bars), {2: [("a", RESERVE, Decimal(20_000))]})
    [a] = harness_run.results.values()
    assert a.equity.tolist() == [40_000.0, 40_000.0, 20_100.0, 20_200.0]
    assert a.earned.tolist() == [40_000.0, 40_000.0, 40_100.0, 40_200.0]
    assert a.transfers is not None
    assert a.transfers.flows.tolist() == [0.0, 0.0, -20_000.0, 0.0]
    one, other = 40_100 / 40_000, 20_200 / 20_100
    assert curve_of([a]).equity == pytest.approx([1.0, 1.0, one, one * other], rel=1e-15)


def test_without_a_trade_there_is_no_return_to_the_last_digit() -> None:
    """Odd cents come and go; floats of cash lose their last digits, the figures don't."""
    harness_run = prepare({name: Part(Flags(), pct=30) for name in NAMES}, full=ALL)
    around = {
        step: [(NAMES[step % 3], NAMES[(step + 1) % 3], Decimal("0.07") * (step + 1)), (RESERVE, "a", Decimal("33.33"))]
        for step in range(BARS)
    }
    with_transfers(harness_run, prices(1), around)
    for each in harness_run.results.values():
        assert set(curve_of([each]).equity.tolist()) == {1.0}
    assert set(curve_of(list(harness_run.results.values())).equity.tolist()) == {1.0}


def test_transfers_within_a_group_leave_its_curve_alone() -> None:
    moves = [(3, "a", "b", 12_345), (5, "b", "a", 2_001)]
    moved, plain = Watched(5, PLAIN, moves), Watched(5, PLAIN)
    pairs = [[run.harness_run.results[name] for name in ("a", "b")] for run in (moved, plain)]
    ours, theirs = (curve_of(pair) for pair in pairs)
    assert ours.initial == theirs.initial == 70_000.0
    assert ours.equity.tolist() == theirs.equity.tolist()


def test_a_strategy_without_capital_is_measured_from_its_first_money() -> None:
    bars = series("A", [(10.0, 10.0), (10.0, 10.0), (10.0, 10.0), (11.0, 11.0)])
    harness_run = prepare({"a": Part(Flags(long=[1]), pct=0, sizing=fixed(100))}, full=ALL)
    with_transfers(harness_run, market_of(bars), {0: [(RESERVE, "a", Decimal(2_000))]})
    [a] = harness_run.results.values()
    assert curve_of([a]).equity == pytest.approx([1.0, 1.0, 1.0, 2_100 / 2_000])


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "40000.01"])
def test_a_transfer_that_cannot_be_leaves_no_trace(amount: str) -> None:
    harness_run = prepare({"a": Part(Flags(), pct=40)}, full=ALL)
    orchestrator = harness_run.orchestrator
    orchestrator.begin(prices(1), PLAIN)
    with pytest.raises(ValueError, match=r"whole cents|has 40000\.00 in cash"):
        orchestrator.transfer("a", RESERVE, Decimal(amount))
    with pytest.raises(ValueError, match="Unknown strategy: nobody"):
        orchestrator.transfer("a", "nobody", Decimal(1))
    for event in orchestrator.clock():
        orchestrator.step(event)
    orchestrator.finish()
    assert harness_run.results["a"].transfers is None


@pytest.mark.parametrize("by", [1e-9, -10.0])
def test_cash_that_no_transfer_brought_is_still_found(by: float) -> None:
    harness_run = prepare({"a": Part(Flags(long=[2], out=[6]), pct=40, sizing=fixed(9))}, full=ALL)
    orchestrator = harness_run.orchestrator
    orchestrator.begin(prices(1), PLAIN)
    with pytest.raises(ReconciliationError, match="the book of a has"):
        for event in orchestrator.clock():
            orchestrator.step(event)
            if event.step == 4:
                orchestrator.transfer("a", RESERVE, Decimal(10))
                orchestrator.strategies["a"].book.cash += by
