"""How strategies move together: each pair, and the pairs over time."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Final

import numpy as np

from orchestrate.analytics import series
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.reporting.page import charts, numbers, sampling
from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, joined, paragraph, table, tag
from orchestrate.reporting.page.sections.returns import WINDOW, known_number, returns_of
from orchestrate.reporting.page.subject import Subject

Block = Html | Chart
#: So many pairs are drawn over time, and so many named.
_PAIRS: Final = 6


def correlation(subject: Subject) -> list[Block]:
    """Return how the daily returns of each pair of strategies move together."""
    matrix: Mapping[str, Mapping[str, float | None]] = subject.document["correlation"]
    names = [name for name in subject.drawn if name in matrix]
    if len(names) < 2:
        return []
    head = joined(tag("th", name, scope="col", class_="n") for name in names)
    rows = joined(
        tag(
            "tr",
            joined(
                [tag("th", name, scope="row"), *(_paired(matrix[name].get(other), name == other) for other in names)]
            ),
        )
        for name in names
    )
    caption = tag("caption", "Correlation of daily returns", class_="unseen")
    corner = tag("td", "")
    whole = tag(
        "table",
        joined([caption, tag("thead", tag("tr", joined([corner, head]))), tag("tbody", rows)]),
        class_="heat square",
    )
    box = tag("div", whole, class_="scroll", role="region", tabindex="0", aria_label="Correlation of daily returns")
    notes = "; ".join(filter(None, ("Pearson, daily returns. Blue: together, orange: opposite", subject.left_out)))
    return [box, paragraph(f"{notes}.", "note"), *_named(subject), *_rolling(subject)]


def _paired(value: float | None, is_same: bool) -> Html:
    if value is None:
        return tag("td", "–", class_="n")
    if is_same:
        return tag("td", "1.00", class_="n same")
    return tag(
        "td",
        numbers.ratio(value),
        class_="n loss" if value < 0 else "n gain",
        style=f"--v:{abs(value):.2f}",
    )


def _named(subject: Subject) -> list[Block]:
    """Name the pairs that diversify, and those that are alike."""
    known = subject.document.get("correlated", {})
    kinds = {"Diversify each other": known.get("diversifiers", []), "Nearly the same": known.get("alike", [])}
    return [
        paragraph(f"{kind}: {', '.join(_pair(one) for one in pairs[:_PAIRS])}{_more(len(pairs))}.")
        for kind, pairs in kinds.items()
        if pairs
    ]


def _pair(one: Mapping[str, object]) -> str:
    names, value = one["strategies"], one["correlation"]
    assert isinstance(names, list) and isinstance(value, float)
    return f"{' and '.join(names)} ({numbers.ratio(value).shown})"


def _more(count: int) -> str:
    return f" and {count - _PAIRS:,} more" if count > _PAIRS else ""


def _rolling(subject: Subject) -> list[Block]:
    """Return the correlation of pairs over the last quarter, at each day."""
    days = subject.days
    if len(days) < 2 * WINDOW:
        return []
    returns = {name: returns_of(curve.equity[days]) for name, curve in subject.curves.items()}
    pairs = list(combinations(returns, 2))
    rolled = {
        f"{one}, {other}": series.rolling_correlation(returns[one], returns[other], WINDOW)[WINDOW - 1 :]
        for one, other in pairs[:_PAIRS]
    }
    rolled = {pair: values for pair, values in rolled.items() if np.isfinite(values).any()}
    if not rolled:
        return []
    labels = subject.labels[days[WINDOW:]]
    at = sampling.shown(list(rolled.values()), subject.few(1200))
    x = charts.moments(labels[at])
    traces = [
        charts.line(name, x, charts.small(values[at]), charts.colour(place), hovertemplate="%{y:.2f}")
        for place, (name, values) in enumerate(rolled.items())
    ]
    axis = {"range": [-1.05, 1.05], "tickformat": ".1f"}
    figure = charts.figure(traces, yaxis=axis, xaxis={"type": "date"}, hovermode="x unified", showlegend=True)
    title = f"Correlation of {WINDOW} {subject.unit}"
    notes = (sampling.note(len(at), len(labels), subject.unit), sampling.note(len(rolled), len(pairs), "pairs"))
    shown = _table(title, labels, rolled, max(1, len(labels) // subject.few(40)))
    says = "Correlation of pairs of strategies over time."
    return [Chart("correlation", title, figure, shown, says, "; ".join(filter(None, notes)), 260)]


def _table(title: str, labels: Stamps, rolled: Mapping[str, Floats], step: int) -> Html:
    rows = [
        [label_text(int(labels[place])), *(known_number(values[place], numbers.ratio) for values in rolled.values())]
        for place in range(0, len(labels), step)
    ]
    return table(title, ["at", *rolled], rows)
