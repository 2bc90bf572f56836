"""Columns of text into numbers: decimal marks, thousands, nulls."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Floats

Mark = Literal[".", ","]
NULLS: Final = frozenset({"", "null", "nan", "na", "n/a", "#n/a", "none", "nil", "-", "--", "."})

_APART: Final = str.maketrans(dict.fromkeys(" \u00a0\u202f\u2009\u2019", "'"))
_MONEY: Final = "$\u20ac\u00a3\u00a5 \u00a0"
_SUFFIXES: Final = {"K": 1e3, "M": 1e6, "B": 1e9}
_SHAPES: Final = {
    ".": re.compile(r"[+-]?(?:\d{1,3}(?:[,']\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII),
    ",": re.compile(r"[+-]?(?:\d{1,3}(?:[.']\d{3})+|\d+)?(?:,\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII),
}


def read_numbers(cells: Sequence[str], mark: Mark) -> tuple[Floats, list[int]]:
    """Return the numbers of a column, NaN for nulls, and the places of cells that are neither."""
    if mark == ".":
        try:
            column = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
        except ValueError:
            pass
        else:
            # float() reads 1_000 and inf, which no data file means
            if np.isfinite(column).all() and not any("_" in cell for cell in cells):
                return column, []
    column = np.full(len(cells), np.nan)
    unreadable = []
    for place, cell in enumerate(cells):
        number = _number(cell, mark)
        if number is None:
            unreadable.append(place)
        else:
            column[place] = number
    return column, unreadable


def _number(cell: str, mark: Mark) -> float | None:
    text = cell.strip()
    if text.lower() in NULLS:
        return math.nan
    text = text.strip(_MONEY)
    factor = _SUFFIXES.get(text[-1:].upper(), 1.0)
    text = text.removesuffix(text[-1:] if factor != 1.0 else "").translate(_APART)
    if not any(character.isdigit() for character in text) or not _SHAPES[mark].fullmatch(text):
        return None
    plain = text.replace("'", "").replace("," if mark == "." else ".", "").replace(",", ".")
    number = float(plain) * factor
    return number if math.isfinite(number) else None


def decimal_mark(
    columns: Sequence[Sequence[str]], rows: Sequence[int] | npt.NDArray[np.int64], where: str, unit: str = "line"
) -> Mark:
    """Return whether prices are written 1.5 or 1,5; DataError where both readings are possible throughout."""
    undecided: tuple[int | np.int64, str] | None = None
    for cells in columns:
        for place, cell in enumerate(cells):
            if "," not in cell:
                continue
            text = cell.strip()
            if "." in text:
                return "," if text.rindex(",") > text.rindex(".") else "."
            if text.count(",") > 1:
                return "."
            if len(text) - text.rindex(",") != 4 or text.index(",") > 3 or text.startswith("0"):
                return ","
            undecided = undecided or (rows[place], text)
    if undecided is None or any("." in cell for cells in columns for cell in cells):
        return "."
    row, text = undecided
    raise DataError(
        f"{unit} {row}: {text!r} may be {text.replace(',', '')} or {text.replace(',', '.')}",
        where=where,
        hint="set decimal: ',' or decimal: '.' for this data entry",
    )
