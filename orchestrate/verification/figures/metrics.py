"""The figures of `metrics.json` once more, of every curve."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from orchestrate.verification.facts import Difference, Floats, same
from orchestrate.verification.figures.benchmark import against_benchmark
from orchestrate.verification.figures.distribution import Figures, of_capital, of_periods, of_returns, of_trades
from orchestrate.verification.figures.lines import DAY, YEAR, Line, Lines

_GROWTHS: Final = ("total_return", "cagr", "calmar", "max_drawdown")
_DEVIATIONS: Final = ("volatility", "sharpe", "sortino")


def check_metrics(lines: Lines) -> Iterator[Difference]:
    """Yield the figures of the portfolio, of strategies and of frameworks that don't follow from the curves."""
    run, figures, whole, reserve = lines.run, lines.run.figures, lines.whole, lines.reserve
    yield from _unlike_figure("bars", figures["bars"], len(run.stamps))
    yield from _unlike_figure("portfolio.initial_capital", figures["portfolio"]["initial_capital"], run.capital)
    yield from _unlike("portfolio", figures["portfolio"], lines.portfolio, whole)
    start = run.capital - sum(one.allocated for one in run.strategies.values())
    yield from _unlike_figure("portfolio.reserve", figures["portfolio"]["reserve"], _last(reserve, start))
    for name in lines.names:
        yield from _unlike(
            f"strategies.{name}", figures["strategies"][name], lines.strategies[name], lines.equity(name)
        )
    for framework, facts in figures["frameworks"].items():
        line = lines.frameworks[framework]
        members = [name for name in lines.names if run.strategies[name].framework == framework]
        yield from _unlike(
            f"frameworks.{framework}", facts, line, np.asarray(sum(lines.equity(name) for name in members))
        )
    held = lines.benchmark
    if held is not None and "benchmark" in figures:
        yield from _unlike_metrics("benchmark", figures["benchmark"]["metrics"], of_curve(held))


def of_curve(line: Line) -> Figures:
    """Return the figures of a curve alone; None where one has no meaning."""
    figures: Figures = dict.fromkeys((*_GROWTHS, *_DEVIATIONS))
    if len(line.equity) and line.initial > 0:
        figures |= _growths(line)
    if len(line.returns) > 1:
        figures |= _deviations(line.returns, line.periods)
    return figures | of_returns(line) | of_periods(line)


def metrics(line: Line) -> Figures:
    """Return all figures of a curve with trades."""
    profits = np.array([trade["profit"] for trade in line.trades], dtype=float)
    gained, lost = profits[profits > 0].sum(), -profits[profits < 0].sum()
    figures: Figures = {
        "win_rate": float((profits > 0).mean()) if len(profits) else None,
        "profit_factor": float(gained / lost) if lost else None,
        "exposure": float(line.exposed.mean()) if len(line.exposed) else None,
        "trades": float(len(profits)),
        "fees": line.fees,
    }
    return of_curve(line) | figures | of_trades(line) | of_capital(line) | against_benchmark(line)


def _growths(line: Line) -> Figures:
    curve, total = line.curve, float(line.equity[-1]) / line.initial - 1.0
    depth = float((curve / np.maximum.accumulate(curve) - 1.0).min())
    years = (float(line.stamps[-1]) - float(line.stamps[0])) / DAY / YEAR
    cagr: float | None = None
    if years > 0 and total > -1.0 and math.log1p(total) / years < 700:
        cagr = math.expm1(math.log1p(total) / years)
    calmar = None if cagr is None or not depth else cagr / -depth
    return {"total_return": total, "cagr": cagr, "max_drawdown": depth, "calmar": calmar}


def _deviations(returns: Floats, periods: float) -> Figures:
    mean, deviation = float(returns.mean()), float(returns.std(ddof=1))
    downside = math.sqrt(float((np.minimum(returns, 0.0) ** 2).mean()))
    still = deviation <= 1e-12 * float(np.abs(returns).max())
    return {
        "volatility": deviation * math.sqrt(periods),
        "sharpe": None if still else mean / deviation * math.sqrt(periods),
        "sortino": mean / downside * math.sqrt(periods) if downside else None,
    }


def _unlike(where: str, stored: Mapping[str, Any], line: Line, equity: Floats) -> Iterator[Difference]:
    initial = stored.get("initial_capital", stored.get("allocated_capital", line.initial))
    yield from _unlike_figure(f"{where}.final_equity", stored["final_equity"], _last(equity, initial))
    yield from _unlike_metrics(where, stored["metrics"], metrics(line))


def _unlike_metrics(where: str, stored: Mapping[str, Any], computed: Figures) -> Iterator[Difference]:
    """Yield the figures that differ; one that is not stored is newer than the run."""
    for name, due in computed.items():
        if name in stored and not is_figure(stored[name], due):
            yield Difference("metrics", f"metrics.json: {where}.{name}", stored[name], due)


def _unlike_figure(where: str, stored: Any, due: float) -> Iterator[Difference]:
    if not same(stored, due, due):
        yield Difference("metrics", f"metrics.json: {where}", stored, due)


def is_figure(stored: Any, due: float | None) -> bool:
    """Return whether a stored figure is the one that is due, to six digits; None only where None is due."""
    if due is None or stored is None:
        return stored is due
    return isinstance(stored, int | float) and abs(stored - due) <= 1e-9 + 1e-6 * abs(due)


def _last(equity: Floats, initial: float) -> float:
    return float(equity[-1]) if len(equity) else initial
