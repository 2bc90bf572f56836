"""Every figure of a run, worked out again from its stored columns alone, with pandas instead of our own code."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

MIXED = """\
capital: {total: 400000}
data:
  WEEK: {synthetic: {bars: 300, seed: 7, frequency: 1d, week: 5}}
  ALWAYS: {synthetic: {bars: 500, seed: 8, frequency: 1d, week: 7, start: "2010-02-01"}}
  SHORT: {synthetic: {bars: 90, seed: 9, frequency: 1d, start: "2010-06-01"}}
strategies:
  weekly: {name: MOMENTUM, framework: backtrader, allocation: 30, symbols: [WEEK], config: {fast: 3, slow: 8}}
  always: {name: RSI, framework: nautilus, allocation: 30, symbols: [ALWAYS], config: {period: 4, buy_below: 40}}
  short: {name: MOMENTUM, framework: nautilus, allocation: 20, symbols: [SHORT], config: {fast: 2, slow: 5}}
  both: {name: RSI, framework: backtrader, allocation: 10, symbols: [SHORT, ALWAYS], config: {period: 3}}
execution: {commission: {percent: 0.1}, slippage: {percent: 0.05}}
"""
INTRADAY = """\
capital: 100000
data:
  AAA: {synthetic: {bars: 2000, seed: 7, frequency: 30min, week: 7}}
  BBB: {synthetic: {bars: 1500, seed: 8, frequency: 1h, week: 7}}
strategies:
  one: {name: MOMENTUM, allocation: 50, symbols: [AAA], config: {fast: 5, slow: 20}}
  two: {name: RSI, framework: nautilus, allocation: 50, symbols: [BBB]}
"""
AT_CLOSE = """\
capital: 100000
data:
  AAA: {synthetic: {bars: 60, seed: 7, frequency: 1d}}
  BBB: {synthetic: {bars: 40, seed: 8, frequency: 1h, start: "2010-01-04"}}
strategies:
  held: {name: BUY_AND_HOLD, allocation: 40, symbols: [AAA]}
  later: {name: RSI, allocation: 30, symbols: [AAA], config: {period: 3, buy_below: 45, sell_above: 55}}
  hourly: {name: BUY_AND_HOLD, framework: nautilus, allocation: 20, symbols: [BBB]}
execution: {fill: close, commission: {percent: 20}}
"""
APART = {"rel": 1e-9, "abs": 1e-12}


def stored(folder):
    return (pq.read_table(folder / f"{name}.parquet").to_pandas() for name in ("equity", "trades", "fills"))


def begun(curve, initial):
    """The curve from the initial capital on; a first bar in which it did not move gives no return."""
    if np.isclose(curve.iloc[0], initial, rtol=1e-13, atol=0):
        return curve
    return pd.concat([pd.Series([initial], index=curve.index[:1]), curve])


def expected(curve, initial, exposed, trades, fees, periods):
    """The definitions of docs/reference/metrics.md once more; None where pandas gives nothing finite."""
    years = (curve.index[-1] - curve.index[0]) / pd.Timedelta(days=365.25)
    curve = begun(curve, initial)
    returns = curve.pct_change().dropna()
    total = curve.iloc[-1] / initial - 1
    drawdown = (curve / curve.cummax() - 1).min()
    cagr = (1 + total) ** (1 / years) - 1
    lost = -trades.profit[trades.profit < 0].sum()
    figures = {
        "total_return": total,
        "cagr": cagr,
        "volatility": returns.std() * np.sqrt(periods),
        "sharpe": returns.mean() / returns.std() * np.sqrt(periods),
        "sortino": returns.mean() / np.sqrt((returns.clip(upper=0) ** 2).mean()) * np.sqrt(periods),
        "calmar": cagr / -drawdown,
        "max_drawdown": drawdown,
        "win_rate": (trades.profit > 0).mean() if len(trades) else None,
        "profit_factor": trades.profit[trades.profit > 0].sum() / lost if lost else None,
        "exposure": exposed.mean(),
        "trades": len(trades),
        "fees": fees,
        "time_under_water": (curve < curve.cummax()).tail(len(exposed)).mean(),
        **of_returns(returns),
        **of_trades(trades, fees),
        **of_calendar(curve, initial),
    }
    known = {name: value is not None and np.isfinite(value) for name, value in figures.items()}
    return {name: pytest.approx(value, **APART) if known[name] else None for name, value in figures.items()}


def of_returns(returns):
    low, high = returns.quantile([0.05, 0.95])
    return {
        "skew": returns.skew(),
        "kurtosis": returns.kurt(),
        "var_95": low,
        "cvar_95": returns[returns <= low].mean(),
        "tail_ratio": high / -low,
    }


def of_trades(trades, fees):
    won, lost = trades.profit[trades.profit > 0], trades.profit[trades.profit < 0]
    gross = (trades.profit + trades.fees).clip(lower=0).sum()
    held = (trades.exited - trades.entered) / pd.Timedelta(days=1)
    return {
        "average_win": won.mean(),
        "average_loss": lost.mean(),
        "payoff": won.mean() / -lost.mean(),
        "expectancy": trades.profit.mean(),
        "best_trade": trades.profit.max(),
        "worst_trade": trades.profit.min(),
        "holding_days": held.mean(),
        "fees_share": fees / gross if gross else None,
    }


def of_fills(fills, equity):
    years = (equity.index[-1] - equity.index[0]) / pd.Timedelta(days=365.25)
    turnover = (fills.quantity * fills.price).abs().sum() / equity.mean() / years
    return {"turnover": pytest.approx(turnover, **APART), "slippage": pytest.approx(fills.slippage.sum(), **APART)}


def of_calendar(curve, initial):
    days = curve.groupby(curve.index.date).last()
    months = curve.groupby(curve.index.strftime("%Y-%m")).last()
    daily, monthly = (pd.concat([pd.Series([initial]), one]).pct_change().dropna() for one in (days, months))
    daily = daily.iloc[1:] if np.isclose(daily.iloc[0], 0.0, atol=1e-13) else daily
    return {
        "best_day": daily.max(),
        "worst_day": daily.min(),
        "best_month": monthly.max(),
        "worst_month": monthly.min(),
    }


CONFIGS = {"mixed": MIXED, "intraday": INTRADAY, "at_close": AT_CLOSE}


@pytest.mark.parametrize("name", CONFIGS)
def test_all_figures_follow_from_what_is_stored(prompt, name):
    prompt.write(f"{name}.yaml", CONFIGS[name])
    done = prompt("backtest", f"{name}.yaml", "--format", "json", "--set", "periods_per_year=300")
    assert done.code == 0, done.err
    document = done.document
    equity, trades, fills = stored(prompt.runs[0])
    assert (len(equity), document["bars"]) == (document["bars"], len(equity))
    fills = pq.read_table(prompt.runs[0] / "fills.parquet").to_pandas()
    equity.index = pd.DatetimeIndex(equity["t"])
    fees = fills.groupby("strategy_id").fee.sum()
    initial = {name: strategy["allocated_capital"] for name, strategy in document["strategies"].items()}
    for one, strategy in document["strategies"].items():
        own = equity[equity[f"has_bar.{one}"]]
        figures = expected(
            own[f"equity.{one}"], initial[one], own[f"exposed.{one}"], trades[trades.strategy_id == one], fees[one], 300
        )
        assert of_run(strategy, figures) == figures, one
        costs = of_fills(fills[fills.strategy_id == one], own[f"equity.{one}"])
        assert of_run(strategy, costs) == costs, one
        assert strategy["final_equity"] == equity[f"equity.{one}"].iloc[-1]
    for framework, figures in document["frameworks"].items():
        members = [one for one, strategy in document["strategies"].items() if strategy["framework"] == framework]
        together = expected(
            equity[[f"equity.{one}" for one in members]].sum(axis=1),
            sum(initial[one] for one in members),
            equity[[f"exposed.{one}" for one in members]].any(axis=1),
            trades[trades.framework == framework],
            fees[members].sum(),
            300,
        )
        assert of_run(figures, together) == together
    exposed = equity[[f"exposed.{one}" for one in initial]].any(axis=1)
    total = document["portfolio"]["initial_capital"]
    costs = of_fills(fills, equity.portfolio)
    assert of_run(document["portfolio"], costs) == costs
    whole = expected(equity.portfolio, total, exposed, trades, fees.sum(), 300)
    assert of_run(document["portfolio"], whole) == whole
    books = equity[[f"equity.{one}" for one in initial]].sum(axis=1) + document["portfolio"]["reserve"]
    assert equity.portfolio.to_numpy() == pytest.approx(books.to_numpy(), abs=1e-6)
    require_correlation(document["correlation"], equity[[f"equity.{one}" for one in initial]], initial)


def of_run(part, names):
    """The metrics of a part of the document that have these names."""
    return {name: part["metrics"][name] for name in names}


def require_correlation(correlation, equity, initial):
    """The matrix is that of the returns from day to day."""
    marks = equity.groupby(equity.index.date).last()
    marks.columns = list(initial)
    if (marks.iloc[0] != pd.Series(initial)).any():
        marks = pd.concat([pd.DataFrame(initial, index=[None]), marks])
    matrix = marks.pct_change().iloc[1:].corr()
    for one in initial:
        for other in initial:
            assert correlation[one][other] == pytest.approx(matrix.loc[one, other], abs=1e-9)


def test_own_bars_are_those_of_the_symbols(prompt):
    prompt.write("mixed.yaml", MIXED)
    prompt("backtest", "mixed.yaml", "-q")
    equity, _, _ = stored(prompt.runs[0])
    assert [int(equity[f"has_bar.{one}"].sum()) for one in ("weekly", "always", "short", "both")] == [300, 500, 90, 500]


DEAR = """\
strategy: BUY_AND_HOLD
capital: 10000
data: {AAA: {synthetic: {bars: 20, seed: 7, frequency: 1d}}}
execution: {fill: close, commission: {percent: 20}}
gates: {max_drawdown: ">= -0.1"}
"""


def test_a_loss_in_the_first_bar_is_a_drawdown_and_a_return(prompt):
    """20% of commission at the first close: no figure may pass over it, and no gate."""
    prompt.write("dear.yaml", DEAR)
    done = prompt("backtest", "dear.yaml", "--format", "json")
    document = done.document
    equity, _, _ = stored(prompt.runs[0])
    first = equity.portfolio.iloc[0] / 10000 - 1
    returns = begun(equity.portfolio, 10000.0).pct_change().dropna()
    assert (first < -0.1, len(returns)) == (True, 20)
    for figures in (document["portfolio"], *document["strategies"].values(), *document["frameworks"].values()):
        assert figures["metrics"]["max_drawdown"] <= first
        assert figures["metrics"]["volatility"] == pytest.approx(returns.std() * np.sqrt(252))
    assert done.code == 1
    assert document["gates"][0]["passed"] is False


@pytest.mark.parametrize(("week", "periods"), [(5, 252.0), (7, 365.0)])
def test_years_of_daily_bars(prompt, week, periods):
    done = prompt("backtest", "single.yaml", "--format", "json", "--set", f"data.AAA.synthetic.week={week}")
    equity, _, _ = stored(prompt.runs[0])
    volatility = equity.portfolio.pct_change().dropna().std() * np.sqrt(periods)
    assert done.document["portfolio"]["metrics"]["volatility"] == pytest.approx(volatility, rel=1e-9)
