"""The index: every stored run in a table with filters, and the curves of those that are chosen over one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrate.analytics.metrics import METRICS
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.reporting.page import charts, numbers, sampling
from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, Number, joined, paragraph, table, tag
from orchestrate.reporting.page.page import document, drawn, figures_of, theme_button

#: Points of a curve, and how many are shown at first.
_POINTS: Final = 300
_FIRST: Final = 3
_STATUSES: Final = ("completed", "degraded", "failed", "interrupted")


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """What one unit of capital had grown to at each label."""

    labels: Stamps
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A run as `runs` lists it, whether its page is there, and its curve where it has one."""

    row: Mapping[str, Any]
    has_page: bool
    growth: Growth | None


def index(entries: Sequence[Entry], damaged: Sequence[str]) -> str:
    """Return the page of all runs, the latest first."""
    drawable = [entry for entry in entries if entry.growth is not None and len(entry.growth.values)]
    chart = _chart(drawable) if drawable else None
    places = {entry.row["run_id"]: place for place, entry in enumerate(drawable)}
    listed = joined([_filters(), _table(entries, places)]) if entries else paragraph("There is no run yet.")
    notes = [paragraph(f"Damaged, and not shown: {', '.join(damaged)}.", "note")] if damaged else []
    if drawable and len(drawable) < len(entries):
        notes.append(paragraph(f"{len(drawable)} of {len(entries):,} runs have a curve, the latest.", "note"))
    main = joined([drawn(chart, titled=False) if chart else "", listed, *notes])
    top = tag("div", joined([tag("h1", "Runs"), theme_button()]), class_="top")
    count = f"{len(entries):,} {'run' if len(entries) == 1 else 'runs'}; choose which curves are drawn over one another"
    body = joined([tag("header", joined([top, tag("p", count)])), tag("main", main)])
    return document("Runs – orchestrate", body, figures=figures_of([chart] if chart else []))


def _chart(entries: Sequence[Entry]) -> Chart:
    traces = []
    for place, entry in enumerate(entries):
        assert entry.growth is not None
        at = sampling.shown([entry.growth.values], _POINTS)
        x, y = charts.moments(entry.growth.labels[at]), charts.small(entry.growth.values[at])
        look = {"line": {"dash": charts.dash(place)}, "visible": place < _FIRST, "hovertemplate": "%{y:.4f}"}
        traces.append(charts.line(str(entry.row["run_id"]), x, y, charts.colour(place), **look))
    figure = charts.figure(
        traces, yaxis={"title": "growth of 1"}, xaxis={"type": "date"}, hovermode="x unified", showlegend=True
    )
    rows = [[entry.row["run_id"], numbers.metric("total_return", entry.row)] for entry in entries]
    shown = table("Return of each run", ["run", "return"], rows)
    says = "Growth of one unit of capital of the chosen runs."
    return Chart("growth", "Growth of the chosen runs", figure, shown, says, height=360)


def _filters() -> Html:
    """Return the fields by which rows are chosen."""
    words = tag("label", joined(["Filter ", Html('<input type="search" id="words" placeholder="id or strategy">')]))
    options = joined(tag("option", text, value=text.removeprefix("any")) for text in ("any", *_STATUSES))
    status = tag("label", joined(["Status ", tag("select", options, id="status")]))
    return tag("div", joined([words, status, tag("output", "", id="count", for_="words status")]), class_="filters")


def _table(entries: Iterable[Entry], places: Mapping[str, int]) -> Html:
    rows = [_row(entry, places.get(entry.row["run_id"])) for entry in entries]
    heads = [
        "run",
        "drawn",
        "started",
        "status",
        "strategies",
        "from",
        "to",
        *(METRICS[name].column for name in _columns()),
    ]
    return tag("div", table("Stored runs", heads, rows), id="runs")


def _row(entry: Entry, place: int | None) -> list[object]:
    row, run_id = entry.row, entry.row["run_id"]
    name = tag("a", run_id, href=f"{run_id}/report.html") if entry.has_page else run_id
    choice: object = ""
    if place is not None:
        checked = Html(" checked") if place < _FIRST else Html("")
        label = f"draw {run_id}"
        choice = Html(f'<input type="checkbox" data-trace="{place}" data-of="growth" aria-label="{label}"{checked}>')
    figures: list[Number] = [numbers.metric(each, row) for each in _columns()]
    names = ", ".join(row["strategies"])
    if row["kind"] == "sweep":
        names += f" (sweep over {', '.join(row['parameters'])})"
    started = str(row["started"]).replace("T", " ").removesuffix("Z")
    return [name, choice, started, row["status"], names, row["start"] or "", row["end"] or "", *figures]


def _columns() -> list[str]:
    return [name for name, one in METRICS.items() if one.column]
