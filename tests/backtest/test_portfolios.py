"""Strategies side by side: each as if it were alone, all of them adding up."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from orchestrate.analytics.summary import summarise
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.plan import DataPlan, RunPlan, StrategyPlan
from orchestrate.domain.portfolio import Appointment, PortfolioPlan
from orchestrate.domain.results import RunResult
from tests.backtest.plans import CENT, fills_of, part, plan_of, real, run_plan, synthetic

#: long runs of what short tests cover
pytestmark = pytest.mark.uncounted

RULES = ExecutionRules(commission=Commission(per_share=0.005, minimum=1.0), slippage=Slippage(percent=0.03))
DATA = {
    "A": synthetic("A", 160, seed=1, start="2019-01-02"),
    "B": synthetic("B", 120, seed=2, start="2019-03-04", gaps=0.1),
    "C": synthetic("C", 200, seed=3, start="2018-12-03", week=7),
}
WEIGHTS = {"fast": "0.31", "slow": "0.17", "dips": "0.2", "spread": "0.11", "hold": "0.2"}
MIXES = [
    dict.fromkeys(WEIGHTS, "backtrader"),
    dict.fromkeys(WEIGHTS, "nautilus"),
    dict(zip(WEIGHTS, itertools.cycle(["backtrader", "nautilus"]), strict=False)),
    dict(zip(WEIGHTS, itertools.cycle(["nautilus", "backtrader", "backtrader"]), strict=False)),
]


def five(frameworks: dict[str, str]) -> list[StrategyPlan]:
    """Five strategies of three kinds on three calendars, several on each symbol."""
    plans = {
        "fast": part("fast", "Turning", symbols=["A"], percent=100, window=5),
        "slow": part("slow", "MOMENTUM", symbols=["A", "C"], fast=4, slow=11),
        "dips": part("dips", "Dips", symbols=["B", "C"], kind="istrategy", falls=2),
        "spread": part("spread", "Spread", symbols=["A", "C"], kind="on_bar"),
        "hold": part("hold", "BUY_AND_HOLD", symbols=["A", "B", "C"]),
    }
    return [
        replace(plans[name], weight=Decimal(weight), framework=frameworks[name]) for name, weight in WEIGHTS.items()
    ]


def alone(plan: RunPlan, strategy: StrategyPlan) -> RunResult:
    """The same strategy alone, with its capital and its data."""
    return run_plan(
        replace(
            plan,
            mode="single",
            strategies=(replace(strategy, weight=Decimal(1)),),
            capital=replace(plan.capital, total=plan.capital.total * strategy.weight),
            data={symbol: plan.data[symbol] for symbol in strategy.symbols},
        )
    )


@pytest.mark.parametrize("fill", ["next_open", "close"])
@pytest.mark.parametrize("mix", MIXES, ids=["backtrader", "nautilus", "mixed", "mixed again"])
def test_in_a_portfolio_as_alone(mix: dict[str, str], fill: str) -> None:
    rules = replace(RULES, fill=fill, close_at_end=fill == "close")
    plan = plan_of(five(mix), DATA, rules, capital=500_000)
    together = run_plan(plan)
    for strategy in plan.strategies:
        single = alone(plan, strategy)
        mine, theirs = together.strategies[strategy.id], single.strategies[strategy.id]
        assert mine.allocated == theirs.allocated
        assert mine.trades == theirs.trades
        assert fills_of(together, strategy.id) == fills_of(single, strategy.id)
        assert len(fills_of(single, strategy.id)) >= (3 if strategy.id == "hold" else 15)
        assert (mine.fees, mine.blocked, mine.resized) == (theirs.fees, theirs.blocked, theirs.resized)
        assert mine.equity[mine.has_bar].tolist() == theirs.equity[theirs.has_bar].tolist()
        assert mine.exposed[mine.has_bar].tolist() == theirs.exposed[theirs.has_bar].tolist()
    check_sums(together)


def check_sums(result: RunResult) -> None:
    """Books and reserve are the portfolio, at every bar; the start is the capital to the cent."""
    books = np.sum([each.equity for each in result.strategies.values()], axis=0)
    assert np.abs(books + float(result.reserve) - result.portfolio_equity).max() <= 1e-6
    allocated = sum((each.allocated for each in result.strategies.values()), Decimal(0))
    assert allocated + result.reserve == result.plan.capital.total
    for name, each in result.strategies.items():
        fills = [record.fill for record in result.fills if record.fill.strategy_id == name]
        assert each.fees == pytest.approx(sum(fill.fee for fill in fills), abs=1e-6)
        open_profit = {position.symbol: position for position in each.open_positions}
        if not open_profit:
            gained = sum(trade.profit for trade in each.trades)
            assert each.equity[-1] == pytest.approx(float(each.allocated) + gained, abs=CENT)


def test_books_are_cash_and_positions_at_every_bar() -> None:
    """Equity from nothing but the list of fills and the closes, at each step of a mixed portfolio."""
    from orchestrate.data.loading import load_market

    plan = plan_of(five(MIXES[2]), DATA, RULES, capital=500_000)
    result = run_plan(plan)
    market, _ = load_market(plan)
    for name, each in result.strategies.items():
        curve = np.full(len(result.stamps), float(each.allocated))
        for symbol in each.symbols:
            series, rows = market.series[symbol], market.timeline.rows[symbol]
            closes = np.full(len(rows), np.nan)
            for step, row in enumerate(rows):
                closes[step] = series.close[row] if row >= 0 else closes[step - 1] if step else np.nan
            step_of = {int(series.timestamp[row]): step for step, row in enumerate(rows) if row >= 0}
            for record in result.fills:
                if record.fill.strategy_id == name and record.fill.symbol == symbol:
                    step, fill = step_of[record.t], record.fill
                    curve[step:] += fill.quantity * (closes[step:] - fill.price) - fill.fee
        assert np.abs(curve - each.equity).max() <= CENT


def test_the_order_in_the_file_changes_nothing() -> None:
    parts = five(MIXES[2])
    plan = plan_of(parts, DATA, RULES, capital=500_000)
    first = run_plan(plan)
    for order in ([4, 3, 2, 1, 0], [2, 0, 4, 1, 3]):
        other = run_plan(replace(plan, strategies=tuple(parts[place] for place in order)))
        assert other.decisions == first.decisions
        assert [record.fill for record in other.fills] == [record.fill for record in first.fills]
        for name, each in first.strategies.items():
            assert other.strategies[name].equity.tolist() == each.equity.tolist()
            assert other.strategies[name].trades == each.trades


def test_the_order_of_data_changes_nothing() -> None:
    plan = plan_of(five(MIXES[2]), DATA, RULES, capital=500_000)
    first, other = run_plan(plan), run_plan(replace(plan, data=dict(reversed(DATA.items()))))
    assert other.decisions == first.decisions
    assert other.portfolio_equity.tolist() == first.portfolio_equity.tolist()


@pytest.mark.parametrize("frameworks", [("backtrader", "nautilus", "backtrader"), ("nautilus",) * 3])
def test_real_calendars_mixed(frameworks: tuple[str, str, str]) -> None:
    """Daily shares, hourly currencies, and a future that trades on Sundays, on one timeline."""
    data: dict[str, DataPlan] = real("SPY", "EURUSD", "ZN")
    parts = [
        part("shares", "MOMENTUM", frameworks[0], symbols=["SPY"], weight="0.4", fast=5, slow=15),
        part("currency", "Turning", frameworks[1], symbols=["EURUSD"], weight="0.3", window=60),
        part("notes", "RSI", frameworks[2], symbols=["ZN"], weight="0.2", period=7, buy_below=40.0, sell_above=60.0),
    ]
    plan = plan_of(parts, data, RULES, capital=3_000_000, start="2017-01-01", end="2018-06-30")
    result = run_plan(plan, lookahead=False)
    check_sums(result)
    assert result.reserve == Decimal(300_000)
    for strategy in plan.strategies:
        single = alone(plan, strategy)
        mine, theirs = result.strategies[strategy.id], single.strategies[strategy.id]
        assert len(mine.trades) >= 8
        assert mine.trades == theirs.trades
        assert mine.equity[mine.has_bar].tolist() == theirs.equity[theirs.has_bar].tolist()
    assert (result.stamps[1:] > result.stamps[:-1]).all()
    days = (result.labels // 86_400_000_000_000 + 4) % 7  # 0 is a Sunday
    assert (days[result.strategies["notes"].has_bar] == 0).any()
    assert not (days[result.strategies["shares"].has_bar] == 0).any()


def test_kept_positions_change_no_cent_of_the_portfolio() -> None:
    """Both hold to the end, whether their strategies are removed or not; the document has a row for each book."""
    parts = [
        part(name, "BUY_AND_HOLD", name, symbols=(symbol,), weight="0.4")
        for name, symbol in (("backtrader", "ONE"), ("nautilus", "TWO"))
    ]
    plan = plan_of(parts, {"ONE": synthetic("ONE", seed=3), "TWO": synthetic("TWO", seed=4)})
    staying = run_plan(plan)
    moment = str(staying.labels[100].astype("datetime64[ns]"))[:10]
    schedule = tuple(Appointment(moment, "remove", name, "keep") for name in ("backtrader", "nautilus"))
    leaving = run_plan(replace(plan, portfolio=PortfolioPlan(schedule=schedule)))
    assert np.abs(leaving.portfolio_equity - staying.portfolio_equity).max() < 1e-6
    books = leaving.reserve_equity + np.sum([each.equity for each in leaving.strategies.values()], axis=0)
    assert np.abs(books - staying.portfolio_equity).max() < CENT
    rows = summarise(leaving)["strategies"]
    assert list(rows) == ["backtrader", "nautilus", "UNMANAGED_backtrader", "UNMANAGED_nautilus"]  # type: ignore[call-overload]  # figures are objects
