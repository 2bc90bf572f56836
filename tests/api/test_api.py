"""The Python API gives what the command line gives, from whatever form the bars come in."""

from __future__ import annotations

import doctest
import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from orchestrate import (
    BacktestEngine,
    ConfigurationError,
    DataError,
    HistoricalDataBar,
    OrchestratorConfig,
    OrchestratorResult,
    Sizing,
    StrategyOrchestrator,
    run_backtest,
    run_orchestrator,
)
from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES, ConflictPolicy
from orchestrate.usecases.api import calls as api

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

SAMPLES = Path(__file__).parents[2] / "configs" / "data"
ALPHA = SAMPLES / "ALPHA.csv"


class Dip:
    """Buys below the mean of five closes, sells above it."""

    def should_enter(self, bars):
        return len(bars) >= 5 and bars.close[-1] < bars.close[-5:].mean()

    def should_exit(self, position, bars):
        return bars.close[-1] > bars.close[-5:].mean()


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.read_csv(ALPHA, index_col=0, parse_dates=True)


def test_the_examples_of_the_docstrings_hold(monkeypatch):
    monkeypatch.chdir(SAMPLES.parents[1])
    failed, tried = doctest.testmod(api)
    assert tried >= 6
    assert not failed


def test_natives_are_not_sized_by_risk(frame):
    class Own(bt.Strategy):
        pass

    risk = OrchestratorConfig(sizing=Sizing("risk", Decimal("0.01")))
    with pytest.raises(ConfigurationError, match="the sizing risk places stops, and Own places its own orders"):
        run_backtest(Own, frame, risk)
    assert run_backtest(Dip(), frame, risk).status == "completed"


def test_a_file_a_frame_and_a_list_of_bars_are_the_same_run(frame):
    bars = [
        HistoricalDataBar(int(stamp.value), *(float(row[name]) for name in ("open", "high", "low", "close", "volume")))
        for stamp, row in frame.iterrows()
    ]
    runs = [run_backtest("MOMENTUM", data) for data in (ALPHA, str(ALPHA), frame, bars, {"X": frame})]
    assert runs[0].aggregate_metrics["trades"] > 5
    for run in runs[1:]:
        assert run.aggregate_metrics == runs[0].aggregate_metrics
        np.testing.assert_array_equal(run.equity["portfolio"], runs[0].equity["portfolio"])
    assert [next(iter(run.facts.plan.data)) for run in runs] == ["ALPHA", "ALPHA", "DATA", "DATA", "X"]


def test_a_column_of_stamps_serves_where_the_index_has_none(frame):
    flat = frame.reset_index().rename(columns=str.upper)
    assert run_backtest("RSI", flat).final_equity == run_backtest("RSI", frame).final_equity


def test_an_orchestrator_shares_the_capital_and_compares(frame):
    """The table of comparison has a row for each strategy (FR-013)."""
    third = Decimal("0.3")
    result = StrategyOrchestrator([("MOMENTUM", third), (Dip(), third), (Dip, third)]).run(frame)
    assert result.status == "completed"
    assert list(result.strategy_results) == ["MOMENTUM", "Dip", "Dip_2"]
    table = result.comparison_table
    assert list(table) == ["strategy_id", "total_return", "sharpe_ratio", "max_drawdown", "win_rate"]
    assert table.loc[1, "total_return"] == table.loc[2, "total_return"]
    equity = result.equity
    own = equity[["equity.MOMENTUM", "equity.Dip", "equity.Dip_2"]].sum(axis=1) + 10_000
    np.testing.assert_allclose(equity["portfolio"], own, atol=1e-6)
    assert result.final_equity == pytest.approx(equity["portfolio"].iloc[-1], abs=1e-9)


def test_a_strategy_in_a_portfolio_trades_as_it_does_alone(frame):
    config = OrchestratorConfig(capital=100_000)
    together = run_orchestrator([(Dip(), "0.5"), ("RSI", "0.5")], frame, config)
    alone = BacktestEngine(Dip(), OrchestratorConfig(capital=50_000)).run(frame)
    mine = together.trades[together.trades["strategy_id"] == "Dip"].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, alone.trades)


def test_pooled_capital_is_the_same_on_both_frameworks_and_sizes_on_shares_of_all(frame):
    weights = [(Dip(), "0.6"), ("BUY_AND_HOLD", "0.3")]
    runs = [
        run_orchestrator(weights, frame, OrchestratorConfig(framework=name, capital_mode="pooled"))
        for name in ("backtrader", "nautilus")
    ]
    pd.testing.assert_frame_equal(runs[0].decisions, runs[1].decisions)
    trades = [run.trades.drop(columns="framework") for run in runs]
    pd.testing.assert_frame_equal(*trades)
    first = next(record.fill for record in runs[0].facts.fills if record.fill.strategy_id == "Dip")
    known = runs[0].equity["portfolio"][: pd.Timestamp(first.t, tz="UTC")].iloc[-2]
    close = frame["close"][: pd.Timestamp(first.t)].iloc[-2]
    assert first.quantity == int(0.95 * 0.6 * known / close)


def test_both_frameworks_give_the_same_decisions(frame):
    runs = [run_backtest(Dip(), frame, OrchestratorConfig(framework=name)) for name in ("backtrader", "nautilus")]
    assert len(runs[0].decisions) > 50
    pd.testing.assert_frame_equal(runs[0].decisions, runs[1].decisions)


def test_parameters_and_sizing_reach_the_strategies(frame):
    fast = OrchestratorConfig(parameters={"MOMENTUM": {"fast": 3, "slow": 9}}, sizing=Sizing("fixed", Decimal(7)))
    trades = run_backtest("MOMENTUM", frame, fast).trades
    assert set(trades["quantity"]) == {7.0}
    assert len(trades) > len(run_backtest("MOMENTUM", frame).trades)
    with pytest.raises(ConfigurationError, match="fast"):
        run_backtest("MOMENTUM", frame, OrchestratorConfig(parameters={"MOMENTUM": {"fast": 50, "slow": 9}}))


def test_events_are_logged_from_the_level_on(frame, caplog):
    config = OrchestratorConfig(capital=1_000, sizing=Sizing("fixed", Decimal(1_000)), logging_level="warning")
    with caplog.at_level(logging.DEBUG, logger="orchestrate"):
        run_backtest("MOMENTUM", frame, config)
    logged = {record.getMessage().split()[0] for record in caplog.records}
    assert logged == {"orchestrator.capital_limit_hit"}


def test_capital_goes_back_to_its_weights_beyond_a_threshold(frame, caplog):
    halves = [("MOMENTUM", "0.5"), ("RSI", "0.5")]
    with caplog.at_level(logging.INFO, logger="orchestrate"):
        run_orchestrator(halves, frame, OrchestratorConfig(rebalance_threshold=Decimal("0.005")))
    logged = [record.getMessage() for record in caplog.records if "orchestrator.rebalanced" in record.getMessage()]
    assert logged
    assert all("'why': 'threshold'" in each for each in logged)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (42, "bars can't be made of int"),
        ([1, 2], "bars can't be made of list"),
        ([], "there is no bar"),
        ({}, "there is no symbol"),
        ({"A": []}, "A: there is no bar"),
        (pd.DataFrame({"open": [1.0]}), "no column high, low, close"),
        (pd.DataFrame({name: [1.0] for name in ("open", "high", "low", "close")}), "no stamps"),
        ({"A": pd.DataFrame({"open": ["x"], "high": [1], "low": [1], "close": [1], "date": ["2020-01-01"]})}, "A: "),
        ("nowhere.csv", "no such file"),
    ],
)
def test_what_is_no_data_is_refused_with_what_it_is(data, message):
    with pytest.raises(DataError, match=message):
        run_backtest("RSI", data)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StrategyOrchestrator([]), "at least one strategy"),
        (lambda: StrategyOrchestrator([("RSI", "0.8"), ("RSI", "0.3")]), "1.1"),
        (lambda: StrategyOrchestrator([("RSI", 0)]), "positive"),
        (lambda: OrchestratorConfig(rebalance_threshold=Decimal("-0.1")), "must lie between 0 and 1"),
        (lambda: OrchestratorConfig(conflict_resolution_mode="net"), "a function or one of independent, first_wins"),
        (lambda: OrchestratorConfig(exits="kept"), "exits must be .protected. or .included., not .kept."),
        (lambda: OrchestratorConfig(capital_mode="shared"), "must be 'isolated' or 'pooled', not 'shared'"),
        (lambda: OrchestratorConfig(logging_level="loud"), "logging_level must be 'debug' or 'info' or 'warning' or"),
        (lambda: StrategyOrchestrator([("RSI", "half")]), "a weight must be a number, not 'half'"),
        (lambda: StrategyOrchestrator([("RSI", float("nan"))]), "a weight must be a number, not nan"),
        (lambda: OrchestratorConfig(rebalance_threshold=Decimal("nan")), "rebalance_threshold must be a number"),
        (lambda: OrchestratorConfig(rebalance_threshold="much"), "rebalance_threshold must be a number, not 'much'"),
        (
            lambda: OrchestratorConfig(framework="zipline"),
            "framework must be 'backtrader' or 'nautilus', not 'zipline'",
        ),
        (lambda: OrchestratorConfig(capital=0), "capital must be positive, not 0"),
        (lambda: OrchestratorConfig(capital=float("inf")), "capital must be a number, not inf"),
        (lambda: OrchestratorConfig(periods_per_year=-1), "periods_per_year must be positive, not -1"),
        (lambda: OrchestratorConfig(start="2020-13-01"), "start: '2020-13-01' is no date like 2014-06-30"),
        (lambda: OrchestratorConfig(end="tomorrow"), "end: 'tomorrow' is no date"),
    ],
)
def test_what_can_not_be_is_refused_before_any_run(make, message):
    """All settings are checked as they are made (NFR-003)."""
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_settings_are_taken_in_capitals_and_as_text():
    config = OrchestratorConfig("NET_SIGNAL", logging_level="WARNING", capital="1000", start="2020-01-02")
    assert (config.conflict_resolution_mode, config.logging_level) == ("net_signal", "warning")


def test_weights_and_capital_are_known_before_a_run():
    """A strategy starts with its weight of the capital (FR-003), under the id that results have."""
    orchestrator = StrategyOrchestrator([("RSI", 0.3333), ("RSI", "0.25")], OrchestratorConfig(capital=1000))
    assert orchestrator.weights == [Decimal("0.3333"), Decimal("0.25")]
    assert orchestrator.capital_allocations == {"RSI": Decimal("333.30"), "RSI_2": Decimal("250.00")}
    strategies = orchestrator.run(FLAT).facts.strategies
    assert {name: one.allocated for name, one in strategies.items()} == orchestrator.capital_allocations


def test_the_state_of_each_strategy_is_known_before_and_after_a_run():
    class Broken:
        def should_enter(self, bars):
            raise ValueError("on purpose")

        def should_exit(self, position, bars):
            return False

    orchestrator = StrategyOrchestrator(["BUY_AND_HOLD", Broken()])
    assert orchestrator.state_per_strategy == {"BUY_AND_HOLD": "waiting", "Broken": "waiting"}
    orchestrator.run(FLAT)
    assert orchestrator.state_per_strategy == {"BUY_AND_HOLD": "completed", "Broken": "failed"}


# ---- conflicts

FLAT = pd.DataFrame(
    dict.fromkeys(("open", "high", "low", "close"), [10.0] * 6), index=pd.date_range("2020-01-01", periods=6)
)


def contest(mode: Any, **how: Any) -> OrchestratorResult:
    """Two that buy on the first bar, 60 % and 40 %, under a policy."""
    pairs: list[tuple[object, str]] = [("BUY_AND_HOLD", "0.6"), ("BUY_AND_HOLD", "0.4")]
    config = OrchestratorConfig(conflict_resolution_mode=mode, sizing=Sizing("fixed", Decimal(30)), **how)
    return run_orchestrator(pairs, FLAT, config)


def test_a_policy_of_the_registry_settles_a_run(monkeypatch):
    last_alone = ConflictPolicy(lambda demands, _view: [0.0] * (len(demands) - 1) + [demands[-1].quantity], "the last")
    monkeypatch.setitem(CONFLICT_POLICIES, "last_alone", last_alone)
    strategies = contest("last_alone").facts.strategies
    assert [result.blocked for result in strategies.values()] == [1, 0]


@pytest.mark.parametrize(
    ("mode", "quantities"),
    [
        ("independent", [30, 30]),
        ("first_wins", [30]),
        ("priority", [30]),
        ("cancel_both", [30, 30]),
        ("net_signal", [30, 30]),
        ("weighted_average", [18, 12]),
        (lambda demands, view: [view.weights[demand.strategy_id] * 10 for demand in demands], [6, 4]),
    ],
)
def test_conflicts_are_settled_by_the_mode(mode: Any, quantities: list[float]) -> None:
    assert [record.fill.quantity for record in contest(mode).facts.fills] == quantities


def test_a_function_that_fails_is_the_error_of_the_result() -> None:
    def nothing(_demands: object, _view: object) -> None:
        return None

    result = contest(nothing, exits="included")
    assert result.status == "failed"
    assert result.error is not None
    assert (result.error.type, result.error.line) == ("FunctionError", nothing.__code__.co_firstlineno)
    assert result.error.message.endswith("nothing answers None: expected a sequence of 2 quantities")
    assert result.facts.plan.portfolio.exits == "included"
    assert contest("first_wins").error is None


def test_strategies_without_weights_share_the_capital_equally() -> None:
    three = StrategyOrchestrator(["MOMENTUM", "RSI", "BUY_AND_HOLD"])
    weights = [weight for _, weight in three.strategies]
    assert sum(weights) == 1
    assert max(weights) - min(weights) <= Decimal("1e-12")
    strategies = run_orchestrator(["MOMENTUM", "RSI"], SAMPLES / "ALPHA.csv").facts.strategies
    assert [float(each.allocated) for each in strategies.values()] == [50_000.0, 50_000.0]
    with pytest.raises(ConfigurationError, match="give every strategy a weight, or none"):
        StrategyOrchestrator(["MOMENTUM", ("RSI", "0.5")])


def test_policies_may_be_named_as_the_users_documents_do() -> None:
    assert OrchestratorConfig(conflict_resolution_mode="NET_SIGNAL").conflict_resolution_mode == "net_signal"
