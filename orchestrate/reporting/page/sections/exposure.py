"""Exposure and use of capital over time: of the portfolio, by strategy, by framework."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

import numpy as np

from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Floats
from orchestrate.reporting.page import charts, numbers
from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, table
from orchestrate.reporting.page.sections.curves import month_ends
from orchestrate.reporting.page.subject import EXPOSURE, PORTFOLIO, Subject
from orchestrate.runs.arrays import parts_of

Block = Html | Chart
_FIGURES: Final = ("gross", "net", "used", "reserved", "available", "margin_initial", "margin_maintenance")
Key = tuple[str, str]
#: The figures of a group at the steps that charts show.
Shown = Mapping[str, Floats]


def exposure(subject: Subject) -> list[Block]:
    """Return use of the portfolio's capital, and the worth of positions by strategy and framework."""
    if not len(subject.labels):
        return []
    known = _read(subject)
    if (PORTFOLIO, PORTFOLIO) not in known:
        return []
    whole = known[PORTFOLIO, PORTFOLIO]
    blocks: list[Block] = [_capital(subject, whole)]
    strategies = {name: known["strategy", name] for name in subject.drawn if ("strategy", name) in known}
    if len(strategies) > 1:
        blocks.append(_stack(subject, "by-strategy", "Gross exposure by strategy", "gross", strategies))
        blocks.append(_stack(subject, "used-by-strategy", "Capital in use by strategy", "used", strategies))
    frameworks = {
        name: known["framework", name] for name in subject.document["frameworks"] if ("framework", name) in known
    }
    if len(frameworks) > 1:
        blocks.append(_stack(subject, "by-framework", "Gross exposure by framework", "gross", frameworks))
    return blocks


def _capital(subject: Subject, whole: Shown) -> Chart:
    stack = [
        charts.area(name, subject.x, charts.small(whole[name]), colour, "capital", hovertemplate="%{y:,.0f}")
        for name, colour in (("used", "var(--s1)"), ("reserved", "var(--s2)"), ("available", "var(--s7)"))
    ]
    lines = [
        charts.line(
            label,
            subject.x,
            charts.small(whole[name]),
            charts.INK,
            line={"width": 1.4, "dash": dash},
            hovertemplate="%{y:,.0f}",
            **more,
        )
        for name, label, dash, more in (
            ("gross", "gross", "solid", {}),
            ("net", "net", "dot", {"visible": "legendonly"}),
            ("margin_initial", "initial margin", "dash", {"visible": "legendonly"}),
            ("margin_maintenance", "maintenance margin", "dashdot", {}),
        )
        if whole[name].any()
    ]
    figure = charts.figure(
        [*stack, *lines],
        yaxis={"tickformat": ",.3~s", "title": subject.currency},
        xaxis={"type": "date"},
        hovermode="x unified",
    )
    says = "Capital of the portfolio in use, reserved for orders and available, with its exposure and margin."
    return Chart("capital", "Use of capital", figure, _table(subject, whole), says, subject.note)


def _stack(subject: Subject, id: str, title: str, figure: str, groups: Mapping[str, Shown]) -> Chart:
    traces = [
        charts.area(
            name, subject.x, charts.small(shown[figure]), charts.colour(place), "all", hovertemplate="%{y:,.0f}"
        )
        for place, (name, shown) in enumerate(groups.items())
    ]
    drawn = charts.figure(
        traces, yaxis={"tickformat": ",.3~s", "title": subject.currency}, xaxis={"type": "date"}, hovermode="x unified"
    )
    rows = [
        [
            label_text(int(subject.labels[place])),
            *(numbers.money(float(shown[figure][at])) for shown in groups.values()),
        ]
        for place, at in _rows(subject)
    ]
    return Chart(
        id, title, drawn, table(title, ["at", *groups], rows), f"{title}, stacked over time.", subject.note, 260
    )


def _table(subject: Subject, whole: Shown) -> Html:
    rows = [
        [label_text(int(subject.labels[place])), *(numbers.money(float(whole[name][at])) for name in _FIGURES)]
        for place, at in _rows(subject)
    ]
    return table("Use of capital at the ends of months", ["at", *(name.replace("_", " ") for name in _FIGURES)], rows)


def _rows(subject: Subject) -> list[tuple[int, int]]:
    """Return steps near the ends of months, and where they are among those that are shown."""
    at = np.searchsorted(subject.places, month_ends(subject), side="right") - 1
    return [(int(subject.places[place]), int(place)) for place in np.unique(np.maximum(at, 0))]


def _read(subject: Subject) -> Mapping[Key, Shown]:
    """Return of each group the figures that hold at the steps shown: those of its last row until then.

    The file may have millions of rows, hence a part at a time is in memory.
    """
    moments = subject.equity["t"][subject.places].astype(np.int64)
    known: dict[Key, dict[str, Floats]] = {}
    for part in parts_of(subject.run, EXPOSURE, ("t", "scope", "id", *_FIGURES)):
        stamps = part["t"].astype(np.int64)
        for first, last in _runs(part["scope"], part["id"]):
            key = str(part["scope"][first]), str(part["id"][first])
            own = known.setdefault(key, {name: np.zeros(len(moments)) for name in _FIGURES})
            places = np.searchsorted(stamps[first:last], moments, side="right") - 1
            there = places >= 0
            for name in _FIGURES:
                own[name][there] = part[name][first:last][places[there]]
    return known


def _runs(scopes: Floats, ids: Floats) -> list[tuple[int, int]]:
    """Return from where to where rows are of the same group."""
    ends = np.flatnonzero((scopes[1:] != scopes[:-1]) | (ids[1:] != ids[:-1])) + 1
    bounds = [0, *(int(end) for end in ends), len(scopes)]
    return list(pairwise(bounds)) if len(scopes) else []
