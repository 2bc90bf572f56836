"""The run folder of a finished sweep: tables, the best configuration, what the statistics say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

from orchestrate import __version__
from orchestrate.analytics.sweeps.document import sweep_document
from orchestrate.analytics.sweeps.parts import SweepPart
from orchestrate.config.document.writing import grounded, yaml_text
from orchestrate.config.sections.execution import OF_SWEEP
from orchestrate.domain.gates import passes
from orchestrate.domain.plan import Gate, RunPlan
from orchestrate.domain.results import Finding
from orchestrate.domain.sweeps import FIGURES, OUT_OF_SAMPLE, Point, SweepPlan, TrialStatus
from orchestrate.runs.manifest import SCHEMA_VERSION, seal
from orchestrate.runs.sweeps.journal import TrialJournal
from orchestrate.runs.sweeps.partial import Partial
from orchestrate.runs.sweeps.reading import sweep_facts
from orchestrate.runs.sweeps.tables import trials_table, write_returns
from orchestrate.runs.sweeps.windows import account_table, window_facts, windows_table
from orchestrate.runs.tables.arrow import parquet_bytes
from orchestrate.usecases.backtest import json_bytes
from orchestrate.usecases.sweeping.plans import TrialPlans
from orchestrate.usecases.sweeping.trials import Competition, Trials
from orchestrate.usecases.sweeping.walk_forward.walk import WalkForward

Document = dict[str, Any]
#: The complete file that trials are laid over.
CONFIGURATION = "configuration.yaml"


@dataclass(frozen=True, slots=True)
class Finished:
    """All that is known of a sweep whose trials are done; `files` is the configuration as it was given."""

    plan: SweepPlan
    plans: TrialPlans
    trials: Trials
    journal: TrialJournal
    sets: Sequence[Competition]
    files: Mapping[str, bytes]
    walk: WalkForward | None = None

    @property
    def best(self) -> Point:
        """The best value of each parameter; nothing where none could be picked."""
        return {name: value for one in self.sets for name, value in one.picked.items()}

    @property
    def eligible(self) -> frozenset[int]:
        """The trials that meet what is required."""
        return frozenset(number for one in self.sets for number in one.choice.eligible)


def document_of(done: Finished) -> Document:
    """Return the content of `sweep.json`."""
    parts = [_part(one, done.journal) for one in done.sets]
    walk = done.walk
    windows = [] if walk is None else [window_facts(row) for row in walk.windows]
    row = done.trials.together
    together = None if row is None else done.journal.trial(row)
    document = sweep_document(done.plan, parts, None if walk is None else walk.metrics, windows, together)
    if len(done.plan.objectives) > 1:
        document["front"] = list(done.sets[0].choice.front)
    return document | {"gates": judged(done.plan.gates, document)}


def _part(one: Competition, journal: TrialJournal) -> SweepPart:
    part, choice = one.part, one.choice
    return SweepPart(part.axes, one.trials, choice.eligible, choice.pick, part.strategy, journal.release, choice.around)


def judged(gates: Sequence[Gate], document: Document) -> list[Document]:
    """Return each gate of a sweep with the figure it found and whether it passed."""
    results = []
    for gate in gates:
        name = gate.metric.removeprefix(OF_SWEEP)
        outside = document["out_of_sample"] or {}
        value = document[name] if name in FIGURES else outside.get(name.removeprefix(OUT_OF_SAMPLE))
        passed = value is not None and passes(gate.operator, value, gate.threshold)
        results.append({"gate": str(gate), "value": value, "passed": passed})
    return results


@dataclass(frozen=True, slots=True)
class Facts:
    """What `run.json` says of a sweep beside its files."""

    status: str
    exit_code: int
    started: datetime
    duration_seconds: float
    data_hash: str
    versions: Mapping[str, str]
    overrides: Document
    findings: Sequence[Finding] = ()


def keep_returns(partial: Partial, journal: TrialJournal) -> Path:
    """Write the returns of trials that are done, before all other files, as they take the most memory.

    Return the folder of the files.
    """
    folder = partial.done
    rows = [row for row in journal.rows if row.days >= 0 and row.status is TrialStatus.DONE]
    write_returns(folder / "returns.parquet", rows, journal)
    return folder


def keep(partial: Partial, folder: Path, done: Finished, figures: Document, facts: Facts) -> tuple[Document, Path]:
    """Write the other files of a finished sweep beside its returns, and make them the folder of a run.

    Return its document and the folder.
    """
    parameters = [axis.name for axis in done.plan.axes]
    files = {
        **done.files,
        CONFIGURATION: configuration(done.plans, {}).encode(),
        "plan.json": json_bytes(done.plans.base.to_dict()),
        "trials.parquet": parquet_bytes(trials_table(done.journal.rows, parameters, done.eligible)),
        "sweep.json": json_bytes(figures),
        **({} if not done.best else {"best.yaml": configuration(done.plans, done.best).encode()}),
        **({} if done.walk is None else _tables_of(done.walk, parameters)),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    digests = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    manifest = _manifest(partial.run_id, done, facts, digests)
    (folder / "run.json").write_bytes(seal(json_bytes(manifest)))
    kept = partial.finish()
    return sweep_facts(manifest, figures, kept), kept


def _tables_of(walk: WalkForward, parameters: Sequence[str]) -> dict[str, bytes]:
    return {
        "walk_forward.parquet": parquet_bytes(windows_table(walk.windows, parameters, list(walk.metrics))),
        "out_of_sample.parquet": parquet_bytes(account_table(walk.windows)),
    }


def configuration(plans: TrialPlans, point: Point) -> str:
    """Return the complete file of a point: it runs as it is, wherever it stands."""
    return yaml_text(grounded(plans.at(point)))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _manifest(run_id: str, done: Finished, facts: Facts, digests: Mapping[str, str]) -> Document:
    base = done.plans.base
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "sweep",
        "run_id": run_id,
        "status": facts.status,
        "exit_code": facts.exit_code,
        "mode": base.mode,
        "root": base.root.absolute().as_posix(),
        "plan_hash": base.hash,
        "data_hash": facts.data_hash,
        "started": f"{facts.started:%Y-%m-%dT%H:%M:%S}Z",
        "duration_seconds": facts.duration_seconds,
        "journal": base.logging.path,
        "overrides": facts.overrides,
        "versions": {"orchestrate": __version__, **facts.versions},
        "findings": [finding.document() for finding in facts.findings],
        "files": dict(digests),
    }


def fingerprint(plan: SweepPlan, base: RunPlan, data_hash: str, versions: Mapping[str, str]) -> str:
    """Return what two sweeps share whose trials are the same."""
    relations = [relation.text for relation in plan.where]
    axes = [[axis.name, list(axis.path), list(axis.values), axis.bounds] for axis in plan.axes]
    rest = [plan.method, plan.trials if plan.method != "grid" else 0, plan.seed, plan.batch, plan.each]
    objectives = [[one.metric, one.maximize] for one in plan.objectives]
    decisive = [axes, relations, rest, objectives, base.hash, data_hash, dict(sorted(versions.items()))]
    if plan.walk_forward is not None:
        decisive.append(astuple(plan.walk_forward))
    return hashlib.sha256(json.dumps(decisive, separators=(",", ":"), default=str).encode()).hexdigest()
