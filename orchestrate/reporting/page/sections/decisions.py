"""Conflicts, cuts and refusals with their reasons, and money moved between strategies."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Final

import numpy as np

from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Floats
from orchestrate.reporting.explanation import order_texts, reason_text
from orchestrate.reporting.page import charts, numbers, sampling
from orchestrate.reporting.page.charts import Chart, Trace
from orchestrate.reporting.page.markup import Html, details, facts, joined, label_in_chart, paragraph, table
from orchestrate.reporting.page.subject import Subject
from orchestrate.runs.decisions import CONFLICTS, OrderHistory
from orchestrate.runs.reading import Document

Block = Html | Chart
#: So many demands stand on the timeline; so many are explained.
_MARKED: Final = 600
_LISTED: Final = 150
#: Characters of a line of text over a chart.
_WIDTH: Final = 70
_HEADS: Final = ("bar", "strategy", "symbol", "reason", "wanted", "granted", "explained")
#: Symbols that are named.
_NAMED: Final = 8
_EXPLAINED: Final = 40
_PASSED: Final = "conflict, passed"


def cuts(subject: Subject) -> list[Block]:
    """Return what was cut or refused, when and why."""
    orders = [order for order in subject.explanation.orders if _reason(order)]
    if not orders:
        return [paragraph("Nothing was cut or refused, and no conflict arose.")]
    reasons = [
        [reason_text(one.reason), one.reason, numbers.count(one.count), numbers.money(one.money)]
        for one in subject.explanation.reasons
    ]
    frequent = table("Most frequent reasons of cuts and refusals", ["because", "reason", "times", "money"], reasons)
    return [*_conflicts(subject), *([frequent] if reasons else []), _timeline(subject, orders), *_explained(subject)]


def _conflicts(subject: Subject) -> list[Block]:
    """Return how many conflicts there were, and how they were settled."""
    known = subject.document.get("conflicts")
    if not known or not known["count"]:
        return []
    return [paragraph(in_words(known))]


def in_words(known: Document) -> str:
    """Say how many conflicts there were, where, and how they were settled."""
    count, opposite, policy = known["count"], known["opposite"], known["policy"]
    where = ", ".join(f"{symbol} ({number:,})" for symbol, number in list(known["symbols"].items())[:_NAMED])
    conflicts = "conflict" if count == 1 else "conflicts"
    settled = "each strategy traded on its own" if policy == "independent" else f"settled by {policy}"
    return f"{count:,} {conflicts}, {opposite:,} of them with buyers and sellers, {settled}: {where}."


def _timeline(subject: Subject, orders: Sequence[OrderHistory]) -> Chart:
    reasons = list(dict.fromkeys(_reason(order) for order in orders))
    chosen = [
        orders[int(place)]
        for place in np.unique(np.linspace(0, len(orders) - 1, min(len(orders), subject.few(_MARKED))).astype(int))
    ]
    traces: list[Trace] = []
    for place, name in enumerate(subject.drawn):
        own = [order for order in chosen if order.strategy_id == name]
        if own:
            traces.append(_marks(name, own, reasons, charts.colour(place)))
    axis = {
        **{"tickmode": "array", "tickvals": list(range(len(reasons))), "zeroline": False},
        **{"ticktext": [label_in_chart(reason.replace("_", " ")) for reason in reasons]},
        **{"range": [-0.6, len(reasons) - 0.4]},
    }
    figure = charts.figure(traces, yaxis=axis, xaxis={"type": "date"}, hovermode="closest", showlegend=True)
    shown = table("Conflicts, cuts and refusals", _HEADS, [_row(order) for order in chosen[: subject.few(_LISTED)]])
    says = "When demands of each strategy were cut or refused, by reason."
    note = sampling.note(len(chosen), len(orders), "demands")
    return Chart("cuts", "Conflicts, cuts and refusals over time", figure, shown, says, note, 110 + 44 * len(reasons))


def _marks(name: str, orders: Sequence[OrderHistory], reasons: Sequence[str], colour: str) -> Trace:
    texts = ["<br>".join(map(label_in_chart, wrap(_why(order), _WIDTH))) for order in orders]
    return {
        **{"type": "scatter", "mode": "markers", "name": label_in_chart(name), "customdata": texts},
        **{"x": charts.moments(np.array([order.t for order in orders], dtype=np.int64))},
        **{"y": [reasons.index(_reason(order)) for order in orders]},
        **{"marker": {"symbol": "line-ns", "size": 14, "color": colour, "line": {"width": 1.6, "color": colour}}},
        "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
    }


def _row(order: OrderHistory) -> list[object]:
    quantities = numbers.quantity(order.wanted), numbers.quantity(order.granted)
    return [label_text(order.t), order.strategy_id, order.symbol, _reason(order), *quantities, _why(order)]


def _why(order: OrderHistory) -> str:
    """Return what `explain` says of a demand: the sentence, and each stage that did something to it."""
    sentence, lines = order_texts(order)
    stages = [
        f"{name}: {text}"
        for stage, (name, text) in zip(order.stages, lines, strict=False)
        if stage.reason or stage.stage == CONFLICTS
    ]
    return " ".join([sentence, *stages])


def _reason(order: OrderHistory) -> str:
    """Return the last reason why a demand was cut or refused; of others, whether it was in a conflict."""
    reason = next((stage.reason for stage in reversed(order.stages) if stage.reason), "")
    return reason or (_PASSED if order.parties else "")


def _explained(subject: Subject) -> list[Block]:
    """Return the costliest cuts, each with what `explain` says of it."""
    costliest = subject.explanation.costliest[:_EXPLAINED]
    if not costliest:
        return []
    texts = []
    for order, money in costliest:
        sentence, lines = order_texts(order)
        texts.append(details(f"{numbers.money(money).text} – {sentence}", facts(lines)))
    return [Html("<h3>Costliest cuts and refusals</h3>"), joined(texts)]


def rebalances(subject: Subject) -> list[Block]:
    """Return the money that was moved to and from strategies, and when."""
    flows = {name: subject.equity[f"flow.{name}"] for name in subject.drawn if f"flow.{name}" in subject.equity}
    if not flows:
        return []
    steps = np.flatnonzero(np.any([flow != 0.0 for flow in flows.values()], axis=0))
    if not len(steps):
        return []
    at = steps[-subject.few(400) :]
    x = charts.moments(subject.labels[at])
    traces = [_moved(name, x, flow[at], charts.colour(place)) for place, (name, flow) in enumerate(flows.items())]
    figure = charts.figure(
        traces,
        barmode="relative",
        yaxis={"tickformat": "~s", "title": subject.currency},
        xaxis={"type": "date"},
        hovermode="x unified",
        bargap=0.3,
    )
    rows = [
        [label_text(int(subject.labels[step])), *(numbers.money(float(flow[step])) for flow in flows.values())]
        for step in at[-subject.few(120) :]
    ]
    shown = table("Money moved", ["at", *flows], rows)
    says = "Money added to each strategy, negative where it was taken away, at each rebalance."
    return [
        Chart("rebalances", "Money moved", figure, shown, says, sampling.note(len(at), len(steps), "rebalances"), 260)
    ]


def _moved(name: str, x: Floats, flows: Floats, colour: str) -> Trace:
    return {
        **{"type": "bar", "name": label_in_chart(name), "x": x, "y": flows},
        **{"marker": {"color": colour}, "hovertemplate": "%{y:+,.2f}"},
    }
