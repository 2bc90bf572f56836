"""Everything in `configs/`: it is valid, it is commented, it runs, and it shows what it says it shows."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestrate.config.resolve import resolve
from orchestrate.domain.events import DomainEvent, StrategyConflictDetectedEvent
from orchestrate.domain.plan import CapitalMode, RunPlan
from orchestrate.domain.results import RunResult
from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES
from orchestrate.runs.journal_format import LINES
from orchestrate.runs.parquet import parquet_files
from orchestrate.usecases.running.run import run
from orchestrate.wiring import choices, describe, settings_types

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

CONFIGS = Path(__file__).parents[3] / "configs"
FILES = sorted(CONFIGS.glob("*.yaml"))
SEARCHING = [path for path in FILES if "\n#   grep " in path.read_text(encoding="utf-8")]


def plan_of(name: str) -> RunPlan:
    resolution = resolve(CONFIGS / name, catalogue=describe, settings=settings_types(), choices=choices())
    assert resolution.problems == ()
    assert resolution.plan is not None
    return resolution.plan


@cache
def events_of(name: str, mode: CapitalMode | None = None) -> tuple[RunResult, list[DomainEvent]]:
    events: list[DomainEvent] = []
    plan = plan_of(name)
    pooled = replace(plan, capital=replace(plan.capital, mode=mode or plan.capital.mode))
    return run(pooled, emit=events.append), events


def run_of(name: str, mode: CapitalMode | None = None) -> tuple[RunResult, Counter[str]]:
    result, events = events_of(name, mode)
    return result, Counter(type(event).__name__ for event in events)


def test_what_there_is():
    names = [path.name for path in FILES]
    for shape in range(1, 6):
        assert sum(name.startswith(f"shape{shape}_") for name in names) == 1
    assert {"quickstart.yaml", "portfolio.yaml", "conflict.yaml", "capital_limit.yaml"} <= set(names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_example_is_valid_and_explained(path: Path):
    resolution = resolve(path, catalogue=describe, settings=settings_types(), choices=choices())
    assert [str(problem) for problem in resolution.problems] == []
    assert [finding for finding in resolution.findings if finding.severity != "info"] == []
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert text.count("#") >= 3
    assert max(len(line) for line in text.splitlines()) <= 120


@pytest.mark.parametrize("path", SEARCHING, ids=lambda path: path.stem)
def test_what_an_example_searches_the_journal_for_is_there(path: Path):
    """The words of each `grep` are in a line that its run writes."""
    events = [event for event in events_of(path.name)[1] if type(event) in LINES]
    names = {written.event for event in events if (written := LINES[type(event)](event)) is not None}
    [search] = re.findall(r"^#   grep (.*) logs/backtest/orchestrate.jsonl$", path.read_text(), re.MULTILINE)
    words = re.findall(r"[a-z_]{9,}", search)
    assert words
    assert all(any(word in name for name in names) for word in words)


def test_the_rates_that_the_currency_example_prints_are_a_column_of_fills():
    text = (CONFIGS / "foreign_currency.yaml").read_text(encoding="utf-8")
    [table, column] = re.findall(r"load_run\('latest'\)\.(\w+)\.(\w+)\)", text)[0]
    stored = parquet_files(run_of("foreign_currency.yaml")[0])[f"{table}.parquet"]
    rates = pq.read_table(io.BytesIO(stored), columns=[column])[column].to_pylist()
    assert len(set(rates)) > 50


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_example_runs_and_trades(path: Path):
    result, _ = run_of(path.name)
    assert result.status == "completed"
    assert not [finding for finding in result.findings if finding.severity == "error"]
    for strategy in result.strategies.values():
        assert strategy.error is None
        assert len(strategy.trades) >= 5, strategy.id


def test_the_shapes_have_the_modes_they_say():
    modes = {path.stem: plan_of(path.name).mode for path in FILES if path.name.startswith("shape")}
    assert list(modes.values()) == ["single", "single", "multi", "multi", "multi"]


def test_the_portfolio_is_three_strategies_on_both_engines():
    plan = plan_of("portfolio.yaml")
    assert len(plan.strategies) == 3
    assert {strategy.framework for strategy in plan.strategies} == {"backtrader", "nautilus"}


def test_the_drawdown_example_reaches_the_limits_that_it_names():
    result, events = run_of("drawdown_stop.yaml")
    assert events["LimitReachedEvent"] > 100
    assert result.strategies["trend"].status == "paused"
    assert result.strategies["dips"].status == "completed"


def test_the_futures_example_is_called_on_both_sides():
    result, events = run_of("futures_pair.yaml")
    assert (events["MarginCalledEvent"], result.status) == (5, "completed")
    called = {fill.fill.quantity > 0 for fill in result.fills if fill.reason == "margin_call"}
    assert called == {True, False}
    assert any("margin calls closed 5 of its positions" in finding.message for finding in result.findings)


def test_the_margin_example_squeezes_one_strategy_alone():
    result, events = run_of("margin_call.yaml")
    assert events["MarginCalledEvent"] == 13
    called = {fill.fill.strategy_id for fill in result.fills if fill.reason == "margin_call"}
    assert called == {"stubborn"}
    assert result.strategies["stubborn"].equity[-1] < 5_000 < result.strategies["trend"].equity[-1]


def test_the_schedule_example_changes_the_strategies():
    result, events = run_of("schedule.yaml")
    assert {name: strategy.status for name, strategy in result.strategies.items()} == {
        "trend": "completed",
        "dips": "removed",
        "late": "completed",
    }
    assert result.strategies["late"].allocated == 0
    assert (events["StrategyPausedEvent"], events["StrategyResumedEvent"], events["StrategyRemovedEvent"]) == (1, 1, 1)


def test_the_rebalancing_example_rebalances():
    result, events = run_of("monthly_rebalancing.yaml")
    assert events["CapitalRebalancedEvent"] == 98
    assert round(float(result.reserve_equity[-1]), 2) == 120_952.09
    assert result.reserve_equity[-1] / result.portfolio_equity[-1] == pytest.approx(0.2, abs=0.01)


def test_the_risk_parity_example_gives_the_weights_that_it_says():
    result, _ = run_of("risk_parity.yaml")
    allocated = {name: strategy.allocated for name, strategy in result.strategies.items()}
    assert (allocated["dips"], allocated["swings"]) == (Decimal("83516.25"), Decimal("116249.55"))
    assert sum(allocated.values()) == 300_000
    assert not [finding for finding in result.findings if finding.where == "portfolio.allocation"]


def test_the_conflict_example_conflicts():
    _, events = run_of("conflict.yaml")
    assert events["StrategyConflictDetectedEvent"] >= 5


def counts(name: str) -> dict[str, tuple[int, int]]:
    """How often each strategy was blocked and resized."""
    return {each.id: (each.blocked, each.resized) for each in run_of(name)[0].strategies.values()}


def outcomes(name: str) -> list[str]:
    return [event.outcome for event in events_of(name)[1] if isinstance(event, StrategyConflictDetectedEvent)]


def kinds_of_conflicts(name: str) -> Counter[str]:
    conflicts = [event for event in events_of(name)[1] if isinstance(event, StrategyConflictDetectedEvent)]
    return Counter(event.conflict_type for event in conflicts)


def test_there_is_an_example_of_every_policy():
    used = {plan_of(path.name).portfolio.conflicts for path in FILES}
    assert used == {*CONFLICT_POLICIES, "policies/calmer.py:calmer"}


@pytest.mark.parametrize(
    ("name", "trend", "against"),
    [
        ("conflict", (0, 0), (0, 0)),
        ("conflicts-first-wins", (0, 0), (13, 0)),
        ("conflicts-priority", (13, 0), (0, 0)),
        ("conflicts-cancel-both", (13, 0), (13, 0)),
        ("conflicts-net-signal", (4, 9), (9, 4)),
        ("conflicts-weighted-average", (4, 9), (9, 4)),
        ("conflicts-exits-included", (5, 17), (17, 5)),
    ],
)
def test_a_conflict_example_shows_what_it_says(name: str, trend: tuple[int, int], against: tuple[int, int]):
    assert counts(f"{name}.yaml") == {"with_the_trend": trend, "against_it": against}


def test_the_average_of_equal_weights_is_half_of_the_net():
    # both runs are alike until the first conflict of two entries is settled
    assert outcomes("conflicts-net-signal.yaml")[1] == "with_the_trend refused, against_it -120 of -2237.09"
    assert outcomes("conflicts-weighted-average.yaml")[1] == "with_the_trend refused, against_it -60 of -2237.09"


def test_the_example_of_a_function_halves_one_side():
    (trend_blocked, trend_cut), (against_blocked, against_cut) = counts("conflicts-function.yaml").values()
    assert trend_blocked + against_blocked >= 5
    assert (trend_cut, against_cut) == (against_blocked, trend_blocked)


def test_exits_that_take_part_hold_positions_longer():
    held = run_of("conflicts-exits-included.yaml")[0].strategies["with_the_trend"]
    free = run_of("conflict.yaml")[0].strategies["with_the_trend"]
    assert len(held.trades) < len(free.trades)


def test_the_capital_example_is_cut_and_refused():
    result, events = run_of("capital_limit.yaml")
    assert events["SignalResizedEvent"] >= 5
    assert events["SignalBlockedEvent"] >= 5
    assert result.strategies["greedy"].resized >= 5
    assert result.strategies["two_at_once"].blocked >= 5


def test_the_capital_example_conflicts_wherever_two_demand_one_symbol():
    """Counted again from the decisions: both strategies trade ALPHA, and seldom on the same bar."""
    result, _ = run_of("capital_limit.yaml")
    sides: dict[tuple[int, str], dict[str, bool]] = {}
    for record in result.decisions:
        demand = record.decision.demand
        sides.setdefault((record.t, demand.symbol), {})[demand.strategy_id] = demand.quantity > 0
    contested = [demanded for demanded in sides.values() if len(demanded) > 1]
    opposite = [demanded for demanded in contested if len(set(demanded.values())) > 1]
    assert (len(contested), len(opposite)) == (9, 8)
    assert kinds_of_conflicts("capital_limit.yaml") == {"opposite": 8, "same_side": 1}


def test_the_pooled_example_has_books_that_owe_and_cash_that_never_does():
    result, _ = run_of("pooled.yaml")
    cash = {name: float(strategy.allocated) for name, strategy in result.strategies.items()}
    lowest, total = dict(cash), []
    for record in result.fills:
        fill = record.fill
        cash[fill.strategy_id] -= fill.quantity * fill.price + fill.fee
        lowest[fill.strategy_id] = min(lowest[fill.strategy_id], cash[fill.strategy_id])
        total.append(sum(cash.values()))
    assert min(total) > 0.0
    assert lowest["dips"] < -10_000
    assert lowest["trend"] < 0.0
    alone, _ = run_of("pooled.yaml", mode="isolated")
    assert alone.strategies["dips"].equity[-1] < result.strategies["dips"].equity[-1]


def test_the_currency_example_converts_what_it_trades():
    result, _ = run_of("foreign_currency.yaml")
    rates = {fill.fill.rate for fill in result.fills}
    assert len(rates) > 20
    assert all(1.0 < rate < 2.0 for rate in rates)
    share = result.strategies["share"]
    paid = [f.fill.quantity * f.fill.price * f.fill.rate for f in result.fills if f.fill.symbol == "LONDON"]
    assert share.open_positions == ()
    assert float(share.equity[-1]) == pytest.approx(50_000 - sum(paid) - share.fees)
    assert sum(trade.profit for trade in share.trades) == pytest.approx(-sum(paid) - share.fees)
    quoted = sum((trade.exit_price - trade.entry_price) * trade.quantity for trade in share.trades)
    assert -sum(paid) > 2 * quoted  # the pound rose while it held the share
