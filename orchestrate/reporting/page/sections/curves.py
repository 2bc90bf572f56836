"""Equity, drawdown and contributions over time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from orchestrate.analytics.returns import Curve
from orchestrate.domain.market.stamps import label_text, span_of
from orchestrate.reporting.page import charts, numbers
from orchestrate.reporting.page.charts import Chart, Trace
from orchestrate.reporting.page.markup import Html, table
from orchestrate.reporting.page.subject import PORTFOLIO, Subject, fall
from orchestrate.runs.reading import Document

Block = Html | Chart
#: A table behind a picture has at most so many rows.
ROWS = 60


def equity(subject: Subject) -> list[Block]:
    """Return growth and drawdown of the portfolio, its strategies and its benchmark."""
    if not len(subject.labels):
        return []
    figure = charts.figure(
        _growth(subject),
        yaxis={"domain": [0.34, 1], "title": "growth of 1", "tickformat": ".2~f"},
        yaxis2={"domain": [0, 0.27], "title": "drawdown", "tickformat": charts.PERCENT},
        xaxis={"type": "date", "anchor": "y2"},
        hovermode="x unified",
    )
    says = "Growth of one unit of capital and fall from the last high, of the portfolio and its strategies."
    chart = Chart(
        "equity",
        "Equity and drawdown",
        figure,
        _growth_table(subject, "Equity and drawdown at the ends of months"),
        says,
        subject.note,
        480,
        ranges=True,
    )
    return [chart]


def _growth(subject: Subject) -> Iterable[Trace]:
    yield from _pair(subject, PORTFOLIO, subject.portfolio, charts.INK, width=2.2)
    for place, (name, curve) in enumerate(subject.curves.items()):
        yield from _pair(subject, name, curve, charts.colour(place), dash=charts.dash(place))
    if subject.benchmark is not None:
        name = f"{subject.document['benchmark']['symbol']} held"
        yield from _pair(subject, name, subject.benchmark, charts.MUTED, dash="dot")


def _pair(subject: Subject, name: str, curve: Curve, colour: str, **line: object) -> list[Trace]:
    """Return growth and drawdown of one curve, which the legend hides together."""
    at = subject.places
    with np.errstate(all="ignore"):
        growth = curve.equity[at] / curve.initial
    both = {"legendgroup": name, "line": line, "connectgaps": False}
    depths = charts.small(fall(curve)[at])
    return [
        charts.line(name, subject.x, charts.small(growth), colour, hovertemplate="%{y:.4f}", **_copied(both)),
        charts.line(
            name, subject.x, depths, colour, yaxis="y2", showlegend=False, hovertemplate="%{y:.2%}", **_copied(both)
        ),
    ]


def _copied(more: dict[str, object]) -> dict[str, object]:
    return {key: dict(value) if isinstance(value, dict) else value for key, value in more.items()}


def _growth_table(subject: Subject, caption: str) -> Html:
    """Return the values at the last step of months, or of as many of them as a table holds."""
    at = month_ends(subject)
    heads = ["at", PORTFOLIO, *subject.curves]
    falls = fall(subject.portfolio)
    rows = [
        [
            label_text(int(subject.labels[place])),
            numbers.money(float(subject.portfolio.equity[place])),
            *(numbers.money(float(subject.equity[f"equity.{name}"][place])) for name in subject.curves),
            numbers.share(float(falls[place])),
        ]
        for place in at
    ]
    return table(caption, [*heads, "drawdown of the portfolio"], rows)


def month_ends(subject: Subject) -> list[int]:
    """Return the last step of every month, or of some of them, evenly, where there are many."""
    months = subject.labels.astype("datetime64[ns]").astype("datetime64[M]")
    ends = np.flatnonzero(np.append(months[1:] != months[:-1], True))
    if len(ends) > subject.few(ROWS):
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, subject.few(ROWS)).astype(np.int64))]
    return [int(place) for place in ends]


def contributions(subject: Subject) -> list[Block]:
    """Return what each strategy had added to the portfolio's return by each step, stacked."""
    if not len(subject.labels) or len(subject.document["strategies"]) < 2:
        return []
    total = subject.portfolio.initial
    traces: list[Trace] = []
    for place, (name, earned) in enumerate(subject.earned.items()):
        part = earned[subject.places] / total
        colour = charts.colour(place)
        for sign, values in (("gain", np.maximum(part, 0.0)), ("loss", np.minimum(part, 0.0))):
            more = {"legendgroup": name, "showlegend": sign == "gain", "hoverinfo": "skip"}
            traces.append(charts.area(name, subject.x, charts.small(values), colour, sign, **more))
    together = (subject.portfolio.equity[subject.places] - total) / total
    more = {"hovertemplate": "%{y:+.2%}"}
    traces.append(charts.line(PORTFOLIO, subject.x, charts.small(together), charts.INK, line={"width": 2}, **more))
    figure = charts.figure(traces, yaxis={"tickformat": charts.CHANGE}, xaxis={"type": "date"}, hovermode="x unified")
    says = "Profit of each strategy so far as a share of the initial capital, stacked; losses below zero."
    return [Chart("contributions", "Contributions", figure, _contributed(subject), says, subject.note)]


def _contributed(subject: Subject) -> Html:
    total = subject.portfolio.initial
    rows = [
        [
            label_text(int(subject.labels[place])),
            *(numbers.change(float(earned[place]) / total) for earned in subject.earned.values()),
            numbers.change(float(subject.portfolio.equity[place]) / total - 1.0),
        ]
        for place in month_ends(subject)
    ]
    return table("Contributions to the portfolio's return", ["at", *subject.earned, PORTFOLIO], rows)


def drawdowns(subject: Subject) -> list[Block]:
    """Return the deepest falls: as a table, and as bands behind the equity."""
    falls: list[Document] = subject.document["portfolio"].get("drawdowns", [])
    if not falls:
        return []
    equity = subject.portfolio.equity[subject.places]
    line = charts.line(PORTFOLIO, subject.x, equity, charts.INK, hovertemplate="%{y:,.2f}")
    figure = charts.figure(
        [line],
        shapes=[_band(subject, one, rank) for rank, one in enumerate(falls)],
        yaxis={"tickformat": ",.3~s"},
        xaxis={"type": "date"},
        hovermode="x unified",
        showlegend=False,
    )
    says = "Equity of the portfolio; the deepest drawdowns are shaded from high to recovery."
    months = _growth_table(subject, "Equity and its drawdowns at the ends of months")
    return [_fallen(falls), Chart("drawdowns", "Deepest drawdowns", figure, months, says, subject.note, 260)]


def _band(subject: Subject, one: Document, rank: int) -> dict[str, object]:
    end = one["recovery"] or subject.document["end"]
    first, last = (span_of(label)[0] / 1e6 for label in (one["peak"], end))
    return {
        **{"type": "rect", "xref": "x", "yref": "paper", "x0": first, "x1": last, "y0": 0, "y1": 1},
        **{"fillcolor": charts.LOSS, "opacity": 0.5 - 0.08 * rank, "line": {"width": 0}, "layer": "below"},
    }


def _fallen(falls: list[Document]) -> Html:
    rows = [
        [
            numbers.share(one["depth"]),
            one["peak"],
            one["trough"],
            one["recovery"] or "not yet",
            numbers.count(round(one["days"])),
        ]
        for one in falls
    ]
    return table("Deepest drawdowns of the portfolio", ["depth", "high", "lowest", "recovered", "days"], rows)
