"""Show a run on a terminal: the portfolio, its strategies compared, what became of orders, gates, findings and paths.

Made from the run's JSON document alone (docs/reference/command-line.md), so that a stored run looks as it did on its
day. On a terminal every line fits; in a pipe or a file nothing is shortened, wrapped or coloured.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import IO, Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrate.domain.text import printable
from orchestrate.reporting import output
from orchestrate.reporting.text import orders, portfolio, strategies, structures, verdicts
from orchestrate.reporting.text.layout import Screen, heading, indented

Document = dict[str, Any]
#: From a run's document to what is shown on a screen; None where there is nothing to show.
Section = Callable[[Document, Screen], RenderableType | None]
_REPORTS: Final = "reports"


def show(
    document: Document,
    *,
    file: IO[str] | None = None,
    width: int | None = None,
    verbose: bool = False,
    tracebacks: Mapping[str, str] | None = None,
) -> None:
    """Print the summary of a run, in colour if `file` (default: stdout) is a terminal that supports it.

    `width` is that of a terminal, its own where none is given. `tracebacks` are shown too, by strategy id.
    """
    piped = width is None and not output.is_terminal(file)
    shown, traced = printable.document(document), dict(tracebacks or {})
    screen = Screen(output.width_of(file, width), piped, verbose)
    output.show(
        _summary(shown, screen),
        file=file,
        width=width,
        unwrapped=[*_paths(shown, traced=bool(traced)), *verdicts.tracebacks(traced)],
    )


def _summary(document: Document, screen: Screen) -> RenderableType:
    parts: list[RenderableType] = [portfolio.headline(document)]
    for title, section in SECTIONS.items():
        shown = section(document, screen)
        if shown is not None:
            parts.extend([Text(), heading(title), indented(shown)])
    return Group(*parts, Text())


def _paths(document: Document, *, traced: bool) -> list[Text]:
    """Return where the run and its journal are, and what to do next."""
    paths = {**document["paths"], "next": _next(document, traced=traced)}
    return [Text.assemble((f"{name:<9}", "bold"), text) for name, text in paths.items()]


def _next(document: Document, *, traced: bool) -> str:
    """Return the command that answers the first question that the summary leaves."""
    run, reports = document["run_id"], str(PurePosixPath(document["paths"]["run"]).parent)
    where = "" if reports == _REPORTS else f" --reports {shlex.quote(reports)}"
    if document["status"] in ("degraded", "failed") and not traced:
        return f"orchestrate report {run}{where} --traceback"
    if orders.were_cut(document):
        return f"orchestrate explain {run}{where}"
    return f"orchestrate report {run}{where} --format html --open"


#: What is shown of a run below its headline, by title, in this order.
SECTIONS: Final[dict[str, Section]] = {
    "Portfolio": portfolio.portfolio,
    "Equity": portfolio.equity,
    "Strategies": strategies.compared,
    "Correlation": strategies.correlation,
    "Exposure": portfolio.exposure,
    "Cuts and refusals": orders.cuts,
    "Conflicts": orders.conflicts,
    "Structures": structures.structures,
    "Open positions": orders.positions,
    "Stopped": verdicts.stops,
    "Failed": verdicts.failures,
    "Gates": verdicts.gates,
    "Compatibility": verdicts.compatibility,
    "Findings": verdicts.findings,
}
