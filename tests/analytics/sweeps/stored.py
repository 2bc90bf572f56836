"""Write sweeps made of formulas as their folders are stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from orchestrate.analytics.sweeps.document import sweep_document
from orchestrate.analytics.sweeps.parts import TrialReturns
from orchestrate.domain.sweeps import TrialStatus
from orchestrate.runs.manifest import seal
from orchestrate.runs.store import digest
from orchestrate.runs.tables.arrow import parquet_bytes

RUN_ID = "20260101T000000Z-abcdef"
LOGGING = {"path": "logs/backtest/orchestrate.jsonl", "level": "info", "user": "me"}


def store_sweep(
    reports: Path, plan, parts, *, run_id=RUN_ID, out_of_sample=None, windows=(), account=None, **facts
) -> Path:
    """Write the folder of a sweep, and return it."""
    figures = sweep_document(plan, parts, out_of_sample, windows)
    files = {
        "config.yaml": b"capital: 100000\nstrategy: MOMENTUM\n",
        "best.yaml": b"capital: 100000\nstrategy: MOMENTUM\nconfig: {fast: 10}\n",
        "plan.json": json.dumps({"logging": LOGGING}).encode(),
        "sweep.json": json.dumps(figures, indent=2).encode(),
        "trials.parquet": parquet_bytes(trials_table(plan, parts)),
        "returns.parquet": parquet_bytes(returns_table(parts)),
    }
    if account is not None:
        files["out_of_sample.parquet"] = parquet_bytes(pa.table(account))
    folder = reports / run_id
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    manifest = manifest_of(run_id, files) | facts
    (folder / "run.json").write_bytes(seal(json.dumps(manifest, indent=2).encode() + b"\n"))
    return folder


def trials_table(plan, parts):
    """One row a trial: facts, parameters as written, metrics, final equity."""
    rows = []
    for part in parts:
        for trial in part.trials:
            measured = trial.measured
            facts = {"trial": trial.number, "id": trial.id, "status": measured.status.value}
            facts |= {"eligible": trial.number in part.eligible, "reason": measured.reason}
            parameters = {axis.name: _stored(axis, trial.point.get(axis.name)) for axis in plan.axes}
            rows.append(facts | parameters | dict(measured.metrics) | {"final_equity": measured.final_equity})
    names = dict.fromkeys(name for row in rows for name in row if name != "final_equity")
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in (*names, "final_equity")})


def _stored(axis, value):
    """Values of several types are stored as text."""
    kinds = {bool if isinstance(one, bool) else str if isinstance(one, str) else float for one in axis.values}
    return value if value is None or len(kinds) < 2 else str(value).lower() if isinstance(value, bool) else str(value)


def returns_table(parts):
    """The label of each day, and the returns of each trial that is done."""
    trials = [trial for part in parts for trial in part.trials if trial.measured.status is TrialStatus.DONE]
    aligned = TrialReturns(trials)
    returns = aligned.some(0, len(trials))
    labels = pa.array(aligned.days.astype("datetime64[ns]")).cast(pa.timestamp("ns", tz="UTC"))
    columns = {str(trial.number): np.ascontiguousarray(returns[:, at]) for at, trial in enumerate(trials)}
    return pa.table({"label": labels} | columns)


def manifest_of(run_id, files):
    return {
        "schema_version": 1,
        "kind": "sweep",
        "run_id": run_id,
        "status": "completed",
        "exit_code": 0,
        "mode": "multi",
        "plan_hash": "1" * 64,
        "data_hash": "2" * 64,
        "duration_seconds": 3.2,
        "started": "2026-01-01T00:00:00Z",
        "journal": "logs/backtest/orchestrate.jsonl",
        "versions": {"orchestrate": "1.2.3"},
        "findings": [],
        "files": {name: digest(content) for name, content in sorted(files.items())},
    }
