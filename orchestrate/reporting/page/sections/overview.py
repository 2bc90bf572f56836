"""The first things to read: headline figures, strategies and frameworks compared, how they move together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrate.analytics.attribution import CrossFrameworkAnalytics
from orchestrate.analytics.metrics import METRICS
from orchestrate.reporting.page import charts, numbers
from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, Number, details, joined, label_in_chart, paragraph, table, tag
from orchestrate.reporting.page.subject import PORTFOLIO, Subject

Block = Html | Chart
_TILES = ("total_return", "cagr", "sharpe", "max_drawdown", "volatility", "trades")


def headline(subject: Subject) -> list[Block]:
    """Return the result in one sentence, the figures that people look for first, and all others."""
    metrics = subject.document["portfolio"]["metrics"]
    tiles = joined(_tile(METRICS[name].label, numbers.metric(name, metrics)) for name in _TILES)
    return [
        paragraph(_sentence(subject), "lead"),
        tag("dl", tiles, class_="tiles"),
        details("All figures", _all(subject)),
    ]


def _tile(label: str, number: Number) -> Html:
    content = joined([tag("dt", label), tag("dd", number, **({"class_": "neg"} if number.sign < 0 else {}))])
    return tag("div", content)


def _sentence(subject: Subject) -> str:
    document, portfolio = subject.document, subject.document["portfolio"]
    if not document["bars"]:
        return "The run has no bar."
    metrics, currency = portfolio["metrics"], subject.currency
    initial, final = (numbers.money(portfolio[name]).text for name in ("initial_capital", "final_equity"))
    became = f"{initial} {currency} became {final}"
    text = f"From {document['start']} to {document['end']}, {became} ({numbers.change(metrics['total_return']).shown})"
    if metrics["max_drawdown"] is not None:
        text += f", at worst {numbers.share(metrics['max_drawdown']).text.lstrip('-')} below an earlier high"
    if len(subject.contributions) > 1:
        text += _largest(subject.contributions)
    failed = [gate for gate in document["gates"] if not gate["passed"]]
    gates = f" {len(failed)} of {len(document['gates'])} gates failed." if failed else ""
    broken = ", ".join(name for name, one in document["strategies"].items() if one["error"])
    return f"{text}.{gates}{f' Failed on the way: {broken}.' if broken else ''}"


def _largest(contributions: Mapping[str, float]) -> str:
    """Name the strategy that gave most; where none gave anything, the one that lost most."""
    best, worst = (choose(contributions, key=lambda name: contributions[name]) for choose in (max, min))
    name, did = (best, "contributed most") if contributions[best] > 0 else (worst, "lost most")
    return f"; {name} {did} ({numbers.change(contributions[name]).shown})" if contributions[name] else ""


def _all(subject: Subject) -> Html:
    portfolio = subject.document["portfolio"]
    rows: list[Sequence[object]] = [
        ["initial capital", numbers.money(portfolio["initial_capital"]), ""],
        ["final equity", numbers.money(portfolio["final_equity"]), ""],
        ["reserve", numbers.money(portfolio["reserve"]), ""],
        *([one.label, numbers.metric(name, portfolio["metrics"]), one.definition] for name, one in METRICS.items()),
    ]
    return table("Figures of the portfolio", ["figure", PORTFOLIO, "is"], rows)


def strategies(subject: Subject) -> list[Block]:
    """Return a line a strategy, then the portfolio and the benchmark; and a bar for what each contributed."""
    document = subject.document
    heads = ["strategy", "framework", "status", *_heads(), "cut", "refused", "contribution"]
    rows = [
        [
            name,
            one["framework"],
            one["status"],
            *_figures(one["metrics"]),
            numbers.count(one["resized"]),
            numbers.count(one["blocked"]),
            numbers.change(subject.contributions[name]),
        ]
        for name, one in document["strategies"].items()
    ]
    total = CrossFrameworkAnalytics(document).portfolio
    blank = Number("")
    rows.append(
        [
            tag("strong", PORTFOLIO),
            "",
            "",
            *_figures(document["portfolio"]["metrics"]),
            blank,
            blank,
            numbers.change(total),
        ]
    )
    if "benchmark" in document:
        held = document["benchmark"]
        rows.append([f"{held['symbol']} held", "", "", *_figures(held["metrics"]), blank, blank, blank])
    return [table("Strategies compared", heads, rows), *_bars(subject)]


def _bars(subject: Subject) -> list[Block]:
    if len(subject.contributions) < 2:
        return []
    ranked = sorted(subject.drawn, key=lambda name: subject.contributions[name])
    values = [subject.contributions[name] for name in ranked]
    labels = [label_in_chart(name) for name in ranked]
    bars = {
        **{"type": "bar", "orientation": "h", "x": values, "y": list(range(len(ranked)))},
        **{"marker": {"color": [charts.GAIN if value >= 0 else charts.LOSS for value in values]}, "customdata": labels},
        "hovertemplate": "%{customdata}: %{x:+.2%}<extra></extra>",
    }
    axis = {"tickmode": "array", "tickvals": list(range(len(ranked))), "ticktext": labels, "zeroline": False}
    figure = charts.figure([bars], yaxis=axis, xaxis={"tickformat": charts.CHANGE}, showlegend=False, bargap=0.4)
    shown = table(
        "Contributions",
        ["strategy", "contribution"],
        [[name, numbers.change(value)] for name, value in zip(ranked, values, strict=True)],
    )
    says = "Profit of each strategy as a share of the portfolio's initial capital."
    return [
        Chart(
            "contributed",
            "What each strategy contributed",
            figure,
            shown,
            says,
            subject.left_out,
            92 + 34 * len(ranked),
        )
    ]


def frameworks(subject: Subject) -> list[Block]:
    """Return a line a framework, where there are several."""
    document = subject.document
    if len(document["frameworks"]) < 2:
        return []
    added = CrossFrameworkAnalytics(document).frameworks
    timings = subject.run.manifest.get("timings", {})
    heads = ["framework", "strategies", *_heads(), "contribution", "seconds"]
    rows = []
    for name, one in document["frameworks"].items():
        count = sum(each["framework"] == name for each in document["strategies"].values())
        seconds = Number(f"{timings[name]['seconds']:.3f}") if name in timings else numbers.NOTHING
        rows.append([name, numbers.count(count), *_figures(one["metrics"]), numbers.change(added[name]), seconds])
    return [table("Frameworks compared", heads, rows)]


def _heads() -> list[str]:
    return [METRICS[name].column for name in _compared()]


def _compared() -> list[str]:
    return [name for name, one in METRICS.items() if one.column]


def _figures(metrics: Mapping[str, Any]) -> Iterable[Number]:
    return (numbers.metric(name, metrics) for name in _compared())
