"""In sample against out of sample: the splits of the days, and the windows of a walk-forward."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np

from orchestrate.analytics.sweeps.cross_validation import CrossValidation
from orchestrate.domain.market.stamps import label_text
from orchestrate.reporting.page import charts, sampling
from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, Number, paragraph, table
from orchestrate.reporting.page.sweeps.subject import Competition, SweepSubject
from orchestrate.reporting.sweeps.figures import metric_label, metric_text, value_text
from orchestrate.runs.sweeps.reading import WALK_FORWARD

Block = Html | Chart
_POINTS: Final = 900
_BANDS: Final = 10
_WINDOWS: Final = 200


def out_of_sample(subject: SweepSubject) -> list[Block]:
    """Return how the best trial of one half of the days does in the other, for each part."""
    blocks: list[Block] = []
    for number, part in enumerate(subject.parts):
        found = subject.validation(part)
        if isinstance(found, str):
            blocks.append(paragraph(f"{part.prefix}no comparison: {found}."))
        else:
            blocks += [
                paragraph(_said(part, found)),
                _splits(subject, part, found, number),
                _ranks(part, found, number),
            ]
    return blocks


def _said(part: Competition, found: CrossValidation) -> str:
    text = f"{part.prefix}In {found.overfitting:.0%} of {len(found.ranks):,} splits of the days in two halves, "
    text += "the best trial of one half is no better than the middle one in the other"
    return f"{text}; in {found.loss:.0%} it loses money there."


def _splits(subject: SweepSubject, part: Competition, found: CrossValidation, number: int) -> Chart:
    size = len(found.ranks)
    at = np.unique(np.linspace(0, size - 1, min(size, subject.few(_POINTS))).astype(np.int64))
    dots = {"size": 4, "color": charts.colour(0), "opacity": 0.45}
    cloud: dict[str, Any] = {
        **{"type": "scatter", "mode": "markers", "name": "splits", "marker": dots},
        **{"x": charts.small(found.in_sample[at]), "y": charts.small(found.out_of_sample[at])},
        "hovertemplate": "in sample %{x:.3f}, out of sample %{y:.3f}<extra></extra>",
    }
    ends = np.array([float(found.in_sample.min()), float(found.in_sample.max())])
    alike = {"color": charts.MUTED, "width": 1, "dash": "dot"}
    same = charts.line("the same out of sample", ends, ends, charts.MUTED, line=alike, hoverinfo="skip")
    axes = {"xaxis": {"title": "Sharpe ratio of a day, in sample"}, "yaxis": {"title": "out of sample"}}
    figure = charts.figure([cloud, same], hovermode="closest", showlegend=True, **axes)
    title = f"{part.prefix}The best trial of each split, in and out of sample"
    says = "Sharpe ratio of the best trial of each split in its half of the days against that in the other half."
    note = sampling.note(len(at), size, "splits")
    return Chart(f"splits-{number}", title, figure, _split_table(title, found), says, note, height=340)


def _split_table(title: str, found: CrossValidation) -> Html:
    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    rows = [
        [f"{share:.0%}", *(Number(f"{float(np.quantile(one, share)):.3f}") for one in _samples(found))]
        for share in shares
    ]
    return table(title, ["share of splits below", "in sample", "out of sample"], rows)


def _samples(found: CrossValidation) -> tuple[Any, Any]:
    return found.in_sample, found.out_of_sample


def _ranks(part: Competition, found: CrossValidation, number: int) -> Chart:
    counts, edges = np.histogram(found.ranks, bins=_BANDS, range=(0.0, 1.0))
    shares = counts / len(found.ranks)
    colours = [charts.LOSS if edge < 0.5 else charts.GAIN for edge in edges[:-1]]
    labels = [f"{low:.0%}–{high:.0%}" for low, high in pairwise(edges)]
    bars = {
        **{"type": "bar", "x": labels, "y": charts.small(shares), "marker": {"color": colours}},
        "hovertemplate": "%{x} of all trials: %{y:.1%} of splits<extra></extra>",
    }
    axes = {"xaxis": {"title": "rank out of sample, 100% is the best", "type": "category"}}
    figure = charts.figure([bars], yaxis={"tickformat": ".0%"}, showlegend=False, bargap=0.08, **axes)
    title = f"{part.prefix}Rank out of sample of the best trial in sample"
    rows = [[label, Number(f"{share:.1%}")] for label, share in zip(labels, shares, strict=True)]
    says = "Which share of splits gives the best trial in sample a rank of each size out of sample."
    return Chart(f"ranks-{number}", title, figure, table(title, ["rank", "splits"], rows), says, height=260)


def windows(subject: SweepSubject) -> list[Block]:
    """Return what each window of a walk-forward picked, and what that earned in its test."""
    if WALK_FORWARD not in subject.run.files:
        return []
    names = subject.run.names(WALK_FORWARD)
    columns = subject.run.columns(WALK_FORWARD, list(names))
    if not columns or not columns[0]:
        return []
    heads = [_head(name) for name in names]
    texts = [_texts(name, cells, moments=names[name]) for name, cells in zip(names, columns, strict=True)]
    rows = list(zip(*texts, strict=True))[: subject.few(_WINDOWS)]
    return [*_tests(subject, dict(zip(names, columns, strict=True))), table("Windows", heads, rows, visible=True)]


def _head(name: str) -> str:
    owner, dot, metric = name.partition(".")
    return f"test {metric_label(metric)}" if dot and owner == "test" else name.replace("_", " ")


def _texts(name: str, cells: list[Any], *, moments: bool) -> list[object]:
    if moments:
        return ["" if cell is None else label_text(int(cell)) for cell in cells]
    if name.startswith("test."):
        return [Number(metric_text(name.removeprefix("test."), cell)) for cell in cells]
    return [value_text(cell) for cell in cells]


def _tests(subject: SweepSubject, columns: dict[str, list[Any]]) -> list[Block]:
    """Return a bar for each test: its objective."""
    name = f"test.{subject.objective.metric}"
    starts = columns.get("test_start")
    if name not in columns or starts is None:
        return []
    labels = [label_text(int(one)) if isinstance(one, int) else str(one) for one in starts]
    values = [np.nan if one is None else float(one) for one in columns[name]]
    colours = [charts.GAIN if value >= 0 else charts.LOSS for value in values]
    bars = {
        **{"type": "bar", "x": labels, "y": charts.small(np.array(values)), "marker": {"color": colours}},
        "hovertemplate": "test from %{x}: %{y:.4g}<extra></extra>",
    }
    title = f"{metric_label(subject.objective.metric)} of each test"
    axes = {"xaxis": {"type": "category"}, "yaxis": {"title": metric_label(subject.objective.metric)}}
    figure = charts.figure([bars], showlegend=False, bargap=0.35, **axes)
    known = zip(labels, columns[name], strict=True)
    rows = [[label, Number(metric_text(subject.objective.metric, value))] for label, value in known]
    says = "The objective of what each window picked, in its test."
    return [Chart("tests", title, figure, table(title, ["test from", "figure"], rows), says, height=240)]
