"""Hand on a table of a stored run to other programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrate.domain.errors import NotFoundError, OutputError
from orchestrate.reporting.export.table import ExportTable
from orchestrate.runs.reading import StoredRun, read_run

#: The tables that can be exported, by what the command line calls them; see `orchestrate/runs/tables`.
TABLES: Final = ("trades", "equity", "decisions", "fills", "positions", "flows", "exposure", "structures")


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a table: of which run, in which format, and where to; without `output` csv is printed."""

    run: str
    table: str
    format: str
    reports: Path = Path("reports")
    output: Path | None = None


def export(request: Request, say: Callable[[str], None]) -> Path | None:
    """Write a table to a file, whose path is returned, or hand it to `say`. NotFoundError without such a run."""
    from orchestrate.reporting.export.formats import FORMATS

    file, chosen = f"{request.table}.parquet", FORMATS[request.format]
    run = read_run(request.reports, request.run, (file,))
    if file not in run.files:
        raise NotFoundError(f"{run.folder.name} has no {file}: only runs with chains of options have one")
    content = chosen.make(_table(run, file))
    if request.output is None and chosen.printable:
        say(content.decode())
        return None
    path = request.output or Path(f"{run.folder.name}-{request.table}.{request.format}")
    try:
        path.write_bytes(content)
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {error.strerror}") from None
    return path


def _table(run: StoredRun, file: str) -> ExportTable:
    names = run.names(file)
    return ExportTable(
        names=tuple(names),
        moments=tuple(names.values()),
        columns=run.columns(file, tuple(names)),
        stored=run.files[file],
    )
