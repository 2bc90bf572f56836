"""Find past runs by id, beginning or `latest`, and read them once each of their files is verified."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from stat import S_ISREG
from typing import Any, Final

from orchestrate.domain.errors import NotFoundError, StoreError
from orchestrate.domain.text.printable import one_line
from orchestrate.runs.manifest import SCHEMA_VERSION, unseal
from orchestrate.runs.store import RUN_ID_PATTERN, digest

LATEST: Final = "latest"
#: What a folder can hold.
RUN: Final = "run"
SWEEP: Final = "sweep"
_WAY_OUT: Final = "fetch the folder from a copy, or name another run; orchestrate runs lists those that can be read"
_RUN_ID: Final = re.compile(RUN_ID_PATTERN)
MOMENT: Final = len("YYYYMMDDTHHMMSSZ")
_NEAR: Final = 3
#: What a document is made of, and of which types: these from run.json, those from metrics.json.
OF_THE_RUN: Final = {
    "run_id": str,
    "status": str,
    "exit_code": int,
    "mode": str,
    "plan_hash": str,
    "data_hash": str,
    "duration_seconds": float,
}
_OF_A_MANIFEST: Final = {**OF_THE_RUN, "journal": str, "files": dict}
_OF_ITS_FIGURES: Final = {
    "bars": int,
    "start": object,
    "end": object,
    "portfolio": dict,
    "strategies": dict,
    "frameworks": dict,
    "correlation": dict,
    "gates": list,
    "findings": list,
}
#: And these, where the run has them: the configuration asks for it, there are several strategies, it is new enough.
_IF_THERE: Final = (
    "attribution",
    "benchmark",
    "compatibility",
    "correlated",
    "peaks",
    "demands",
    "conflicts",
    "structures",
    "open_positions",
    "equity_sketch",
    "stopped",
)
#: The keys of what ended a run before its end; its traceback stays in run.json.
_OF_AN_ERROR: Final = ("type", "message", "file", "line", "bar_date")
STRUCTURES: Final = "structures.parquet"
#: Files of some runs alone; others are read without them.
SOMETIMES: Final = (STRUCTURES,)
#: What `read_run` can't do without.
_READ: Final = ("metrics.json", "plan.json")

Document = dict[str, Any]
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run on the disk: `manifest` is its run.json, `figures` its metrics.json, `plan` its plan.json.

    `files` has the content of other files that were requested.
    """

    folder: Path
    manifest: Document
    figures: Document
    plan: Document
    files: Mapping[str, bytes] = field(default_factory=dict)

    def columns(self, file: str, names: Sequence[str], places: Sequence[int] | None = None) -> list[list[Any]]:
        """Columns of one of its `files`, see `read_columns`. StoreError where the file does not have them."""
        from orchestrate.runs.parquet import read_columns

        try:
            return read_columns(self.files[file], names, places)
        except ValueError as error:
            raise StoreError(f"{self.folder / file}: damaged: {error}") from None

    def names(self, file: str) -> dict[str, bool]:
        """Return the columns of one of its `files`, and whether each holds moments; StoreError where it is none."""
        from orchestrate.runs.parquet import column_names

        try:
            return column_names(self.files[file])
        except ValueError as error:
            raise StoreError(f"{self.folder / file}: damaged: {error}") from None

    @property
    def tracebacks(self) -> dict[str, str]:
        """The traceback of each strategy that failed, by its id; that of a function of the portfolio by `portfolio`."""
        return tracebacks(self.manifest)

    def document(self) -> Document:
        """Return the run as `backtest --format json` prints it."""
        return document(self.manifest, self.figures, self.folder)


def tracebacks(manifest: Document) -> dict[str, str]:
    """Return the tracebacks that a run.json has, by strategy id."""
    errors = dict(manifest.get("errors", {}))
    if "error" in manifest:
        errors["portfolio"] = manifest["error"]
    return {name: str(error["traceback"]) for name, error in errors.items()}


def document(manifest: Document, figures: Document, folder: Path) -> Document:
    """Return the JSON document of a stored run (docs/reference/command-line.md)."""
    facts: Document = {"schema_version": SCHEMA_VERSION}
    facts |= {name: manifest[name] for name in OF_THE_RUN}
    facts |= {name: figures[name] for name in _OF_ITS_FIGURES}
    facts |= {name: figures[name] for name in _IF_THERE if name in figures}
    if "error" in manifest:
        facts["error"] = {name: manifest["error"][name] for name in _OF_AN_ERROR}
    facts["findings"] = [*figures["findings"], *manifest.get("findings", [])]
    return facts | {"paths": {"run": folder.as_posix(), "journal": manifest["journal"]}}


def run_ids(reports: Path) -> list[str]:
    """Return every stored run, oldest first."""
    try:
        with os.scandir(reports) as entries:
            return sorted(entry.name for entry in entries if _RUN_ID.fullmatch(entry.name) and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoreError(f"{reports}: can't be read: {error.strerror}") from None


def latest_first(reports: Path) -> list[Path]:
    """Return the folder of every stored run, the latest first."""
    folders = [reports / run_id for run_id in reversed(run_ids(reports))]
    same_second = (list(group) for _, group in groupby(folders, key=lambda folder: folder.name[:MOMENT]))
    return [one for group in same_second for one in (sorted(group, key=_written, reverse=True) if group[1:] else group)]


def no_run_in(reports: Path) -> str:
    """Return what to say of a folder without a run: whether it exists, and the way out."""
    absent = "" if reports.is_dir() else ", which is no folder" if reports.exists() else ", which doesn't exist"
    hint = "orchestrate backtest FILE stores one; --reports DIR names another folder"
    return f"there is no run in {one_line(reports)}{absent}\n    hint: {hint}"


def find(reports: Path, named: str) -> Path:
    """Return the folder of the run called `named`: an id, a unique beginning of one, or `latest`.

    NotFoundError otherwise.

    The path that `backtest` shows at its end is understood too.
    """
    named = named.removeprefix(f"{reports.as_posix()}/").rstrip("/")
    known = run_ids(reports)
    if not known:
        raise NotFoundError(no_run_in(reports))
    if named == LATEST:
        return latest_first(reports)[0]
    if named in known:
        return reports / named
    meant = [run_id for run_id in known if named and run_id.startswith(named)]
    if len(meant) == 1:
        return reports / meant[0]
    if meant:
        raise NotFoundError(f"'{one_line(named)}' begins {len(meant)} runs in {reports}: {_listed(meant)}")
    near = get_close_matches(named, known, n=_NEAR, cutoff=0.6)
    hint = f"did you mean {_listed(near)}?" if near else f"the latest is {known[-1]}"
    raise NotFoundError(f"there is no run '{one_line(named)}' in {reports}\n    hint: {hint}")


def read_run(reports: Path, named: str, also: Iterable[str] = ()) -> StoredRun:
    """Return the run called `named`, as far as text and JSON need it, with the files that are named `also`.

    StoreError names the first file that is damaged.
    """
    folder = find(reports, named)
    with way_out_shown():
        return _read_folder(folder, also)


@contextmanager
def way_out_shown() -> Iterator[None]:
    """Add what a user can do to the error of a folder that is damaged."""
    try:
        yield
    except StoreError as error:
        raise StoreError(f"{error}\n    hint: {_WAY_OUT}") from None


def _read_folder(folder: Path, also: Iterable[str]) -> StoredRun:
    manifest = read_manifest(folder)
    if kind_of(manifest) != RUN:
        hint = f"orchestrate report {folder.name} shows it, orchestrate sweep show makes a run of one of its trials"
        raise NotFoundError(f"{folder.name} is a {kind_of(manifest)}, no run\n    hint: {hint}")
    kept = [name for name in also if name not in SOMETIMES or name in manifest.get("files", ())]
    content = read_files(folder, manifest, (*_READ, *kept))
    figures, plan = (json_object(folder / name, content[name]) for name in _READ)
    _check(folder / "metrics.json", figures, _OF_ITS_FIGURES)
    return StoredRun(folder, manifest, figures, plan, {name: content[name] for name in kept})


def read_manifest(folder: Path) -> Document:
    """Return the run.json of a run. StoreError where it is damaged."""
    return _manifest(f"{folder}/run.json", ())


def kind_of(manifest: Document) -> str:
    """Return what a folder holds: `run` or `sweep`."""
    return str(manifest.get("kind", RUN))


def read_files(folder: Path, manifest: Document, kept: Iterable[str]) -> dict[str, bytes]:
    """Return the files that are named `kept`, after every file of the run was verified."""
    wanted = dict.fromkeys(kept)
    _require_files(f"{folder}/run.json", manifest, wanted)
    content: dict[str, bytes] = {}
    for name, expected in manifest["files"].items():
        verified = _verified(folder / name, expected)
        if name in wanted:
            content[name] = verified
    return content


def verify_folder(folder: Path) -> None:
    """Verify every file that the run.json of a folder lists. StoreError names the first one that is damaged."""
    for name, expected in read_manifest(folder)["files"].items():
        _verified(f"{folder}/{name}", expected)


def read_summary(folder: Path) -> tuple[Document, Mapping[str, Any]]:
    """Return the run.json and the metrics.json of a run, for lists of many runs; no other file is looked at.

    Of a sweep these are the figures of its pick. StoreError names a file that is damaged.
    """
    path = f"{folder}/metrics.json"
    manifest = read_manifest(folder)
    if kind_of(manifest) == SWEEP:
        from orchestrate.runs.sweeps.reading import read_sweep_summary

        return manifest, read_sweep_summary(folder, manifest)
    _require_files(f"{folder}/run.json", manifest, ("metrics.json",))
    text = _verified(path, manifest["files"]["metrics.json"]).decode("ascii")
    missing = [name for name, kind in _OF_ITS_FIGURES.items() if kind is dict and f'\n  "{name}": {{' not in text]
    if missing:
        raise StoreError(f"{path}: damaged: {', '.join(missing)} is missing or of a wrong type")
    return manifest, Undecoded(text)


class Undecoded(Mapping[str, Any]):
    """An object of a JSON text of ours, of which only that is decoded which is asked for.

    A list of a thousand runs reads a twentieth of their figures. `depth` is how far its keys are indented: each begins
    a line of its own, two blanks a level; what is no object is decoded when it is read.
    """

    __slots__ = ("_end", "_indent", "_start", "_text")

    def __init__(self, text: str, start: int = 0, depth: int = 1) -> None:
        self._text, self._start, self._indent = text, start, "  " * depth
        self._end = -1 if start else len(text)  # else searched for once it is needed

    def __getitem__(self, name: str) -> Any:
        """Return the value of a key, an object undecoded."""
        if self._end < 0:
            self._end = self._past(self._start, self._indent[2:])
        key = f"\n{self._indent}{json.dumps(name)}: "
        at = self._text.find(key, self._start, self._end)
        if at < 0:
            raise KeyError(name)
        start = at + len(key)
        if self._text.startswith("{\n", start):
            return Undecoded(self._text, start, len(self._indent) // 2 + 1)
        return _DECODER.raw_decode(self._text, start)[0]

    def __iter__(self) -> Iterator[str]:
        """Yield the keys in their order."""
        text, key = self._text, f'\n{self._indent}"'
        at = self._start + 1
        while text.startswith(key, at):
            name, end = _DECODER.raw_decode(text, at + len(key) - 1)
            yield name
            at = self._past(end + len(": "), self._indent) + len(",")

    def _past(self, start: int, indent: str) -> int:
        """Return where a value ends whose last line is indented so far."""
        closing = {"{\n": "}", "[\n": "]"}.get(self._text[start : start + 2])
        if closing is None:
            return _DECODER.raw_decode(self._text, start)[1]
        return self._text.find(f"\n{indent}{closing}", start) + len(indent) + 2

    def __len__(self) -> int:
        """Return the number of keys."""
        return sum(1 for _ in self)

    def decoded(self) -> Document:
        """Return the whole object."""
        facts: Document = _DECODER.raw_decode(self._text, self._start)[0]
        return facts


def read_file(folder: Path, manifest: Document, name: str) -> bytes:
    """Return one of the files that the run.json of a run lists. StoreError where it is damaged."""
    if name not in manifest["files"]:
        raise StoreError(f"{folder / 'run.json'}: damaged: its files lack {name}")
    return _verified(folder / name, manifest["files"][name])


def _manifest(path: str, needed: Iterable[str]) -> Document:
    """Return the content of a run.json, whose checksum shows whether it is whole."""
    sealed = unseal(_read(path))
    if sealed is None:
        raise StoreError(f"{path}: damaged: its checksum is missing or wrong")
    manifest = json_object(path, sealed)
    if manifest.get("schema_version") != SCHEMA_VERSION:
        raise StoreError(f"{path}: written by another version of orchestrate")
    _check(path, manifest, _OF_A_MANIFEST)
    _require_files(path, manifest, needed)
    return manifest


def _require_files(path: str, manifest: Document, needed: Iterable[str]) -> None:
    missing = [name for name in needed if name not in manifest["files"]]
    if missing:
        raise StoreError(f"{path}: damaged: its files lack {', '.join(missing)}")


def _verified(path: Path | str, expected: object) -> bytes:
    """Return the content of a file, which is the one that was stored."""
    content = _read(path)
    if digest(content) != expected:
        raise StoreError(f"{path}: changed since the run: its hash in run.json differs")
    return content


def _check(path: Path | str, facts: Document, types: Mapping[str, type]) -> None:
    """Refuse an object in which something is missing or of a wrong type."""
    for name, kind in types.items():
        if name not in facts or not isinstance(facts[name], kind):
            raise StoreError(f"{path}: damaged: {name} is missing or of a wrong type")


def _read(path: Path | str) -> bytes:
    """Return the content of a file; reading a pipe or a device may never end."""
    try:
        with open(path, "rb", buffering=0, opener=_without_waiting) as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise StoreError(f"{path}: can't be read: a pipe or a device, not a regular file")
            return file.read()
    except OSError as error:
        raise StoreError(f"{path}: can't be read: {error.strerror}") from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe to which nobody writes is not waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def json_object(path: Path | str, content: bytes) -> Document:
    """Return a JSON object that was stored. StoreError where it is none."""
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: damaged: {error}") from None
    if not isinstance(parsed, dict):
        raise StoreError(f"{path}: damaged: not a JSON object")
    return parsed


def _written(folder: Path) -> int:
    """Return when a run was completed, to order two of the same second."""
    try:
        return (folder / "run.json").stat().st_mtime_ns
    except OSError:
        return 0


def _listed(ids: list[str]) -> str:
    shown = ", ".join(ids[:_NEAR])
    return f"{shown}, …" if len(ids) > _NEAR else shown
