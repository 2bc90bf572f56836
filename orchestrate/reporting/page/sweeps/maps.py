"""The objective over pairs of parameters, as heatmaps; over a single one, as a curve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Any, Final

import numpy as np

from orchestrate.analytics.sweeps.heatmaps import Heatmap, Reduction, heatmap
from orchestrate.analytics.sweeps.landscape import Scale
from orchestrate.domain.market.timeline import Floats
from orchestrate.reporting.page import charts, sampling
from orchestrate.reporting.page.charts import Chart, Trace
from orchestrate.reporting.page.markup import Html, Number, label_in_chart, table
from orchestrate.reporting.page.sweeps.subject import Competition, SweepSubject
from orchestrate.reporting.sweeps.figures import metric_label, metric_text, value_text

Block = Html | Chart
#: Pairs of so many parameters are drawn, those that change the objective most.
_AXES: Final = 3
_CELLS: Final = 400
_FAINT: Final = "var(--faint)"


def heatmaps(subject: SweepSubject) -> list[Block]:
    """Return the objective over each pair of the parameters that matter most; over a single one as a curve."""
    blocks: list[Block] = []
    for number, part in enumerate(subject.parts):
        if not np.isfinite(part.values).any():
            continue
        shown = _strongest(part)
        left_out = sampling.note(len(shown), len(part.axes), "parameters")
        note = f"{left_out}: those that change the objective most" if left_out else ""
        if len(shown) == 1:
            blocks.append(_curve(subject, part, number))
        for x, y in combinations(shown, 2):
            blocks.append(_heatmap(subject, part, f"{number}-{x}-{y}", (x, y), note))
    return blocks


def _strongest(part: Competition) -> list[int]:
    """Return the axes whose cells differ most in their mean objective, in their order."""
    effects = []
    for axis in range(len(part.axes)):
        cells = part.landscape.cells(axis)
        means = [
            float(part.values[inside].mean())
            for cell in range(part.landscape.scales[axis].cells)
            if (inside := (cells == cell) & np.isfinite(part.values)).any()
        ]
        effects.append(float(np.std(means)) if means else 0.0)
    ranked = sorted(range(len(effects)), key=lambda axis: (-effects[axis], axis))[:_AXES]
    return sorted(ranked)


def _heatmap(subject: SweepSubject, part: Competition, key: str, pair: tuple[int, int], note: str) -> Chart:
    x, y = pair
    scales = part.landscape.scales[x], part.landscape.scales[y]
    maps = {one: heatmap(part.landscape, x, y, part.values, one, part.pick or 0) for one in _reductions(part, pair)}
    labels = [[label_in_chart(text) for text in cell_labels(scale)] for scale in scales]
    objective = label_in_chart(metric_label(subject.objective.metric))
    colours = _colours(maps, maximize=part.objective.maximize)
    traces = [
        _cells(drawn.figures, labels, objective, visible=not place, colours=colours)
        for place, drawn in enumerate(maps.values())
    ]
    layout: dict[str, Any] = {"shapes": _neighbourhood(part, pair)} if part.pick is not None else {}
    axes = ({"type": "category", "title": label_in_chart(scale.name), "showgrid": False} for scale in scales)
    xaxis, yaxis = axes
    figure = charts.figure(
        [*traces, *_marks(part, pair, labels)],
        **{"xaxis": xaxis, "yaxis": yaxis, "hovermode": "closest", "showlegend": True, **layout},
    )
    title = f"{part.prefix}{metric_label(subject.objective.metric)} over {scales[0].name} and {scales[1].name}"
    choices = tuple(_REDUCED[one] for one in maps) if len(maps) > 1 else ()
    return Chart(
        f"map-{key}",
        title,
        figure,
        _map_table(title, scales, maps, subject),
        f"Heatmap: {title}. The pick, the peak and the plateau are marked.",
        "; ".join(filter(None, (_how(maps), note))),
        height=min(620, 150 + 26 * scales[1].cells),
        choices=choices,
    )


_REDUCED: Final[dict[Reduction, str]] = {
    "slice": "Slice at the pick",
    "mean": "Mean",
    "median": "Median",
    "max": "Highest",
    "min": "Lowest",
}


def _reductions(part: Competition, pair: tuple[int, int]) -> list[Reduction]:
    """Return the ways in which several points of a cell become one figure; one where each has a single point."""
    counts = heatmap(part.landscape, *pair, part.values, "median").counts
    if counts.max() <= 1:
        return ["median"]
    extreme: Reduction = "max" if part.objective.maximize else "min"
    sliced: list[Reduction] = ["slice"] if len(part.axes) > 2 and part.pick is not None else []
    return ["median", "mean", extreme, *sliced]


def _how(maps: dict[Reduction, Heatmap]) -> str:
    if len(maps) == 1:
        return "each cell is a trial; the bluer, the better"
    most = int(next(iter(maps.values())).counts.max())
    return f"each cell stands for up to {most:,} trials, by their median at first; the bluer, the better"


def cell_labels(scale: Scale) -> list[str]:
    """Return what the cells of an axis are called."""
    if scale.kind == "range":
        edges = [f"{edge:.3g}" for edge in scale.edges]
        return [f"{low}–{high}" for low, high in pairwise(edges)]
    return [value_text(value) for value in scale.values]


def _cells(
    figures: Floats, labels: Sequence[Sequence[str]], objective: str, *, visible: bool, colours: dict[str, Any]
) -> Trace:
    return {
        **{"type": "heatmap", "x": labels[0], "y": labels[1], "z": charts.small(figures), "visible": visible},
        **{"xgap": 1, "ygap": 1, "hoverongaps": False, **colours},
        "hovertemplate": f"%{{x}}, %{{y}}: {objective} %{{z:.4g}}<extra></extra>",
        "colorbar": {"thickness": 10, "outlinewidth": 0, "title": {"text": objective, "side": "right"}},
    }


def _colours(maps: dict[Reduction, Heatmap], *, maximize: bool) -> dict[str, Any]:
    """Return the scale of all maps: the bluer, the better; orange beyond 0 where there are figures on both sides."""
    figures = np.concatenate([one.figures.ravel() for one in maps.values()])
    low, high = float(np.nanmin(figures)), float(np.nanmax(figures))
    if low < 0.0 < high:
        reach = max(-low, high)
        scale = [[0.0, charts.LOSS], [0.5, _FAINT], [1.0, charts.GAIN]]
        return {"colorscale": scale, "zmin": -reach, "zmax": reach, "reversescale": not maximize}
    scale = [[0.0, _FAINT if low < high else charts.GAIN], [1.0, charts.GAIN]]
    return {"colorscale": scale, "zmin": low, "zmax": high, "reversescale": not maximize}


def marked(part: Competition) -> list[tuple[str, int, str, str]]:
    """Return what is marked: its name, its place, its symbol and its colour."""
    places = [
        ("pick", part.pick, "star", charts.INK),
        ("peak", part.place(part.facts["peak"]), "x-thin-open", charts.INK),
        ("plateau", part.place(part.facts["plateau"]), "circle-open", charts.INK),
    ]
    return [(name, place, symbol, colour) for name, place, symbol, colour in places if place is not None]


def _marks(part: Competition, pair: tuple[int, int], labels: Sequence[Sequence[str]]) -> Iterator[Trace]:
    cells = [part.landscape.cells(axis) for axis in pair]
    for name, place, symbol, colour in marked(part):
        at = [[labels[axis][cells[axis][place]]] for axis in (0, 1)]
        marker = {"symbol": symbol, "size": 13, "color": colour, "line": {"width": 2, "color": colour}}
        yield {
            **{"type": "scatter", "mode": "markers", "name": name, "x": at[0], "y": at[1], "marker": marker},
            "hovertemplate": f"{name}: trial {part.rows[place].number}<extra></extra>",
        }


def _neighbourhood(part: Competition, pair: tuple[int, int]) -> list[dict[str, Any]]:
    """Return a frame around the neighbours of the plateau's middle."""
    middle = part.place(part.facts["plateau"])
    if middle is None:
        return []
    members = part.around.members[middle]
    ends = [(int(cells[members].min()), int(cells[members].max())) for cells in map(part.landscape.cells, pair)]
    (left, right), (low, high) = ends
    line = {"color": charts.INK, "width": 1.5, "dash": "dot"}
    corners = {"x0": left - 0.5, "x1": right + 0.5, "y0": low - 0.5, "y1": high + 0.5}
    return [{"type": "rect", "xref": "x", "yref": "y", **corners, "line": line}]


def _map_table(title: str, scales: tuple[Scale, Scale], maps: dict[Reduction, Heatmap], subject: SweepSubject) -> Html:
    name = subject.objective.metric
    first = next(iter(maps.values()))
    filled = [(row, column) for row, column in np.argwhere(first.counts > 0)]
    shown = filled[: subject.few(_CELLS)]
    labels = [cell_labels(scale) for scale in scales]
    heads = [scales[0].name, scales[1].name, "trials", *(_REDUCED[one].lower() for one in maps)]
    rows = [
        [
            labels[0][column],
            labels[1][row],
            Number(f"{int(first.counts[row, column]):,}"),
            *(figure_of(name, one.figures[row, column]) for one in maps.values()),
        ]
        for row, column in shown
    ]
    more = sampling.note(len(shown), len(filled), "cells")
    return table(f"{title}{f' ({more})' if more else ''}", heads, rows)


def figure_of(name: str, value: float) -> Number:
    """Return a metric as its format says; NaN is none."""
    return Number(metric_text(name, float(value) if np.isfinite(value) else None))


def _curve(subject: SweepSubject, part: Competition, number: int) -> Chart:
    """Return the objective of each value of a single parameter, and the median of its neighbours."""
    landscape, name = part.landscape, part.axes[0].name
    scale = landscape.scales[0]
    order = np.argsort(landscape.places[:, 0], kind="stable")
    values = [part.rows[place].point[name] for place in order]
    numeric = scale.kind != "unordered"
    x: Any = np.array(values, dtype=np.float64) if numeric else [label_in_chart(value_text(one)) for one in values]
    kinds = {"line": {"width": 1.2}, "mode": "lines+markers"}
    objective = metric_label(subject.objective.metric)
    traces = [
        charts.line(objective, x, charts.small(part.values[order]), charts.colour(0), **kinds),
        charts.line("median of its neighbours", x, charts.small(part.medians[order]), charts.colour(1)),
    ]
    for label, place, symbol, colour in marked(part):
        at = values[int(np.flatnonzero(order == place)[0])]
        marker = {"symbol": symbol, "size": 13, "color": colour, "line": {"width": 2, "color": colour}}
        mark = {"type": "scatter", "mode": "markers", "name": label, "marker": marker}
        where = at if numeric else label_in_chart(value_text(at))
        traces.append({**mark, "x": [where], "y": [float(part.values[place])]})
    title = f"{part.prefix}{objective} over {name}"
    figure = charts.figure(
        traces, xaxis={"title": label_in_chart(name)}, yaxis={"title": label_in_chart(objective)}, hovermode="closest"
    )
    rows = [
        [value_text(value), *(figure_of(subject.objective.metric, each[place]) for each in (part.values, part.medians))]
        for value, place in zip(values, order, strict=True)
    ]
    shown = table(title, [name, objective, "median of its neighbours"], rows[: subject.few(_CELLS)])
    return Chart(f"curve-{number}", title, figure, shown, f"{title}, with the median of its neighbours.")
