"""Further figures of `metrics.json`: of the returns, by day and month, of the trades, of what trading needed."""

from __future__ import annotations

from typing import Final

import numpy as np

from orchestrate.verification.facts import Flags, Floats, Stamps
from orchestrate.verification.figures.lines import DAY, YEAR, Line, has_moved

Figures = dict[str, float | None]
OF_RETURNS: Final = ("var_95", "cvar_95", "tail_ratio", "skew", "kurtosis")
OF_PERIODS: Final = ("best_day", "worst_day", "best_month", "worst_month", "time_under_water", "longest_drawdown")
OF_TRADES: Final = (
    *("expectancy", "best_trade", "worst_trade", "holding_days", "longest_losing_run", "mae", "mfe"),
    *("average_win", "average_loss", "payoff", "fees_share", "slippage_share"),
)


def of_returns(line: Line) -> Figures:
    """Return the figures of how returns are distributed; moments where there are enough that differ."""
    returns, figures = line.returns, dict.fromkeys(OF_RETURNS)
    size = len(returns)
    if not size:
        return {**figures}
    low, high = (float(np.percentile(returns, share)) for share in (5, 95))
    tail = {"var_95": low, "cvar_95": float(np.sort(returns)[: 1 + int(0.05 * (size - 1))].mean())}
    return {**figures, **tail, **_shape(returns), "tail_ratio": abs(high) / abs(low) if low else None}


def _shape(returns: Floats) -> dict[str, float]:
    """Return skew and kurtosis, without the bias of small samples."""
    size, figures = len(returns), {}
    if float(returns.std()) > 1e-12 * float(np.abs(returns).max()):
        second, third, fourth = (float(((returns - returns.mean()) ** power).mean()) for power in (2, 3, 4))
        if size > 2:
            figures["skew"] = third / second**1.5 * float(np.sqrt(size * (size - 1))) / (size - 2)
        if size > 3:
            excess = (size + 1) * (fourth / second**2 - 3) + 6
            figures["kurtosis"] = (size - 1) / ((size - 2) * (size - 3)) * excess
    return figures


def of_periods(line: Line) -> Figures:
    """Return the best and the worst day and month, and how much and how long the curve was below its highest value."""
    figures: Figures = dict.fromkeys(OF_PERIODS)
    curve = line.curve
    if not len(line.equity) or curve[0] <= 0:
        return figures
    below = curve < np.maximum.accumulate(curve)
    figures |= {"time_under_water": float(below[-len(line.equity) :].mean())}
    figures |= {"longest_drawdown": _longest(below, line)}
    if len(curve) < 2 or curve.min() <= 0:
        return figures
    days, months = (_returns_of(line, line.stamps // DAY), _returns_of(line, months_of(line.stamps)))
    if len(days) > 1 and not has_moved(line.initial, line.equity[ends_of(line.stamps // DAY)]):
        days = days[1:]
    for name, returns in (("day", days), ("month", months)):
        figures |= {f"best_{name}": float(returns.max()), f"worst_{name}": float(returns.min())}
    return figures


def _longest(below: Flags, line: Line) -> float:
    """Return the days of the longest time from a highest value to the next one, or to the end."""
    stamps = line.stamps if len(below) == len(line.stamps) else np.concatenate([line.stamps[:1], line.stamps])
    highs = np.append(np.flatnonzero(~below), len(below) - 1)
    apart = np.diff(stamps[highs])[below[highs[1:] - 1] | below[highs[1:]]]
    return float(apart.max(initial=0)) / DAY


def months_of(stamps: Stamps) -> Stamps:
    """Return the calendar month (UTC) of each moment, counted since 1970."""
    return stamps.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)


def ends_of(periods: Stamps) -> Stamps:
    """Return the place of the last step of each period."""
    return np.flatnonzero(np.append(periods[1:] != periods[:-1], True))


def _returns_of(line: Line, periods: Stamps) -> Floats:
    marks = line.equity[ends_of(periods)]
    return np.asarray(marks / np.concatenate([[line.initial], marks[:-1]]) - 1.0)


def of_trades(line: Line) -> Figures:
    """Return the figures of closed trades, and of what trading cost."""
    figures: Figures = {**dict.fromkeys(OF_TRADES), "slippage": line.slippage}
    trades, profits = line.trades, np.array([trade["profit"] for trade in line.trades], dtype=float)
    gross = sum(max(trade["profit"] + trade["fees"], 0.0) for trade in trades)
    if gross > 0:
        figures |= {"fees_share": line.fees / gross, "slippage_share": line.slippage / gross}
    if not len(profits):
        return figures
    held = np.array([trade["exited"] - trade["entered"] for trade in trades]) / DAY
    figures |= {"expectancy": profits.mean(), "best_trade": profits.max(), "worst_trade": profits.min()}
    figures |= {"holding_days": held.mean(), "longest_losing_run": _longest_run(profits < 0)}
    won, lost = profits[profits > 0], profits[profits < 0]
    figures |= {"average_win": won.mean() if len(won) else None, "average_loss": lost.mean() if len(lost) else None}
    figures |= {"payoff": won.mean() / -lost.mean() if len(won) and len(lost) else None}
    return figures | {name: _mean([trade[name] for trade in trades]) for name in ("mae", "mfe")}


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(values) if len(known) == len(values) else None


def _longest_run(flags: Flags) -> int:
    """Return how many are true one after another, at most."""
    longest = run = 0
    for flag in flags.tolist():
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def of_capital(line: Line) -> Figures:
    """Return how often capital was turned over a year, and the mean share of it that no position held."""
    figures: Figures = {"turnover": None, "idle_cash": None}
    if line.money is None or line.held is None or not len(line.money):
        return figures
    years = (float(line.stamps[-1]) - float(line.stamps[0])) / DAY / YEAR
    if years > 0 and line.money.mean() > 0:
        figures["turnover"] = line.traded / float(line.money.mean()) / years
    there = line.money > 0
    if there.any():
        figures["idle_cash"] = float(np.clip(1.0 - line.held[there] / line.money[there], 0.0, None).mean())
    return figures
