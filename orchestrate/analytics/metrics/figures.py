"""All metrics of a track at once, with a reason for each that has no value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrate.analytics.metrics.metric import Metric, NoBenchmarkError, NoFigureError
from orchestrate.analytics.metrics.registry import METRICS

if TYPE_CHECKING:
    from orchestrate.analytics.tracks.track import Track
    from orchestrate.domain.results import Finding

Figures = dict[str, float | None]


#: The metrics that have no meaning, by the reason, and whether it holds for all tracks of a run.
Causes = dict[tuple[bool, str], list[str]]


def figures(track: Track, where: str) -> tuple[Figures, list[Finding]]:
    """Return every metric of `track`; None with a finding, one a cause, where a metric has no meaning."""
    values, causes = track.metrics
    findings = [_finding("" if general else where, names, cause) for (general, cause), names in causes.items()]
    return dict(values), findings


def measure(track: Track) -> tuple[Figures, Causes]:
    """Compute every metric of `track`; None for those that have no meaning."""
    import numpy as np

    values: Figures = {}
    causes: Causes = {}
    with np.errstate(all="ignore"):
        for name, metric in METRICS.items():
            try:
                values[name] = _finite(metric, track)
            except NoFigureError as reason:
                values[name] = None
                causes.setdefault((isinstance(reason, NoBenchmarkError), str(reason)), []).append(name)
    return values, causes


def _finite(metric: Metric, track: Track) -> float:
    """Return the figure; NoFigureError for one that no float can hold."""
    try:
        figure = metric.figure(track)
    except (OverflowError, ZeroDivisionError):
        figure = math.nan
    if not math.isfinite(figure):
        raise NoFigureError("the figures are too large or too small to be represented")
    return figure


def _finding(where: str, names: list[str], cause: str) -> Finding:
    from orchestrate.domain.results import Finding  # gates and lists read the registry beside this, and need no results

    return Finding("info", where, f"no value for {', '.join(names)}: {cause}", len(names))
