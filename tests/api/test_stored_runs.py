"""Stored runs in Python: run a file, read it again, list all; the figures and columns are those of the command line."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow.parquet as pq
import pytest

import orchestrate
from orchestrate import ConfigurationError, NotFoundError, load_run, run
from orchestrate.analytics.metrics import METRICS

PLAN = """\
capital: 100000
data:
  AAA: {synthetic: {bars: 150, seed: 7, frequency: 1d}}
strategies:
  trend: {name: MOMENTUM, allocation: 50, config: {fast: 3, slow: 8}}
  dips: {name: RSI, framework: nautilus, allocation: 50, config: {period: 4}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a configuration."""
    folder = tmp_path_factory.mktemp("stored")
    (folder / "plan.yaml").write_text(PLAN)
    return folder


@pytest.fixture(scope="module")
def result(folder):
    """A run of it with less capital and a faster average."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return run("plan.yaml", capital=50_000, strategies__trend__config__fast=2)


@pytest.fixture
def here(folder, monkeypatch):
    """Work in that folder."""
    monkeypatch.chdir(folder)


def test_overrides_are_in_force(result):
    assert result.figures["portfolio"]["initial_capital"] == 50_000
    assert result.stored.plan["strategies"][0]["config"]["fast"] == 2
    assert (result.status, result.exit_code) == ("completed", 0)


def test_a_name_with_dots_overrides_too(here):
    assert run("plan.yaml", **{"strategies.trend.enabled": False}).figures["mode"] == "multi"


def test_mistakes_of_file_and_overrides_are_errors(here):
    with pytest.raises(ConfigurationError, match="unknown key 'capitall'"):
        run("plan.yaml", capitall=5)
    with pytest.raises(ConfigurationError, match="start: can't be written in YAML"):
        run("plan.yaml", start={1, 2})


def test_the_latest_run_is_read_again(here, result):
    again = load_run(result.run_id)
    assert again.figures == result.figures
    assert load_run().folder.parent == result.folder.parent
    with pytest.raises(NotFoundError, match="there is no run 'nonsense'"):
        load_run("nonsense")


def test_all_runs_are_a_table(here, result):
    table = orchestrate.runs()
    row = table[table["run_id"] == result.run_id].iloc[0]
    assert row["sharpe"] == result.aggregate_metrics["sharpe"]
    assert row["final_equity"] == result.final_equity
    assert str(table["started"].dtype) == "datetime64[ns, UTC]"
    assert len(orchestrate.runs(reports="nowhere")) == 0


def test_the_name_runs_is_the_function_whatever_is_imported():
    import orchestrate.runs.store  # the folder of the same name

    assert callable(orchestrate.runs)
    assert "runs" in orchestrate.__all__


@pytest.mark.parametrize("name", ["equity", "trades", "decisions", "fills", "positions", "exposure"])
def test_tables_have_the_columns_of_the_stored_files(result, name):
    stored = pq.read_table(io.BytesIO((result.folder / f"{name}.parquet").read_bytes()))
    assert list(result.table(name)) == stored.column_names
    assert len(result.table(name)) == stored.num_rows > 0


def test_equity_is_indexed_by_labels(result):
    assert result.equity.index.name == "label"
    assert str(result.equity.index.dtype) == "datetime64[ns, UTC]"
    own = result.equity["equity.trend"] + result.equity["equity.dips"]
    assert own.iloc[-1] == pytest.approx(result.equity["portfolio"].iloc[-1])
    with pytest.raises(NotFoundError, match="has no table 'nonsense'"):
        result.table("nonsense")


def test_a_run_in_memory_has_the_same_columns_and_metrics(result):
    frame = pd.DataFrame({name: [10.0, 12.0, 11.0, 13.0] * 10 for name in ("open", "high", "low", "close")})
    frame.index = pd.date_range("2020-01-01", periods=40)
    memory = orchestrate.run_orchestrator(["BUY_AND_HOLD", "MOMENTUM"], frame)
    for name in ("trades", "decisions", "fills"):
        assert list(getattr(memory, name)) == list(getattr(result, name))
    assert list(memory.metrics) == list(result.metrics) == list(METRICS)
    assert list(memory.metrics.index) == ["portfolio", "BUY_AND_HOLD", "MOMENTUM"]
    with pytest.raises(NotFoundError, match="there is no table 'nonsense'"):
        memory.table("nonsense")


def test_a_result_is_one_screen(result):
    lines = repr(result).splitlines()
    assert lines[0].startswith(f"Run {result.run_id}  completed")
    assert len(lines) < 25
    assert max(map(len, lines)) <= 80
    assert any(line.split()[:1] == ["trend"] for line in lines)


def test_many_strategies_are_still_one_screen(result):
    many = dict(result.figures)
    many["strategies"] = {f"s{place}": many["strategies"]["trend"] for place in range(40)}
    many["strategies"]["s39"] = many["strategies"]["s39"] | {
        "error": {"type": "KeyError", "message": "x", "file": "a.py", "line": 3, "bar_date": None}
    }
    from orchestrate.reporting.text.brief import brief_html, brief_text

    text = brief_text(many)
    assert "and 32 more strategies\ns39 failed: a.py:3: KeyError: x" in text
    assert len(text.splitlines()) < 35
    assert "a.py:3: KeyError: x" in brief_html(many)


def test_a_notebook_gets_tables_without_markup_of_users(result):
    html = result._repr_html_()
    assert html.count("<table>") == 2
    assert "<td>trend</td>" in html
    from orchestrate.reporting.text.brief import brief_html

    hostile = dict(result.figures) | {"strategies": {"<b>x": result.figures["strategies"]["trend"]}}
    assert "<b>x" not in brief_html(hostile | {"frameworks": {}})


def test_a_plot_has_every_curve_and_the_drawdown(result):
    figure = result.plot()
    assert [trace.name for trace in figure.data] == ["portfolio", "trend", "dips", "drawdown"]
    assert list(figure.data[0].y) == result.equity["portfolio"].tolist()
    assert min(figure.data[-1].y) == pytest.approx(result.aggregate_metrics["max_drawdown"])


def test_a_page_is_written_of_stored_runs_and_of_those_in_memory(result, tmp_path):
    assert result.report(tmp_path / "stored.html") == tmp_path / "stored.html"
    assert result.run_id in (tmp_path / "stored.html").read_text()
    frame = pd.DataFrame({name: [10.0, 12.0, 11.0, 13.0] * 10 for name in ("open", "high", "low", "close")})
    frame.index = pd.date_range("2020-01-01", periods=40)
    memory = orchestrate.run_backtest("BUY_AND_HOLD", frame)
    page = memory.report(tmp_path / "memory.html").read_text()
    assert "BUY_AND_HOLD" in page
    assert repr(memory).startswith("Run  completed\n  40 bars")


def test_a_configuration_in_the_place_of_strategies_is_an_error_that_helps():
    for function in (orchestrate.run_orchestrator, orchestrate.run_backtest):
        with pytest.raises(ConfigurationError, match=r"orchestrate\.run\('portfolio\.yaml'\) runs it"):
            function("portfolio.yaml")
    with pytest.raises(ConfigurationError, match="data is missing"):
        orchestrate.run_orchestrator(["MOMENTUM"])


def test_facts_are_short_in_a_console(result):
    frame = pd.DataFrame({name: [10.0, 12.0] * 20 for name in ("open", "high", "low", "close")})
    frame.index = pd.date_range("2020-01-01", periods=40)
    facts = orchestrate.run_backtest("BUY_AND_HOLD", frame).facts
    assert repr(facts) == "RunResult('completed', ['BUY_AND_HOLD'], 40 steps, 1 fills)"
    assert repr(facts.strategies) == (
        "{'BUY_AND_HOLD': StrategyResult('BUY_AND_HOLD', 'backtrader', 'completed', 0 trades, 40 steps)}"
    )
