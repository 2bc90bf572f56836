"""Everything that can go wrong, one branch an exit code.

    OrchestrateError              4  (an engine failed, or a bug)
    ├── FunctionError             1  a user's function that decides for the portfolio failed; what was done is kept
    ├── ConfigurationError        2  the configuration or the command line is wrong
    │   └── UnknownStrategyError  2  (also a ValueError)
    ├── DataError                 3  data is missing or unusable
    │   └── MessageError          3  a market message that is refused: counted by its reason, it ends nothing
    ├── EngineError               4  an engine refused or broke
    │   ├── ReconciliationError   4  a book disagrees with its engine, or with its own fills
    │   └── NativeError           4  a native has damaged its engine; it fails alone, so nobody sees the code
    ├── OrderError                4  an order's status does not allow that change
    ├── ChangedDataError          4  a strategy wrote to the bars that all of them run on
    ├── StoreError                4  a run or the journal can't be written or read back
    ├── OutputError               4  results can't be written to stdout
    ├── ProcessError              4  the process of a command ended without a result
    ├── NotFoundError             5  the command line names a run or strategy that does not exist
    ├── TimeLimitError          124
    ├── InterruptedRunError     130
    └── ReaderGoneError         141  the reader of the results has gone

The command line catches `OrchestrateError` once and exits with `exit_code`.
"""

from __future__ import annotations

import errno
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrate.domain.text.printable import lines, one_line

#: Lines of a file are shown up to this length.
_WIDEST: Final = 200


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem and its place in a file.

    `line` and `column` count from 1; 0 means "no place in a file".
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    width: int = 1
    source: str = ""

    def __str__(self) -> str:
        """Return the place, the message, and the line with carets under what is meant."""
        file, message, hint = one_line(self.file), one_line(self.message), one_line(self.hint)
        place = f"{file}:{self.line}:{self.column}" if self.line else file
        first = f"{place}: {message}" if place else message
        if not self.line or not self.source.strip():
            return f"{first}\n    hint: {hint}" if hint else first
        source, column = _around(self.source, self.column)
        meant = one_line(source[column - 1 : column - 1 + self.width])
        carets = " " * _cells(one_line(source[: column - 1])) + "^" * max(1, _cells(meant))
        gutter = f"{self.line:>5} | "
        under = " " * (len(gutter) - 2) + "| " + carets
        return f"{first}\n{gutter}{one_line(source)}\n{under}{' ' + hint if hint else ''}"


def _cells(text: str) -> int:
    """Return how wide a terminal shows `text`: two cells for a Chinese character, none for an accent of its own."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _around(source: str, column: int) -> tuple[str, int]:
    """Return the part of a very long line that is worth showing, and the column in it."""
    if len(source) <= _WIDEST:
        return source, column
    start = max(0, column - 1 - _WIDEST // 2)
    part = source[start : start + _WIDEST]
    left, right = "…" if start else "", "…" if start + _WIDEST < len(source) else ""
    return f"{left}{part}{right}", column - start + len(left)


class OrchestrateError(Exception):
    """Root of all errors that `orchestrate` raises on purpose."""

    exit_code = 4

    def __reduce__(self) -> tuple[object, ...]:
        """Let another process have this error as it is, however it was made."""
        return _copied, (type(self), self.args, self.__dict__)


def _copied(kind: type[OrchestrateError], args: tuple[object, ...], facts: Mapping[str, object]) -> OrchestrateError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class FunctionError(OrchestrateError):
    """A function of the user's that decides for the portfolio raised, or answered what it may not.

    `kind` is the class of what it raised; `file` and `line` are where, "" and 0 where that is not known.
    """

    exit_code = 1

    def __init__(self, message: str, *, kind: str = "", file: str = "", line: int = 0, traceback: str = "") -> None:
        self.kind: str = kind or type(self).__name__
        self.file: str = file
        self.line: int = line
        self.traceback: str = traceback
        super().__init__(one_line(f"{file}:{line}: {message}" if file else message))


class ConfigurationError(OrchestrateError):
    """An error in the configuration or on the command line, with every problem in the order of lines."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        if isinstance(problems, str):
            self.problems: tuple[Problem, ...] = (Problem("", 0, 0, problems),)
            super().__init__(lines(problems))
        else:
            self.problems = tuple(problems)
            super().__init__("\n".join(str(problem) for problem in self.problems))


class AllocationError(ConfigurationError, ValueError):
    """Weights of strategies that are not positive or sum to more than 1."""


class UnknownStrategyError(ConfigurationError, ValueError):
    """A strategy name that is unknown."""


class DataError(OrchestrateError):
    """Missing or unusable data; `where` is the symbol or file."""

    exit_code = 3

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        self.where: str = where
        self.message: str = message
        self.hint: str = hint
        text = one_line(f"{where}: {message}" if where else message)
        super().__init__(f"{text}\n    hint: {one_line(hint)}" if hint else text)

    @classmethod
    def together(cls, texts: Iterable[str]) -> DataError:
        """Return several errors, each as its text, as one."""
        error = cls("\n".join(texts))
        error.args = (lines(error.message),)
        return error


class MessageError(DataError):
    """A message of a feed that is refused; `reason` is the word under which it is counted."""

    def __init__(self, reason: str, message: str, *, where: str = "") -> None:
        self.reason: str = reason
        super().__init__(message, where=where)


#: Exit codes, the gravest last.
_GRAVITY: Final = (0, 1, 3, 2, 5, 4, 141, 124, 130)


def gravest(codes: Iterable[int]) -> int:
    """Return the gravest exit code, 0 for none: a wrong configuration (2) goes before missing data (3)."""
    return max(codes, key=_GRAVITY.index, default=0)


def out_of_memory(error: BaseException) -> DataError | None:
    """Return the error to report where `error`, or one that led to it, says that memory is used up; else None."""
    cause: BaseException | None = error
    while cause is not None and not _is_want_of_memory(cause):
        cause = cause.__cause__
    if cause is None:
        return None
    hint = "free memory or raise its limit, or use shorter or coarser series"
    return DataError("out of memory", where="memory", hint=hint)


def _is_want_of_memory(error: BaseException) -> bool:
    if isinstance(error, ImportError):  # the loader's words where a library does not fit
        return "failed to map segment" in str(error) or "annot allocate memory" in str(error)
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)


class EngineError(OrchestrateError):
    """A failure of an engine, or an order that it refused."""


class ReconciliationError(EngineError):
    """A disagreement between a book and its engine, or its own fills; the message shows both sides."""


class ChangedDataError(OrchestrateError):
    """Bars that are no longer what they were when the run began, so that none of its figures means anything."""


class NativeError(EngineError):
    """A native strategy has made its own engine unusable, or its engine reports something impossible about it.

    The strategy fails alone, and its engine is let go.
    """


class OrderError(OrchestrateError):
    """An order is to do what its life does not lead to: a second end, a fill beyond its quantity."""


class StoreError(OrchestrateError):
    """A run or a journal that can't be written or read back: a full disk, a folder without permission."""


class OutputError(OrchestrateError):
    """Results can't be written to stdout: a full disk behind it."""


class ProcessError(OrchestrateError):
    """The process of a command ended without a result: it was killed, or a strategy left it."""


class NotFoundError(OrchestrateError):
    """A run or a strategy that the command line names and that does not exist."""

    exit_code = 5


class TimeLimitError(OrchestrateError):
    """The end of a run at its time limit."""

    exit_code = 124


class InterruptedRunError(OrchestrateError):
    """The interruption of a run by Ctrl-C."""

    exit_code = 130


class ReaderGoneError(OrchestrateError):
    """The reader of the results has gone: a broken pipe. Has no message, like any tool's."""

    exit_code = 141


class UserInterrupt(KeyboardInterrupt):
    """Ctrl-C while a run is under way. A KeyboardInterrupt that a strategy raises by itself fails that strategy."""
