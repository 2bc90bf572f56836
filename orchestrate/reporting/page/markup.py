"""Pieces of HTML. Every text from outside passes through `escaped` here, or through `label_in_chart`."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from orchestrate.domain.text.printable import one_line


class Number(NamedTuple):
    """A figure as people read it, and its sign."""

    text: str
    sign: int = 0

    @property
    def shown(self) -> str:
        """Its text with a minus of the width of a plus."""
        return self.text.replace("-", "−")


class Html(str):
    """HTML that is safe already."""

    __slots__ = ()


#: Longer texts are broken into lines.
_SHORT: Final = 32
#: What ends a script, or a line of one, inside of JSON.
_UNSAFE: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def escaped(text: object) -> Html:
    """Return a text as HTML shows it, in element and attribute alike."""
    return Html(html.escape(one_line(text)))


def label_in_chart(text: object) -> str:
    """Return a text for a chart, which understands some HTML of its own."""
    return html.escape(one_line(text), quote=False)


def json_in_script(value: Any) -> Html:
    """Return JSON that may stand inside of a `<script>`."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for char, escape in _UNSAFE.items():
        text = text.replace(char, escape)
    return Html(text)


def tag(name: str, content: object = "", **attributes: object) -> Html:
    """Return an element; `content` is escaped unless it is `Html`. An attribute's `_` is a `-`."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{given}>{_safe(content)}</{name}>")


def joined(parts: Iterable[object]) -> Html:
    """Return pieces after each other."""
    return Html("".join(_safe(part) for part in parts))


def table(caption: str, heads: Sequence[str], rows: Iterable[Iterable[object]], *, visible: bool = False) -> Html:
    """Return a table that scrolls by itself; a column whose first cell is a number stands to the right."""
    lines = [list(row) for row in rows]
    right = [bool(lines) and isinstance(cell, Number) for cell in (lines[0] if lines else heads)]
    head = joined(
        tag("th", text, scope="col", **({"class_": "n"} if n else {})) for text, n in zip(heads, right, strict=True)
    )
    body = joined(tag("tr", joined(_cell(cell, place) for place, cell in enumerate(line))) for line in lines)
    named = tag("caption", caption, **({} if visible else {"class_": "unseen"}))
    whole = joined([named, tag("thead", tag("tr", head)), tag("tbody", body)])
    return tag("div", tag("table", whole), class_="scroll", role="region", tabindex="0", aria_label=f"{caption}, table")


def details(summary: str, content: object) -> Html:
    """Return something that is shown when somebody opens it."""
    return tag("details", joined([tag("summary", summary), content]))


def paragraph(text: object, kind: str = "") -> Html:
    """Return a paragraph."""
    return tag("p", text, **({"class_": kind} if kind else {}))


def facts(pairs: Iterable[tuple[str, object]]) -> Html:
    """Return names with what they stand for."""
    return tag(
        "dl", joined(tag("div", joined([tag("dt", name), tag("dd", text)])) for name, text in pairs), class_="facts"
    )


def _cell(cell: object, place: int) -> Html:
    if isinstance(cell, Number):
        return tag("td", cell, class_="n neg" if cell.sign < 0 else "n")
    wraps = {"class_": "w"} if isinstance(cell, str) and not isinstance(cell, Html) and len(cell) > _SHORT else {}
    return tag("td", cell, **wraps) if place else tag("th", cell, scope="row", **wraps)


def _safe(content: object) -> str:
    if isinstance(content, Html):
        return content
    return escaped(content.shown if isinstance(content, Number) else content)
