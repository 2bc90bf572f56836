"""Put a run's page together: one file with its style, its script and its data, which reaches for nothing else.

Its Content-Security-Policy names the hashes of its two scripts, so that no text of a user's could ever run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, details, escaped, joined, json_in_script, tag
from orchestrate.reporting.page.sections.registry import SECTIONS
from orchestrate.reporting.page.subject import Subject

_ASSETS: Final = Path(__file__).parent / "assets"
#: Arrays of fewer characters are not worth sharing.
_SHORT: Final = 200
#: Bytes of a page, and the parts of its usual detail that are tried until it is smaller.
LARGEST: Final = 2_500_000
DETAILS: Final = (1.0, 0.5, 0.2, 0.05)
_RANGES: Final = {"1M": 31, "6M": 183, "1Y": 366, "All": 0}


def page(subject: Subject) -> str:
    """Return the page of a run, with as much detail as leaves it small enough to send and to open."""
    for detail in DETAILS:
        text = _page(replace(subject, detail=detail))
        if len(text.encode()) < LARGEST:
            break
    return text


def _page(subject: Subject) -> str:
    sections = {title: section(subject) for title, section in SECTIONS.items()}
    return sheet(_header(subject), sections, subject.run.manifest)


def sheet(header: Html, sections: Mapping[str, Sequence[Html | Chart]], manifest: Mapping[str, Any]) -> str:
    """Return a page of sections with their contents; one without anything to show is left out."""
    shown = {title: blocks for title, blocks in sections.items() if blocks}
    charts = [block for blocks in shown.values() for block in blocks if isinstance(block, Chart)]
    main = joined(_section(title, blocks) for title, blocks in shown.items())
    columns = tag("div", joined([_contents(shown), tag("main", main, id="main")]), class_="columns")
    body = joined([header, columns, _footer(manifest)])
    return document(f"{manifest['run_id']} – orchestrate", body, figures=figures_of(charts))


def message(title: str, text: str) -> str:
    """Return a page that says one thing."""
    return document(title, tag("main", joined([tag("h1", title), tag("p", text)])), figures=None)


def document(title: str, body: Html, *, figures: Any) -> str:
    """Return a whole HTML file; its scripts draw `figures`, where it has any."""
    drawing = ("plotly-cartesian.min.js",) if figures and figures["figures"] else ()
    texts = [asset(name) for name in (*drawing, "page.js")] if figures else []
    hashes = " ".join(f"'sha256-{_hash(text)}'" for text in texts) or "'none'"
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = joined(
        [
            Html('<meta charset="utf-8">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{escaped(policy)}">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html('<meta name="color-scheme" content="light dark">'),
            tag("title", title),
            tag("style", Html(asset("page.css"))),
        ]
    )
    data = tag("script", json_in_script(figures), type="application/json", id="figures")
    ending = joined([data, *(tag("script", Html(text)) for text in texts)])
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}\n{ending}</body></html>\n'


@cache
def asset(name: str) -> str:
    """Return a file that is part of every page."""
    return (_ASSETS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _header(subject: Subject) -> Html:
    facts = subject.document
    names = ", ".join(dict.fromkeys(one["framework"] for one in facts["strategies"].values()))
    count = len(facts["strategies"])
    span = f"{facts['bars']:,} bars, {facts['start']} to {facts['end']}" if facts["bars"] else "no bar"
    about = f"{count} {'strategy' if count == 1 else 'strategies'} on {names} · {span}"
    return head_of("Run", facts, about)


def head_of(kind: str, facts: Mapping[str, Any], about: str) -> Html:
    """Return the top of a page: what it is about, how that ended, and one line."""
    status = tag("span", facts["status"], class_=f"status {facts['status']}")
    title = tag("h1", joined([f"{kind} ", tag("code", facts["run_id"])]))
    top = tag("div", joined([title, status, theme_button()]), class_="top")
    return tag("header", joined([Html('<a class="skip" href="#main">Skip to the result</a>'), top, tag("p", about)]))


def theme_button() -> Html:
    """Return the button that turns the page dark, and light again."""
    return tag("button", "Dark", type="button", id="theme", aria_pressed="false")


def _contents(titles: Iterable[str]) -> Html:
    links = joined(tag("li", tag("a", title, href=f"#{_anchor(title)}")) for title in titles)
    return tag("nav", tag("ol", links), aria_label="Sections")


def _section(title: str, blocks: Iterable[Html | Chart]) -> Html:
    anchor = _anchor(title)
    parts = list(blocks)
    alone = isinstance(parts[0], Chart) and sum(isinstance(block, Chart) for block in parts) == 1
    content = joined(drawn(block, titled=not alone) if isinstance(block, Chart) else block for block in parts)
    return tag("section", joined([tag("h2", title, id=anchor), content]), aria_labelledby=anchor)


def _anchor(title: str) -> str:
    return "-".join(title.lower().replace(",", "").split())


def drawn(chart: Chart, *, titled: bool) -> Html:
    """Return the place of a chart, and below it the table of what it shows. One that is alone needs no title."""
    buttons = tag("div", joined(_buttons(chart)), class_="buttons") if chart.ranges or chart.choices else ""
    caption = tag(
        "figcaption", joined([tag("h3", chart.title) if titled else tag("span", chart.title, class_="unseen"), buttons])
    )
    plot = tag(
        "div",
        "",
        class_="plot",
        id=f"chart-{chart.id}",
        data_chart=chart.id,
        style=f"height:{chart.height}px",
        role="group",
        aria_label=chart.says,
    )
    note = tag("p", chart.note, class_="note") if chart.note else ""
    return tag("figure", joined([caption, plot, note, details("Table", chart.table)]))


def _buttons(chart: Chart) -> Iterable[Html]:
    for place, text in enumerate(chart.choices):
        pressed = str(not place).lower()
        yield tag("button", text, type="button", data_choice=place, data_of=chart.id, aria_pressed=pressed)
    if not chart.ranges:
        return
    for text, days in _RANGES.items():
        yield tag("button", text, type="button", data_days=days, data_of=chart.id)
    yield tag("button", "Log", type="button", data_log="1", data_of=chart.id, aria_pressed="false")


def _footer(manifest: Mapping[str, Any]) -> Html:
    version = manifest.get("versions", {}).get("orchestrate", "")
    licence = "Charts: plotly.js, © Plotly, Inc., MIT licence."
    return tag("footer", tag("p", f"orchestrate {version}, run of {manifest.get('started', '')}. {licence}"))


def figures_of(charts: Iterable[Chart]) -> dict[str, Any]:
    """Return all figures, and the arrays that they have in common once."""
    arrays: dict[str, int] = {}
    figures = {}
    for chart in charts:
        for trace in chart.figure["data"]:
            for name in ("x", "y"):
                if isinstance(trace.get(name), dict):
                    trace[name] = _shared(trace[name], arrays)
        figures[chart.id] = chart.figure
    return {"arrays": [json.loads(text) for text in arrays], "figures": figures}


def _shared(array: dict[str, Any], arrays: dict[str, int]) -> dict[str, Any]:
    if len(array["bdata"]) < _SHORT:
        return array
    return {"shared": arrays.setdefault(json.dumps(array), len(arrays))}
