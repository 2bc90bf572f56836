"""Show a sweep on a terminal: what it says about its pick, the pick, the best trials, and what to do next.

Made from the sweep's JSON document alone, so that a stored sweep looks as it did on its day. On a terminal every line
fits; in a pipe or a file nothing is shortened, wrapped or coloured.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO, Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrate.domain.text import printable
from orchestrate.reporting import output
from orchestrate.reporting.sweeps.figures import (
    STATISTICS,
    compared_metrics,
    metric_label,
    metric_text,
    objective_text,
    parts_of,
    point_text,
    statistic_text,
    status_text,
    value_text,
)
from orchestrate.reporting.text import verdicts
from orchestrate.reporting.text.layout import Column, Screen, fitted, heading, indented, listed

Document = dict[str, Any]
Section = Callable[[Document, Screen], RenderableType | None]
#: So many of the best trials are shown on a terminal.
_TOP: Final = 10
#: And so many of the last windows.
_WINDOWS: Final = 20
#: The figures of the out-of-sample account that are shown.
_OUTSIDE: Final = ("total_return", "sharpe", "max_drawdown", "trades")
_REPORTS: Final = "reports"
_STATUS_STYLES: Final = {"completed": "green", "degraded": "yellow", "interrupted": "yellow", "failed": "red"}
_STANDINGS: Final = {"holds up": "green", "is doubtful": "yellow", "looks like luck": "red"}


def show(document: Document, *, file: IO[str] | None = None, width: int | None = None, verbose: bool = False) -> None:
    """Print a sweep, in colour if `file` (default: stdout) is a terminal that supports it.

    `width` is that of a terminal, its own where none is given.
    """
    piped = width is None and not output.is_terminal(file)
    shown = printable.document(document)
    screen = Screen(output.width_of(file, width), piped, verbose)
    output.show(_summary(shown, screen), file=file, width=width, unwrapped=_paths(shown))


def _summary(document: Document, screen: Screen) -> RenderableType:
    parts: list[RenderableType] = [_headline(document)]
    for title, section in SECTIONS.items():
        shown = section(document, screen)
        if shown is not None:
            parts.extend([Text(), heading(title), indented(shown)])
    return Group(*parts, Text())


def _headline(document: Document) -> Text:
    names = ", ".join(one["name"] for one in document["parameters"])
    span = f"{document['days']:,} days, {document['start']} … {document['end']}" if document["days"] else "no day"
    return Text.assemble(
        ("Sweep ", "bold"),
        f"{document['run_id']}  ",
        (document["status"], f"bold {_STATUS_STYLES.get(document['status'], '')}".strip()),
        f"  exit code {document['exit_code']}\n",
        f"  {document['method']} over {names}; {span}, in {document['duration_seconds']:.2f} s\n",
        f"  {status_text(document)}",
    )


def _verdict(document: Document, _screen: Screen) -> RenderableType:
    texts = (Text(part["verdict"], _STANDINGS.get(part["standing"], "")) for _, part in parts_of(document))
    return Group(*texts)


def _pick(document: Document, _screen: Screen) -> RenderableType | None:
    """Return the pick, or that of each strategy."""
    rows = [row for name, part in parts_of(document) for row in _picked(name, part, document)]
    together = document["best"] if document["each"] == "strategy" else None
    if together is not None:
        rows.append((Text("together"), Text(f"trial {together['trial']}: {_metrics_text(_known(together, document))}")))
    return listed(rows)


def _picked(name: str, part: Document, document: Document) -> Iterator[tuple[Text, Text]]:
    best = part["best"]
    owner = f"{name} " if name else ""
    if best is None:
        yield Text(f"{owner}trial"), Text("none can be chosen", "yellow")
        return
    how = f"{objective_text(document)}, {'on a plateau' if document['select'] == 'plateau' else 'the best'}"
    yield Text(f"{owner}trial"), Text(f"{best['trial']}  ({how})")
    yield Text(f"{owner}parameters"), Text(point_text(best["parameters"]))
    yield Text(f"{owner}figures"), Text(_metrics_text(_known(best, document)))
    if part["peak"] not in (None, best["trial"]):
        yield Text(f"{owner}peak"), Text(f"trial {part['peak']} is the best alone, its neighbours are not")
    ends = ", ".join(f"the {edge['end']} {edge['parameter']} tried" for edge in part["edges"])
    if ends:
        yield Text(f"{owner}edge"), Text(ends, "yellow")
    if part["modes"] and part["modes"]["count"] > 1:
        yield Text(f"{owner}peaks"), Text(f"{part['modes']['count']} points are better than all of their neighbours")


def _statistics(document: Document, screen: Screen) -> RenderableType | None:
    return listed(row for name, part in parts_of(document) for row in _figures(name, part, screen))


def _figures(name: str, part: Document, screen: Screen) -> Iterator[tuple[Text, Text]]:
    for key, figure in STATISTICS.items():
        label = f"{name} {figure.label}".strip()
        text = statistic_text(key, part[key])
        reason = part["reasons"].get(key)
        if reason:
            yield Text(label), Text(f"{text}  {reason}", "dim")
        else:
            yield Text(label), Text(f"{text}  {figure.says}" if screen.verbose or screen.piped else text)
    outside = part.get("out_of_sample")
    if outside:
        yield Text("out of sample"), Text(_metrics_text({one: outside[one] for one in _OUTSIDE if one in outside}))


def _known(trial: Document, document: Document) -> Document:
    """Return the figures of a trial by which trials are compared, those that it has."""
    return {name: value for name in compared_metrics(document) if (value := trial["metrics"].get(name)) is not None}


def _metrics_text(metrics: Document) -> str:
    return ", ".join(f"{metric_label(name)} {metric_text(name, value)}" for name, value in metrics.items())


def _top(document: Document, screen: Screen) -> RenderableType | None:
    """Return the best trials in a table; metrics that are not sought are left out first."""
    if not document["top"]:
        return None
    metrics = compared_metrics(document)
    parameters = [one["name"] for one in document["parameters"]]
    columns = [
        Column("trial"),
        *(Column(name) for name in parameters),
        *(Column(metric_label(name), rank=place) for place, name in enumerate(metrics)),
    ]
    rows = [
        [
            Text(str(one["trial"])),
            *(Text(value_text(one["parameters"].get(name))) for name in parameters),
            *(Text(metric_text(name, one["metrics"].get(name))) for name in metrics),
        ]
        for one in document["top"][: screen.most(_TOP)]
    ]
    return fitted(columns, rows, screen)


def _windows(document: Document, screen: Screen) -> RenderableType | None:
    """Return what each window of a walk-forward picked, and what that gave in its test."""
    windows = document.get("windows", [])
    if not windows:
        return None
    metrics, parameters = list(windows[0]["metrics"]), [one["name"] for one in document["parameters"]]
    columns = [
        Column("test from", right=False),
        Column("to", right=False, rank=1),
        *map(Column, parameters),
        *(Column(metric_label(name), rank=2 + place if place else 0) for place, name in enumerate(metrics)),
    ]
    rows = [
        [
            Text(one["test_start"]),
            Text(one["test_end"]),
            *(Text(value_text(one["parameters"].get(name))) for name in parameters),
            *(Text(metric_text(name, one["metrics"][name])) for name in metrics),
        ]
        for one in windows[-(screen.most(_WINDOWS) or len(windows)) :]
    ]
    return fitted(columns, rows, screen)


def _failures(document: Document, _screen: Screen) -> RenderableType | None:
    rows = [(Text(f"trial {one['trial']}", "red"), Text(one["reason"])) for one in document["failures"]]
    more = document["statuses"]["failed"] - len(rows)
    return listed([*rows, (Text("…"), Text(f"and {more:,} more"))] if more > 0 else rows)


def _paths(document: Document) -> list[Text]:
    """Return where the sweep and the best configuration are, and what to do next."""
    run = document["paths"]["run"]
    best = {"best": f"{run}/best.yaml"} if any(part["best"] for _, part in parts_of(document)) else {}
    paths = {"run": run, **best, "next": _next(document)}
    return [Text.assemble((f"{name:<9}", "bold"), text) for name, text in paths.items()]


def _next(document: Document) -> str:
    """Return the command that answers the first question that the summary leaves."""
    run, reports = document["run_id"], str(PurePosixPath(document["paths"]["run"]).parent)
    where = "" if reports == _REPORTS else f" --reports {shlex.quote(reports)}"
    if document["failures"]:
        return f"orchestrate sweep show {run}{where} --trial {document['failures'][0]['trial']}"
    return f"orchestrate report {run}{where} --format html --open"


#: What is shown of a sweep below its headline, by title, in this order.
SECTIONS: Final[dict[str, Section]] = {
    "Verdict": _verdict,
    "Pick": _pick,
    "Statistics": _statistics,
    "Best trials": _top,
    "Walk-forward": _windows,
    "Failed": _failures,
    "Gates": verdicts.gates,
    "Findings": verdicts.findings,
}
