"""The columns that every source provides, before anything is judged or repaired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.results import Finding, Severity

PRICES: Final = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Bars in the order of the source. NaN is an empty cell.

    `row` is each bar's line in the file (or its place in another source, from 1), for messages.
    """

    timestamp: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    row: npt.NDArray[np.int64] | None = None
    unit: str = "row"

    def __len__(self) -> int:
        return len(self.timestamp)

    @property
    def prices(self) -> Floats:
        """Open, high, low and close as the rows of one matrix (a copy)."""
        return np.vstack(self.each)

    @property
    def each(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Open, high, low and close themselves."""
        return self.open, self.high, self.low, self.close

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Where each bar stands in its source, from 1."""
        return np.arange(1, len(self) + 1) if self.row is None else self.row

    def stamp(self, place: int) -> str:
        """Return the label of a bar as people write it."""
        return show(int(self.timestamp[place]))

    def place(self, place: int) -> str:
        """Return where a bar stands in its source, in words."""
        return f"{self.unit} {self.rows[place]}"

    def shown(self, place: int) -> str:
        """Return the values of a bar in one line."""
        return "/".join(f"{getattr(self, name)[place]:.10g}" for name in (*PRICES, "volume"))

    def take(self, chosen: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> Columns:
        """Return the chosen bars, in the chosen order."""
        return Columns(
            self.timestamp[chosen],
            self.open[chosen],
            self.high[chosen],
            self.low[chosen],
            self.close[chosen],
            self.volume[chosen],
            self.rows[chosen],
            self.unit,
        )

    def with_prices(self, prices: Floats) -> Columns:
        """Return the same bars with other prices, given as `prices` gives them."""
        return replace(self, open=prices[0], high=prices[1], low=prices[2], close=prices[3])


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """The content of a text before repairs: bars, findings, and the time zone it was read in."""

    columns: Columns
    findings: tuple[Finding, ...] = ()
    zone: str = "UTC"

    def at(self, where: str) -> tuple[Columns, list[Finding]]:
        """Return bars and findings, about the data entry `where`."""
        return self.columns, [replace(finding, where=where) for finding in self.findings]


def show(label: int) -> str:
    """Return a stamp as people write it: a date, with the time of day where it has one."""
    day, clock = str(np.datetime64(label, "ns")).split("T")
    shown = clock.rstrip("0").rstrip(".") if clock[8:].strip(".0") else clock[:8].removesuffix(":00")
    return day if shown == "00:00" else f"{day} {shown}"


def finding_at(
    severity: Severity,
    where: str,
    what: str,
    columns: Columns,
    places: npt.NDArray[np.int64] | Sequence[int],
    then: str = "",
) -> Finding:
    """Return a finding about the bars at `places`, which there are: how many, where first, and the first five."""
    first = tuple(f"{columns.stamp(int(place))} ({columns.place(int(place))})" for place in places[:5])
    return counted(severity, where, what, len(places), first, then)


def counted(severity: Severity, where: str, what: str, count: int, first: tuple[str, ...], then: str = "") -> Finding:
    """Return a finding: what was detected, where first, and `then` what was done or can be done about it."""
    message = f"{what}{', first' if count > 1 else ':'} {first[0]}{'; ' if then else ''}{then}"
    return Finding(severity, where, message, count, first)
