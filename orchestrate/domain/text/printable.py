"""Make text safe to show: the one place that decides what a terminal or a CI log may get.

Names, headers, file names, docstrings and messages come from files that others may have written. A control
character in them moves the cursor, a bidirectional one turns a line around, a newline forges a line of ours, and a
line that begins with two colons is a command to GitHub. They become visible escapes, such as `\\x1b`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

#: The beginnings of GitHub's workflow commands: `::` opens a line after blanks, `##[` stands anywhere in one.
_WORKFLOW: Final = re.compile(r"(?m)^([^\S\n]*):(?=:)|#(?=#\[)")


def one_line(text: object) -> str:
    """Return `text` with a visible escape for whatever isn't printable, newlines included."""
    shown = str(text)
    if shown.isprintable():
        return shown
    return "".join(char if char.isprintable() else _escape(char) for char in shown)


def lines(text: str) -> str:
    """Return `text` with its newlines and tabs, and with a visible escape for whatever else isn't printable."""
    return "\n".join("\t".join(map(one_line, line.split("\t"))) for line in text.split("\n"))


def without_commands(text: str) -> str:
    """Return `text` such that no line of it is a workflow command: the first character of one becomes an escape."""
    return _WORKFLOW.sub(_opened, text)


def document(value: Any) -> Any:
    """Return a JSON document of which each text, keys included, is `one_line`."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Mapping):
        return {one_line(key): document(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [document(item) for item in value]
    return value


def _opened(match: re.Match[str]) -> str:
    return r"\x23" if match[1] is None else rf"{match[1]}\x3a"


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
