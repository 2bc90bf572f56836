"""The figures of a run, in the words of `backtest --format json`: everything in it that a run's facts decide.

Nothing here reads a clock or a file, so that the same facts always give the same text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from orchestrate.analytics.contributions.document import attribution
from orchestrate.analytics.correlation import correlated, correlation
from orchestrate.analytics.metrics import METRICS, figures
from orchestrate.analytics.options.structures import structures, summary
from orchestrate.analytics.orders.blotter_summary import blotter_summary
from orchestrate.analytics.tracks.run import Tracks
from orchestrate.analytics.tracks.tables import tables
from orchestrate.analytics.tracks.track import Track
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.results import Finding, PortfolioStop, RunResult, StrategyError, StrategyResult

Document = dict[str, object]


def summarise(result: RunResult) -> Document:
    """Return the figures and findings of `result`.

    And those of a `benchmark` where the plan names one, `stopped` where the portfolio was stopped.
    """
    notes: list[Finding] = []
    tracks = Tracks(result)
    peaks = tracks.extremes.peaks
    portfolio, parts = _portfolio(result, tracks, notes)
    frameworks = {name: _framework(tracks, name, notes) for name in tracks.frameworks}
    strategies = {strategy.id: _strategy(tracks, strategy, notes) for strategy in result.strategies.values()}
    there = tracks.union
    matrix, more = correlation(
        result.stamps[there],
        {name: curve.equity[there] for name, curve in tracks.curves.items()},
        {name: curve.initial for name, curve in tracks.curves.items()},
    )
    labels = result.labels
    benchmark = {} if result.benchmark is None else {"benchmark": _benchmark(result, tracks)}
    marks = _marks(result)
    stopped = {} if result.stopped is None else {"stopped": _stop(result.stopped)}
    return benchmark | {
        "bars": len(labels),
        "start": label_text(int(labels[0])) if len(labels) else None,
        "end": label_text(int(labels[-1])) if len(labels) else None,
        "portfolio": portfolio,
        "strategies": strategies,
        "frameworks": frameworks,
        "correlation": matrix,
        **({"correlated": correlated(matrix)} if len(matrix) > 1 else {}),
        **stopped,
        **({"marks": marks} if marks else {}),
        "attribution": parts,
        "peaks": peaks,
        **blotter_summary(result),
        **({"structures": summary(structures(result))} if result.plan.chains else {}),
        "findings": [finding.document() for finding in (*result.findings, *_joined([*notes, *more], tracks))],
    }


def _marks(result: RunResult) -> Mapping[str, int]:
    """Return how many marks of options came from each source in all strategies; nothing where none was held."""
    total: Counter[str] = Counter()
    for strategy in result.strategies.values():
        for source, count in strategy.marks.items():
            total[source] += count
    return dict(total)


def _portfolio(result: RunResult, tracks: Tracks, notes: list[Finding]) -> tuple[Document, Document | None]:
    """Return the portfolio's figures and their attribution, both from one track, which is long."""
    initial, track = float(result.plan.capital.total), tracks.portfolio()
    document = {
        "initial_capital": initial,
        "final_equity": _last(result.portfolio_equity, initial),
        "reserve": _last(result.reserve_equity, float(result.reserve)),
        **_figures(track, tracks.labels, "portfolio", notes),
    }
    return document, attribution(result, tracks, track, notes)


def _framework(tracks: Tracks, name: str, notes: list[Finding]) -> Document:
    members = tracks.members(name)
    initial = float(sum(strategy.allocated for strategy in members))
    equity = np.sum([strategy.equity for strategy in members], axis=0)
    return {
        "final_equity": _last(equity, initial),
        **_figures(tracks.framework(name), tracks.labels, f"frameworks.{name}", notes),
    }


def _figures(track: Track, labels: Stamps, where: str, notes: list[Finding]) -> Document:
    """Return the metrics of a track and its tables; `labels` are those of its closes."""
    metrics, reasons = figures(track, where)
    notes.extend(reasons)
    return {"metrics": metrics, **tables(track, labels)}


def _strategy(tracks: Tracks, strategy: StrategyResult, notes: list[Finding]) -> Document:
    allocated, transfers = float(strategy.allocated), strategy.transfers
    changes = [
        {"status": one.status, "bar_date": _date(one.t), "moment": one.moment} for one in strategy.status_changes
    ]
    labels = tracks.labels_of(strategy)
    return {
        "name": strategy.name,
        "framework": strategy.framework,
        "status": strategy.status,
        "symbols": list(strategy.symbols),
        "allocated_capital": allocated,
        **({} if transfers is None else {"transferred": _last(transfers.so_far, 0.0)}),
        "final_equity": _last(strategy.equity, allocated),
        **_figures(tracks.strategy(strategy), labels, f"strategies.{strategy.id}", notes),
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


def _benchmark(result: RunResult, tracks: Tracks) -> Document:
    """Return the benchmark bought at its first close and held, without costs, on the portfolio's own stamps."""
    track, labels = tracks.benchmark()
    metrics, _ = figures(track, "benchmark")
    return {
        "symbol": result.plan.benchmark,
        "metrics": {name: metrics[name] for name, one in METRICS.items() if one.of_curve},
        **tables(track, labels),
    }


def _last(equity: Floats, initial: float) -> float:
    return float(equity[-1]) if len(equity) else initial


def _joined(notes: list[Finding], tracks: Tracks) -> list[Finding]:
    """Return notes that say the same of several curves, as one; a framework of one strategy repeats none of it."""
    places: dict[str, list[str]] = {}
    for note in notes:
        places.setdefault(note.message, []).append(note.where)
    for name in tracks.frameworks:
        first, *others = tracks.members(name)
        for wheres in places.values():
            if not others and {f"frameworks.{name}", f"strategies.{first.id}"} <= {*wheres}:
                wheres.remove(f"frameworks.{name}")
    firsts = {note.message: note for note in reversed(notes)}
    return [replace(firsts[message], where=", ".join(filter(None, wheres))) for message, wheres in places.items()]
