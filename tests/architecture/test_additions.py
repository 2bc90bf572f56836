"""Each example of docs/architecture.md's table is a patch that applies to a copy of the project and works there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.architecture.command_line import run as run_unpatched
from tests.architecture.conftest import PatchedCopy

PLAN = """\
capital: 100000
data:
  AAA: {synthetic: {bars: 250, seed: 7, frequency: 1d}}
strategies:
  trend: {name: MOMENTUM, allocation: 50, config: {fast: 3, slow: 8}}
  dips: {name: MOMENTUM, allocation: 50, config: {fast: 2, slow: 5}}
"""
PATCHES = sorted(path.stem for path in Path(__file__).parent.glob("patches/*.patch"))
Orchestrate = Callable[..., str]


@pytest.fixture
def orchestrate(patched: PatchedCopy, tmp_path: Path) -> Orchestrate:
    """The command line of the copy on `plan.yaml`, which has `text`; returns what it prints, checks its exit code."""

    def call(*words: str, text: str = "", code: int = 0) -> str:
        if text:
            (tmp_path / "plan.yaml").write_text(text)
        status, out, err = patched.run(tmp_path, words)
        assert status == code, out + err
        return out

    return call


def backtest(orchestrate: Orchestrate, text: str, code: int = 0) -> dict[str, Any]:
    """Run `text` and return the document of the run."""
    document: dict[str, Any] = json.loads(
        orchestrate("backtest", "plan.yaml", "--format", "json", text=text, code=code)
    )
    return document


def validate(orchestrate: Orchestrate, text: str) -> str:
    """Return the problems that `validate` reports in a wrong `text`."""
    return orchestrate("validate", "plan.yaml", "--format", "json", text=text, code=2)


def definitions(orchestrate: Orchestrate) -> dict[str, Any]:
    """Return the definitions of the JSON Schema, each with its properties."""
    parts: dict[str, Any] = json.loads(orchestrate("schema"))["$defs"]
    return parts


@pytest.mark.parametrize("patch", PATCHES)
def test_a_patch_applies(patched: PatchedCopy, patch: str) -> None:
    assert patched.refused.get(patch, "") == ""


@pytest.mark.parametrize("patch", PATCHES)
def test_a_patch_is_run(patch: str) -> None:
    assert any(name.startswith(f"test_{patch}_") for name in globals())


def test_engine_runs_portable_strategies_as_the_first_does(orchestrate: Orchestrate, tmp_path: Path) -> None:
    gates = 'gates: {frameworks.paper.trades: ">= 1"}\n'
    on_paper = PLAN.replace("name: MOMENTUM,", "name: MOMENTUM, framework: paper,")
    own = backtest(orchestrate, on_paper + "frameworks: {paper: {feed: full}}\n" + gates)
    assert own["frameworks"]["paper"]["metrics"]["trades"] > 0
    (run,) = (json.loads(path.read_text()) for path in tmp_path.glob("reports/[!.]*/run.json"))
    assert run["versions"]["paper"] == "unknown"  # no such distribution is installed
    first = backtest(orchestrate, PLAN)
    assert own["portfolio"]["metrics"]["total_return"] == pytest.approx(first["portfolio"]["metrics"]["total_return"])


def test_engine_is_in_schema_messages_and_strategies(orchestrate: Orchestrate) -> None:
    known = json.loads(orchestrate("schema"))["properties"]["frameworks"]["anyOf"][0]["properties"]
    assert list(known) == ["backtrader", "nautilus", "paper"]
    wrong = PLAN.replace("name: MOMENTUM,", "name: MOMENTUM, framework: papr,")
    assert "did you mean 'paper'?" in validate(orchestrate, wrong)
    assert "paper" in orchestrate("strategies", "MOMENTUM")


def test_conflict_policy_settles_the_conflicts_of_a_run(orchestrate: Orchestrate, tmp_path: Path) -> None:
    """A policy is a line of a registry, and is configured as the others are (NFR-007)."""
    two = PLAN.replace("{fast: 2, slow: 5}", "{fast: 3, slow: 8}")
    run = backtest(orchestrate, two + "portfolio: {conflicts: first_alone}\n")
    assert run["strategies"]["trend"]["blocked"] == 0  # the first in the file
    assert run["strategies"]["dips"]["blocked"] > 0
    assert "first_alone" in (tmp_path / "logs/backtest/orchestrate.jsonl").read_text()


def test_conflict_policy_is_in_schema_and_messages(orchestrate: Orchestrate) -> None:
    described = definitions(orchestrate)["Portfolio"]["properties"]["conflicts"]["anyOf"][0]
    assert "first_alone" in described["examples"]
    assert "first_alone: the first alone\n" in described["description"]
    assert "did you mean 'first_alone'?" in validate(orchestrate, PLAN + "portfolio: {conflicts: first_alon}\n")


def test_sizing_sizes_the_entries_of_a_run(orchestrate: Orchestrate, tmp_path: Path) -> None:
    text = PLAN.replace("allocation: 50,", "allocation: 50, sizing: {method: dozens, quantity: 3},")
    backtest(orchestrate, text)
    (path,) = tmp_path.glob("reports/[!.]*/trades.parquet")
    assert set(pq.read_table(path).column("quantity").to_pylist()) == {36.0}
    enum = definitions(orchestrate)["SizingSection"]["properties"]["method"]["anyOf"][0]["enum"]
    assert enum == ["percent", "fixed", "notional", "volatility", "risk", "dozens"]
    assert "did you mean 'dozens'?" in validate(orchestrate, text.replace("dozens", "dozen"))
    assert "the method dozens needs 'quantity'" in validate(orchestrate, text.replace(", quantity: 3", ""))


def judge_limit(orchestrate: Orchestrate, folder: Path, name: str, text: str, part: str, description: str) -> None:
    """Run a limit of `part`: it is in the journal, in the schema and in messages."""
    backtest(orchestrate, text)
    assert f'"limit":"{name}"' in (folder / "logs/backtest/orchestrate.jsonl").read_text()
    described = definitions(orchestrate)[part]["properties"]["limits"]["anyOf"][0]["properties"][name]
    assert described["anyOf"][0]["description"] == description
    assert f"did you mean '{name}'?" in validate(orchestrate, text.replace(f"{name}:", f"{name}s:"))
    assert "expected a whole number" in validate(orchestrate, text.replace("2000}", "1.5}"))


def test_strategy_limit_cuts_the_entries_of_a_run(orchestrate: Orchestrate, tmp_path: Path) -> None:
    text = PLAN.replace("allocation: 50,", "allocation: 50, limits: {max_opening: 2000},")
    described = "The largest worth of what one order opens, in money."
    judge_limit(orchestrate, tmp_path, "max_opening", text, "Strategy", described)


def test_portfolio_limit_cuts_the_entries_of_a_run(orchestrate: Orchestrate, tmp_path: Path) -> None:
    text = PLAN + "portfolio: {limits: {max_worth: {money: 2000}}}\n"
    described = "The largest worth of all positions, in money."
    judge_limit(orchestrate, tmp_path, "max_worth", text, "Portfolio", described)


@pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
def test_asset_class_decides_how_cash_moves(orchestrate: Orchestrate, framework: str) -> None:
    text = PLAN.replace("name: MOMENTUM,", f"name: MOMENTUM, framework: {framework},")
    as_class = text + "instruments: {AAA: {asset_class: CLASS, margin_rate: 0.1, multiplier: 2}}\n"
    future = backtest(orchestrate, as_class.replace("CLASS", "future"))["portfolio"]
    assert backtest(orchestrate, as_class.replace("CLASS", "swap"))["portfolio"] == future
    enum = definitions(orchestrate)["InstrumentSection"]["properties"]["asset_class"]["anyOf"][0]["enum"]
    assert enum[-1] == "swap"
    assert "did you mean 'swap'?" in validate(orchestrate, as_class.replace("CLASS", "swaps"))


def test_data_format_is_read_by_its_function(orchestrate: Orchestrate, tmp_path: Path) -> None:
    lines = (f"2024-{month:02}-{day:02} {100 + day * month}\n" for month in range(1, 7) for day in range(1, 28))
    (tmp_path / "prices.pairs").write_text("".join(lines), encoding="utf-8")
    text = PLAN.replace("{synthetic: {bars: 250, seed: 7, frequency: 1d}}", "{path: prices.pairs, format: pairs}")
    assert backtest(orchestrate, text)["bars"] == 162
    assert definitions(orchestrate)["Data"]["properties"]["format"]["anyOf"][0]["enum"][-1] == "pairs"
    assert "162" in orchestrate("data", "prices.pairs", "--set", "format=pairs")
    assert "or pairs, found the text 'pair'" in validate(orchestrate, text.replace("format: pairs", "format: pair"))


def test_metric_is_in_gates_document_and_tables(orchestrate: Orchestrate) -> None:
    gate = 'benchmark: AAA\ngates: {bars_in_profit: ">= 300", strategies.trend.bars_in_profit: ">= 0.5"}\n'
    run = backtest(orchestrate, PLAN + gate, code=1)
    count = run["portfolio"]["metrics"]["bars_in_profit"]
    assert 0 < count <= 250
    assert run["gates"][0] == {"gate": "bars_in_profit >= 300.0", "value": count, "passed": False}
    assert run["strategies"]["trend"]["metrics"]["bars_in_profit"] >= 0
    assert "bars_in_profit" in run["benchmark"]["metrics"]
    shown = orchestrate("report", "latest")
    assert f"bars in profit {count:>10}" in shown
    assert "above" in shown
    assert "can't fail" in validate(orchestrate, PLAN + 'gates: {bars_in_profit: ">= 0"}\n')


def test_metric_is_missing_in_a_run_stored_before(
    orchestrate: Orchestrate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(PLAN)
    assert run_unpatched(str(tmp_path), ["backtest", "plan.yaml"])[0] == 0
    assert "bars in profit          –" in orchestrate("report", "latest")


def test_allocation_method_gives_the_weights(orchestrate: Orchestrate) -> None:
    text = PLAN.replace("allocation: 50, ", "") + "start: 2010-03-01\n"
    run = backtest(orchestrate, text + "portfolio: {allocation: {method: by_rank, lookback: 5}}\n")
    allocated = {name: one["allocated_capital"] for name, one in run["strategies"].items()}
    assert allocated == {"trend": 75_000, "dips": 25_000}
    part = definitions(orchestrate)["Portfolio"]["properties"]["allocation"]["anyOf"][0]
    assert part["examples"][-1] == "by_rank"
    assert "by_rank: each strategy gets three times the last one's." in part["description"]
    assert "did you mean 'by_rank'?" in validate(orchestrate, text + "portfolio: {allocation: by_rnk}\n")


def test_report_section_is_shown_of_every_run(orchestrate: Orchestrate) -> None:
    shown = orchestrate("backtest", "plan.yaml", text=PLAN)
    assert "At a glance\n  2 strategies in a pipe\n" in shown
    assert "Never" not in shown
    assert "At a glance\n  2 strategies in a pipe\n" in orchestrate("report", "latest")


def test_page_section_is_on_every_page(orchestrate: Orchestrate, tmp_path: Path) -> None:
    path = orchestrate("backtest", "plan.yaml", "--report", "-q", text=PLAN).splitlines()[-1]
    page = (tmp_path / path).read_text(encoding="utf-8")
    assert "<p>The run has 250 bars.</p>" in page
    assert ">Never<" not in page


def test_portfolio_rule_acts_at_its_step(orchestrate: Orchestrate) -> None:
    messages = [finding["message"] for finding in backtest(orchestrate, PLAN)["findings"]]
    assert "half of the bars are over at 2010-06-28" in messages


TRAILING = """\
import backtrader as bt


class Trailing(bt.Strategy):
    def next(self):
        if len(self) == 2:
            self.buy(size=10)
        if len(self) == 5:
            price = self.data.close[0] * 0.9
            self.sell(size=10, exectype=bt.Order.StopTrailLimit, price=price, plimit=price, trailamount=5.0)
"""


def test_order_type_is_stored_with_its_decision(orchestrate: Orchestrate, tmp_path: Path) -> None:
    (tmp_path / "trailing.py").write_text(TRAILING)
    text = PLAN.replace(
        "{name: MOMENTUM, allocation: 50, config: {fast: 3, slow: 8}}", "{name: trailing.py:Trailing, allocation: 50}"
    )
    backtest(orchestrate, text)
    (path,) = tmp_path.glob("reports/[!.]*/decisions.parquet")
    rows = [row for row in pq.read_table(path).to_pylist() if row["strategy_id"] == "trend"]
    assert [row["order_type"] for row in rows] == ["market", "trailing_stop_limit"]


def test_command_is_in_the_help_and_runs(orchestrate: Orchestrate) -> None:
    assert "List the folders of stored runs." in orchestrate("--help")
    run = backtest(orchestrate, PLAN)
    assert orchestrate("folders") == run["run_id"] + "\n"


def test_shipped_strategy_is_listed_and_runs(orchestrate: Orchestrate) -> None:
    assert "ALTERNATING" in orchestrate("strategies")
    text = PLAN.replace("MOMENTUM", "ALTERNATING").replace("{fast: 3, slow: 8}", "{length: 25}")
    run = backtest(orchestrate, text.replace("{fast: 2, slow: 5}", "{length: 10}"))
    assert [one["metrics"]["trades"] for one in run["strategies"].values()] == [4, 12]
    assert "did you mean 'ALTERNATING'?" in validate(orchestrate, PLAN.replace("MOMENTUM", "ALTERNATIN"))
