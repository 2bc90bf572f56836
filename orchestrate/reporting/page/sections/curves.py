"""Equity, drawdown and contributions over time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from orchestrate.analytics.curves import Drawdown, by_period, deepest, drawdown
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Floats
from orchestrate.reporting.page import charts, numbers
from orchestrate.reporting.page.charts import Chart, Trace
from orchestrate.reporting.page.markup import Html, Number, table
from orchestrate.reporting.page.subject import PORTFOLIO, Subject

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
        yaxis2={"domain": [0, 0.27], "title": "drawdown", "tickformat": ".0%"},
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
    yield from _pair(subject, PORTFOLIO, subject.portfolio.equity, subject.portfolio.initial, charts.INK, width=2.2)
    for place, (name, curve) in enumerate(subject.curves.items()):
        yield from _pair(subject, name, curve.equity, curve.initial, charts.colour(place), dash=charts.dash(place))
    if subject.benchmark is not None:
        name, held = subject.document["benchmark"]["symbol"], subject.benchmark
        yield from _pair(subject, f"{name} held", held.equity, held.initial, charts.MUTED, dash="dot")


def _pair(subject: Subject, name: str, equity: Floats, initial: float, colour: str, **line: object) -> list[Trace]:
    """Return growth and drawdown of one curve, which the legend hides together."""
    at = subject.places
    with np.errstate(all="ignore"):
        growth = equity[at] / initial
    both = {"legendgroup": name, "line": line, "connectgaps": False}
    fall = charts.small(drawdown(np.concatenate([[initial], equity]))[1:][at])
    return [
        charts.line(name, subject.x, charts.small(growth), colour, hovertemplate="%{y:.4f}", **_copied(both)),
        charts.line(
            name, subject.x, fall, colour, yaxis="y2", showlegend=False, hovertemplate="%{y:.2%}", **_copied(both)
        ),
    ]


def _copied(more: dict[str, object]) -> dict[str, object]:
    return {key: dict(value) if isinstance(value, dict) else value for key, value in more.items()}


def _growth_table(subject: Subject, caption: str) -> Html:
    """Return the values at the last step of months, or of as many of them as a table holds."""
    at = month_ends(subject)
    heads = ["at", PORTFOLIO, *subject.curves]
    falls = drawdown(np.concatenate([[subject.portfolio.initial], subject.portfolio.equity]))[1:]
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
    figure = charts.figure(traces, yaxis={"tickformat": "+.0%"}, xaxis={"type": "date"}, hovermode="x unified")
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
    """Return the deepest falls: as bands behind the equity, and as a table."""
    curve = np.concatenate([[subject.portfolio.initial], subject.portfolio.equity])
    falls = deepest(curve) if len(subject.labels) else []
    if not falls:
        return []
    traces = [
        charts.line(
            PORTFOLIO, subject.x, subject.portfolio.equity[subject.places], charts.INK, hovertemplate="%{y:,.2f}"
        )
    ]
    bands = [_band(subject, fall, rank) for rank, fall in enumerate(falls)]
    figure = charts.figure(
        traces,
        shapes=bands,
        yaxis={"tickformat": ",.3~s"},
        xaxis={"type": "date"},
        hovermode="x unified",
        showlegend=False,
    )
    says = "Equity of the portfolio; the five deepest drawdowns are shaded from high to recovery."
    months = _growth_table(subject, "Equity and its drawdowns at the ends of months")
    chart = Chart("drawdowns", "Deepest drawdowns", figure, months, says, subject.note, 260)
    return [_fallen(subject, falls), chart]


def _band(subject: Subject, fall: Drawdown, rank: int) -> dict[str, object]:
    first, last = charts.moments(subject.labels[[_step(fall.peak), _step(_end(subject, fall))]])
    strength = 0.30 - 0.05 * rank
    return {
        **{"type": "rect", "xref": "x", "yref": "paper", "x0": float(first), "x1": float(last), "y0": 0, "y1": 1},
        **{"fillcolor": charts.LOSS, "opacity": strength, "line": {"width": 0}, "layer": "below"},
    }


def _end(subject: Subject, fall: Drawdown) -> int:
    return len(subject.labels) if fall.recovery is None else fall.recovery


def _step(place: int) -> int:
    """Return the step of a place of the curve that begins with the initial capital."""
    return max(place - 1, 0)


def _fallen(subject: Subject, falls: list[Drawdown]) -> Html:
    rows = []
    for fall in falls:
        moments = [int(subject.labels[_step(place)]) for place in (fall.peak, fall.trough, _end(subject, fall))]
        recovered = "not yet" if fall.recovery is None else label_text(moments[2])
        days = Number(f"{(moments[2] - moments[0]) // (86_400 * 10**9):,}")
        rows.append([numbers.share(fall.depth), label_text(moments[0]), label_text(moments[1]), recovered, days])
    heads = ["depth", "high", "lowest", "recovered", "days"]
    return table("Deepest drawdowns of the portfolio", heads, rows)


def months_of(subject: Subject) -> dict[str, float]:
    """Return the portfolio's return of each month."""
    return by_period(subject.labels, subject.portfolio.equity, subject.portfolio.initial, "M")
