"""Further figures of `metrics.json`: of the returns, by day and month, and of the trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from orchestrate.verification.facts import Floats, Stamps

_DAY = 86_400 * 10**9


def of_returns(returns: Floats) -> dict[str, float]:
    """Return the figures of how returns are distributed; moments where there are enough that differ."""
    size = len(returns)
    if size < 2:
        return {}
    low, high = (float(np.percentile(returns, share)) for share in (5, 95))
    figures = {"var_95": low, "cvar_95": float(np.sort(returns)[: 1 + int(0.05 * (size - 1))].mean())}
    figures |= {"tail_ratio": abs(high) / abs(low)} if low else {}
    if size < 4 or float(returns.std()) <= 1e-12 * float(np.abs(returns).max()):
        return figures
    second, third, fourth = (float(((returns - returns.mean()) ** power).mean()) for power in (2, 3, 4))
    skew = third / second**1.5 * np.sqrt(size * (size - 1)) / (size - 2)
    kurtosis = (size - 1) / ((size - 2) * (size - 3)) * ((size + 1) * (fourth / second**2 - 3) + 6)
    return figures | {"skew": float(skew), "kurtosis": float(kurtosis)}


def of_periods(initial: float, equity: Floats, stamps: Stamps) -> dict[str, float]:
    """Return the best and the worst day and month, and the share of closes below the highest value so far."""
    if not len(equity):
        return {}
    highest = np.maximum.accumulate(np.concatenate([[initial], equity]))[1:]
    figures = {"time_under_water": float((equity < highest).mean())}
    if min(initial, float(equity.min())) <= 0:
        return figures
    months = stamps.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    for name, periods in (("day", stamps // _DAY), ("month", months)):
        marks = equity[np.flatnonzero(np.append(periods[1:] != periods[:-1], True))]
        returns = marks / np.concatenate([[initial], marks[:-1]]) - 1.0
        figures |= {f"best_{name}": float(returns.max()), f"worst_{name}": float(returns.min())}
    return figures


def of_trades(trades: Sequence[Mapping[str, Any]], fees: float, slippage: float) -> dict[str, float]:
    """Return the figures of closed trades, in the order of their exits, and of what trading cost."""
    profits = np.array([trade["profit"] for trade in trades], dtype=float)
    figures = {"slippage": slippage}
    if len(profits):
        days = np.array([trade["exited"] - trade["entered"] for trade in trades]) / _DAY
        figures |= {"expectancy": profits.mean(), "best_trade": profits.max(), "worst_trade": profits.min()}
        figures |= {"holding_days": days.mean()}
    if len({trade["exited"] for trade in trades}) == len(trades) > 0:  # else several orders are right
        figures |= {"longest_losing_run": _longest_run(profits < 0)}
    won, lost = profits[profits > 0], profits[profits < 0]
    figures |= {"average_win": won.mean()} if len(won) else {}
    figures |= {"average_loss": lost.mean()} if len(lost) else {}
    figures |= {"payoff": won.mean() / -lost.mean()} if len(won) and len(lost) else {}
    gross = sum(max(trade["profit"] + trade["fees"], 0.0) for trade in trades)
    figures |= {"fees_share": fees / gross, "slippage_share": slippage / gross} if gross else {}
    return {name: float(figure) for name, figure in figures.items()}


def _longest_run(flags: Any) -> int:
    """Return how many are true one after another, at most."""
    longest = run = 0
    for flag in flags.tolist():
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest
