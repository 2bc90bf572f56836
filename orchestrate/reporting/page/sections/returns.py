"""Returns by month and year, their distribution, and rolling figures."""

from __future__ import annotations

from typing import Final

import numpy as np

from orchestrate.analytics import curves
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Floats
from orchestrate.reporting.page import charts, numbers
from orchestrate.reporting.page.charts import Chart, Trace
from orchestrate.reporting.page.markup import Html, Number, joined, paragraph, table, tag
from orchestrate.reporting.page.subject import PORTFOLIO, Subject

Block = Html | Chart
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: Days of the window of rolling figures: a quarter of trading.
WINDOW: Final = 63


def monthly(subject: Subject) -> list[Block]:
    """Return a year a row, a month a column, shaded by what was gained or lost."""
    months = curves.by_period(subject.labels, subject.portfolio.equity, subject.portfolio.initial, "M")
    if not months:
        return []
    years = curves.by_period(subject.labels, subject.portfolio.equity, subject.portfolio.initial, "Y")
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
    years = curves.by_period(subject.labels, subject.portfolio.equity, subject.portfolio.initial, "Y")
    if not years:
        return []
    values = list(years.values())
    bars = {
        **{"type": "bar", "x": list(years), "y": values, "hovertemplate": "%{x}: %{y:+.2%}<extra></extra>"},
        **{"marker": {"color": [charts.GAIN if value >= 0 else charts.LOSS for value in values]}},
    }
    figure = charts.figure(
        [bars], yaxis={"tickformat": "+.0%"}, xaxis={"type": "category"}, showlegend=False, bargap=0.35
    )
    rows = [[year, numbers.change(value)] for year, value in years.items()]
    shown = table("Return of each year", ["year", "return"], rows)
    return [Chart("yearly", "Years", figure, shown, "Return of the portfolio in each calendar year.", height=240)]


def distribution(subject: Subject) -> list[Block]:
    """Return how often daily returns of each size came."""
    returns = curves.returns_of(subject.portfolio.equity[subject.days])
    if len(returns) < 3:
        return []
    edges, counts = curves.histogram(returns)
    centres = (edges[1:] + edges[:-1]) / 2
    bars = {
        **{"type": "bar", "x": centres, "y": counts, "width": float(edges[1] - edges[0]) * 0.92},
        **{"marker": {"color": [charts.GAIN if centre >= 0 else charts.LOSS for centre in centres]}},
        "hovertemplate": "%{x:+.2%}: %{y} days<extra></extra>",
    }
    figure = charts.figure(
        [bars], xaxis={"tickformat": "+.1%", "zeroline": False}, yaxis={"title": "days"}, showlegend=False, bargap=0.05
    )
    rows = [
        [numbers.change(float(low)), numbers.change(float(high)), numbers.count(int(number))]
        for low, high, number in zip(edges[:-1], edges[1:], counts, strict=True)
        if number
    ]
    shown = table("Daily returns", ["from", "to", "days"], rows)
    says = "How many days had a return of each size; the outermost bars hold all that lies beyond."
    return [Chart("distribution", "Distribution of daily returns", figure, shown, says, height=240)]


def rolling(subject: Subject) -> list[Block]:
    """Return Sharpe ratio, volatility and beta over the last quarter, at each day."""
    days = subject.days
    if len(days) < 2 * WINDOW:
        return []
    known = {PORTFOLIO: subject.portfolio.equity[days]}
    known |= {name: curve.equity[days] for name, curve in subject.curves.items()}
    traces: list[Trace] = []
    for place, (name, curve) in enumerate(known.items()):
        colour = charts.INK if name == PORTFOLIO and not place else charts.colour(place - 1)
        traces += _rolled(subject, name, curves.returns_of(curve), colour, is_portfolio=not place)
    held = subject.benchmark
    figure = charts.figure(
        traces,
        **_rows(2 if held is None else 3),
        hovermode="x unified",
    )
    says = f"Sharpe ratio, volatility{'' if held is None else ' and beta'} of the last {WINDOW} days, at each day."
    shown = _rolled_table(subject, curves.returns_of(known[PORTFOLIO]))
    note = "" if len(subject.places) == len(subject.labels) else f"daily values; {WINDOW} days each"
    return [Chart("rolling", f"Rolling {WINDOW} days", figure, shown, says, note, 420 if held is None else 560)]


def _rows(count: int) -> dict[str, object]:
    """Return axes of charts above each other that share their time."""
    titles = [("Sharpe", ".1f"), ("volatility", ".0%"), ("beta", ".1f")][:count]
    gap = 0.08
    height = (1 - gap * (count - 1)) / count
    layout: dict[str, object] = {"xaxis": {"type": "date", "anchor": f"y{count}"}}
    for place, (title, form) in enumerate(titles):
        top = 1 - place * (height + gap)
        name = f"yaxis{place + 1 if place else ''}"
        layout[name] = {"domain": [max(top - height, 0.0), top], "title": title, "tickformat": form}
    return layout


def _rolled(subject: Subject, name: str, returns: Floats, colour: str, *, is_portfolio: bool) -> list[Trace]:
    x = charts.moments(subject.labels[subject.days[1:]])
    series = [
        (curves.rolling_sharpe(returns, WINDOW, subject.periods), "%{y:.2f}"),
        (curves.rolling_volatility(returns, WINDOW, subject.periods), "%{y:.1%}"),
    ]
    if subject.benchmark is not None:
        held = curves.returns_of(subject.benchmark.equity[subject.days])
        series.append((curves.rolling_beta(returns, held, WINDOW), "%{y:.2f}"))
    more = {} if is_portfolio else {"visible": "legendonly"}
    width = {"line": {"width": 2.0}} if is_portfolio else {}
    at = slice(WINDOW - 1, None)
    return [
        charts.line(
            name,
            x[at],
            charts.small(values[at]),
            colour,
            hovertemplate=form,
            legendgroup=name,
            showlegend=not place,
            yaxis=f"y{place + 1 if place else ''}",
            **more,
            **{k: dict(v) for k, v in width.items()},
        )
        for place, (values, form) in enumerate(series)
    ]


def _rolled_table(subject: Subject, returns: Floats) -> Html:
    sharpe = curves.rolling_sharpe(returns, WINDOW, subject.periods)
    volatility = curves.rolling_volatility(returns, WINDOW, subject.periods)
    rows = [
        [
            label_text(int(subject.labels[subject.days[place + 1]])),
            _known(sharpe[place], numbers.ratio),
            _known(volatility[place], numbers.share),
        ]
        for place in range(WINDOW - 1, len(returns), max(1, len(returns) // 60))
    ]
    return table(f"Rolling figures of the portfolio, {WINDOW} days", ["at", "Sharpe", "volatility"], rows)


def _known(value: float, form: object) -> Number:
    assert callable(form)
    number: Number = form(float(value) if np.isfinite(value) else None)
    return number
