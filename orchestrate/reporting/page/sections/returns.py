"""Returns by month and year, their distribution, and rolling figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from orchestrate.analytics import series
from orchestrate.analytics.distribution import histogram
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Floats
from orchestrate.reporting.page import charts, numbers, sampling
from orchestrate.reporting.page.charts import Chart, Trace
from orchestrate.reporting.page.markup import Html, Number, joined, paragraph, table, tag
from orchestrate.reporting.page.subject import PORTFOLIO, Subject

Block = Html | Chart
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TITLES: Final = ("Sharpe", "volatility", "beta")
_FORMS: Final = (".2f", ".1%", ".2f")
#: Points of all curves of a figure.
_POINTS: Final = 9_000
#: Days of the window of rolling figures: a quarter of trading.
WINDOW: Final = 63


def monthly(subject: Subject) -> list[Block]:
    """Return a year a row, a month a column, shaded by what was gained or lost."""
    portfolio = subject.document["portfolio"]
    months, years = portfolio.get("monthly", {}), portfolio.get("yearly", {})
    if not months:
        return []
    largest = max(abs(value) for value in months.values()) or 1.0
    head = joined(tag("th", name, scope="col", class_="n") for name in ("Year", *_MONTHS, "Whole"))
    rows = joined(_year(year, months, whole, largest) for year, whole in years.items())
    caption = tag("caption", "Return of each month, in percent", class_="unseen")
    whole = tag("table", joined([caption, tag("thead", tag("tr", head)), tag("tbody", rows)]), class_="heat")
    box = tag("div", whole, class_="scroll", role="region", tabindex="0", aria_label="Return of each month")
    return [box, paragraph("Percent. Blue: gain, orange: loss; the stronger, the larger.", "note")]


def _year(year: str, months: dict[str, float], whole: float, largest: float) -> Html:
    cells = [_heat(months.get(f"{year}-{month:02}"), largest) for month in range(1, 13)]
    total = tag("td", _in_percent(whole), class_="n whole" + (" neg" if whole < 0 else ""))
    return tag("tr", joined([tag("th", year, scope="row", class_="n"), *cells, total]))


def _heat(value: float | None, largest: float) -> Html:
    if value is None:
        return tag("td", "", class_="n")
    kind = "n loss" if value < 0 else "n gain"
    return tag("td", _in_percent(value), class_=kind, style=f"--v:{min(abs(value) / largest, 1.0):.2f}")


def _in_percent(value: float) -> str:
    text = f"{value * 100:.1f}"
    return "0.0" if text == "-0.0" else text.replace("-", "−")


def yearly(subject: Subject) -> list[Block]:
    """Return a bar a year."""
    years: dict[str, float] = subject.document["portfolio"].get("yearly", {})
    if not years:
        return []
    values = list(years.values())
    bars = {
        **{"type": "bar", "x": list(years), "y": values, "hovertemplate": "%{x}: %{y:+.2%}<extra></extra>"},
        **{"marker": {"color": [charts.GAIN if value >= 0 else charts.LOSS for value in values]}},
    }
    figure = charts.figure(
        [bars], yaxis={"tickformat": charts.CHANGE}, xaxis={"type": "category"}, showlegend=False, bargap=0.35
    )
    rows = [[year, numbers.change(value)] for year, value in years.items()]
    shown = table("Return of each year", ["year", "return"], rows)
    return [Chart("yearly", "Years", figure, shown, "Return of the portfolio in each calendar year.", height=240)]


def distribution(subject: Subject) -> list[Block]:
    """Return how often daily returns of each size came."""
    returns = returns_of(subject.portfolio.equity[subject.days])
    if len(returns) < 3:
        return []
    edges, counts = histogram(returns)
    centres = (edges[1:] + edges[:-1]) / 2
    bars = {
        **{"type": "bar", "x": centres, "y": counts, "width": float(edges[1] - edges[0]) * 0.92},
        **{"marker": {"color": [_side(float(low), float(high)) for low, high in pairwise(edges)]}},
        "hovertemplate": "%{x:+.2%}: %{y} " + subject.unit + "<extra></extra>",
    }
    figure = charts.figure(
        [bars],
        xaxis={"tickformat": charts.CHANGE, "zeroline": False},
        yaxis={"title": subject.unit},
        showlegend=False,
        bargap=0.05,
    )
    rows = [
        [numbers.change(float(low)), numbers.change(float(high)), numbers.count(int(number))]
        for low, high, number in zip(edges[:-1], edges[1:], counts, strict=True)
        if number
    ]
    shown = table("Returns by size", ["from", "to", subject.unit], rows)
    says = f"How many {subject.unit} had a return of each size; the outermost columns hold all that lies beyond."
    return [Chart("distribution", "Distribution of returns", figure, shown, says, height=240)]


def _side(low: float, high: float) -> str:
    """Return the colour of a column of returns: the one around 0 is neither gain nor loss."""
    return charts.MUTED if low < 0 < high else charts.GAIN if low >= 0 else charts.LOSS


def rolling(subject: Subject) -> list[Block]:
    """Return Sharpe ratio, volatility and beta over the last quarter, at each day."""
    days = subject.days
    if len(days) < 2 * WINDOW:
        return []
    known = {PORTFOLIO: _rolled(subject, subject.portfolio.equity)}
    known |= {name: _rolled(subject, curve.equity) for name, curve in subject.curves.items()}
    figures = len(known[PORTFOLIO])
    at = sampling.shown(known[PORTFOLIO], subject.few(_POINTS) // len(known))
    x = charts.moments(subject.labels[days[WINDOW:]][at])
    traces: list[Trace] = []
    for place, (name, rolled) in enumerate(known.items()):
        colour = charts.colour(place - 1) if place else charts.INK
        traces += _lines(name, x, [values[at] for values in rolled], colour, is_portfolio=not place)
    figure = charts.figure(traces, **_rows(figures), hovermode="x unified")
    says = f"{', '.join(_TITLES[:figures])} of the last {WINDOW} {subject.unit}, at each of them."
    note = sampling.note(len(at), len(known[PORTFOLIO][0]), subject.unit)
    shown = _rolled_table(subject, known[PORTFOLIO])
    return [Chart("rolling", f"Rolling {WINDOW} {subject.unit}", figure, shown, says, note, 60 + 180 * figures)]


def _rolled(subject: Subject, equity: Floats) -> list[Floats]:
    """Return the figures of a curve at each day that has a whole window before it."""
    returns = returns_of(equity[subject.days])
    figures = [
        series.rolling_sharpe(returns, WINDOW, subject.periods),
        series.rolling_volatility(returns, WINDOW, subject.periods),
    ]
    if subject.benchmark is not None:
        held = returns_of(subject.benchmark.equity[subject.days])
        figures.append(series.rolling_beta(returns, held, WINDOW))
    return [values[WINDOW - 1 :] for values in figures]


def returns_of(equity: Floats) -> Floats:
    """Return the returns of a curve; 0 where it has none because nothing is left."""
    with np.errstate(all="ignore"):
        returns = series.returns_of(equity)
    return np.where(np.isfinite(returns), returns, 0.0)


def _lines(name: str, x: Floats, rolled: Sequence[Floats], colour: str, *, is_portfolio: bool) -> list[Trace]:
    more = {"line": {"width": 2.0}} if is_portfolio else {"visible": "legendonly"}
    return [
        charts.line(
            name,
            x,
            charts.small(values),
            colour,
            hovertemplate="%{y" + f":{form}" + "}",
            legendgroup=name,
            showlegend=not place,
            yaxis=f"y{place + 1 if place else ''}",
            **{key: dict(one) if isinstance(one, dict) else one for key, one in more.items()},
        )
        for place, (values, form) in enumerate(zip(rolled, _FORMS, strict=False))
    ]


def _rows(count: int) -> dict[str, object]:
    """Return axes of charts above each other that share their time."""
    gap = 0.08
    height = (1 - gap * (count - 1)) / count
    layout: dict[str, object] = {"xaxis": {"type": "date", "anchor": f"y{count}"}}
    for place, (title, form) in enumerate(zip(_TITLES[:count], _FORMS, strict=False)):
        top = 1 - place * (height + gap)
        name = f"yaxis{place + 1 if place else ''}"
        layout[name] = {"domain": [max(top - height, 0.0), top], "title": title, "tickformat": form}
    return layout


def _rolled_table(subject: Subject, rolled: Sequence[Floats]) -> Html:
    labels = subject.labels[subject.days[WINDOW:]]
    forms = (numbers.ratio, numbers.share, numbers.ratio)
    rows = [
        [
            label_text(int(labels[place])),
            *(known_number(values[place], form) for values, form in zip(rolled, forms, strict=False)),
        ]
        for place in range(0, len(labels), max(1, len(labels) // 60))
    ]
    return table(f"Rolling figures of the portfolio, {WINDOW} {subject.unit}", ["at", *_TITLES[: len(rolled)]], rows)


def known_number(value: float, form: Callable[[float | None], Number]) -> Number:
    """Return a figure of a series, which has none where its window is not full."""
    return form(float(value) if np.isfinite(value) else None)
