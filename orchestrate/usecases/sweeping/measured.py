"""What is kept of the run of a trial: its figures, without anything that only a reader of the run needs."""

from __future__ import annotations

from collections.abc import Collection

from orchestrate.analytics.gates import figure
from orchestrate.analytics.metrics import NoFigureError
from orchestrate.analytics.orders.blotter_summary import cuts_by_reason
from orchestrate.analytics.series import calendar_of
from orchestrate.analytics.summary import summarise
from orchestrate.analytics.tracks.run import Tracks
from orchestrate.analytics.tracks.track import Track
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.results import RunResult
from orchestrate.domain.sweeps import Measured, TrialStatus


def measured(result: RunResult, paths: Collection[str] = ()) -> Measured:
    """Return the figures of a run, each the same float as `metrics.json` of that run has.

    `paths` are those of further figures, such as `correlation.a.b`, which are added under their path.
    """
    tracks = Tracks(result)
    portfolio = tracks.portfolio()
    metrics = {**portfolio.metrics[0]}
    for strategy in result.strategies.values():
        own, _ = tracks.strategy(strategy).metrics
        metrics |= {f"{strategy.id}.{name}": value for name, value in own.items()}
    if paths:
        document = summarise(result)
        metrics |= {path: figure(path, document) for path in paths}
    status, reason = _outcome(result)
    days, returns = _daily(portfolio, tracks.labels)
    return Measured(
        status,
        reason,
        metrics=metrics,
        final_equity=float(equity[-1]) if len(equity := result.portfolio_equity) else float(result.plan.capital.total),
        days=days,
        returns=returns,
        reasons=dict(sorted((str(reason), count) for reason, (count, _) in cuts_by_reason(result).items())),
    )


def _outcome(result: RunResult) -> tuple[TrialStatus, str]:
    """Return how a trial ended, and why where it failed."""
    if result.status in ("degraded", "failed"):
        return TrialStatus.FAILED, _failure(result)
    return (TrialStatus.DONE if result.fills else TrialStatus.NO_TRADES), ""


def _failure(result: RunResult) -> str:
    """Return the first error of a run, or the strategies that it has ruined."""
    if result.error is not None:
        return f"{result.error.type}: {result.error.message}"
    for strategy in result.strategies.values():
        if strategy.error is not None:
            return f"{strategy.id}: {strategy.error.type}: {strategy.error.message}"
    ruined = [strategy.id for strategy in result.strategies.values() if strategy.status == "ruined"]
    return f"ruined: {', '.join(ruined)}"


def _daily(portfolio: Track, labels: Stamps) -> tuple[Stamps | None, Floats | None]:
    """Return the daily returns of the portfolio and the label of the last bar of each day; None where it has none."""
    try:
        returns = portfolio.daily
    except NoFigureError:
        return None, None
    days = labels[calendar_of(portfolio.stamps).day_ends]
    return days[len(days) - len(returns) :], returns
