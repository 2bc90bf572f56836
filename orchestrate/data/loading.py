"""`load_market`: a plan's data entries → everything a run may know, and what should be known about it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np

from orchestrate.data.alignment import DAY, align, known
from orchestrate.data.calendar import bar_length, periods_per_year
from orchestrate.data.columns import Columns, show
from orchestrate.data.csv import read_csv
from orchestrate.data.repairs import repair
from orchestrate.data.synthetic import read_synthetic
from orchestrate.domain.errors import DataError
from orchestrate.domain.market import MAX_PRECISION, BarSeries, Floats, Instrument, Market, Timeline
from orchestrate.domain.plan import DataPlan, InstrumentPlan, RunPlan
from orchestrate.domain.results import Finding

Reader = Callable[[Path, DataPlan], tuple[Columns, list[Finding]]]

FILE_READERS: Final[dict[str, Reader]] = {"csv": read_csv}


def load_market(plan: RunPlan) -> tuple[Market, tuple[Finding, ...]]:
    """All series of the plan on one timeline. DataError when one is missing or has a finding of severity error."""
    findings: list[Finding] = []
    series: dict[str, BarSeries] = {}
    instruments: dict[str, Instrument] = {}
    for symbol, entry in plan.data.items():
        columns, told = load_series(entry, plan.root)
        findings.extend(told)
        columns = _between(columns, plan, entry)
        instrument = _instrument(symbol, plan.instruments.get(symbol), columns)
        columns = columns.with_prices(np.round(columns.prices, instrument.precision))
        series[symbol] = _series(symbol, columns, entry)
        instruments[symbol] = instrument
    series = _with_moments(series, plan.data)
    timeline = align(series)
    market = Market(
        series=series,
        instruments=instruments,
        timeline=timeline,
        data_hash=_hash(series),
        periods_per_year=_periods(series, timeline, plan.periods_per_year),
    )
    return market, tuple(findings)


def load_series(entry: DataPlan, root: Path) -> tuple[Columns, list[Finding]]:
    """One entry's bars, oldest first and repaired, with everything found on the way."""
    if entry.synthetic is not None:
        return read_synthetic(entry.symbol, entry.synthetic), []
    columns, findings = _read_file(entry, root)
    columns, told = repair(columns, entry)
    if len(columns) < 2:
        raise DataError(
            "one row is too few: not even a bar's length is known", where=entry.path, hint="a series needs two bars"
        )
    return columns, findings + told


def _read_file(entry: DataPlan, root: Path) -> tuple[Columns, list[Finding]]:
    path = root / entry.path
    try:
        kind = entry.format if entry.format != "auto" else _kind(path)
        return FILE_READERS[kind](path, entry)
    except FileNotFoundError:
        raise DataError("there is no such file", where=entry.path, hint=f"looked for {path}") from None
    except IsADirectoryError:
        raise DataError("this is a folder, not a file", where=entry.path, hint="name one file") from None
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror or error})", where=entry.path) from None


def _kind(path: Path) -> str:
    if path.is_dir():
        return "catalog"
    with path.open("rb") as file:
        return "parquet" if file.read(4) == b"PAR1" else "csv"


def _between(columns: Columns, plan: RunPlan, entry: DataPlan) -> Columns:
    """The bars whose labels lie within start..end, both days whole."""
    lower = bound(plan.start, last=False) if plan.start else None
    upper = bound(plan.end, last=True) if plan.end else None
    first = 0 if lower is None else int(np.searchsorted(columns.label, lower, side="left"))
    last = len(columns) if upper is None else int(np.searchsorted(columns.label, upper, side="right"))
    if last <= first:
        raise DataError(
            f"no bar lies within {plan.start or 'the beginning'}..{plan.end or 'the end'}: "
            f"the data covers {show(int(columns.label[0]))} to {show(int(columns.label[-1]))}",
            where=entry.path or entry.symbol,
            hint="change start or end, or give data that covers them",
        )
    return columns.take(slice(first, last))


def bound(text: str, *, last: bool) -> int:
    """Nanoseconds of a `start` or `end`; a date without a time means its first or last nanosecond."""
    try:
        moment = int(np.datetime64(text.strip().removesuffix("Z").replace(" ", "T"), "ns").astype(np.int64))
    except ValueError:
        raise DataError(f"{text!r} is no date like 2014-06-30", where="end" if last else "start") from None
    return moment + DAY - 1 if last and len(text.strip()) <= len("2014-06-30") else moment


def _instrument(symbol: str, given: InstrumentPlan | None, columns: Columns) -> Instrument:
    """What the configuration says, completed by the data: at least two decimals, and enough for a tick."""
    given = given or InstrumentPlan(symbol)
    precision = _decimals(columns.prices) if given.precision is None else given.precision
    tick = given.tick_size or Decimal(0)
    exponent = tick.normalize().as_tuple().exponent
    precision = max(precision, -exponent if tick and isinstance(exponent, int) else 0)
    defaults = Instrument(symbol)
    return Instrument(
        symbol,
        precision=min(precision, MAX_PRECISION),
        tick_size=float(tick),
        multiplier=float(given.multiplier or defaults.multiplier),
        margin_rate=float(given.margin_rate or defaults.margin_rate),
        currency=given.currency or defaults.currency,
        asset_class=given.asset_class or defaults.asset_class,
    )


def _decimals(prices: Floats) -> int:
    """The fewest decimals, from 2 on, that show every price."""
    for digits in range(2, MAX_PRECISION):
        if bool(np.all(np.abs(np.round(prices, digits) - prices) <= 1e-12 * np.maximum(np.abs(prices), 1.0))):
            return digits
    return MAX_PRECISION


def _series(symbol: str, columns: Columns, entry: DataPlan) -> BarSeries:
    length = bar_length(columns.label, entry.frequency) if len(columns) > 1 or entry.frequency else DAY
    return BarSeries(
        symbol,
        columns.label,
        columns.open,
        columns.high,
        columns.low,
        columns.close,
        columns.volume,
        known=columns.label,
        length=length,
    )


def _with_moments(series: Mapping[str, BarSeries], data: Mapping[str, DataPlan]) -> dict[str, BarSeries]:
    """Each series with the moments at which its bars are known; the labels where all series are of one kind."""
    kinds = {(bars.length, data[symbol].stamp) for symbol, bars in series.items()}
    if len(kinds) == 1:
        return dict(series)
    return {
        symbol: replace(bars, known=known(bars.label, bars.length, data[symbol].stamp))
        for symbol, bars in series.items()
    }


def _periods(series: Mapping[str, BarSeries], timeline: Timeline, given: float | None) -> dict[str, float]:
    """By symbol, and "" for the timeline of all."""
    if given:
        return dict.fromkeys(("", *series), given)
    daily = {symbol: bars.length == DAY for symbol, bars in series.items()}
    found = {"": periods_per_year(timeline.labels, daily=all(daily.values()))}
    for symbol, bars in series.items():
        found[symbol] = periods_per_year(bars.label, daily=daily[symbol])
    return found


def _hash(series: Mapping[str, BarSeries]) -> str:
    digest = hashlib.sha256()
    for symbol in sorted(series):
        bars = series[symbol]
        digest.update(f"{symbol}\0{len(bars)}\0{bars.length}\0".encode())
        for column in (bars.label, bars.open, bars.high, bars.low, bars.close, bars.volume):
            digest.update(np.ascontiguousarray(column).astype(column.dtype.newbyteorder("<"), copy=False).data)
    return digest.hexdigest()
