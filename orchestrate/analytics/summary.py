"""The figures of a run, in the words of `backtest --format json`: everything in it that a run's facts decide.

Nothing here reads a clock or a file, so that the same facts always give the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from orchestrate.analytics.correlation import correlation
from orchestrate.analytics.exposure import peaks
from orchestrate.analytics.metrics import METRICS, figures
from orchestrate.analytics.orders.blotter_summary import blotter_summary
from orchestrate.analytics.returns import Curve, curve_of
from orchestrate.analytics.track import Track
from orchestrate.domain.books import Trade
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Flags, Floats
from orchestrate.domain.results import Finding, PortfolioStop, RunResult, StrategyError, StrategyResult

Document = dict[str, object]


def summarise(result: RunResult) -> Document:
    """Return the figures and findings of `result`.

    And those of a `benchmark` where the plan names one, `stopped` where the portfolio was stopped.
    """
    notes: list[Finding] = []
    portfolio = _portfolio(result, notes)
    frameworks = {name: _framework(result, name, notes) for name in _frameworks(result)}
    strategies = {strategy.id: _strategy(result, strategy, notes) for strategy in result.strategies.values()}
    there = _union(result)
    curves = {name: curve_of([one]) for name, one in result.strategies.items()}
    matrix, more = correlation(
        result.stamps[there],
        {name: curve.equity[there] for name, curve in curves.items()},
        {name: curve.initial for name, curve in curves.items()},
    )
    labels = result.labels
    benchmark = {} if result.benchmark is None else {"benchmark": _benchmark(result, result.benchmark)}
    stopped = {} if result.stopped is None else {"stopped": _stop(result.stopped)}
    return benchmark | {
        "bars": len(labels),
        "start": label_text(int(labels[0])) if len(labels) else None,
        "end": label_text(int(labels[-1])) if len(labels) else None,
        "portfolio": portfolio,
        "strategies": strategies,
        "frameworks": frameworks,
        "correlation": matrix,
        **stopped,
        "peaks": peaks(result),
        **blotter_summary(result),
        "findings": [finding.document() for finding in (*result.findings, *_joined([*notes, *more]))],
    }


def _portfolio(result: RunResult, notes: list[Finding]) -> Document:
    initial = float(result.plan.capital.total)
    equity = result.portfolio_equity
    metrics, figure_notes = figures(
        _pooled(result, [one for _, one in sorted(result.strategies.items())], Curve(initial, equity)), "portfolio"
    )
    notes.extend(figure_notes)
    return {
        "initial_capital": initial,
        "final_equity": _last(equity, initial),
        "reserve": _last(result.reserve_equity, float(result.reserve)),
        "metrics": metrics,
    }


def _framework(result: RunResult, name: str, notes: list[Finding]) -> Document:
    members = [one for _, one in sorted(result.strategies.items()) if one.framework == name]
    initial = float(sum(strategy.allocated for strategy in members))
    equity = np.sum([strategy.equity for strategy in members], axis=0)
    metrics, figure_notes = figures(_pooled(result, members, curve_of(members)), f"frameworks.{name}")
    notes.extend(figure_notes)
    return {"final_equity": _last(equity, initial), "metrics": metrics}


def _strategy(result: RunResult, strategy: StrategyResult, notes: list[Finding]) -> Document:
    allocated = float(strategy.allocated)
    own, curve = strategy.has_bar, curve_of([strategy])
    transfers = strategy.transfers
    track = Track(
        initial=curve.initial,
        equity=curve.equity[own],
        stamps=result.stamps[own],
        exposed=strategy.exposed[own],
        profits=_profits(strategy.trades),
        fees=strategy.fees,
        periods_per_year=result.periods_per_year.get(strategy.id),
    )
    metrics, figure_notes = figures(track, f"strategies.{strategy.id}")
    notes.extend(figure_notes)
    changes = [
        {"status": one.status, "bar_date": _date(one.t), "moment": one.moment} for one in strategy.status_changes
    ]
    return {
        "name": strategy.name,
        "framework": strategy.framework,
        "status": strategy.status,
        "symbols": list(strategy.symbols),
        "allocated_capital": allocated,
        **({} if transfers is None else {"transferred": _last(transfers.so_far, 0.0)}),
        "final_equity": _last(strategy.equity, allocated),
        "metrics": metrics,
        "blocked": strategy.blocked,
        "resized": strategy.resized,
        "error": None if strategy.error is None else _error(strategy.error),
        **({"status_changes": changes} if changes else {}),
    }


def _error(error: StrategyError) -> Document:
    where = {"file": error.file or None, "line": error.line or None}
    return {"type": error.type, "message": error.message, **where, "bar_date": _date(error.t)}


def _stop(stop: PortfolioStop) -> Document:
    return {"limit": stop.limit, "figure": stop.figure, "bound": stop.bound, "bar_date": label_text(stop.t)}


def _date(t: int | None) -> str | None:
    return None if t is None else label_text(t)


def _benchmark(result: RunResult, closes: Floats) -> Document:
    """Return the benchmark bought at its first close and held, without costs, on the portfolio's own stamps."""
    known = np.isfinite(closes) & _union(result)
    track = Track(
        initial=float(closes[known][0]) if known.any() else 0.0,
        equity=closes[known],
        stamps=result.stamps[known],
        exposed=known[known],
        profits=_profits(()),
        fees=0.0,
        periods_per_year=result.periods_per_year.get(""),
    )
    metrics, _ = figures(track, "benchmark")
    return {
        "symbol": result.plan.benchmark,
        "metrics": {name: metrics[name] for name, one in METRICS.items() if one.of_curve},
    }


def _union(result: RunResult) -> Flags:
    """Return the steps at which a symbol of some strategy has a bar.

    Data that no strategy trades makes steps that don't count.
    """
    there: Flags = np.logical_or.reduce([strategy.has_bar for strategy in result.strategies.values()])
    return there


def _pooled(result: RunResult, members: Iterable[StrategyResult], curve: Curve) -> Track:
    """Return the curve of several strategies together, over the union of all strategies' stamps."""
    together = list(members)
    exposed = np.zeros(len(result.stamps), dtype=np.bool_)
    for strategy in together:
        exposed |= strategy.exposed
    there = _union(result)
    return Track(
        initial=curve.initial,
        equity=curve.equity[there],
        stamps=result.stamps[there],
        exposed=exposed[there],
        profits=_profits([trade for strategy in together for trade in strategy.trades]),
        fees=sum(strategy.fees for strategy in together),
        periods_per_year=result.periods_per_year.get(""),
    )


def _profits(trades: Sequence[Trade]) -> Floats:
    return np.fromiter((trade.profit for trade in trades), dtype=np.float64, count=len(trades))


def _frameworks(result: RunResult) -> list[str]:
    return list(dict.fromkeys(strategy.framework for strategy in result.strategies.values()))


def _last(equity: Floats, initial: float) -> float:
    return float(equity[-1]) if len(equity) else initial


def _joined(notes: list[Finding]) -> list[Finding]:
    """Return notes that say the same of several curves, as one."""
    joined: dict[str, Finding] = {}
    for note in notes:
        known = joined.get(note.message)
        joined[note.message] = replace(known, where=f"{known.where}, {note.where}") if known else note
    return list(joined.values())
