"""Sweeps made of formulas: each trial has returns of noise around a drift that its point decides."""

from __future__ import annotations

import numpy as np

from orchestrate.analytics.sweeps.parts import SweepPart
from orchestrate.domain.plan import Gate
from orchestrate.domain.strategies.relations import parse_relation
from orchestrate.domain.sweeps import Axis, Measured, SweepPlan, Trial, TrialStatus

DAY = 86_400 * 10**9
FIRST = 1_577_923_200 * 10**9  # 2 January 2020
FAST = Axis("trend.fast", ("strategies", "trend", "config", "fast"), (5, 10, 15, 20, 25))
SLOW = Axis("trend.slow", ("strategies", "trend", "config", "slow"), (30, 50, 70, 90, 110, 130))

#: What two windows of a walk-forward picked and gave; the second one has no Sharpe ratio.
WINDOWS = [
    {
        **dict(zip(("train_start", "train_end", "test_start", "test_end"), days, strict=True)),
        **{"trial": trial, "status": "done", "parameters": {FAST.name: fast, SLOW.name: 70}},
        **{"metrics": {"sharpe": sharpe, "skew": 0.1}, "final_equity": 100_500.0},
    }
    for days, trial, fast, sharpe in (
        (("2020-01-02", "2020-03-31", "2020-04-01", "2020-06-30"), 8, 10, 0.7),
        (("2020-04-01", "2020-06-30", "2020-07-01", "2020-09-30"), 2, 5, None),
    )
]


def sweep_of(axes=(FAST, SLOW), days=320, seed=1, drift=None, **plan):
    """Return the plan of a grid with `fast < slow / 2`, and its one part, whose best trial is picked."""
    settings = {"require": (Gate("trades", ">=", 3.0),), "seed": seed, "select": "best"} | plan
    settings.setdefault("where", (parse_relation("fast < slow / 2"),) if len(axes) > 1 else ())
    chosen = SweepPlan(axes=tuple(axes), **settings)
    return chosen, part_of(chosen, axes, days, seed, drift)


def part_of(plan, axes, days=320, seed=1, drift=None, strategy="", first=0):
    random = np.random.default_rng(seed)
    common = random.standard_normal(days) * 0.006
    trials = tuple(
        _trial(first + number, point, common, random, drift or _hill) for number, point in enumerate(_points(axes))
    )
    eligible = [
        trial.number
        for trial in trials
        if trial.measured.status is TrialStatus.DONE and trial.measured.metrics["trades"] >= 3
    ]
    sharpes = {trial.number: trial.measured.metrics.get("sharpe") or -np.inf for trial in trials}
    pick = max(eligible, key=lambda number: (sharpes[number], -number)) if eligible else None
    return SweepPart(tuple(axes), trials, frozenset(eligible), pick, strategy)


def _points(axes):
    places = np.ndindex(*(len(axis.values) for axis in axes))
    return [{axis.name: axis.values[at] for axis, at in zip(axes, place, strict=True)} for place in places]


def _hill(shares):
    """Highest a third of the way along every axis."""
    return 0.0012 * float(np.exp(-8.0 * sum((share - 0.33) ** 2 for share in shares)))


def _trial(number, point, common, random, drift):
    values = list(point.values())
    if _is_forbidden(values):
        reason = f"fast < slow / 2 must hold, but fast is {values[0]}, slow is {values[1]}"
        return Trial(number, point, Measured(TrialStatus.INFEASIBLE, reason))
    noise = random.standard_normal(len(common)) * 0.004
    if number % 11 == 10:
        return Trial(number, point, Measured(TrialStatus.NO_TRADES), f"{number:064x}")
    if number % 29 == 28:
        return Trial(number, point, Measured(TrialStatus.FAILED, "strategies.py:12: ZeroDivisionError: division by 0"))
    shares = [_share(value, place) for place, value in enumerate(values) if not isinstance(value, str | bool)]
    returns = drift(shares) + common + noise
    return Trial(number, point, _measured(returns, number), f"{number:064x}")


def _is_forbidden(values):
    return len(values) > 1 and isinstance(values[0], int) and not values[0] < values[1] / 2


def _share(value, place):
    low, high = (5, 25) if place == 0 else (30, 130)
    return (float(value) - low) / (high - low)


def _measured(returns, number):
    equity = 100_000.0 * np.cumprod(1.0 + returns)
    peaks = np.maximum.accumulate(np.concatenate([[100_000.0], equity]))[1:]
    annual = np.sqrt(252.0)
    metrics = {
        "total_return": float(equity[-1] / 100_000.0 - 1.0),
        "cagr": float((equity[-1] / 100_000.0) ** (252.0 / len(returns)) - 1.0),
        "volatility": float(returns.std(ddof=1) * annual),
        "sharpe": float(returns.mean() / returns.std(ddof=1) * annual),
        "max_drawdown": float((equity / peaks - 1.0).min()),
        "trades": float(2 + number % 17),
    }
    own = {f"trend.{name}": value for name, value in metrics.items()}
    days = FIRST + DAY * np.arange(len(returns), dtype=np.int64)
    return Measured(TrialStatus.DONE, "", metrics | own, float(equity[-1]), days, returns)
