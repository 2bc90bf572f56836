"""Inspect a data file: its range, frequency and calendar, findings, first and last bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from orchestrate import wiring
from orchestrate.data.calendar import DAY, SECOND, bar_length, periods_per_year, trading_weekdays
from orchestrate.data.columns import Columns, show
from orchestrate.data.files.cache import ColumnCache
from orchestrate.data.files.freshness import unclosed_by_age
from orchestrate.data.findings import Evidence, judge, span
from orchestrate.data.precision import decimals, rounded
from orchestrate.data.sources import read_bars
from orchestrate.domain.errors import DataError
from orchestrate.domain.plan import DataPlan
from orchestrate.domain.results import Finding

SCHEMA_VERSION: Final = 1
SHOWN: Final = 3
WEEK: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Inspection:
    """The result for one file. If it can't be read, `error` says why and the figures are empty."""

    file: str
    error: str = ""
    bars: int = 0
    first: str = ""
    last: str = ""
    frequency: str = ""
    seconds: float = 0.0
    weekdays: tuple[str, ...] = ()
    periods_per_year: float = 0.0
    precision: int = 0
    head: tuple[tuple[object, ...], ...] = ()
    tail: tuple[tuple[object, ...], ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def usable(self) -> bool:
        """True where a run could use the file as it is."""
        return not self.error and all(finding.severity != "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the inspection as JSON values."""
        facts: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        facts["findings"] = [
            {item.name: getattr(finding, item.name) for item in fields(finding)} for finding in self.findings
        ]
        return facts | {"usable": self.usable, "error": self.error or None}


def inspect(file: str, settings: Sequence[str] = (), cache: ColumnCache | None = None) -> Inspection:
    """Read `file` as a run would, with `settings` such as `date_format=day_first`."""
    entry = _entry(file, settings)
    try:
        columns, findings = read_bars(entry, Path(), cache=cache)
        length = bar_length(columns.timestamp, entry.frequency)
    except (DataError, ValueError) as error:
        return Inspection(file, error=str(error))
    findings += judge(Evidence(file, columns, length, entry.allow_negative, entry.stamp))
    precision = decimals(columns.each)
    columns, changes = rounded(columns, precision, file)
    findings += changes
    unclosed = unclosed_by_age(entry, Path(), columns.timestamp, length)
    daily = length == DAY
    return Inspection(
        file,
        bars=len(columns),
        first=show(int(columns.timestamp[0])),
        last=show(int(columns.timestamp[-1])),
        frequency=span(length),
        seconds=length / SECOND,
        weekdays=tuple(WEEK[day] for day in sorted(trading_weekdays(columns.timestamp))) if length <= DAY else (),
        periods_per_year=periods_per_year(columns.timestamp, daily=daily),
        precision=precision,
        head=_bars(columns, range(min(SHOWN, len(columns)))),
        tail=_bars(columns, range(max(SHOWN, len(columns) - SHOWN), len(columns))),
        findings=(*findings, unclosed) if unclosed else tuple(findings),
    )


def _entry(file: str, settings: Sequence[str]) -> DataPlan:
    if not settings:
        return DataPlan(file, path=file)
    from orchestrate.config.sections.market import data_entry  # checking settings takes longer than reading a file

    return data_entry(settings, file, file, wiring.choices())


def _bars(columns: Columns, places: range) -> tuple[tuple[object, ...], ...]:
    named = (columns.open, columns.high, columns.low, columns.close, columns.volume)
    return tuple((columns.stamp(place), *(float(column[place]) for column in named)) for place in places)
