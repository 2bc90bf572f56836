"""The portfolio as a whole: how the run ended, its figures, its equity in one line, its largest positions."""

from __future__ import annotations

from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from orchestrate.analytics.metrics import METRICS
from orchestrate.reporting.figures import NOTHING
from orchestrate.reporting.text.figures import metric, money
from orchestrate.reporting.text.layout import Screen

Document = dict[str, Any]
_STATUS_STYLES: Final = {"completed": "green", "degraded": "yellow", "interrupted": "yellow", "failed": "red"}
#: From the lowest to the highest.
_BARS: Final = "▁▂▃▄▅▆▇█"
_LONGEST_CURVE: Final = 100
_LEAST_VALUE: Final = 10
#: So many figures in a line, the first that fit; 15 of them leave no gap with 5 and 3.
_FIGURES_A_LINE: Final = (5, 3, 2, 1)


def headline(document: Document) -> Text:
    """Return which run it is, how it ended, and over which bars it went."""
    status = document["status"]
    span = f"{document['start']} … {document['end']}" if document["bars"] else "no bar"
    stored = "run_id" in document
    return Text.assemble(
        ("Run ", "bold"),
        f"{document['run_id']}  " if stored else " ",
        (status, f"bold {_STATUS_STYLES[status]}"),
        f"  exit code {document['exit_code']}\n" if stored else "\n",
        f"  {document['bars']:,} bars, {span}",
        f", in {document['duration_seconds']:.2f} s" if stored else "",
    )


def figures(document: Document, *, everything: bool = False) -> list[tuple[str, Text]]:
    """Return capital and metrics, each with its name: those of a short summary, or everything."""
    whole = document["portfolio"]
    return [
        ("initial", money(whole["initial_capital"])),
        ("final", money(whole["final_equity"])),
        ("reserve", money(whole["reserve"])),
        *(
            (one.label, metric(name, whole["metrics"]))
            for name, one in METRICS.items()
            if one.headline or (everything and name in whole["metrics"])
        ),
    ]


def portfolio(document: Document, screen: Screen) -> RenderableType:
    """Return capital and metrics, several in a line."""
    pairs = figures(document, everything=screen.verbose)
    choices = _FIGURES_A_LINE[1:] if screen.piped else _FIGURES_A_LINE
    number = next((one for one in choices if _width(pairs, one) <= screen.room), 1)
    grid = Table.grid(padding=(0, 1))
    for place in range(number):
        if place:
            grid.add_column(width=1)
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(justify="right", no_wrap=True, min_width=_LEAST_VALUE)
    for start in range(0, len(pairs), number):
        cells = [cell for name, value in pairs[start : start + number] for cell in (name, value, "")]
        grid.add_row(*cells[:-1])
    return grid


def _width(pairs: list[tuple[str, Text]], number: int) -> int:
    """Return the columns that the figures take with so many in a line."""
    total = 0
    for place in range(number):
        column = pairs[place::number]
        total += max((len(name) for name, _ in column), default=0) + 1
        total += max((len(value.plain) for _, value in column), default=0) + 3
        total += max(0, _LEAST_VALUE - max((len(value.plain) for _, value in column), default=0))
    return total - 3


def equity(document: Document, screen: Screen) -> RenderableType | None:
    """Return the portfolio's equity as a line of bars; None where it never moved, or it was stored without one."""
    sketch = document.get("equity_sketch", {})
    values = sketch.get("values", [])
    if len(values) < len(_BARS) or sketch["lowest"]["value"] == sketch["highest"]["value"]:
        return None
    first, last = money(values[0]), money(values[-1])
    room = min(_LONGEST_CURVE, screen.room - len(first.plain) - len(last.plain) - 2)
    lowest, highest = (sketch[name] for name in ("lowest", "highest"))
    marks = f"lowest {money(lowest['value']).plain} ({lowest['label']})"
    marks += f", highest {money(highest['value']).plain} ({highest['label']})"
    if room < len(_BARS):
        return Text(marks)
    return Text.assemble(first, " ", sparkline(values, room), " ", last, "\n", marks)


def sparkline(values: list[float], width: int) -> str:
    """Return at most `width` bars, each as high as a value; the last value has the last bar."""
    count = min(width, len(values))
    taken = [values[round(place * (len(values) - 1) / (count - 1))] for place in range(count)]
    low, span = min(taken), max(taken) - min(taken)
    if not span:
        return _BARS[0] * count
    return "".join(_BARS[min(len(_BARS) - 1, int((value - low) / span * len(_BARS)))] for value in taken)


def exposure(document: Document, _screen: Screen) -> RenderableType | None:
    """Return the portfolio's largest positions; None where it held nothing, or is of a version that has no peaks."""
    peaks = document.get("peaks", {}).get("portfolio", {})
    if not peaks or not peaks["gross"]["value"]:
        return None
    gross, net, leverage = peaks["gross"], peaks["net"], peaks["gross_leverage"]
    sizes = Text.assemble("at most ", money(gross["value"]), " gross, ", money(net["value"]), " net")
    return sizes.append(f", {leverage['value']:.2f} × equity ({leverage['label'] or NOTHING})")
