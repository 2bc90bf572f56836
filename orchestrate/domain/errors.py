"""Everything that can go wrong, one branch an exit code.

    OrchestrateError              4  (an engine failed, or a bug)
    ├── ConfigurationError        2  the configuration or the command line is wrong
    │   └── UnknownStrategyError  2  (also a ValueError)
    ├── DataError                 3  data is missing or unusable
    ├── EngineError               4  an engine refused or broke
    │   ├── ReconciliationError   4  a book and its engine disagree
    │   └── NativeError           4  a native has damaged its engine; it fails alone, so nobody sees the code
    ├── StoreError                4  a run or the journal can't be written or read back
    ├── NotFoundError             5  the command line names a run or strategy that does not exist
    ├── TimeLimitError          124
    └── InterruptedRunError     130

The command line catches `OrchestrateError` once and exits with `exit_code`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

#: Lines of a file are shown up to this length.
_WIDEST: Final = 200


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, and where. `line` and `column` count from 1; 0 means "no place in a file"."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    width: int = 1
    source: str = ""

    def __str__(self) -> str:
        """The place, the message, and the line with carets under what is meant."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        first = f"{place}: {self.message}" if place else self.message
        if not self.line or not self.source.strip():
            return f"{first}\n    hint: {self.hint}" if self.hint else first
        source, column = _around(self.source, self.column)
        meant = source[column - 1 : column - 1 + self.width]
        carets = " " * _cells(source[: column - 1]) + "^" * max(1, _cells(meant))
        gutter = f"{self.line:>5} | "
        under = " " * (len(gutter) - 2) + "| " + carets
        return f"{first}\n{gutter}{source}\n{under}{' ' + self.hint if self.hint else ''}"


def _cells(text: str) -> int:
    """How wide a terminal shows `text`: two cells for a Chinese character, none for an accent of its own."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _around(source: str, column: int) -> tuple[str, int]:
    """The part of a very long line that is worth showing, and the column in it."""
    if len(source) <= _WIDEST:
        return source, column
    start = max(0, column - 1 - _WIDEST // 2)
    part = source[start : start + _WIDEST]
    left, right = "…" if start else "", "…" if start + _WIDEST < len(source) else ""
    return f"{left}{part}{right}", column - start + len(left)


class OrchestrateError(Exception):
    """Root of all errors that `orchestrate` raises on purpose."""

    exit_code = 4


class ConfigurationError(OrchestrateError):
    """The configuration or the command line is wrong; carries every problem found, in the order of lines."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        found = [Problem("", 0, 0, problems)] if isinstance(problems, str) else list(problems)
        self.problems: tuple[Problem, ...] = tuple(found)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownStrategyError(ConfigurationError, ValueError):
    """No strategy of that name."""


class DataError(OrchestrateError):
    """Data is missing or unusable; `where` is the symbol or file."""

    exit_code = 3

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        self.where, self.message, self.hint = where, message, hint
        text = f"{where}: {message}" if where else message
        super().__init__(f"{text}\n    hint: {hint}" if hint else text)


class EngineError(OrchestrateError):
    """An engine refused what it was told, or broke."""


class ReconciliationError(EngineError):
    """A book and its engine disagree; the message shows both sides."""


class NativeError(EngineError):
    """A native strategy has made its own engine unusable, or its engine reports of it what is impossible.

    The strategy fails alone, and its engine is let go.
    """


class StoreError(OrchestrateError):
    """A run or the journal can't be written or read back: a full disk, a folder that may not be written to."""


class NotFoundError(OrchestrateError):
    """The command line names a run or a strategy that does not exist."""

    exit_code = 5


class TimeLimitError(OrchestrateError):
    """The run's time limit has passed."""

    exit_code = 124


class InterruptedRunError(OrchestrateError):
    """Somebody pressed Ctrl-C."""

    exit_code = 130
