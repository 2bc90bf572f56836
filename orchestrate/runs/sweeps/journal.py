"""The journal of an unfinished sweep: a line for each finished trial, and its returns in a file beside it.

Both are only ever appended to, the returns first, so that whatever ends the process leaves at most one line or one row
that is not whole; these are cut off when the sweep is resumed. What a process has written stays if it is killed.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.sweeps import Measured, Point, Trial, TrialStatus
from orchestrate.runs.sweeps.returns import SIZE, StoredReturns, appended, write
from orchestrate.runs.sweeps.rows import Figures, Row, Rows

_LINES: Final = "trials.jsonl"
_RETURNS: Final = "returns.f64"


class TrialJournal:
    """The finished trials of a sweep. Those that are there already are read when it is opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.rows = Rows()
        self._days: list[Stamps] = []
        self._names: list[tuple[str, ...]] = []
        end = self._read()
        self._lines = appended(folder / _LINES)
        self._returns = StoredReturns(folder / _RETURNS, end)

    def add(self, number: int, trial_id: str, point: Point, measured: Measured) -> Row:
        """Write down a finished trial."""
        place, days = self._write_returns(measured)
        row = self.rows.row(number, trial_id, point, measured, place, days)
        names = self._number_of_names(row.names)
        fact = {
            "trial": number,
            "id": trial_id,
            "status": str(row.status),
            "reason": row.reason,
            "point": dict(point),
            "names": names,
            "figures": [None if math.isnan(value) else value for value in row.figures.tolist()],
            "final_equity": row.final_equity,
            "returns": place,
            "days": days,
        }
        self._write(fact)
        self.rows.add(row)
        return row

    def labels(self, days: int) -> Stamps:
        """Return the labels of the returns of a row, by its `days`."""
        return self._days[days]

    def returns(self, row: Row) -> Floats:
        """Return the daily returns of a row, as they are on the disk."""
        return self._returns.at(row.returns, len(self._days[row.days]))

    def release(self) -> None:
        """Give back the memory of returns that were read."""
        self._returns.release()

    def trial(self, row: Row, strategy: str = "") -> Trial:
        """Return a row as a trial, whose returns stay on the disk; bare figures are those of `strategy`, if given."""
        known = without_returns(row, strategy)
        if row.days < 0:
            return known
        return replace(known, measured=replace(known.measured, days=self.labels(row.days), returns=self.returns(row)))

    def close(self) -> None:
        """Write nothing any more."""
        self._lines.close()
        self._returns.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_returns(self, measured: Measured) -> tuple[int, int]:
        if measured.returns is None or measured.days is None:
            return -1, -1
        days = self._number_of_days(measured.days)
        return self._returns.add(measured.returns), days

    def _number_of_days(self, labels: Stamps) -> int:
        for number, known in enumerate(self._days):
            if known is labels or np.array_equal(known, labels):
                return number
        self._days.append(labels)
        self._write({"labels": labels.tolist()})
        return len(self._days) - 1

    def _number_of_names(self, names: tuple[str, ...]) -> int:
        if names not in self._names:
            self._names.append(names)
            self._write({"figures": list(names)})
        return self._names.index(names)

    def _write(self, fact: dict[str, Any]) -> None:
        write(self._lines, self._folder, json.dumps(fact, separators=(",", ":")).encode("ascii") + b"\n")

    def _read(self) -> int:
        """Take what is there, up to the first line that is not whole; return how many returns belong to it."""
        lines, returns = self._folder / _LINES, self._folder / _RETURNS
        stored = returns.stat().st_size // SIZE if returns.is_file() else 0
        whole = end = 0
        for line, fact in _facts(lines):
            last = self._take(fact)
            if last > stored:
                break
            if "trial" in fact:
                self.rows.add(self._row(fact))
            end, whole = max(end, last), whole + len(line)
        for path, size in ((lines, whole), (returns, end * SIZE)):
            if path.is_file():
                os.truncate(path, size)
        return end

    def _take(self, fact: dict[str, Any]) -> int:
        """Take what trials share; return where the returns of a trial end, 0 where there are none."""
        if "labels" in fact:
            self._days.append(np.array(fact["labels"], dtype=np.int64))
        elif "trial" not in fact:
            self._names.append(tuple(fact["figures"]))
        elif fact["days"] >= 0:
            return int(fact["returns"]) + len(self._days[fact["days"]])
        return 0

    def _row(self, fact: dict[str, Any]) -> Row:
        figures = [math.nan if value is None else value for value in fact["figures"]]
        return Row(
            fact["trial"],
            fact["id"],
            TrialStatus(fact["status"]),
            fact["reason"],
            fact["point"],
            self._names[fact["names"]],
            np.array(figures, dtype=np.float64),
            fact["final_equity"],
            fact["returns"],
            fact["days"],
        )


def without_returns(row: Row, strategy: str = "") -> Trial:
    """Return a row as a trial of which nothing is read from the disk; see `TrialJournal.trial`."""
    measured = Measured(row.status, row.reason, Figures(row, strategy), row.final_equity)
    return Trial(row.number, row.point, measured, row.id)


def _facts(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield the whole lines of a journal with what they say."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                yield line, json.loads(line)
            except ValueError:
                return
