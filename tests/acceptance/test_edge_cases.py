"""The users' edge cases: one symbol for several, opposite wishes, more than all, whose profit it is."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Portfolio

TWO = """\
capital: 100000
data: {A: {path: A.csv}}
strategies:
  one:
    {name: "planned.py:Planned", framework: backtrader, allocation: 60, priority: 2, config: {plan: FIRST}}
  two:
    {name: "planned.py:Planned", framework: nautilus, allocation: 40, priority: 1, config: {plan: SECOND}}
portfolio: {conflicts: MODE}
"""


def contest(portfolio: Portfolio, first: str, second: str, mode: str) -> list[tuple[str, float]]:
    """Return what passes of two demands under a policy."""
    text = TWO.replace("FIRST", f'"{first}"').replace("SECOND", f'"{second}"').replace("MODE", mode)
    assert portfolio.backtest(text).code == 0
    return sorted(portfolio.fills())


@pytest.mark.parametrize(
    ("mode", "passed"),
    [
        ("first_wins", [("one", 300.0)]),
        ("weighted_average", [("one", 180.0), ("two", 120.0)]),
        ("priority", [("two", 300.0)]),
    ],
)
def test_edge_1_several_want_one_symbol(portfolio: Portfolio, mode: str, passed: list[tuple[str, float]]) -> None:
    """Both want to buy 300: the first, a share by weight, or the one of the lower priority number passes."""
    assert contest(portfolio, "2 A 300", "2 A 300", mode) == passed
    assert [line["conflict_type"] for line in portfolio.events("conflict_detected")] == ["same_side"]


@pytest.mark.parametrize(
    ("mode", "passed"),
    [("net_signal", [("one", 200.0)]), ("cancel_both", []), ("priority", [("two", -100.0)])],
)
def test_edge_2_one_buys_and_one_sells(portfolio: Portfolio, mode: str, passed: list[tuple[str, float]]) -> None:
    """300 to buy against 100 to sell: the net, nothing, or the one of the lower priority number passes."""
    assert contest(portfolio, "2 A 300", "2 A -100", mode) == passed
    assert [line["conflict_type"] for line in portfolio.events("conflict_detected")] == ["opposite"]


def test_edge_3_allocations_beyond_100_percent(portfolio: Portfolio) -> None:
    """A file with 60 + 90 percent is refused before its run, or scaled down where it says so (NFR-003)."""
    text = TWO.replace("FIRST", '"0 A 1"').replace("SECOND", '"0 A 1"').replace("40", "90")
    done = portfolio.backtest(text.replace("MODE", "independent"))
    assert done.code == 2
    assert "allocations add up to 150, more than 100 percent" in done.err
    assert (portfolio.prompt.journal, portfolio.prompt.runs) == ([], [])
    done = portfolio.backtest(text.replace("MODE", "independent, over_100: normalize"))
    assert done.code == 0
    shares = [one["allocated_capital"] for one in done.document["strategies"].values()]
    assert shares == [40_000.0, 60_000.0]


def test_edge_4_profit_belongs_to_a_strategy(portfolio: Portfolio) -> None:
    """Trades carry the id of who made them, and each has a curve of its own (FR-005, FR-006)."""
    portfolio.prices("A", [10.0, 10.0, 12.0, 12.0, 12.0, 9.0, 9.0, 9.0, 9.0, 9.0])
    contest(portfolio, "0 A 100, 2 A out", "2 A 50, 5 A out", "independent")
    trades = [(row["strategy_id"], row["profit"]) for row in portfolio.stored("trades")]
    assert trades == [("one", 200.0), ("two", -150.0)]
    last = portfolio.stored("equity")[-1]
    assert (last["equity.one"], last["equity.two"], last["portfolio"]) == (60_200.0, 39_850.0, 100_050.0)
