"""Bars from text: CSV and its cousins, plain or packed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from orchestrate.data.assembly import assemble, places_of
from orchestrate.data.columns import Columns, Parsed
from orchestrate.data.files.bounds import read_regular, require_memory
from orchestrate.data.files.cache import WORTH, ColumnCache
from orchestrate.data.files.fields import Fields
from orchestrate.data.text.decoding import decode, unpack
from orchestrate.data.text.dialect import split
from orchestrate.data.text.large_csv import LARGE, read_large
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding

#: So many times a text's size is the memory that cells and columns take where Python cuts it, and where Arrow does.
_CAREFUL: Final = 16


def read_csv(path: Path, plan: DataPlan, where: str, cache: ColumnCache | None = None) -> tuple[Columns, list[Finding]]:
    """Return the bars of a text file and what was done to read them, from `cache` if they were read before."""
    raw = read_regular(path, where)
    if cache is None or len(raw) < WORTH:
        return _parse(raw, plan, where).at(where)
    key = cache.key(raw, plan)
    parsed = cache.load(key)
    if parsed is None:
        parsed = _parse(raw, plan, where)
        cache.keep(key, parsed)
    return parsed.at(where)


def _parse(raw: bytes, plan: DataPlan, where: str) -> Parsed:
    raw = unpack(raw, plan.max_unpacked, where)
    fields = read_large(raw, plan, where) if len(raw) > LARGE else None
    if fields is None:
        require_memory(_CAREFUL * len(raw), where)
        fields = _careful(decode(raw, where), plan, where)
    return assemble(fields, plan, where)


def _careful(text: str, plan: DataPlan, where: str) -> Fields:
    table = split(text, plan.delimiter, where)
    places = places_of(table.header, table.rows[0], plan, where)
    columns = {name: [row[place] for row in table.rows] for name, place in places.items()}
    return Fields(table.header, places, columns, np.array(table.lines, dtype=np.int64), "line", table.notes)
