"""What a worker of a batch does with a file."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrate.domain.errors import OrchestrateError, out_of_memory
from orchestrate.reporting.text.reasons import end_of, reasons
from orchestrate.runs.reading import read_summary
from orchestrate.usecases.backtest import Request, backtest
from orchestrate.usecases.stored.runs import Summary


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of a file: its exit code, why it is not 0, and its run as `runs` lists it, None if it has none."""

    exit_code: int
    messages: tuple[str, ...] = ()
    run: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """A request for a batch: files, where to run them, and what holds for each as it does for `backtest`.

    `workers` is a number of processes, 0 for one a core; `on` is an executor, or an address that begins with its name.
    """

    files: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    workers: int = 0
    on: str = "local"
    reports: Path = Path("reports")
    lookahead: bool = True
    cache: bool = True
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Files:
    """Make what runs a file as the request says."""

    request: BatchRequest

    def __call__(self) -> Callable[[str], FileResult]:
        """Return what runs a file."""
        return self.run

    def run(self, file: str) -> FileResult:
        """Run and store a file; whatever goes wrong is its own result."""
        of_all = self.request
        request = Request(
            file,
            overrides=of_all.overrides,
            reports=of_all.reports,
            lookahead=of_all.lookahead,
            cache=of_all.cache,
            environ=of_all.environ,
        )
        try:
            outcome = backtest(request)
        except Exception as error:
            known = out_of_memory(error) or error
            if isinstance(known, OrchestrateError):
                return FileResult(known.exit_code, (str(known),))
            return FileResult(OrchestrateError.exit_code, ("".join(traceback.format_exception(error)),))
        if outcome.folder is None:
            return FileResult(outcome.exit_code, (str(outcome.error),))
        row = Summary(*read_summary(outcome.folder)).row()
        return FileResult(outcome.exit_code, (*end_of(outcome.document), *reasons(outcome.document)), row)
