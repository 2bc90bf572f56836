"""What the figures of a sweep are called, how they are shown, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from orchestrate.analytics.metrics import METRICS
from orchestrate.reporting.figures import FORMATS, NOTHING

Document = dict[str, Any]


class SweepFigure(NamedTuple):
    """A figure of a sweep: its label, its format (see `FORMATS`), and what it says."""

    label: str
    format: str
    says: str


STATISTICS: Final[Mapping[str, SweepFigure]] = {
    "deflated_sharpe": SweepFigure(
        "deflated Sharpe ratio",
        "ratio",
        "probability that the true Sharpe ratio exceeds what the best of so many trials reaches by luck",
    ),
    "probabilistic_sharpe": SweepFigure(
        "probabilistic Sharpe ratio", "ratio", "probability that the true Sharpe ratio exceeds 0, trials not counted"
    ),
    "pbo": SweepFigure(
        "probability of overfitting",
        "share",
        "share of splits in which the best trial of one half of the days is no better than the middle in the other",
    ),
    "stability": SweepFigure(
        "stability", "share", "how much of the pick's lead over the middle trial its neighbours keep"
    ),
    "minimum_track_record": SweepFigure(
        "minimum track record", "days", "days that it takes to say with 95% that the true Sharpe ratio exceeds 0"
    ),
}


def statistic_text(name: str, value: float | None) -> str:
    """Return a figure of a sweep by its format."""
    return NOTHING if value is None else FORMATS[STATISTICS[name].format](value)


def metric_label(name: str) -> str:
    """Return what a metric is called in a column, `trend.sharpe` as `trend Sharpe`."""
    owner, _, metric = name.rpartition(".")
    known = METRICS.get(metric)
    label = (known.column or known.label) if known else metric
    return f"{owner} {label}" if owner else label


def metric_text(name: str, value: float | None) -> str:
    """Return a metric by its format; a count as a whole number."""
    known = METRICS.get(name.rpartition(".")[2])
    if value is None:
        return NOTHING
    if known is not None and known.format == "count":
        return FORMATS["count"](int(value) if float(value).is_integer() else value)
    return FORMATS[known.format if known else "ratio"](value)


def value_text(value: object) -> str:
    """Return a value of a parameter: numbers with the digits that they have, at most six."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def point_text(parameters: Mapping[str, object]) -> str:
    """Return a point in one line."""
    return ", ".join(f"{name} {value_text(value)}" for name, value in parameters.items())


def parts_of(document: Document) -> list[tuple[str, Document]]:
    """Return each strategy with what is said about its trials; of a sweep of the portfolio, "" with all of it."""
    return list(document["strategies"].items()) if document["each"] == "strategy" else [("", document)]


def compared_metrics(document: Document) -> Sequence[str]:
    """Return the metrics by which the trials of a sweep are compared: what is sought first."""
    return list(document["top"][0]["metrics"]) if document["top"] else []


def objective_text(document: Document) -> str:
    """Return what the sweep seeks."""
    sought = (
        f"{'highest' if one['maximize'] else 'lowest'} {metric_label(one['metric'])}" for one in document["objectives"]
    )
    return " and ".join(sought)


def status_text(document: Document) -> str:
    """Return how many trials there are, and what became of them: statuses that none has are left out."""
    known = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in document["statuses"].items() if count)
    return f"{document['trials']:,} trials: {known}; {document['eligible']:,} could be chosen"
