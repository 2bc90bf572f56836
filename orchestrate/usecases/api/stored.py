"""Runs that are stored, for notebooks and scripts: run a configuration, read a run again, list all runs.

>>> from orchestrate import run
>>> result = run("configs/quickstart.yaml", capital=50_000)
>>> result.status
'completed'
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrate.domain.errors import ConfigurationError, NotFoundError, Problem
from orchestrate.domain.results import Finding
from orchestrate.runs.reading import LATEST, StoredRun, read_run
from orchestrate.usecases.api.display import Display
from orchestrate.usecases.backtest import Request, backtest

if TYPE_CHECKING:
    import pandas as pd

_REPORTS: Final = Path("reports")
#: What stands for a dot in the name of an override, as in environment variables.
_DOT: Final = "__"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StoredResult(Display):
    """A stored run: its figures are those of `report --format json`, its tables have the stored columns."""

    stored: StoredRun

    @property
    def figures(self) -> dict[str, Any]:
        """The document of `backtest --format json`."""
        return self.stored.document()

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.folder.name

    @property
    def folder(self) -> Path:
        """Where the run is stored."""
        return self.stored.folder

    @property
    def status(self) -> str:
        """`completed`, `degraded`, `failed` or `interrupted`."""
        return str(self.stored.manifest["status"])

    @property
    def exit_code(self) -> int:
        """What `orchestrate backtest` exits with: 0, or 1 where a gate or a strategy failed."""
        return int(self.stored.manifest["exit_code"])

    @property
    def tracebacks(self) -> dict[str, str]:
        """The traceback of each strategy that failed."""
        return self.stored.tracebacks

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Notes about the data and the run."""
        return tuple(Finding(**finding) for finding in self.figures["findings"])

    def table(self, name: str) -> pd.DataFrame:
        """Return a stored table: `equity`, `trades`, `decisions`, `fills`, `positions`, `flows` or `exposure`."""
        file = f"{name}.parquet"
        if file not in self.stored.manifest["files"]:
            raise NotFoundError(f"run {self.run_id} has no table '{name}'")
        run = read_run(self.folder.parent, self.run_id, (file,))
        return frame(run.files[file])

    def report(self, path: str | Path | None = None) -> Path:
        """Write the run as one page of HTML to `path`, by default into its folder; return where it is."""
        from orchestrate.usecases.pages.page import report_page

        return report_page(self.run_id, self.folder.parent, None if path is None else Path(path))


def run(config: str | Path, *, reports: str | Path = _REPORTS, **overrides: object) -> StoredResult:
    """Run a configuration and store the run, as `orchestrate backtest` does; mistakes in it raise ConfigurationError.

    `overrides` replace values of the file: `capital=50_000`, `strategies__trend__config__fast=5` or, for names with
    other characters, `**{"data.BRK-B.path": "brk.csv"}`.
    """
    request = Request(
        os.fspath(config),
        overrides=tuple(override(name, value) for name, value in overrides.items()),
        reports=Path(reports),
        environ=os.environ,
    )
    outcome = backtest(request)
    if outcome.error is not None:
        raise outcome.error
    assert outcome.folder is not None
    return load_run(outcome.folder.name, reports=reports)


def load_run(named: str = LATEST, *, reports: str | Path = _REPORTS) -> StoredResult:
    """Return the stored run called `named`: its id, a unique beginning of it, or `latest`.

    NotFoundError where there is none.
    """
    return StoredResult(read_run(Path(reports).absolute(), named))  # it is still found from another folder


def runs(*, reports: str | Path = _REPORTS) -> pd.DataFrame:
    """Return all stored runs, the latest first: a row each, with the figures that `orchestrate runs` prints."""
    import pandas as pd

    from orchestrate.usecases.stored.runs import Query
    from orchestrate.usecases.stored.runs import runs as listed

    table = pd.DataFrame(listed(Path(reports), Query())["runs"])
    if "started" in table:
        table["started"] = pd.to_datetime(table["started"], utc=True).astype("datetime64[ns, UTC]")
    return table


def frame(content: bytes) -> pd.DataFrame:
    """Return a stored table as a DataFrame."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table: pd.DataFrame = pq.read_table(pa.BufferReader(content)).to_pandas()
    return table


def override(name: str, value: object) -> str:
    """Return an override as the command line has it."""
    path = name.replace(_DOT, ".")
    try:
        return f"{path}={json.dumps(value, default=_plain, allow_nan=False)}"
    except (TypeError, ValueError) as error:
        raise ConfigurationError([Problem(path, 0, 0, f"can't be written in YAML: {error}")]) from None


def _plain(value: object) -> object:
    """Return what JSON lacks as text: paths, decimals, dates."""
    if isinstance(value, (bytes, set)):
        raise TypeError(f"{type(value).__name__} has no form there")
    return str(value)
