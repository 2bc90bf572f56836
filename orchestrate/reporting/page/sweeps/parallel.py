"""All parameters beside each other: a line for each trial through its values, to its objective."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from orchestrate.analytics.sweeps.landscape import Landscape, Places, Scale
from orchestrate.domain.market.timeline import Floats
from orchestrate.reporting.page import charts, sampling
from orchestrate.reporting.page.charts import Chart, Trace
from orchestrate.reporting.page.markup import Html, label_in_chart, table
from orchestrate.reporting.page.sweeps.maps import figure_of
from orchestrate.reporting.page.sweeps.subject import Competition, SweepSubject, few_places
from orchestrate.reporting.sweeps.figures import metric_label, value_text

Block = Html | Chart
_LINES: Final = 400
_SHADES: Final = 5
#: From the worst fifth to the best: its name, colour, width and opacity.
_ORDINALS: Final = ("worst", "fourth", "third", "second", "best")
_LOOKS: Final = (
    (charts.LOSS, 0.8, 0.45),
    (charts.LOSS, 0.6, 0.3),
    (charts.MUTED, 0.6, 0.3),
    (charts.GAIN, 0.6, 0.4),
    (charts.GAIN, 1.3, 0.85),
)


def parallel(subject: SweepSubject) -> list[Block]:
    """Return every trial as a line through the values of its parameters, shaded by its objective."""
    return [
        _parallel(subject, part, number)
        for number, part in enumerate(subject.parts)
        if len(part.axes) > 1 and np.isfinite(part.values).sum() > 1
    ]


def _parallel(subject: SweepSubject, part: Competition, number: int) -> Chart:
    landscape = part.landscape
    shown = few_places(landscape.scores, subject.few(_LINES), [part.pick])
    heights = np.column_stack([*(_share(landscape, axis) for axis in range(len(part.axes))), _spread(part.values)])
    names = [label_in_chart(axis.name) for axis in part.axes] + [label_in_chart(metric_label(part.objective.metric))]
    ranked = shown[np.argsort(landscape.scores[shown], kind="stable")]
    traces = [
        _lines(names, heights[group], f"{_ORDINALS[place]} fifth", place)
        for place, group in enumerate(np.array_split(ranked, _SHADES))
        if len(group)
    ]
    if part.pick is not None:
        traces.append(_line("pick", names, heights[part.pick], {"color": charts.INK, "width": 2.5}))
    ends = [_ends(landscape.scales[axis]) for axis in range(len(part.axes))]
    known = part.values[np.isfinite(part.values)]
    ends.append((f"{known.min():.3g}", f"{known.max():.3g}"))
    figure = charts.figure(
        traces,
        xaxis={"type": "category", "showgrid": True, "range": [-0.3, len(names) - 0.7]},
        yaxis={"visible": False, "range": [-0.12, 1.12], "fixedrange": True},
        annotations=[*_annotations(ends)],
        hovermode="closest",
        showlegend=True,
    )
    title = f"{part.prefix}All parameters beside each other"
    note = sampling.note(len(shown), int(np.isfinite(part.values).sum()), "trials")
    says = "A line for each trial through the values of its parameters, to its objective."
    order = ranked[::-1][: subject.few(40)]
    return Chart(f"parallel-{number}", title, figure, _trial_table(title, part, order), says, note, height=380)


def _share(landscape: Landscape, axis: int) -> Floats:
    scale, places = landscape.scales[axis], landscape.places[:, axis]
    return places if scale.kind == "range" else np.asarray(places / max(1, len(scale.values) - 1))


def _spread(values: Floats) -> Floats:
    low, high = np.nanmin(values), np.nanmax(values)
    return np.asarray((values - low) / (high - low) if high > low else np.full(len(values), 0.5))


def _lines(names: list[str], heights: Floats, name: str, place: int) -> Trace:
    """Return several lines as one trace, with a gap between two."""
    x = [each for _ in range(len(heights)) for each in (*names, None)]
    y = np.column_stack([heights, np.full(len(heights), np.nan)]).ravel()
    colour, width, opacity = _LOOKS[place]
    return _line(name, x, y, {"color": colour, "width": width}) | {"opacity": opacity}


def _line(name: str, x: Sequence[str | None], y: Floats, look: Mapping[str, object]) -> Trace:
    drawn = {"type": "scatter", "mode": "lines", "name": name, "x": list(x), "y": charts.small(y), "line": look}
    return drawn | {"hoverinfo": "skip", "connectgaps": False}


def _ends(scale: Scale) -> tuple[str, str]:
    if scale.kind == "range":
        return value_text(scale.bounds[0]), value_text(scale.bounds[1])
    return value_text(scale.values[0]), value_text(scale.values[-1])


def _annotations(ends: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    for place, pair in enumerate(ends):
        for text, y, anchor in ((pair[0], -0.02, "top"), (pair[1], 1.02, "bottom")):
            where = {"x": place, "y": y, "xref": "x", "yref": "y", "yanchor": anchor, "showarrow": False}
            yield {**where, "text": label_in_chart(text), "font": {"color": charts.INK, "size": 11}}


def _trial_table(title: str, part: Competition, order: Places) -> Html:
    rows = [
        [
            str(part.rows[place].number),
            *(value_text(part.rows[place].point[axis.name]) for axis in part.axes),
            figure_of(part.objective.metric, float(part.values[place])),
        ]
        for place in order
    ]
    heads = ["trial", *(axis.name for axis in part.axes), metric_label(part.objective.metric)]
    return table(f"{title}: the best {len(rows):,}", heads, rows)
