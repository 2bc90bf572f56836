"""The users' acceptance scenarios, each as a configuration and a command."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Portfolio, day

THREE = """\
capital: 300000
data: {AAA: {synthetic: {bars: 250, seed: 7, frequency: 1d}}}
strategies:
  hold: {name: BUY_AND_HOLD, framework: backtrader, allocation: 33}
  trend: {name: MOMENTUM, framework: nautilus, allocation: 33, config: {fast: 3, slow: 8}}
  dips: {name: RSI, framework: backtrader, allocation: 33, config: {period: 5}}
"""
POOL = """\
capital: {total: 100000, mode: pooled}
data: {A: {path: A.csv}, C: {path: C.csv}}
strategies:
  a: {name: "planned.py:Planned", framework: backtrader, allocation: 40, symbols: [A], config: {plan: 2 A 9000}}
  b: {name: "planned.py:Planned", framework: nautilus, allocation: 20, symbols: [A], config: {plan: 2 A 9000}LIMITS}
  c: {name: "planned.py:Planned", framework: backtrader, allocation: 40, symbols: [C], config: {plan: 0 C 4000}}
"""
FOUR = """\
capital: 100000
data: {A: {path: A.csv}, B: {path: B.csv}}
strategies:
  full:
    {name: "planned.py:Planned", framework: backtrader, allocation: 30, symbols: [A, B],
     config: {plan: "0 A 3000, 2 B 1000, 4 A out, 6 B 1000"}}
  second: {name: "planned.py:Planned", framework: nautilus, allocation: 30, symbols: [B], config: {plan: 2 B 2000}}
  third: {name: "planned.py:Planned", framework: backtrader, allocation: 20, symbols: [A], config: {plan: 3 A 1000}}
  fourth: {name: "planned.py:Planned", framework: nautilus, allocation: 20, symbols: [A], config: {plan: 3 A 2500}}
"""


HEADS = ("win", "rate", "trades", "cut", "refused", "contrib.")


def test_scenario_1_three_strategies_are_compared(portfolio: Portfolio) -> None:
    """Each is shown by its own figures and by what it adds to the return of all (FR-010, FR-013)."""
    document = portfolio.backtest(THREE).document
    strategies, whole = document["strategies"], document["portfolio"]
    assert [one["allocated_capital"] for one in strategies.values()] == [99_000.0] * 3
    assert sum(one["final_equity"] for one in strategies.values()) + 3_000 == pytest.approx(whole["final_equity"])
    assert min(len([row for row in portfolio.stored("decisions") if row["strategy_id"] == name]) for name in strategies)
    text = portfolio.prompt("report", "latest").out
    table = text.split("\nStrategies\n")[1].split("\n\n")[0]
    rows = {line.split()[0]: line.split() for line in table.splitlines()}
    added = [float(rows[name][-1].rstrip("%")) for name in ("hold", "trend", "dips")]
    assert sum(added) == pytest.approx(100 * whole["metrics"]["total_return"], abs=0.02)
    assert rows["id"] == ["id", "framework", "return", "Sharpe", "drawdown", *HEADS]


@pytest.mark.parametrize(
    ("limits", "granted"),
    [("", [("a", 4_000.0), ("b", 2_000.0)]), (", limits: {max_position_pct: 50}", [("a", 4_000.0), ("b", 1_500.0)])],
    ids=["by weight", "and by the limit of a position"],
)
def test_scenario_2_what_is_left_is_shared_by_weight(
    portfolio: Portfolio, limits: str, granted: list[tuple[str, float]]
) -> None:
    """C rises, so that 60,000 of 150,000 is left, or 40%, for two that want 90,000 each on one bar (NFR-006).

    Their weights are 40 and 20; half of b's cap of 30,000 is 15,000.
    """
    portfolio.prices("C", [10.0] * 2 + [22.5] * 8)
    assert portfolio.backtest(POOL.replace("LIMITS", limits)).code == 0
    assert portfolio.fills() == [("c", 4_000.0), *granted]
    logged = [*portfolio.events("capital_limit_hit"), *portfolio.events("limit_hit")]
    assert {line["strategy_id"] for line in logged} == {"a", "b"}
    assert {line["bar_date"] for line in logged} == {day(2)}
    assert {(line["strategy_id"], line["granted"]) for line in logged} >= set(granted)


def test_scenario_3_a_full_strategy_waits_and_others_go_on(portfolio: Portfolio) -> None:
    """`full` has all of its 30% in A, gets nothing of B until that is sold, and then does (FR-007, FR-008)."""
    assert portfolio.backtest(FOUR).code == 0
    passed = [(row["strategy_id"], row["symbol"], row["granted"]) for row in portfolio.stored("decisions")]
    assert [row for row in passed if row[0] == "full"] == [
        ("full", "A", 3_000.0),
        ("full", "B", 0.0),
        ("full", "A", -3_000.0),
        ("full", "B", 1_000.0),
    ]
    others = [row for row in passed if row[0] != "full"]
    assert others == [("second", "B", 2_000.0), ("fourth", "A", 2_000.0), ("third", "A", 1_000.0)]
    assert [(line["strategy_id"], line["outcome"]) for line in portfolio.events("capital_limit_hit")] == [
        ("full", "rejected"),
        ("fourth", "resized"),
    ]
