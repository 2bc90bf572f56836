"""One trial of a stored sweep as a configuration: it runs as it is, and gives what the trial gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orchestrate.config.document.layers import with_value
from orchestrate.config.document.nodes import Origin, Place, Table, node_of
from orchestrate.config.document.parser import read_text
from orchestrate.config.document.writing import yaml_text
from orchestrate.domain.errors import NotFoundError, StoreError
from orchestrate.runs.parquet import read_columns
from orchestrate.runs.reading import LATEST, SWEEP, Document, find, kind_of, latest_first, read_file, read_manifest
from orchestrate.usecases.sweeping.store import CONFIGURATION


def trial_configuration(reports: Path, named: str, trial: int | None) -> str:
    """Return the configuration of a trial, or of the best one, of the sweep called `named`."""
    folder = find_sweep(reports, named)
    manifest = read_manifest(folder)
    if trial is None:
        if "best.yaml" not in manifest["files"]:
            raise NotFoundError(f"sweep {folder.name} has no best trial: none is eligible")
        return read_file(folder, manifest, "best.yaml").decode("utf-8")
    document: Document = json.loads(read_file(folder, manifest, "sweep.json"))
    apart = document["each"] == "strategy"  # where a parameter without a value is as the file has it
    point = _point(read_file(folder, manifest, "trials.parquet"), document["parameters"], trial, apart=apart)
    if point is None:
        way_out = f"orchestrate report {folder.name} --format csv lists them all"
        raise NotFoundError(f"sweep {folder.name} has no trial {trial}\n    hint: {way_out}")
    return _laid(folder, read_file(folder, manifest, CONFIGURATION).decode("utf-8"), point)


def find_sweep(reports: Path, named: str) -> Path:
    """Return the folder of a sweep; the latest one where it is called so, whatever ran after it."""
    if named == LATEST:
        for folder in latest_first(reports):
            if kind_of(read_manifest(folder)) == SWEEP:
                return folder
        raise NotFoundError(f"there is no sweep in {reports}")
    folder = find(reports, named)
    if kind_of(read_manifest(folder)) != SWEEP:
        raise NotFoundError(f"{folder.name} is no sweep, but a run")
    return folder


def _point(
    table: bytes, parameters: list[Document], trial: int, *, apart: bool
) -> dict[tuple[str, ...], object] | None:
    """Return the values of a trial by the paths at which they stand; None where there is no such trial."""
    numbers: list[Any]
    (numbers,) = read_columns(table, ["trial"])
    if trial not in numbers:
        return None
    values = read_columns(table, [one["name"] for one in parameters], [numbers.index(trial)])
    return {
        tuple(one["path"]): _as_written(value, one)
        for one, (value,) in zip(parameters, values, strict=True)
        if not apart or value not in (None, "null")
    }


def _as_written(value: object, parameter: Document) -> object:
    """Return a value of the table as the file has it; a table has one kind of value in a column."""
    for given in parameter.get("values", ()):
        if given == value or (isinstance(value, str) and not isinstance(given, str) and json.dumps(given) == value):
            return given
    return value


def _laid(folder: Path, text: str, point: dict[tuple[str, ...], object]) -> str:
    origin = Origin(CONFIGURATION, folder)
    tree, problems = read_text(text, origin)
    if problems or not isinstance(tree, Table):
        raise StoreError(f"{folder / CONFIGURATION}: damaged: {problems[0] if problems else 'no mapping'}")
    place = Place(origin)
    for path, value in point.items():
        tree = with_value(tree, path, node_of(value, place), place)
    return yaml_text(tree)
