"""Everything in `configs/`: it is valid, it is commented, it runs, and it shows what it says it shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.config.resolve import resolve
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.plan import CapitalMode, RunPlan
from orchestrate.domain.results import RunResult
from orchestrate.usecases.running.run import run
from orchestrate.wiring import choices, describe, settings_types

CONFIGS = Path(__file__).parents[3] / "configs"
FILES = sorted(CONFIGS.glob("*.yaml"))


def plan_of(name: str) -> RunPlan:
    resolution = resolve(CONFIGS / name, catalogue=describe, settings=settings_types(), choices=choices())
    assert resolution.problems == ()
    assert resolution.plan is not None
    return resolution.plan


def run_of(name: str, mode: CapitalMode | None = None) -> tuple[RunResult, Counter[str]]:
    events: Counter[str] = Counter()

    def emit(event: DomainEvent) -> None:
        events[type(event).__name__] += 1

    plan = plan_of(name)
    return run(replace(plan, capital=replace(plan.capital, mode=mode or plan.capital.mode)), emit=emit), events


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


def test_the_conflict_example_conflicts():
    _, events = run_of("conflict.yaml")
    assert events["StrategyConflictDetectedEvent"] >= 5


def test_the_capital_example_is_cut_and_refused():
    result, events = run_of("capital_limit.yaml")
    assert events["SignalResizedEvent"] >= 5
    assert events["SignalBlockedEvent"] >= 5
    assert result.strategies["greedy"].resized >= 5
    assert result.strategies["two_at_once"].blocked >= 5


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
