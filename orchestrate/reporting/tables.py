"""Show a run on a terminal: the portfolio, its strategies compared, gates, findings and paths.

Made from the run's JSON document alone (docs/reference/command-line.md), so that a stored run looks as it did on its
day. Every line fits the width of the terminal; names that are too long lose their middle, never their end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrate.analytics.attribution import CrossFrameworkAnalytics
from orchestrate.analytics.metrics import METRICS
from orchestrate.domain.text import printable
from orchestrate.reporting import output

Document = dict[str, Any]
#: From a run's document and the width that there is to what is shown; None where there is nothing to show.
Section = Callable[[Document, int], RenderableType | None]

_NOTHING: Final = "–"
_FINDINGS: Final = 12
_MARGIN: Final = (0, 0, 0, 2)
_STATUS_STYLES: Final = {"completed": "green", "degraded": "yellow", "interrupted": "yellow", "failed": "red"}
_SEVERITIES: Final = {"error": "red", "warning": "yellow", "info": "dim"}


def show(document: Document, *, file: IO[str] | None = None, width: int | None = None) -> None:
    """Print the summary of a run, in colour if `file` (default: stdout) is a terminal that supports it."""
    shown = printable.document(document)
    paths = [Text.assemble((f"{name:<9}", "bold"), path) for name, path in shown["paths"].items()]
    output.show(_summary(shown, output.width_of(file, width)), file=file, width=width, unwrapped=paths)


def _summary(document: Document, width: int) -> RenderableType:
    parts: list[RenderableType] = [_headline(document)]
    for title, section in SECTIONS.items():
        shown = section(document, width)
        if shown is not None:
            parts.extend([Text(), _heading(title), _indented(shown)])
    return Group(*parts, Text())


def _headline(document: Document) -> Text:
    status = document["status"]
    span = f"{document['start']} … {document['end']}" if document["bars"] else "no bar"
    return Text.assemble(
        ("Run ", "bold"),
        document["run_id"],
        "  ",
        (status, f"bold {_STATUS_STYLES[status]}"),
        f"  exit code {document['exit_code']}\n",
        f"  {document['bars']:,} bars, {span}, in {document['duration_seconds']:.2f} s",
    )


def _heading(title: str) -> Text:
    return Text(title, style="bold")


def _indented(renderable: RenderableType) -> Padding:
    return Padding(renderable, _MARGIN, expand=False)


def _portfolio(document: Document, _width: int) -> RenderableType:
    portfolio = document["portfolio"]
    metrics = portfolio["metrics"]
    pairs = [
        ("initial", _money(portfolio["initial_capital"])),
        ("final", _money(portfolio["final_equity"])),
        ("reserve", _money(portfolio["reserve"])),
        *((metric.label, _figure(name, metrics)) for name, metric in METRICS.items()),
    ]
    grid = Table.grid(padding=(0, 1))
    for place in range(3):
        if place:
            grid.add_column(width=1)
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(justify="right", no_wrap=True, min_width=10)
    for start in range(0, len(pairs), 3):
        cells = [cell for name, value in pairs[start : start + 3] for cell in (name, value, "")]
        grid.add_row(*cells[:-1])
    return grid


def _exposure(document: Document, _width: int) -> RenderableType | None:
    """Return the portfolio's largest positions; None where it held nothing, or is of a version that has no peaks."""
    peaks = document.get("peaks", {}).get("portfolio", {})
    if not peaks or not peaks["gross"]["value"]:
        return None
    gross, net, leverage = peaks["gross"], peaks["net"], peaks["gross_leverage"]
    sizes = Text.assemble("at most ", _money(gross["value"]), " gross, ", _money(net["value"]), " net")
    return sizes.append(f", {leverage['value']:.2f} × equity ({leverage['label'] or _NOTHING})")


def _compared(document: Document, width: int) -> Table:
    """Return a line a strategy; below them each framework where there are several, the portfolio, and the benchmark."""
    rows = list(_rows(document))
    heads = ("framework", *(METRICS[name].column for name in _compared_metrics()), "contrib.")
    taken = sum(max(len(head), *(len(row[place].plain) for row in rows)) for place, head in enumerate(heads, 1))
    longest = max(len(row[0].plain) for row in rows)
    gap = 2 if longest + taken + 2 * len(heads) + _MARGIN[3] <= width else 1
    room = max(6, width - taken - gap * len(heads) - _MARGIN[3])
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim", expand=False)
    table.add_column("id", no_wrap=True)
    for place, head in enumerate(heads):
        table.add_column(head, no_wrap=True, justify="left" if place == 0 else "right")
    for name, *cells in rows:
        table.add_row(_shortened(name, room), *cells)
    return table


def _rows(document: Document) -> Iterator[tuple[Text, ...]]:
    added = CrossFrameworkAnalytics(document)
    for name, strategy in document["strategies"].items():
        style = "" if strategy["status"] == "completed" else "yellow"
        yield _row(Text(name, style), strategy["framework"], strategy["metrics"], added.strategy(name))
    if len(document["frameworks"]) > 1:
        for name, framework in document["frameworks"].items():
            yield _row(Text("all", "dim"), name, framework["metrics"], added.frameworks[name])
    yield _row(Text("portfolio", "bold"), "", document["portfolio"]["metrics"], added.portfolio)
    if "benchmark" in document:
        yield _held(document["benchmark"])


def _row(name: Text, framework: str, metrics: Document, added: float) -> tuple[Text, ...]:
    return (
        name,
        Text(framework),
        *(_figure(metric, metrics) for metric in _compared_metrics()),
        _percent(added),
    )


def _held(benchmark: Document) -> tuple[Text, ...]:
    """Return the benchmark's line: bought at its first close and held."""
    metrics = benchmark["metrics"]
    figures = (_figure(metric, metrics) for metric in _compared_metrics())
    return (Text(benchmark["symbol"], "dim"), Text("held"), *figures, Text(_NOTHING, "dim"))


def _failures(document: Document) -> Iterator[tuple[Text, Text]]:
    if "error" in document:
        yield Text("portfolio", "red"), Text(document["error"]["message"])
    for name, strategy in document["strategies"].items():
        error = strategy["error"]
        if error is not None:
            when = f" ({error['bar_date']})" if error["bar_date"] else ""
            yield Text(name, "red"), Text(f"{error['type']}: {error['message']}{when}")


def _gates(document: Document) -> Iterator[tuple[Text, Text]]:
    for gate in document["gates"]:
        verdict = Text("passed", "green") if gate["passed"] else Text("FAILED", "bold red")
        value = "has no value" if gate["value"] is None else f"is {gate['value']:.6g}"
        yield verdict, Text(f"{gate['gate']}  ({value})")


def _compatibility(document: Document) -> Iterator[tuple[Text, Text]]:
    """Yield the score of several strategies together, and their warnings."""
    report = document.get("compatibility")
    if report is None:
        return
    short = report["score"] < report["required"]
    required = f", {report['required']} required" if report["required"] else ""
    yield Text("score", "bold red" if short else ""), Text(f"{report['score']} of 100{required}")
    for warning in report["warnings"]:
        yield Text("warning", _SEVERITIES["warning"]), Text(warning)


def _findings(document: Document) -> Iterator[tuple[Text, Text]]:
    """Yield the gravest findings first, as many as a person reads."""
    findings = sorted(document["findings"], key=lambda finding: list(_SEVERITIES).index(finding["severity"]))
    for finding in findings[:_FINDINGS]:
        severity = finding["severity"]
        where = f"{finding['where']}: " if finding["where"] else ""
        yield Text(severity, _SEVERITIES[severity]), Text(f"{where}{finding['message']}")
    if len(findings) > _FINDINGS:
        yield Text("…"), Text(f"and {len(findings) - _FINDINGS} more (--format json shows all)")


def _listed(rows: Callable[[Document], Iterable[tuple[Text, Text]]]) -> Section:
    """Return a section of two columns, left out where it would have no row."""

    def section(document: Document, _width: int) -> RenderableType | None:
        lines = list(rows(document))
        return _list(lines) if lines else None

    return section


def _list(rows: Iterable[tuple[Text, Text]]) -> Table:
    """Return two columns; what is too long goes on under its own beginning."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for first, second in rows:
        grid.add_row(_shortened(first, 24), second)
    return grid


def _shortened(text: Text, room: int) -> Text:
    """Return `text`, without its middle where it is longer than `room`."""
    if len(text.plain) <= room:
        return text
    tail = (room - 1) // 2
    return Text(f"{text.plain[: room - 1 - tail]}…{text.plain[-tail:]}", text.style)


def _compared_metrics() -> list[str]:
    """Return the metrics by which strategies are compared."""
    return [name for name, metric in METRICS.items() if metric.column]


def _figure(name: str, metrics: Document) -> Text:
    """Return a metric as its format says; a stored run may lack one that is newer than it."""
    return _FORMATS[METRICS[name].format](metrics.get(name))


def _percent(value: float | None, sign: str = "+") -> Text:
    if value is None:
        return Text(_NOTHING, "dim")
    digits = 2 if abs(value) < 100.0 else 0
    return Text(f"{_unsigned(value * 100.0, digits):{sign},.{digits}f}%", "red" if sign and value < 0.0 else "")


def _ratio(value: float | None) -> Text:
    if value is None:
        return Text(_NOTHING, "dim")
    text = f"{_unsigned(value, 2):,.2f}" if abs(value) < 1e5 else f"{value:.1e}"
    return Text(text, "red" if value < 0.0 else "")


def _money(value: float | None) -> Text:
    if value is None:
        return Text(_NOTHING, "dim")
    digits = 2 if abs(value) < 1e7 else 0
    return Text(f"{_unsigned(value, digits):,.{digits}f}", "red" if value < 0.0 else "")


def _unsigned(value: float, digits: int) -> float:
    """Return `value`, or a plain 0 where no digit of it would show."""
    return value if round(value, digits) else 0.0


def _share(value: float | None) -> Text:
    return _percent(value, sign="")


def _count(value: float | None) -> Text:
    return Text(_NOTHING, "dim") if value is None else Text(f"{value:,}")


_FORMATS: Final[dict[str, Callable[[float | None], Text]]] = {
    "change": _percent,
    "share": _share,
    "ratio": _ratio,
    "count": _count,
    "money": _money,
}

#: What is shown of a run below its headline, by title, in this order.
SECTIONS: Final[dict[str, Section]] = {
    "Portfolio": _portfolio,
    "Strategies": _compared,
    "Exposure": _exposure,
    "Failed": _listed(_failures),
    "Gates": _listed(_gates),
    "Compatibility": _listed(_compatibility),
    "Findings": _listed(_findings),
}
