"""Peaks and plateaus: each trial against its neighbours, local modes, and the pick among all."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from orchestrate.reporting.page import charts, sampling
from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, Number, label_in_chart, paragraph, table
from orchestrate.reporting.page.sweeps.maps import marked
from orchestrate.reporting.page.sweeps.subject import Competition, SweepSubject, few_places
from orchestrate.reporting.sweeps.figures import metric_label, metric_text, point_text

Block = Html | Chart
_POINTS: Final = 800
_BINS: Final = 40


def peaks(subject: SweepSubject) -> list[Block]:
    """Return where the pick, the peak and the plateau are, the local modes, and each trial against its neighbours."""
    blocks: list[Block] = []
    for number, part in enumerate(subject.parts):
        if marked(part):
            blocks += [_named(part), *_modes(part), _neighbours(subject, part, number)]
    return blocks


def _named(part: Competition) -> Html:
    rows = [[name, *_cells(part, place)] for name, place, _, _ in marked(part)]
    heads = ["what", "trial", "parameters", metric_label(part.objective.metric), "median of its neighbours"]
    return table(f"{part.prefix}Pick, peak and plateau", heads, rows, visible=bool(part.prefix))


def _cells(part: Competition, place: int) -> list[object]:
    row, name = part.rows[place], part.objective.metric
    figures = (part.values[place], part.medians[place])
    texts = (Number(metric_text(name, float(value) if np.isfinite(value) else None)) for value in figures)
    return [str(row.number), point_text(row.point), *texts]


def _modes(part: Competition) -> list[Block]:
    modes = part.facts["modes"] or {"count": 0, "trials": []}
    if modes["count"] < 2:
        one = "One point is" if modes["count"] else "No point above the middle is"
        return [paragraph(f"{one} better than all of its neighbours.", "note")]
    places = [place for trial in modes["trials"] if (place := part.place(trial)) is not None]
    heads = ["trial", "parameters", metric_label(part.objective.metric), "median of its neighbours"]
    shown = table(f"{part.prefix}Local modes", heads, [_cells(part, place) for place in places], visible=True)
    more = sampling.note(len(places), modes["count"], "local modes")
    text = f"{modes['count']:,} points are better than all of their neighbours: the more, the noisier the objective"
    return [paragraph(f"{text}{f'; {more}' if more else ''}.", "note"), shown]


def _neighbours(subject: SweepSubject, part: Competition, number: int) -> Chart:
    known = np.where(np.isfinite(part.medians), part.landscape.scores, np.nan)
    shown = few_places(known, subject.few(_POINTS), [place for _, place, _, _ in marked(part)])
    objective = label_in_chart(metric_label(part.objective.metric))
    x, y = charts.small(part.values[shown]), charts.small(part.medians[shown])
    dots = {"size": 5, "color": charts.colour(0), "opacity": 0.55}
    texts = [f"trial {part.rows[place].number}" for place in shown]
    hover = f"%{{text}}: {objective} %{{x:.4g}}, neighbours %{{y:.4g}}<extra></extra>"
    cloud = {"type": "scatter", "mode": "markers", "name": "trials", "x": x, "y": y, "marker": dots}
    traces: list[dict[str, Any]] = [cloud | {"text": texts, "hovertemplate": hover}]
    low, high = (float(end(part.values[np.isfinite(part.values)])) for end in (np.min, np.max))
    ends = np.array([low, high])
    alike = {"color": charts.MUTED, "width": 1, "dash": "dot"}
    traces.append(charts.line("as good as its neighbours", ends, ends, charts.MUTED, line=alike, hoverinfo="skip"))
    for name, place, symbol, colour in marked(part):
        if np.isfinite(part.medians[place]):
            look = {"symbol": symbol, "size": 13, "color": colour, "line": {"width": 2, "color": colour}}
            at = {"x": [float(part.values[place])], "y": [float(part.medians[place])]}
            traces.append({"type": "scatter", "mode": "markers", "name": name, "marker": look, **at})
    axes = {"xaxis": {"title": objective}, "yaxis": {"title": "median of its neighbours"}}
    figure = charts.figure(traces, hovermode="closest", showlegend=True, **axes)
    title = f"{part.prefix}Each trial against its neighbours"
    best = shown[np.argsort(-part.medians[shown] if part.objective.maximize else part.medians[shown], kind="stable")]
    rows = [_cells(part, place) for place in best[: subject.few(40)]]
    heads = ["trial", "parameters", metric_label(part.objective.metric), "median of its neighbours"]
    note = sampling.note(len(shown), int(np.isfinite(known).sum()), "trials")
    says = "The objective of each trial against the median of its neighbours: far below the line is a lone peak."
    return Chart(f"neighbours-{number}", title, figure, table(title, heads, rows), says, note, height=340)


def distribution(subject: SweepSubject) -> list[Block]:
    """Return how often objectives of each size came, beside the pick's."""
    return [
        _distribution(part, number) for number, part in enumerate(subject.parts) if np.isfinite(part.values).sum() > 2
    ]


def _distribution(part: Competition, number: int) -> Chart:
    known = part.values[np.isfinite(part.values)]
    counts, edges = np.histogram(known, bins=min(_BINS, max(5, len(known) // 4)))
    centres = (edges[1:] + edges[:-1]) / 2
    objective = metric_label(part.objective.metric)
    bars = {
        **{"type": "bar", "x": charts.small(centres), "y": counts, "width": float(edges[1] - edges[0]) * 0.92},
        **{"marker": {"color": charts.colour(0)}, "name": "trials"},
        "hovertemplate": "%{x:.4g}: %{y} trials<extra></extra>",
    }
    lines = _lines(part, float(counts.max()))
    ends = [float(edges[0]), float(edges[-1]), *(float(one["x"][0]) for one in lines)]
    margin = 0.04 * (max(ends) - min(ends))
    span = [min(ends) - margin, max(ends) + margin]
    axes = {
        "xaxis": {"title": label_in_chart(objective), "zeroline": False, "range": span},
        "yaxis": {"title": "trials"},
    }
    figure = charts.figure([bars, *lines], showlegend=True, bargap=0.05, hovermode="closest", **axes)
    title = f"{part.prefix}Distribution of the {objective} of all trials"
    name = part.objective.metric
    rows = [
        [Number(metric_text(name, float(low))), Number(metric_text(name, float(high))), Number(f"{int(count):,}")]
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
        if count
    ]
    says = f"How many trials have a {objective} of each size, with lines at the pick and at what luck alone reaches."
    shown = table(title, ["from", "to", "trials"], rows)
    return Chart(f"distribution-{number}", title, figure, shown, says, f"{len(known):,} trials", height=280)


def _lines(part: Competition, top: float) -> list[dict[str, Any]]:
    """Return lines at the middle, at the pick, and at the best that luck alone is expected to reach."""
    places = {"middle": float(np.nanmedian(part.values))}
    if part.pick is not None:
        places["pick"] = float(part.values[part.pick])
    daily, luck = part.facts["daily_sharpe"], part.facts["expected_maximum_sharpe"]
    if part.objective.metric == "sharpe" and not part.strategy and "pick" in places and daily and luck is not None:
        places["best of all by luck"] = luck * places["pick"] / daily
    looks = {
        "middle": (charts.MUTED, "dot"),
        "pick": (charts.INK, "solid"),
        "best of all by luck": (charts.LOSS, "dash"),
    }
    return [
        charts.line(
            name,
            np.array([at, at]),
            np.array([0.0, top]),
            looks[name][0],
            line={"color": looks[name][0], "width": 2, "dash": looks[name][1]},
            hovertemplate=f"{name}: %{{x:.4g}}<extra></extra>",
        )
        for name, at in places.items()
    ]
