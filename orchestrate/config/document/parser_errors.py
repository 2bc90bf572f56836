"""Translate the parser's errors into words for the author of a configuration."""

from __future__ import annotations

from typing import Final

import yaml

from orchestrate.config.document.nodes import Origin, Place
from orchestrate.domain.errors import Problem

_TAB: Final = "a tab where YAML expects spaces"
_NO_TAB: Final = "indent with spaces"

#: (piece of the parser's problem, message, hint); the first that fits is reported.
_MEANINGS: Final = (
    ("found a tab character", _TAB, _NO_TAB),
    ("mapping values are not allowed", "a ':' where no mapping can start", "check the indentation, or quote the text"),
    (
        "did not find expected comment or line break",
        "'>' and '|' start a block of text in YAML",
        "quote the text, as in '>= 0.5'",
    ),
    ("unexpected end of stream", "this quote is never closed", ""),
    ("expected ',' or ']'", "this bracket is never closed, or a ',' is missing", ""),
    ("expected ',' or '}'", "this brace is never closed, or a ',' is missing", ""),
    ("did not find expected key", "this line doesn't belong to the mapping around it", "check the indentation"),
    ("expected '-' indicator", "this line doesn't belong to the list around it", "check the indentation"),
    ("could not find expected ':'", "a ':' is missing", "a key and its value are written 'key: value'"),
    ("undefined tag handle", "YAML tags are not read", "quote the text"),
    ("expected tag URI", "YAML tags are not read", "quote the text"),
    ("block sequence entries are not allowed", "a list can't start here", "put it on a line of its own"),
    ("unexpected ':'", "a ':' is followed by a blank", "or quote the text"),
    ("block mapping", "a mapping can't start here", "check the indentation"),
)
_OPENING = (
    "comment or line break",
    "expected ',' or ']'",
    "expected ',' or '}'",
    "unexpected end of stream",
    "could not find expected ':'",
)


def explain(error: yaml.MarkedYAMLError, origin: Origin) -> Problem:
    """Return the error at its place; what is never closed is shown where it was opened."""
    said = error.problem or "this is not YAML"
    mark = error.problem_mark
    if error.context_mark is not None and (mark is None or said.endswith(_OPENING)):
        mark = error.context_mark
    if mark is None or not origin.lines:
        return Place(origin).problem(*_told(said, "?"))
    line = min(mark.line, len(origin.lines) - 1)
    source = origin.lines[line]
    column = min(mark.column, len(source))
    message, hint = _told(said, source[column : column + 1])
    if message == _TAB and "token" in said:  # the parser points at what follows it
        column = max(0, len(source) - len(source.lstrip()) - 1)
    return Place(origin, line + 1, column + 1).problem(message, hint)


def _told(said: str, character: str) -> tuple[str, str]:
    if "cannot start any token" in said:
        if not character.strip():
            return _TAB, _NO_TAB
        return f"{character!r} cannot start a value", "quote the text"
    for piece, message, hint in _MEANINGS:
        if piece in said:
            return message, hint
    return f"this is not YAML: {said}", ""
