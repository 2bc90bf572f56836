"""Run the plan of a stored run again; nothing is stored, no journal is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from orchestrate import wiring
from orchestrate.domain.errors import ConfigurationError
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import RunResult
from orchestrate.domain.text.printable import one_line
from orchestrate.runs.parquet import first_unlike_row
from orchestrate.runs.reading import StoredRun, read_run
from orchestrate.usecases.audit.inputs import Difference, changed_data, code_and_versions, strategy_files
from orchestrate.usecases.running.stopping import Stop

SCHEMA_VERSION: Final = 1
DIFFERENT: Final = 1
#: In the order in which what differs is named: the first cause comes first.
TABLES: Final = ("fills", "decisions", "flows", "trades", "positions", "equity", "exposure")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """A request to run a stored plan again. `root` is where its relative paths begin, None for where they did."""

    run: str
    reports: Path = Path("reports")
    root: Path | None = None
    time_limit: float | None = None
    cache: bool = True
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of it: whether all results are the same, and all that differs, inputs before results."""

    run_id: str
    identical: bool
    differences: tuple[Difference, ...]

    @property
    def exit_code(self) -> int:
        """Return 0 where the results are the same, whatever else differs."""
        return 0 if self.identical else DIFFERENT

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "run_id": self.run_id,
            "identical": self.identical,
            "differences": [one.document() for one in self.differences],
        }


def reproduce(
    request: Request, progress: Progress | None = None, ready: Callable[[], None] | None = None
) -> Reproduction:
    """Run again and compare. DataError where data or a strategy file is missing, StoreError for a damaged run."""
    from orchestrate.runs.plans import plan_of

    run = read_run(request.reports, request.run, [f"{name}.parquet" for name in TABLES])
    plan = plan_of(run, request.root)
    inputs = [*code_and_versions(run), *strategy_files(run, plan.root)]
    try:
        result = _run(request, run, plan, progress, ready)
    except ConfigurationError as error:
        results = [Difference("result", "run", run.manifest["status"], one_line(error))]
    else:
        inputs += changed_data(run, result.data_hashes)
        results = [*_unlike_tables(run, result), *_unlike_figures(run, result)]
    return Reproduction(run.folder.name, not results, (*inputs, *results))


def _run(
    request: Request, run: StoredRun, plan: RunPlan, progress: Progress | None, ready: Callable[[], None] | None
) -> RunResult:
    """Return the run, up to the step at which the stored one was interrupted."""
    from orchestrate.usecases.running.run import run as run_plan

    steps = _Steps(run.figures["bars"] if run.manifest["status"] == "interrupted" else None, progress)
    with Stop(request.time_limit) as stop:
        result = run_plan(
            plan,
            progress=steps.count,
            ready=ready,
            stop=lambda: steps.are_done or stop(),
            lookahead=False,
            cache=wiring.column_cache(request.environ, wanted=request.cache),
        )
        if stop.reason is not None:
            raise stop.reason
    return result


class _Steps:
    """The steps that were done, of as many as there are to be; None for all."""

    def __init__(self, wanted: int | None, progress: Progress | None) -> None:
        self._wanted, self._progress, self._done = wanted, progress, 0

    def count(self, done: int, total: int) -> None:
        """Note the steps done so far."""
        self._done = done
        if self._progress is not None:
            self._progress(done, total)

    @property
    def are_done(self) -> bool:
        """True once there is nothing left to do."""
        return self._wanted is not None and self._done >= self._wanted


def _unlike_tables(run: StoredRun, result: RunResult) -> Iterator[Difference]:
    """Yield the first row of each table that differs."""
    from orchestrate.runs.parquet import parquet_files

    files = parquet_files(result)
    for name in TABLES:
        file = f"{name}.parquet"
        row = first_unlike_row(run.files[file], files[file])
        if row is not None:
            again = StoredRun(run.folder, run.manifest, run.figures, run.plan, files)
            yield Difference("result", name, _row(run, file, row), _row(again, file, row))


def _row(run: StoredRun, file: str, row: int) -> dict[str, Any] | None:
    """Return a row by column, moments as reports show them; None where there are fewer."""
    names = run.names(file)
    columns = run.columns(file, tuple(names))
    if row >= len(columns[0]):
        return None
    cells = [column[row] for column in columns]
    return {
        name: label_text(cell) if moment and cell is not None else cell
        for (name, moment), cell in zip(names.items(), cells, strict=True)
    }


def _unlike_figures(run: StoredRun, result: RunResult) -> Iterator[Difference]:
    """Yield of each section of metrics.json what differs first in it.

    Findings that the configuration caused are known to it alone.
    """
    from orchestrate.analytics.gates import judge
    from orchestrate.analytics.summary import summarise

    figures = summarise(result)
    figures["gates"] = judge(result.plan.gates, figures)
    again: dict[str, Any] = json.loads(json.dumps(figures))
    if run.manifest["status"] != result.status:
        yield Difference("result", "status", run.manifest["status"], result.status)
    compared = [name for name in again if name in run.figures and name != "findings"]
    unlike = (first_unlike(name, run.figures[name], again[name]) for name in compared)
    yield from (Difference("result", *one) for one in unlike if one is not None)


def first_unlike(name: str, stored: object, now: object) -> tuple[str, object, object] | None:
    """Return the name of the first figure below `name` that differs, and both sides of it; None if none does.

    A figure that is not stored is newer than the run.
    """
    if isinstance(stored, Mapping) and isinstance(now, Mapping):
        below = (first_unlike(f"{name}.{key}", figure, now.get(key)) for key, figure in stored.items())
        return next(filter(None, below), None)
    return None if stored == now else (name, stored, now)
