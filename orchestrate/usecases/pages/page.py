"""Write the page of a stored run, and the index of all runs beside it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from orchestrate.domain.errors import ConfigurationError, StoreError
from orchestrate.reporting.page.page import page
from orchestrate.reporting.page.subject import FILES, Subject
from orchestrate.reporting.page.sweeps.page import sweep_page
from orchestrate.reporting.page.sweeps.subject import FILES as SWEEP_FILES
from orchestrate.runs.reading import StoredRun, read_run
from orchestrate.runs.sweeps.reading import is_sweep, read_sweep
from orchestrate.usecases.explain import explain_run
from orchestrate.usecases.pages.index import index_text
from orchestrate.usecases.pages.prices import prices_of
from orchestrate.usecases.stored.report import Surface, report

REPORT: Final = "report.html"
INDEX: Final = "index.html"
Stored = TypeVar("Stored", bound=StoredRun)


def report_page(named: str, reports: Path, output: Path | None = None) -> Path:
    """Write the page of the run called `named`, and return where it is.

    By default that is its folder, and the index of all runs is written beside it.
    """
    written: list[Path] = []
    report(
        named,
        reports,
        Surface(lambda run: written.append(_written(run, output, _page)), FILES),
        Surface(lambda sweep: written.append(_written(sweep, output, sweep_page)), SWEEP_FILES),
    )
    if output is None:
        write_whole(reports / INDEX, index_text(reports))
    return written[0]


def page_text(named: str, reports: Path) -> str:
    """Return the page of the run or sweep called `named`."""
    if is_sweep(reports, named):
        return sweep_page(read_sweep(reports, named, SWEEP_FILES))
    return _page(read_run(reports, named, FILES))


def _written(run: Stored, output: Path | None, page_of: Callable[[Stored], str]) -> Path:
    target = output or run.folder / REPORT
    try:
        write_whole(target, page_of(run))
    except StoreError as error:
        if output is None:
            raise
        raise ConfigurationError(f"--output: {error}") from None
    return target


def _page(run: StoredRun) -> str:
    return page(Subject(run, explain_run(run), prices_of(run)))


def write_whole(target: Path, text: str) -> None:
    """Write a file that is there whole or not at all. StoreError where it can't be."""
    written = ""
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, prefix=".", delete=False) as file:
            written = file.name
            file.write(text)
        Path(written).chmod(0o666 & ~_umask())
        Path(written).replace(target)
    except OSError as error:
        if written:
            Path(written).unlink(missing_ok=True)
        raise StoreError(f"{target}: can't be written: {error.strerror or error}") from None


def _umask() -> int:
    """Return which permissions new files lack."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
