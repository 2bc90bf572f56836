"""Closed round trips: on the prices of their symbols, and as a table."""

from __future__ import annotations

from typing import Final

import numpy as np

from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import BarSeries, Flags
from orchestrate.reporting.page import charts, numbers, sampling
from orchestrate.reporting.page.charts import Chart, Trace
from orchestrate.reporting.page.markup import Html, label_in_chart, paragraph, table
from orchestrate.reporting.page.subject import POSITIONS, TRADES, Subject
from orchestrate.runs.arrays import Arrays, arrays

Block = Html | Chart
#: So many symbols have a chart, those with most trades; so many trades stand on one, and in the table.
_SYMBOLS: Final = 6
_MARKED: Final = 400
_LISTED: Final = 250
_HELD: Final = ("strategy_id", "symbol", "quantity", "opened", "average_price", "last_close", "value", "open_profit")
_COLUMNS: Final = (
    *("strategy_id", "framework", "symbol", "quantity", "entered", "exited"),
    *("entry_price", "exit_price", "profit", "fees"),
)
#: How far prices went against a trade and for it; runs of before these were stored have neither.
_RANGES: Final = {"mae": "MAE", "mfe": "MFE"}


def trades(subject: Subject) -> list[Block]:
    """Return a chart of prices for each symbol with entries and exits on it, and the table of trades."""
    stored = subject.run.names(TRADES)
    known = arrays(subject.run, TRADES, [*_COLUMNS, *(name for name in _RANGES if name in stored)])
    if not len(known["symbol"]):
        return [paragraph("No trade was closed.")]
    drawn: list[Block] = []
    names, counts = np.unique(known["symbol"].astype(str), return_counts=True)
    ranked = [str(name) for name in names[np.argsort(-counts, kind="stable")]]
    for symbol in ranked[:_SYMBOLS]:
        bars = subject.prices.series.get(symbol)
        if bars is not None:
            drawn.append(_priced(subject, symbol, bars, known, place=len(drawn)))
    if subject.prices.missing:
        drawn.append(paragraph(f"Prices are not shown: {subject.prices.missing}.", "note"))
    elif len(ranked) > len(drawn):
        drawn.append(paragraph(f"{len(drawn)} of {len(ranked)} symbols shown, those with most trades.", "note"))
    return [*drawn, *_listed(subject, known)]


def positions(subject: Subject) -> list[Block]:
    """Return what was still held at the end."""
    known = arrays(subject.run, POSITIONS, _HELD)
    if not len(known["symbol"]):
        return []
    prices, closes = (numbers.prices(known[name].tolist()) for name in ("average_price", "last_close"))
    rows = [
        [
            str(known["strategy_id"][place]),
            str(known["symbol"][place]),
            numbers.quantity(float(known["quantity"][place])),
            label_text(int(known["opened"][place])),
            prices[place],
            closes[place],
            numbers.money(float(known["value"][place])),
            numbers.money(float(known["open_profit"][place])),
        ]
        for place in range(len(known["symbol"]))
    ]
    heads = ["strategy", "symbol", "quantity", "opened", "average price", "last close", "value", "open profit"]
    return [table("Positions that are open at the end", heads, rows)]


def _priced(subject: Subject, symbol: str, bars: BarSeries, known: Arrays, place: int) -> Chart:
    at = sampling.shown([bars.close], subject.few(1200))
    x = charts.moments(bars.timestamp[at])
    traces: list[Trace] = [
        charts.line(
            "close", x, charts.small(bars.close[at]), charts.MUTED, line={"width": 1.2}, hovertemplate="%{y:,.6~g}"
        )
    ]
    own = np.flatnonzero(known["symbol"] == symbol)
    chosen = own[np.sort(np.argsort(-np.abs(known["profit"][own]), kind="stable")[: subject.few(_MARKED)])]
    long = known["quantity"][chosen] > 0
    traces += _marks("long entry", known, chosen[long], "entered", "entry_price", ("triangle-up", charts.GAIN))
    traces += _marks("short entry", known, chosen[~long], "entered", "entry_price", ("triangle-down", charts.LOSS))
    traces += _marks("exit", known, chosen, "exited", "exit_price", ("circle-open", charts.INK))
    figure = charts.figure(traces, xaxis={"type": "date"}, yaxis={"tickformat": ",.6~g"}, hovermode="closest")
    notes = (sampling.note(len(at), len(bars)), sampling.note(len(chosen), len(own), "trades"))
    says = f"Closes of {symbol} with entries and exits of the trades."
    note = "; ".join(filter(None, notes))
    mine = np.zeros(len(known["symbol"]), dtype=np.bool_)
    mine[chosen] = True
    shown = table(f"Trades of {symbol}", _heads(known), _rows(known, mine, subject.few(40)))
    return Chart(f"prices-{place}", symbol, figure, shown, says, note, 300)


def _marks(name: str, known: Arrays, at: np.ndarray, moment: str, price: str, look: tuple[str, str]) -> list[Trace]:
    if not len(at):
        return []
    texts = [
        f"{label_in_chart(known['strategy_id'][place])}<br>{label_in_chart(label_text(int(known[moment][place])))}"
        f"<br>profit {known['profit'][place]:+,.2f}"
        for place in at
    ]
    marker = {"symbol": look[0], "size": 8, "color": look[1], "line": {"width": 1.2, "color": look[1]}}
    return [
        {
            **{"type": "scatter", "mode": "markers", "name": name, "marker": marker, "customdata": texts},
            **{"x": charts.moments(known[moment][at].astype(np.int64)), "y": known[price][at]},
            "hovertemplate": name + " %{y:,.6~g}<br>%{customdata}<extra></extra>",
        }
    ]


def _heads(known: Arrays) -> list[str]:
    heads = ("strategy", "symbol", "quantity", "entered", "at", "exited", "at", "profit", "fees")
    return [*heads, *(head for name, head in _RANGES.items() if name in known)]


def _listed(subject: Subject, known: Arrays) -> list[Block]:
    count = len(known["symbol"])
    largest = np.argsort(-np.abs(known["profit"]), kind="stable")[: subject.few(_LISTED)]
    chosen = np.zeros(count, dtype=np.bool_)
    chosen[largest] = True
    note = sampling.note(int(chosen.sum()), count, "trades")
    blocks: list[Block] = [table("Trades", _heads(known), _rows(known, chosen, len(largest)))]
    if note:
        blocks.append(paragraph(f"{note}, those with the largest profits and losses.", "note"))
    return blocks


def _rows(known: Arrays, chosen: Flags, most: int) -> list[list[object]]:
    places = np.flatnonzero(chosen)[:most]
    entries, exits = (numbers.prices(known[name][places].tolist()) for name in ("entry_price", "exit_price"))
    return [
        [
            str(known["strategy_id"][place]),
            str(known["symbol"][place]),
            numbers.quantity(float(known["quantity"][place])),
            label_text(int(known["entered"][place])),
            entry,
            label_text(int(known["exited"][place])),
            leaving,
            numbers.money(float(known["profit"][place])),
            numbers.money(float(known["fees"][place])),
            *(numbers.share(float(known[name][place])) for name in _RANGES if name in known),
        ]
        for place, entry, leaving in zip(places, entries, exits, strict=True)
    ]
