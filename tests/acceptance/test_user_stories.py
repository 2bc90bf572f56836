"""The users' stories US1 to US5 and US7, through configurations and the Python API."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from decimal import Decimal

import pandas as pd
import pytest

from orchestrate import (
    BacktestEngine,
    ConfigurationError,
    HistoricalDataBar,
    OrchestratorConfig,
    StrategyOrchestrator,
    run_backtest,
    run_orchestrator,
)
from tests.acceptance.conftest import Portfolio, day

CLOSES = [10.0, 11.0, 12.0, 11.0, 10.0, 11.0, 12.0, 13.0, 12.0, 11.0]
FRAME = pd.DataFrame(
    dict.fromkeys(("open", "high", "low", "close"), CLOSES), index=pd.date_range("2024-01-01", periods=len(CLOSES))
)
HALF = Decimal("0.5")
PAIR = """\
capital: 100000
data: {A: {path: A.csv}, B: {path: B.csv}}
strategies:
  one: {name: "planned.py:Planned", framework: backtrader, allocation: 60, config: {plan: FIRST}}
  two: {name: "planned.py:Planned", framework: nautilus, allocation: 40, config: {plan: SECOND}}
"""
MOVED = [("one", "A", -1_200.0), ("two", "B", 2_400.0)]


class Rising:
    """In while closes rise."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def should_enter(self, bars: Sequence[HistoricalDataBar]) -> bool:
        self.lengths.append(len(bars))
        return len(bars) > 1 and bars[-1].close > bars[-2].close

    def should_exit(self, position: object, bars: Sequence[HistoricalDataBar]) -> bool:
        self.lengths.append(len(bars))
        return bars[-1].close < bars[-2].close


class Falling(Rising):
    """In while closes fall."""

    def should_enter(self, bars: Sequence[HistoricalDataBar]) -> bool:
        self.lengths.append(len(bars))
        return len(bars) > 1 and bars[-1].close < bars[-2].close

    def should_exit(self, position: object, bars: Sequence[HistoricalDataBar]) -> bool:
        self.lengths.append(len(bars))
        return bars[-1].close > bars[-2].close


def pair(first: str, second: str = "99 A 1", more: str = "") -> str:
    return PAIR.replace("FIRST", f'"{first}"').replace("SECOND", f'"{second}"') + more


# ---- US1: several strategies in one run


def test_us1_the_whole_is_the_sum_of_its_strategies() -> None:
    """A list of pairs of a strategy and its weight is an orchestrator (FR-001); curves add up (FR-003, FR-010)."""
    result = StrategyOrchestrator([(Rising(), HALF), (Falling(), HALF)]).run(FRAME)
    rising, falling = result.strategy_results.values()
    assert (rising.allocated, falling.allocated) == (Decimal(50_000), Decimal(50_000))
    assert set(result.trades["strategy_id"]) == {"Rising", "Falling"}
    equity = result.equity
    together = equity["equity.Rising"] + equity["equity.Falling"]
    assert result.final_equity == pytest.approx(together.iloc[-1])
    pd.testing.assert_series_equal(equity["portfolio"], together, check_names=False)


def test_us1_weights_beyond_all_of_the_capital_are_a_value_error() -> None:
    """Weights of more than 100% are refused when an orchestrator is made (FR-002, NFR-003)."""
    with pytest.raises(ValueError, match=r"sum to 1 at most, not 1\.1") as refused:
        StrategyOrchestrator([(Rising(), Decimal("0.6")), (Falling(), HALF)])
    assert isinstance(refused.value, ConfigurationError)
    assert StrategyOrchestrator([(Rising(), HALF), (Falling(), HALF)]).strategies[0][1] == HALF


@pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
def test_us1_every_strategy_is_asked_at_every_bar_in_order(framework: str) -> None:
    """No bar is left out and none comes early (FR-004, FR-015); IStrategy needs no change for that (FR-014)."""
    strategies = [Rising(), Falling()]
    pairs = [(strategy, HALF) for strategy in strategies]
    run_orchestrator(pairs, FRAME, OrchestratorConfig(framework=framework))
    for strategy in strategies:
        lengths = strategy.lengths[-len(CLOSES) :]  # the check for look-ahead calls before
        assert lengths == list(range(1, len(CLOSES) + 1))


def test_us1_one_and_several_are_run_alike() -> None:
    """`run` of an orchestrator has the signature of an engine's (NFR-005)."""
    one, several = inspect.signature(BacktestEngine.run), inspect.signature(StrategyOrchestrator.run)
    assert one.parameters == several.parameters
    parameters = [list(inspect.signature(kind).parameters)[1:] for kind in (BacktestEngine, StrategyOrchestrator)]
    assert parameters == [["config"], ["config"]]


# ---- US2: each strategy by itself


def test_us2_figures_of_a_strategy_are_those_of_a_run_of_its_own() -> None:
    """Each has curve, trades and metrics of its own, side by side in a table (FR-005, FR-006, FR-009, FR-013)."""
    together = run_orchestrator([(Rising(), HALF), (Falling(), HALF)], FRAME)
    for strategy in (Rising(), Falling()):
        name = type(strategy).__name__
        alone = run_backtest(strategy, FRAME, OrchestratorConfig(capital=50_000))
        assert together.figures["strategies"][name]["metrics"] == alone.aggregate_metrics
        assert together.equity[f"equity.{name}"].tolist() == alone.equity["portfolio"].tolist()
        mine = together.trades[together.trades["strategy_id"] == name].reset_index(drop=True)
        assert len(mine) >= 1
        pd.testing.assert_frame_equal(mine, alone.trades)
    table = together.comparison_table
    assert list(table) == ["strategy_id", "total_return", "sharpe_ratio", "max_drawdown", "win_rate"]
    assert table["strategy_id"].tolist() == ["Rising", "Falling"]
    assert table["total_return"].nunique() == 2


# ---- US3: no strategy beyond its capital


@pytest.mark.parametrize("wanted", [3_000, 900_000])
def test_us3_thirty_percent_stay_thirty_percent(portfolio: Portfolio, wanted: int) -> None:
    """However much is wanted, 30,000 are used; more is refused with a warning until they are released (FR-007)."""
    text = pair(f"0 A {wanted}, 2 B {wanted}, 4 A out, 6 B {wanted}").replace("60", "30")
    assert portfolio.backtest(text).code == 0
    rows = [(row["granted"], row["outcome"]) for row in portfolio.stored("decisions")]
    full = "approved" if wanted == 3_000 else "resized"
    assert rows == [(3_000.0, full), (0.0, "rejected"), (-3_000.0, "approved"), (3_000.0, full)]
    hits = portfolio.events("capital_limit_hit")
    assert {(line["level"], line["strategy_id"]) for line in hits} == {("warning", "one")}
    refused = next(line for line in hits if line["outcome"] == "rejected")
    assert (refused["used_capital"], refused["allocation_limit"], refused["bar_date"]) == (30_000.0, 30_000.0, day(2))


def test_us3_capital_comes_back_when_a_position_closes(portfolio: Portfolio) -> None:
    """What a closed position used is there again, at the next decision (FR-008); signals are logged (FR-012)."""
    assert portfolio.backtest(pair("0 A 6000, 2 A out, 4 A 6000")).code == 0
    signals = [line for line in portfolio.events("strategy_signal") if line["strategy_id"] == "one"]
    assert [(line["signal_type"], line["bar_date"], line["capital_available"]) for line in signals] == [
        ("entry", day(0), 60_000.0),
        ("exit", day(2), 0.0),
        ("entry", day(4), 60_000.0),
    ]


# ---- US4: conflicts are settled as configured


@pytest.mark.parametrize(
    ("mode", "passed"),
    [
        ("net_signal", [("one", 200.0)]),
        ("first_wins", [("one", 300.0)]),
        ("cancel_both", []),
        ("independent", [("one", 300.0), ("two", -100.0)]),
    ],
)
def test_us4_a_conflict_is_settled_and_logged(portfolio: Portfolio, mode: str, passed: list[tuple[str, float]]) -> None:
    """One wants to buy 300, the other to sell 100 of A on one bar (FR-011)."""
    assert portfolio.backtest(pair("2 A 300", "2 A -100", f"portfolio: {{conflicts: {mode}}}\n")).code == 0
    assert portfolio.fills() == passed
    (conflict,) = portfolio.events("conflict_detected")
    assert (conflict["symbol"], conflict["conflict_type"], conflict["bar_date"]) == ("A", "opposite", day(2))
    assert conflict["resolution_mode"] == mode
    assert [(one["strategy_id"], one["side"], one["quantity"]) for one in conflict["signals"]] == [
        ("one", "buy", 300.0),
        ("two", "sell", -100.0),
    ]
    assert conflict["outcome"]


def test_us4_a_mode_of_ones_own_settles_too(portfolio: Portfolio) -> None:
    """A function in a file is a policy as any other (NFR-007)."""
    policy = "def half(demands, view):\n    return [demand.quantity / 2 for demand in demands]\n"
    portfolio.prompt.write("own.py", policy)
    text = pair("2 A 300", "2 A -100", "portfolio: {conflicts: own.py:half}\n")
    assert portfolio.backtest(text).code == 0
    assert portfolio.fills() == [("one", 150.0), ("two", -50.0)]
    assert portfolio.events("conflict_detected")[0]["resolution_mode"] == "own.py:half"


# ---- US5: capital goes back to its targets


@pytest.mark.parametrize(("threshold", "times"), [("0.10", 1), ("0.25", 0)])
def test_us5_beyond_a_threshold_capital_goes_back(portfolio: Portfolio, threshold: str, times: int) -> None:
    """A doubles: `one` is worth 120,000 of 160,000, 15 points above its 60%; it sells, `two` buys more of its B."""
    portfolio.prices("A", [10.0] * 3 + [20.0] * 7)
    text = pair("0 A 6000", "0 B 4000", f"portfolio: {{rebalance: {{threshold: {threshold}}}}}\n")
    assert portfolio.backtest(text).code == 0
    moves = portfolio.events("rebalanced")
    assert len(moves) == times
    for move in moves:
        assert move["before"] == {"one": 120_000.0, "two": 40_000.0}
        assert move["after"] == {"one": 96_000.0, "two": 64_000.0}
        assert (move["why"], move["bar_date"]) == ("threshold", day(3))
    orders = [(row["strategy_id"], row["symbol"], row["granted"]) for row in portfolio.stored("decisions")]
    assert orders == [("one", "A", 6_000.0), ("two", "B", 4_000.0), *MOVED[: 2 * times]]


# ---- US7: how returns go together


def test_us7_correlations_are_computed_shown_and_warned_of(portfolio: Portfolio) -> None:
    """Two hold A, one holds B, whose returns have nothing to do with A's: a matrix, a heatmap, both kinds of pairs."""
    portfolio.prices("A", [10.0, 11.0] * 5)
    portfolio.prices("B", [10.0, 10.0, 11.0, 11.0] * 2 + [10.0, 10.0])
    third = '  three: {name: "planned.py:Planned", framework: nautilus, allocation: 20, config: {plan: "0 B 1000"}}\n'
    done = portfolio.backtest(pair("0 A 3000", "0 A 2000", third).replace("60", "40"))
    matrix, pairs = done.document["correlation"], done.document["correlated"]
    assert matrix["one"]["two"] == pytest.approx(1.0, abs=1e-3)
    assert matrix["one"]["three"] < 0.3
    assert [one["strategies"] for one in pairs["alike"]] == [["one", "two"]]
    assert sorted(one["strategies"] for one in pairs["diversifiers"]) == [["one", "three"], ["two", "three"]]
    assert "one, two: their returns have a correlation of 1.00" in done.document["compatibility"]["warnings"]
    assert portfolio.prompt("report", "latest", "--format", "html", "--output", "page.html").code == 0
    page = (portfolio.prompt.folder / "page.html").read_text(encoding="utf-8")
    assert page.count('class="heat square"') == 1
    assert "Nearly the same: one and two (1.00)." in page
