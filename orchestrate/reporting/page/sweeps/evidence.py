"""In sample against out of sample: the splits of the days, and the windows of a walk-forward."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np

from orchestrate.analytics.sweeps.cross_validation import CrossValidation
from orchestrate.domain.market.stamps import label_text
from orchestrate.reporting.page import charts, numbers, sampling
from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, Number, paragraph, table
from orchestrate.reporting.page.sweeps.subject import Competition, SweepSubject
from orchestrate.reporting.sweeps.figures import metric_label, metric_text, value_text
from orchestrate.runs.arrays import arrays
from orchestrate.runs.sweeps.reading import OUT_OF_SAMPLE

Block = Html | Chart
_POINTS: Final = 900
_BANDS: Final = 10
_WINDOWS: Final = 200
_CURVE: Final = 1200


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
    """Return the account that went through the tests of a walk-forward, and what each window picked and gave."""
    known = subject.document.get("windows", [])
    if not known:
        return []
    metrics, parameters = list(known[0]["metrics"]), [axis.name for axis in subject.axes]
    heads = ["train from", "to", "test from", "to", *parameters, *map(metric_label, metrics), "status"]
    rows = [
        [
            *(one[name] for name in ("train_start", "train_end", "test_start", "test_end")),
            *(value_text(one["parameters"].get(name)) for name in parameters),
            *(Number(metric_text(name, one["metrics"][name])) for name in metrics),
            one["status"],
        ]
        for one in known[: subject.few(_WINDOWS)]
    ]
    note = sampling.note(len(rows), len(known), "windows")
    shown = [table("Windows", heads, rows, visible=True), *([paragraph(note, "note")] if note else [])]
    return [*_account(subject), _tests(subject, known), *shown]


def _account(subject: SweepSubject) -> list[Block]:
    """Return the equity of the account over all tests."""
    if OUT_OF_SAMPLE not in subject.run.files:
        return []
    read = arrays(subject.run, OUT_OF_SAMPLE, ("label", "equity"))
    labels, equity = read["label"].astype(np.int64), read["equity"]
    at = sampling.shown([equity], subject.few(_CURVE))
    drawn = charts.line("account", charts.moments(labels[at]), charts.small(equity[at]), charts.colour(0))
    axes = {"xaxis": {"type": "date"}, "yaxis": {"title": "equity"}}
    figure = charts.figure([drawn | {"hovertemplate": "%{y:,.0f}"}], hovermode="x unified", showlegend=False, **axes)
    title = "The account through all tests"
    step = max(1, len(labels) // subject.few(40))
    rows = [
        [label_text(int(labels[place])), numbers.money(float(equity[place]))] for place in range(0, len(labels), step)
    ]
    says = "Equity of the one account that went through all tests, one after the other."
    note = sampling.note(len(at), len(labels))
    return [Chart("account", title, figure, table(title, ["at", "equity"], rows), says, note, ranges=True)]


def _tests(subject: SweepSubject, known: list[dict[str, Any]]) -> Chart:
    """Return a bar for each test: its objective."""
    name = subject.objective.metric
    labels = [one["test_start"] for one in known]
    values = [one["metrics"].get(name) for one in known]
    heights = np.array([np.nan if value is None else float(value) for value in values])
    bars = {
        **{"type": "bar", "x": labels, "y": charts.small(heights)},
        **{"marker": {"color": [charts.GAIN if height >= 0 else charts.LOSS for height in heights]}},
        "hovertemplate": "test from %{x}: %{y:.4g}<extra></extra>",
    }
    title = f"{metric_label(name)} of each test"
    axes = {"xaxis": {"type": "category"}, "yaxis": {"title": metric_label(name)}}
    figure = charts.figure([bars], showlegend=False, bargap=0.35, **axes)
    rows = [[label, Number(metric_text(name, value))] for label, value in zip(labels, values, strict=True)]
    says = "The objective of what each window picked, in its test."
    return Chart("tests", title, figure, table(title, ["test from", metric_label(name)], rows), says, height=240)
