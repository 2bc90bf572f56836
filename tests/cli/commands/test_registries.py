"""One fake of each kind of thing, put into its registry and nothing else, runs from a YAML file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import pytest
from rich.text import Text

from orchestrate import OrchestratorConfig, run_orchestrator, wiring
from orchestrate.analytics import metrics
from orchestrate.analytics.track import Track
from orchestrate.analytics.weights import methods
from orchestrate.data.columns import Columns
from orchestrate.data.files import formats
from orchestrate.data.text.csv import read_csv
from orchestrate.domain.engines import Engine
from orchestrate.domain.instruments import instrument as instruments
from orchestrate.domain.orders.conflicts import ConflictDemand, ConflictView
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.portfolio import AllocationMethod
from orchestrate.domain.results import Finding
from orchestrate.orchestration.risk import sizing
from orchestrate.orchestration.risk.limits import registry as limits
from orchestrate.orchestration.risk.limits.opening import Opening, Verdict
from orchestrate.orchestration.risk.policies import registry
from orchestrate.reporting import tables
from tests.engines.conformance.in_memory import InMemoryAdapter

PLAN = """\
capital: 100000
data:
  AAA: {synthetic: {bars: 250, seed: 7, frequency: 1d}}
strategies:
  trend: {name: MOMENTUM, allocation: 50, config: {fast: 3, slow: 8}}
  dips: {name: MOMENTUM, allocation: 50, config: {fast: 2, slow: 5}}
"""
Orchestrate = Callable[..., str]


@pytest.fixture
def orchestrate(prompt: Any) -> Orchestrate:
    """The command line on `plan.yaml`, which has `text`; returns what it prints and checks its exit code."""

    def call(*words: str, text: str = "", code: int = 0) -> str:
        if text:
            prompt.write("plan.yaml", text)
        done = prompt(*words)
        assert done.code == code, done.out + done.err
        return str(done.out)

    return call


def backtest(orchestrate: Orchestrate, text: str, code: int = 0) -> dict[str, Any]:
    """Run `text` and return the document of the run."""
    found = json.loads(orchestrate("backtest", "plan.yaml", "--format", "json", text=text, code=code))
    assert isinstance(found, dict)
    return found


def validate(orchestrate: Orchestrate, text: str) -> str:
    """Return what `validate` says of a wrong `text`."""
    return orchestrate("validate", "plan.yaml", "--format", "json", text=text, code=2)


def schema(orchestrate: Orchestrate) -> dict[str, Any]:
    """Return the JSON Schema."""
    found = json.loads(orchestrate("schema"))
    assert isinstance(found, dict)
    return found


# ---- engines


@dataclass(frozen=True, slots=True)
class InMemorySettings:
    """The settings of the engine of the tests."""

    feed: Literal["on_demand", "full"] = "on_demand"


def in_memory(_settings: InMemorySettings) -> InMemoryAdapter:
    """Build the engine of the tests."""
    return InMemoryAdapter()


@pytest.fixture
def third_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    here = f"{__name__}:"
    engine = Engine("in_memory", f"{here}in_memory", f"{here}InMemorySettings", "engine-of-the-tests")
    monkeypatch.setitem(wiring.ENGINES, engine.name, engine)  # type: ignore[arg-type] # a dict, which others only read


ON_IN_MEMORY = PLAN.replace("name: MOMENTUM,", "name: MOMENTUM, framework: in_memory,")


@pytest.mark.usefixtures("third_engine")
def test_an_engine_runs_portable_strategies_as_the_first_does(orchestrate: Orchestrate) -> None:
    gates = 'gates: {frameworks.in_memory.trades: ">= 1"}\n'
    own = backtest(orchestrate, ON_IN_MEMORY + "frameworks: {in_memory: {feed: full}}\n" + gates)
    assert own["frameworks"]["in_memory"]["metrics"]["trades"] > 0
    (run,) = (json.loads(path.read_text()) for path in Path("reports").glob("[!.]*/run.json"))
    assert run["versions"]["in_memory"] == "unknown"  # no such distribution is installed
    first = backtest(orchestrate, PLAN)
    assert own["portfolio"]["metrics"]["total_return"] == pytest.approx(first["portfolio"]["metrics"]["total_return"])


@pytest.mark.usefixtures("third_engine")
def test_an_engine_is_in_schema_messages_and_doctor(orchestrate: Orchestrate) -> None:
    known = schema(orchestrate)["properties"]["frameworks"]["anyOf"][0]["properties"]
    assert list(known) == ["backtrader", "nautilus", "in_memory"]
    told = validate(orchestrate, PLAN.replace("name: MOMENTUM,", "name: MOMENTUM, framework: in_memori,"))
    assert "did you mean 'in_memory'?" in told
    assert "in_memory" in orchestrate("strategies", "MOMENTUM")


def test_without_its_line_there_is_no_such_engine(orchestrate: Orchestrate) -> None:
    assert "unknown framework 'in_memory'" in validate(orchestrate, ON_IN_MEMORY)


# ---- conflict policies


def first_alone(demands: Sequence[ConflictDemand], _view: ConflictView) -> Sequence[float]:
    """Let the first demand through and refuse the others."""
    return [0.0 if place else demand.quantity for place, demand in enumerate(demands)]


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch) -> None:
    known = registry.ConflictPolicy(first_alone, "the first alone")
    monkeypatch.setitem(registry.CONFLICT_POLICIES, "first_alone", known)


@pytest.mark.usefixtures("policy")
def test_a_policy_settles_the_conflicts_of_a_run(orchestrate: Orchestrate) -> None:
    """A policy is a line of a registry, and is configured as the others are (NFR-007)."""
    two = PLAN.replace("{fast: 2, slow: 5}", "{fast: 3, slow: 8}")
    found = backtest(orchestrate, two + "portfolio: {conflicts: first_alone}\n")
    assert found["strategies"]["trend"]["blocked"] == 0  # the first in the file
    assert found["strategies"]["dips"]["blocked"] > 0


@pytest.mark.usefixtures("policy")
def test_a_policy_is_in_schema_and_messages(orchestrate: Orchestrate) -> None:
    described = schema(orchestrate)["$defs"]["Portfolio"]["properties"]["conflicts"]["anyOf"][0]
    assert "first_alone" in described["examples"]
    assert "first_alone: the first alone\n" in described["description"]
    assert "did you mean 'first_alone'?" in validate(orchestrate, PLAN + "portfolio: {conflicts: first_alon}\n")


@pytest.mark.usefixtures("policy")
def test_a_policy_settles_conflicts_in_the_python_api() -> None:
    pairs: list[tuple[object, float]] = [("BUY_AND_HOLD", 0.5), ("BUY_AND_HOLD", 0.5)]
    config = OrchestratorConfig(conflict_resolution_mode="first_alone")
    closes = np.linspace(100.0, 120.0, 30)
    bars = pd.DataFrame(
        dict.fromkeys(("open", "high", "low", "close"), closes), index=pd.date_range("2020-01-01", periods=30)
    )
    found = run_orchestrator(pairs, bars, config).facts.strategies
    assert [result.blocked for result in found.values()] == [0, 1]


# ---- sizings


def test_a_sizing_sizes_the_entries_of_a_run(orchestrate: Orchestrate, monkeypatch: pytest.MonkeyPatch) -> None:
    dozens = sizing.SizingMethod(lambda value, _of: 12 * value, "quantity")
    monkeypatch.setitem(sizing.SIZINGS, "dozens", dozens)
    text = PLAN.replace("allocation: 50,", "allocation: 50, sizing: {method: dozens, quantity: 3},")
    backtest(orchestrate, text)
    (path,) = Path("reports").glob("[!.]*/trades.parquet")
    assert set(pq.read_table(path).column("quantity").to_pylist()) == {36.0}
    enum = schema(orchestrate)["$defs"]["SizingSection"]["properties"]["method"]["anyOf"][0]["enum"]
    assert enum == ["percent", "fixed", "notional", "dozens", "risk"]
    assert "did you mean 'dozens'?" in validate(orchestrate, text.replace("dozens", "dozen"))
    assert "the method dozens needs 'quantity'" in validate(orchestrate, text.replace(", quantity: 3", ""))


# ---- limits


@dataclass(frozen=True, slots=True)
class Dozens:
    """Openings in whole dozens."""

    dozen: int


def whole_dozens(limit: Dozens, opening: Opening) -> Verdict | None:
    """Cut an opening to one dozen."""
    unit = opening.size / 100
    return Verdict(unit * limit.dozen, 100.0, limit.dozen) if limit.dozen < 100 else None


@pytest.mark.parametrize(
    ("registry", "where", "part"),
    [
        ("STRATEGY_LIMITS", "allocation: 50, limits: {dozens: 12},", "Strategy"),
        ("PORTFOLIO_LIMITS", "allocation: 50,", "Portfolio"),
    ],
)
def test_a_limit_cuts_the_entries_of_a_run(
    orchestrate: Orchestrate, monkeypatch: pytest.MonkeyPatch, registry: str, where: str, part: str
) -> None:
    monkeypatch.setitem(getattr(limits, registry), "dozens", limits.Limit(Dozens, whole_dozens))
    own = "" if part == "Strategy" else "dozens: {dozen: 12}"
    text = PLAN.replace("allocation: 50,", where) + f"portfolio: {{limits: {{{own}}}}}\n"
    backtest(orchestrate, text)
    journal = Path("logs/backtest/orchestrate.jsonl").read_text()
    assert '"limit":"dozens"' in journal
    described = schema(orchestrate)["$defs"][part]["properties"]["limits"]["anyOf"][0]["properties"]["dozens"]
    assert described["anyOf"][0]["description"] == "Openings in whole dozens."
    assert "did you mean 'dozens'?" in validate(orchestrate, text.replace("dozens:", "dozen:"))
    assert "expected a whole number" in validate(orchestrate, text.replace("12}", "1.5}"))


# ---- asset classes


@pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
def test_an_asset_class_decides_how_cash_moves(
    orchestrate: Orchestrate, monkeypatch: pytest.MonkeyPatch, framework: str
) -> None:
    text = PLAN.replace("name: MOMENTUM,", f"name: MOMENTUM, framework: {framework},")
    as_class = text + "instruments: {AAA: {asset_class: CLASS, margin_rate: 0.1, multiplier: 2}}\n"
    future = backtest(orchestrate, as_class.replace("CLASS", "future"))["portfolio"]
    assert "did you mean 'future'?" in validate(orchestrate, as_class.replace("CLASS", "futures"))
    monkeypatch.setitem(instruments.ASSET_CLASSES, "swap", instruments.AssetClass(by_notional=False))
    assert backtest(orchestrate, as_class.replace("CLASS", "swap"))["portfolio"] == future
    enum = schema(orchestrate)["$defs"]["InstrumentSection"]["properties"]["asset_class"]["anyOf"][0]["enum"]
    assert enum[-1] == "swap"


# ---- data formats


def read_pairs(path: Path, plan: DataPlan, where: str) -> tuple[Columns, list[Finding]]:
    """Read a date and a price a line, as bars that never move."""
    text = "".join(f"{date},{price},{price},{price},{price}\n" for date, price in map(str.split, path.open()))
    header = "date,open,high,low,close\n"
    (copy := path.with_suffix(".csv")).write_text(header + text, encoding="utf-8")
    return read_csv(copy, plan, where)


def test_a_format_is_read_by_its_function(orchestrate: Orchestrate, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (f"2024-{month:02}-{day:02} {100 + day * month}\n" for month in range(1, 7) for day in range(1, 28))
    Path("prices.pairs").write_text("".join(lines), encoding="utf-8")
    text = PLAN.replace("{synthetic: {bars: 250, seed: 7, frequency: 1d}}", "{path: prices.pairs, format: pairs}")
    assert "format must be auto, csv, parquet or catalog, found the text 'pairs'" in validate(orchestrate, text)
    monkeypatch.setitem(formats.FORMATS, "pairs", f"{__name__}:read_pairs")
    assert backtest(orchestrate, text)["bars"] == 162
    assert schema(orchestrate)["$defs"]["Data"]["properties"]["format"]["anyOf"][0]["enum"][-1] == "pairs"
    assert "162" in orchestrate("data", "prices.pairs", "--set", "format=pairs")


# ---- metrics


def bars_in_profit(track: Track) -> int:
    """Count the closes above the initial capital."""
    return int((track.equity > track.initial).sum())


@pytest.fixture
def metric(monkeypatch: pytest.MonkeyPatch) -> None:
    known = metrics.Metric(
        bars_in_profit, "bars in profit", "count", metrics.NOT_NEGATIVE, column="above", of_curve=True
    )
    monkeypatch.setitem(metrics.METRICS, "bars_in_profit", known)


@pytest.mark.usefixtures("metric")
def test_a_metric_is_in_gates_document_and_tables(orchestrate: Orchestrate) -> None:
    gate = 'benchmark: AAA\ngates: {bars_in_profit: ">= 300", strategies.trend.bars_in_profit: ">= 0.5"}\n'
    found = backtest(orchestrate, PLAN + gate, code=1)
    count = found["portfolio"]["metrics"]["bars_in_profit"]
    assert 0 < count <= 250
    assert found["gates"][0] == {"gate": "bars_in_profit >= 300.0", "value": count, "passed": False}
    assert found["strategies"]["trend"]["metrics"]["bars_in_profit"] >= 0
    assert "bars_in_profit" in found["benchmark"]["metrics"]
    shown = orchestrate("report", "latest")
    assert f"bars in profit {count:>10}" in shown
    assert "above" in shown
    assert "can't fail" in validate(orchestrate, PLAN + 'gates: {bars_in_profit: ">= 0"}\n')


def test_a_run_stored_before_a_metric_existed_is_still_shown(
    orchestrate: Orchestrate, monkeypatch: pytest.MonkeyPatch
) -> None:
    backtest(orchestrate, PLAN)
    known = metrics.Metric(bars_in_profit, "bars in profit", "count", column="above")
    monkeypatch.setitem(metrics.METRICS, "bars_in_profit", known)
    assert "bars in profit          –" in orchestrate("report", "latest")


# ---- allocation methods


def by_rank(returns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give each strategy, in the order of ids, a third of what the next one gets."""
    ranks = 3.0 ** np.arange(returns.shape[1])
    return ranks / ranks.sum()


def test_an_allocation_method_gives_the_weights(orchestrate: Orchestrate, monkeypatch: pytest.MonkeyPatch) -> None:
    method = AllocationMethod("three times the last one's", function=f"{__name__}:by_rank")
    monkeypatch.setitem(methods.ALLOCATIONS, "by_rank", method)
    text = PLAN.replace("allocation: 50, ", "") + "start: 2010-03-01\n"
    found = backtest(orchestrate, text + "portfolio: {allocation: {method: by_rank, lookback: 5}}\n")
    assert {name: one["allocated_capital"] for name, one in found["strategies"].items()} == {
        "trend": 75_000,
        "dips": 25_000,
    }
    part = schema(orchestrate)["$defs"]["Portfolio"]["properties"]["allocation"]["anyOf"][0]
    assert part["examples"][-1] == "by_rank"
    assert "by_rank: each strategy gets three times the last one's." in part["description"]
    assert "did you mean 'by_rank'?" in validate(orchestrate, text + "portfolio: {allocation: by_rnk}\n")


# ---- report sections


def test_a_section_is_shown_of_every_run(orchestrate: Orchestrate, monkeypatch: pytest.MonkeyPatch) -> None:
    def section(document: dict[str, Any], width: int) -> Text | None:
        return Text(f"{len(document['strategies'])} strategies in {width} columns") if document["bars"] else None

    monkeypatch.setitem(tables.SECTIONS, "Seen at a glance", section)
    monkeypatch.setitem(tables.SECTIONS, "Never", lambda _document, _width: None)
    monkeypatch.setenv("COLUMNS", "90")
    shown = orchestrate("backtest", "plan.yaml", text=PLAN)
    assert "Seen at a glance\n  2 strategies in 90 columns\n" in shown
    assert "Never" not in shown
    assert "Seen at a glance\n  2 strategies in 90 columns\n" in orchestrate("report", "latest")
