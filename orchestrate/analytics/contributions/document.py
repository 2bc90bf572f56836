"""The `attribution` of a run's document: what gave its return and its risk, in parts that add up exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from orchestrate.analytics.contributions.exact import adding_up
from orchestrate.analytics.contributions.gains import gains_of_symbols
from orchestrate.analytics.contributions.weights import Paths, against_equal_weights
from orchestrate.analytics.metrics import METRICS, NoFigureError
from orchestrate.analytics.series import period_names
from orchestrate.analytics.sums import product_sum
from orchestrate.analytics.tracks.run import Tracks
from orchestrate.analytics.tracks.track import Track
from orchestrate.domain.results import Finding, RunResult

Document = dict[str, object]
Part = TypeVar("Part")


def attribution(result: RunResult, tracks: Tracks, track: Track, notes: list[Finding]) -> Document | None:
    """Return fractions of the initial capital by strategy, framework, symbol and month, and parts of the volatility.

    None, with a note, where the portfolio has no return; `track` is its own.
    """
    found = _noted("attribution", notes, lambda: _of_return(result, tracks, track))
    if found is None:
        return None
    paths = Paths(result, track, tracks.union)
    return found | {
        "risk": _noted("attribution.risk", notes, lambda: _of_risk(track, paths)),
        "equal_weights": _noted("attribution.equal_weights", notes, lambda: _equal_weights(track, paths)),
    }


def _noted(name: str, notes: list[Finding], compute: Callable[[], Part]) -> Part | None:
    """Return what is computed; None, with a note, where it has no meaning."""
    try:
        with np.errstate(all="ignore"):
            return compute()
    except NoFigureError as reason:
        notes.append(Finding("info", "portfolio", f"no value for {name}: {reason}"))
        return None


def _of_return(result: RunResult, tracks: Tracks, track: Track) -> Document:
    total = METRICS["total_return"].figure(track)
    last = int(np.flatnonzero(tracks.union)[-1])
    strategies = adding_up(_of_strategies(result, track.initial, last), total)
    frameworks = dict.fromkeys(tracks.frameworks, 0.0)
    for name, part in strategies.items():
        frameworks[result.strategies[name].framework] += part
    symbols = {symbol: gain / track.initial for symbol, gain in gains_of_symbols(result, last).items()}
    return {
        "strategies": strategies,
        "frameworks": adding_up(frameworks, total),
        "symbols": adding_up(symbols, total),
        "months": adding_up(_of_months(track), total),
    }


def _of_strategies(result: RunResult, initial: float, last: int) -> dict[str, float]:
    strategies = result.strategies.items()
    return {name: (float(one.earned[last]) - float(one.allocated)) / initial for name, one in strategies}


def _of_months(track: Track) -> dict[str, float]:
    stamps, equity = track.month_ends
    gains = np.diff(np.concatenate([[track.initial], equity])) / track.initial
    return dict(zip(period_names(stamps, "month"), gains.tolist(), strict=True))


def _of_risk(track: Track, paths: Paths) -> dict[str, float]:
    """Return each strategy's part: the covariance of what it adds to the returns with them ÷ their deviation."""
    volatility = METRICS["volatility"].figure(track)
    about_mean = track.returns - track.mean_return
    square = product_sum(about_mean, about_mean)
    scale = volatility / square if square else 0.0
    before = paths.portfolio[:-1]
    parts = {name: product_sum(paths.gains(name) / before, about_mean) * scale for name in paths.names}
    return adding_up(parts, volatility)


def _equal_weights(track: Track, paths: Paths) -> Document:
    track.require_returns()
    found = against_equal_weights(paths)
    excess = METRICS["total_return"].figure(track) - found.total
    named = {"": found.reserve, **found.strategies}
    flat = {f"{name}/{effect}": part for name, parts in named.items() for effect, part in parts.items()}
    exact = adding_up(flat, excess)
    by_name = {name: {effect: exact[f"{name}/{effect}"] for effect in parts} for name, parts in named.items()}
    reserve = by_name.pop("")
    return {"total_return": found.total, "excess": excess, "strategies": by_name, "reserve": reserve}
