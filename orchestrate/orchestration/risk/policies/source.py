"""Users' functions that decide for the portfolio: their places, and messages about their failures."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from orchestrate.domain.errors import FunctionError
from orchestrate.orchestration.strategies.calls import CallScope, error_kind, error_text


@dataclass(frozen=True, slots=True)
class FunctionSource:
    """The place of a function: its `name`, the `file` as the user wrote it, and the `path` and `line` of its code.

    `line` is 0 where it is not known: before the file is loaded, and where it is no plain function.
    """

    name: str
    file: str
    path: str
    line: int = 0

    @classmethod
    def of(cls, function: Callable[..., object], file: str = "") -> FunctionSource:
        """Return the place of a function that is loaded; `file` is its code's where the user has named none."""
        name = getattr(function, "__name__", type(function).__name__)
        code = getattr(function, "__code__", None)
        path, line = (code.co_filename, code.co_firstlineno) if code is not None else ("", 0)
        return cls(name, file or path, path, line)

    def wrong(self, what: str) -> FunctionError:
        """Return the error of a function with an illegal answer."""
        return FunctionError(f"{self.name} {what}", file=self.file if self.line else "", line=self.line)

    def raised(self, error: BaseException, scope: CallScope) -> FunctionError:
        """Return the error of a function, or of its file, that raises; at the innermost line of its own file."""
        line = _line_in(error.__traceback__, self.path) or self.line
        if isinstance(error, SyntaxError) and error.filename == self.path:
            line = error.lineno or line
        kind = error_kind(error)
        message = f"{self.name} raises {kind}: {error_text(error, scope)}"
        frames = "".join(traceback.format_tb(error.__traceback__))
        return FunctionError(message, kind=kind, file=self.file if line else "", line=line, traceback=frames)


def _line_in(trace: TracebackType | None, path: str) -> int:
    """Return the line of the innermost frame in the file, 0 without one."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
