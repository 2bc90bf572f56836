"""Load bars from a file of some format, from a synthetic market, or from memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from orchestrate.data.adjust import adjust
from orchestrate.data.columns import Columns
from orchestrate.data.files.bounds import require_regular
from orchestrate.data.files.cache import ColumnCache
from orchestrate.data.files.formats import FORMATS
from orchestrate.data.repairs import repair, require_countable
from orchestrate.data.synthetic.generator import read_synthetic
from orchestrate.data.text.csv import read_csv
from orchestrate.domain.errors import DataError
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding

Reader = Callable[[Path, DataPlan, str], tuple[Columns, list[Finding]]]


def name(entry: DataPlan) -> str:
    """Return what messages call a data entry: its symbol, and its path if it has one."""
    if not entry.path or entry.path == entry.symbol:
        return entry.symbol
    return f"{entry.symbol} ({entry.path})"


def read_bars(
    entry: DataPlan, root: Path, given: Columns | None = None, cache: ColumnCache | None = None
) -> tuple[Columns, list[Finding]]:
    """Return one entry's bars, oldest first, repaired and adjusted, with everything that was done on the way.

    `given` stands in for a file. `cache` holds text that was parsed before; Parquet is read as fast without.
    """
    where = name(entry)
    if entry.synthetic is not None:
        columns = read_synthetic(entry.symbol, entry.synthetic)
        require_countable(columns, where)
        return columns, []
    columns, findings = _read_file(entry, root, where, cache) if given is None else (given, [])
    require_countable(columns, where)
    columns, notes = repair(columns, where, entry.on_duplicate)
    if len(columns) < 2:
        raise DataError(
            "one bar is too few: its length is unknown", where=where, hint="a series needs two bars or more"
        )
    findings += notes
    if entry.adjust:
        columns, notes = adjust(columns, entry.adjust, root, where)
        require_countable(columns, where)
        findings += notes
    return columns, findings


def _read_file(entry: DataPlan, root: Path, where: str, cache: ColumnCache | None) -> tuple[Columns, list[Finding]]:
    path = root / entry.path
    try:
        require_regular(path, where)
        kind = entry.format if entry.format != "auto" else _kind(path)
        reader = partial(read_csv, cache=cache) if kind == "csv" else _reader(kind)
        return reader(path, entry, where)
    except FileNotFoundError:
        raise DataError("there is no such file", where=where, hint=f"looked for {path.absolute()}") from None
    except IsADirectoryError:
        raise DataError("this is a folder, not a file", where=where, hint="name one file of it") from None
    except PermissionError:
        raise DataError("no permission to read the file", where=where, hint="change its permissions") from None
    except OSError as error:
        raise DataError(f"the file cannot be read ({error.strerror or error})", where=where) from None


def _reader(kind: str) -> Reader:
    module, function = FORMATS[kind].split(":")
    reader: Reader = getattr(import_module(module), function)
    return reader


def _kind(path: Path) -> str:
    if path.is_dir():
        return "catalog"
    with path.open("rb") as file:
        return "parquet" if file.read(4) == b"PAR1" else "csv"
