"""Stored sweeps: folders beside those of runs, whose `run.json` says that they hold a sweep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrate.analytics.metrics import METRICS
from orchestrate.domain.errors import StoreError
from orchestrate.domain.sweeps import COLUMNS
from orchestrate.runs.manifest import SCHEMA_VERSION
from orchestrate.runs.reading import (
    OF_THE_RUN,
    SWEEP,
    Document,
    StoredRun,
    find,
    json_object,
    kind_of,
    read_file,
    read_files,
    read_manifest,
    way_out_shown,
)

if TYPE_CHECKING:
    from orchestrate.domain.market.timeline import Floats, Stamps

FIGURES: Final = "sweep.json"
TRIALS: Final = "trials.parquet"
RETURNS: Final = "returns.parquet"
WALK_FORWARD: Final = "walk_forward.parquet"
OUT_OF_SAMPLE: Final = "out_of_sample.parquet"
BEST: Final = "best.yaml"
PLAN: Final = "plan.json"
#: The columns of `trials.parquet` that stand before and after the parameters and metrics.
FIRST: Final = COLUMNS[:-1]
LAST: Final = COLUMNS[-1]
#: What a document is made of, and of which types.
_OF_A_SWEEP: Final = {"parameters": list, "objectives": list, "statuses": dict, "top": list, "verdict": str}


@dataclass(frozen=True, slots=True)
class StoredSweep(StoredRun):
    """A sweep on the disk: `figures` is its sweep.json, `plan` the plan that it varied."""

    def document(self) -> Document:
        """Return the sweep as `report --format json` prints it."""
        return sweep_facts(self.manifest, self.figures, self.folder)


def sweep_facts(manifest: Document, figures: Document, folder: Path) -> Document:
    """Return the JSON document of a stored sweep (docs/reference/sweeps.md)."""
    facts: Document = {"schema_version": SCHEMA_VERSION, "kind": SWEEP}
    facts |= {name: manifest[name] for name in OF_THE_RUN}
    facts |= {name: value for name, value in figures.items() if name != "schema_version"}
    facts.setdefault("gates", manifest.get("gates", []))
    facts["findings"] = [*figures.get("findings", []), *manifest.get("findings", [])]
    return facts | {"paths": {"run": folder.as_posix(), "journal": manifest["journal"]}}


def is_sweep(reports: Path, named: str) -> bool:
    """Return whether the folder called `named` holds a sweep. NotFoundError where there is none of that name."""
    with way_out_shown():
        return kind_of(read_manifest(find(reports, named))) == SWEEP


def read_sweep(reports: Path, named: str, also: Iterable[str] = ()) -> StoredSweep:
    """Return the sweep called `named`, with the files that are named `also`, those that it has.

    StoreError names the first file that is damaged.
    """
    folder = find(reports, named)
    manifest = read_manifest(folder)
    if kind_of(manifest) != SWEEP:
        raise StoreError(f"{folder}: holds a {kind_of(manifest)}, no sweep")
    wanted = [name for name in (PLAN, *also) if name in manifest["files"]]
    files = read_files(folder, manifest, [FIGURES, *wanted])
    figures = _figures(folder, files[FIGURES])
    plan = json_object(folder / PLAN, files[PLAN]) if PLAN in files else {}
    return StoredSweep(folder, manifest, figures, plan, {name: files[name] for name in wanted})


def read_sweep_summary(folder: Path, manifest: Document) -> Document:
    """Return the figures of the pick of a sweep as the metrics.json of a run has them, for lists of many runs."""
    return as_run(_figures(folder, read_file(folder, manifest, FIGURES)))


def as_run(figures: Mapping[str, Any]) -> Document:
    """Return the figures of a sweep's pick as the metrics.json of a run has them, as far as they are stored."""
    best = figures.get("best") or {"metrics": {}, "final_equity": None}
    metrics = {name: best["metrics"].get(name) for name in METRICS}
    strategies: dict[str, Document] = {}
    for name, value in best["metrics"].items():
        owner, dot, metric = name.rpartition(".")
        if dot:
            strategies.setdefault(owner, {"name": "", "metrics": {}})["metrics"][metric] = value
    return {
        "bars": figures.get("days", 0),
        "start": figures.get("start"),
        "end": figures.get("end"),
        "portfolio": {"initial_capital": None, "final_equity": best["final_equity"], "reserve": None}
        | {"metrics": metrics},
        "strategies": strategies,
        "frameworks": {},
        "parameters": [one["name"] for one in figures["parameters"]],
    }


def picked_curve(stored: StoredSweep) -> tuple[Stamps, Floats]:
    """Return the label of each day and the equity of the pick at its end; nothing where there is no pick."""
    from orchestrate.runs.arrays import arrays

    best = stored.figures["best"]
    if best is None or best["final_equity"] is None or RETURNS not in stored.files:
        import numpy as np

        return np.zeros(0, dtype=np.int64), np.zeros(0)
    column = str(best["trial"])
    read = arrays(stored, RETURNS, ("label", column))
    grown = (1.0 + read[column]).cumprod()
    return read["label"].astype("int64"), grown * (float(best["final_equity"]) / grown[-1])


def _figures(folder: Path, content: bytes) -> Document:
    figures = json_object(folder / FIGURES, content)
    for name, kind in _OF_A_SWEEP.items():
        if not isinstance(figures.get(name), kind):
            raise StoreError(f"{folder / FIGURES}: damaged: {name} is missing or of a wrong type")
    return figures
