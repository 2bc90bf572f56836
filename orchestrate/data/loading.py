"""`load_market`: a plan's data entries → everything a run may know, and what should be known about it.

`load` reads the closes before `start` as well, for those who weigh strategies by them; the market has none of these but
the last one of a rate that is needed before its own first bar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from orchestrate.data.alignment import Stamp, align, available_at, far_apart
from orchestrate.data.calendar import DAY, bar_length, periods_per_year
from orchestrate.data.columns import Columns, show
from orchestrate.data.files.cache import ColumnCache
from orchestrate.data.findings import Evidence, judge
from orchestrate.data.options.loading import Carry, LoadedChain, load_chain
from orchestrate.data.precision import instrument_of, rounded
from orchestrate.data.resample import resample
from orchestrate.data.sources import name, read_bars
from orchestrate.domain.errors import DataError
from orchestrate.domain.instruments.instrument import ASSET_CLASSES, MAX_PRECISION, Instrument
from orchestrate.domain.market.digests import data_hash
from orchestrate.domain.market.stamps import moment_of, saturated
from orchestrate.domain.market.timeline import BarSeries, Closes, Market, Timeline, sealed
from orchestrate.domain.plan import DataPlan, InstrumentPlan, RunPlan
from orchestrate.domain.results import Finding

_COLUMNS: Final = ("timestamp", "open", "high", "low", "close", "volume", "available_at")


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """The market of a run, what was found in its data, and closes from before it, by symbol."""

    market: Market
    findings: tuple[Finding, ...]
    before: Mapping[str, Closes] = field(default_factory=dict)


class _Entry(NamedTuple):
    """One data entry: its bars, what they are of, what was found in them, and the closes before the plan's start."""

    bars: BarSeries
    instrument: Instrument
    findings: list[Finding]
    before: Closes | None
    last: int  # the label of its last bar, also where that lies after its settlement


def load_market(
    plan: RunPlan, given: Mapping[str, Columns] = MappingProxyType({}), cache: ColumnCache | None = None
) -> tuple[Market, tuple[Finding, ...]]:
    """Return all series of the plan on one timeline. DataError when one is missing or has a finding of severity error.

    `given` are bars that are in memory already, by symbol; `cache` holds files that were parsed before.
    """
    loaded = load(plan, given, cache)
    return loaded.market, loaded.findings


def load(
    plan: RunPlan,
    given: Mapping[str, Columns] = MappingProxyType({}),
    cache: ColumnCache | None = None,
    *,
    before: Collection[str] = (),
) -> Loaded:
    """Load as `load_market` does, with the closes of the symbols in `before` from before the plan's start."""
    rates = {one.fx for one in plan.instruments.values() if one.fx}
    entries = _read_entries(plan, given, cache, {*before, *rates})
    series = {symbol: entry.bars for symbol, entry in entries.items()}
    instruments = {symbol: entry.instrument for symbol, entry in entries.items()}
    earlier = {symbol: entry.before for symbol, entry in entries.items() if entry.before is not None}
    if not (at_labels := _of_one_kind(series, plan.data)):
        series, earlier = _at_their_moments(plan, series, earlier)
    series = _resampled(plan, series, instruments)
    chains = _read_chains(plan, series, instruments)
    if at_labels and _is_apart(chains, series):
        series, earlier = _at_their_moments(plan, series, earlier)
        chains = _read_chains(plan, series, instruments)
    series |= {symbol: loaded.series for symbol, loaded in chains.items()}
    instruments |= {symbol: Instrument(symbol, precision=MAX_PRECISION) for symbol in chains}
    options = {symbol: loaded.chain for symbol, loaded in chains.items()}
    timeline = align(series)
    known = _earlier_rates(series, instruments, earlier)
    market = Market(
        series=series,
        instruments={symbol: instruments[symbol] for symbol in series},
        timeline=timeline,
        data_hash=data_hash(series, known, options),
        periods_per_year=periods_by_symbol(series, timeline, instruments, plan.periods_per_year),
        settlements=_settlements(plan, max(entry.last for entry in entries.values())),
        currency=plan.capital.currency,
        earlier_rates=known,
        chains=options,
    )
    findings = [finding for entry in entries.values() for finding in entry.findings]
    findings += [finding for loaded in chains.values() for finding in loaded.findings]
    findings += far_apart(series, market.settlements)
    return Loaded(market, tuple(findings), {symbol: closes for symbol, closes in earlier.items() if symbol in before})


def _read_entries(
    plan: RunPlan, given: Mapping[str, Columns], cache: ColumnCache | None, before: Collection[str]
) -> dict[str, _Entry]:
    """Read all entries that have bars of their own, by symbol; one DataError with everything that is wrong."""
    entries: dict[str, _Entry] = {}
    refused: list[DataError] = []
    for symbol, entry in plan.data.items():
        if entry.resample is not None:
            continue
        try:
            entries[symbol] = _read(entry, plan, given.get(symbol), cache, before)
        except DataError as error:
            refused.append(error)
        except MemoryError:
            refused.append(DataError("out of memory", where=name(entry), hint="use a shorter or coarser series"))
    _refuse(refused, [finding for entry in entries.values() for finding in entry.findings])
    return entries


def _resampled(plan: RunPlan, series: dict[str, BarSeries], instruments: dict[str, Instrument]) -> dict[str, BarSeries]:
    """Return all series in the plan's order, with the entries that are made of others."""
    for symbol, entry in plan.data.items():
        if entry.resample is not None:
            series[symbol] = resample(symbol, entry.resample, series, _stamp_of(entry, plan))
            instruments[symbol] = replace(instruments[entry.resample["of"]], symbol=symbol)
    return {symbol: series[symbol] for symbol in plan.data}


def _read_chains(
    plan: RunPlan, series: Mapping[str, BarSeries], instruments: Mapping[str, Instrument]
) -> dict[str, LoadedChain]:
    """Return all chains of the plan within its start and end."""
    within = (
        bound(plan.start, last=False) if plan.start else None,
        bound(plan.end, last=True) if plan.end else None,
    )
    starts = {symbol for symbol in series if plan.data[symbol].stamp == "start"}
    return {
        symbol: load_chain(settings, plan.root, series, within, starts, _carry(plan, settings.underlying, instruments))
        for symbol, settings in plan.chains.items()
    }


def _carry(plan: RunPlan, underlying: str, instruments: Mapping[str, Instrument]) -> Carry:
    """Return what holding an underlying costs, at the rate of its currency."""
    known = instruments.get(underlying)
    currency = plan.capital.currency if known is None else known.currency
    return Carry.of(plan.rates.get(currency, Decimal(0)), plan.dividends.get(underlying, {}))


def _earlier_rates(
    series: Mapping[str, BarSeries], instruments: Mapping[str, Instrument], earlier: Mapping[str, Closes]
) -> dict[str, float]:
    """Return by rate its last close before start, where one of its symbols has a bar before the rate has.

    DataError for a symbol whose rate is no series, no rate, or not known in time.
    """
    rates = {}
    for fx in dict.fromkeys(one.fx for one in instruments.values() if one.fx in series and one.fx in earlier):
        first = min(int(series[symbol].available_at[0]) for symbol, one in instruments.items() if one.fx == fx)
        place = int(np.searchsorted(earlier[fx].stamps, first, side="right")) - 1
        if place >= 0 and first < series[fx].available_at[0]:
            rates[fx] = round(float(earlier[fx].closes[place]), instruments[fx].precision)
    _refuse([_without_rate(instrument, series, rates) for instrument in instruments.values() if instrument.fx])
    return rates


def _without_rate(
    instrument: Instrument, series: Mapping[str, BarSeries], earlier: Mapping[str, float]
) -> DataError | None:
    """Return what is wrong with the rate of an instrument: it must be known at each of its bars."""
    symbol, rate = instrument.symbol, series.get(instrument.fx)
    where = f"instruments.{symbol}.fx"
    if rate is None:
        return DataError(f"there are no data of {instrument.fx}", where=where)
    if not (rate.close > 0).all() or earlier.get(instrument.fx, 1.0) <= 0:
        return DataError(f"{instrument.fx} is no rate: it has closes of zero or less", where=where)
    own, known = series[symbol], int(rate.available_at[0])
    if known <= own.available_at[0] or instrument.fx in earlier:
        return None
    first = show(int(own.available_at[0]))
    message = f"{symbol} has no rate at its first bar, {first}: {instrument.fx} begins at {show(known)}"
    rated = int(np.searchsorted(own.available_at, known))
    later = f"'start: {show(int(own.timestamp[rated]))}'" if rated < len(own) else "a later 'start'"
    return DataError(message, where=where, hint=f"give the rate from before, or write {later}")


def _refuse(errors: Iterable[DataError | None], findings: Sequence[Finding] = ()) -> None:
    """Raise one error with everything in it: unreadable entries, then findings of severity error."""
    refused = [error for error in errors if error is not None]
    fatal = [finding for finding in findings if finding.severity == "error"]
    if len(refused) == 1 and not fatal:
        raise refused[0]
    texts = [str(error) for error in refused] + [f"{finding.where}: {finding.message}" for finding in fatal]
    if texts:
        raise DataError.together(texts)


def _read(
    entry: DataPlan, plan: RunPlan, held: Columns | None, cache: ColumnCache | None, before: Collection[str]
) -> _Entry:
    columns, findings = read_bars(entry, plan.root, held, cache)
    length = _length(columns, entry)
    closes = _before(columns, plan) if entry.symbol in before else None
    everything = columns.each  # what is outside start..end decides on no price, but on how many decimals there are
    columns = _between(columns, plan, entry)
    given, last = plan.instruments.get(entry.symbol) or InstrumentPlan(entry.symbol), int(columns.timestamp[-1])
    columns, settled = _until_settlement(columns, given.expiry or "", entry)
    findings += settled
    instrument = instrument_of(given, everything, plan.capital.currency)
    negative = entry.allow_negative or ASSET_CLASSES[instrument.asset_class].below_zero
    findings += judge(Evidence(name(entry), columns, length, negative, entry.stamp))
    columns, notes = rounded(columns, instrument.precision, name(entry))
    findings += notes
    opened, high, low, close = (sealed(column) for column in columns.each)
    series = BarSeries(
        entry.symbol,
        columns.timestamp,
        opened,
        high,
        low,
        close,
        columns.volume,
        available_at=columns.timestamp,
        length=length,
    )
    return _Entry(series, instrument, findings, closes, last)


def _until_settlement(columns: Columns, expiry: str, entry: DataPlan) -> tuple[Columns, list[Finding]]:
    """Return the bars of a future up to its last day, and a finding if there are later ones."""
    if not expiry:
        return columns, []
    count = int(np.searchsorted(columns.timestamp, bound(expiry, last=True), side="right"))
    if not count:
        first = show(int(columns.timestamp[0]))
        hint = "correct 'expiry', or give data from before it"
        raise DataError(f"it expired on {expiry}, before its first bar, {first}", where=name(entry), hint=hint)
    later = len(columns) - count
    if not later:
        return columns, []
    message = f"bars after the settlement on {expiry} are left out: a future is not rolled inside a run"
    return columns.take(slice(0, count)), [Finding("info", name(entry), message, later)]


def _settlements(plan: RunPlan, last: int) -> dict[str, str]:
    """Return the futures that expire no later than on the day of the `last` bar of all data, and when."""
    dates = {symbol: plan.instruments[symbol].expiry for symbol in plan.data if symbol in plan.instruments}
    return {symbol: date for symbol, date in dates.items() if date and bound(date, last=False) <= last}


def _length(columns: Columns, entry: DataPlan) -> int:
    try:
        return bar_length(columns.timestamp, entry.frequency)
    except ValueError as error:
        raise DataError(str(error), where=name(entry)) from None


def _between(columns: Columns, plan: RunPlan, entry: DataPlan) -> Columns:
    """Return the bars whose labels lie within start..end, both days whole."""
    upper = bound(plan.end, last=True) if plan.end else None
    first = _first(columns, plan)
    last = len(columns) if upper is None else int(np.searchsorted(columns.timestamp, upper, side="right"))
    if last <= first:
        raise DataError(
            f"no bar lies within {plan.start or 'the beginning'}..{plan.end or 'the end'}: "
            f"the data covers {show(int(columns.timestamp[0]))} to {show(int(columns.timestamp[-1]))}",
            where=name(entry),
            hint="change start or end, or give data that covers them",
        )
    return columns.take(slice(first, last))


def _before(columns: Columns, plan: RunPlan) -> Closes:
    """Return the closes before start, labelled as the bars are; copies, so that they keep nothing else in memory."""
    first = _first(columns, plan)
    return Closes(columns.timestamp[:first].copy(), columns.close[:first].copy())


def _first(columns: Columns, plan: RunPlan) -> int:
    """Return the place of the first bar that is not before start."""
    return int(np.searchsorted(columns.timestamp, bound(plan.start, last=False), side="left")) if plan.start else 0


def bound(text: str, *, last: bool) -> int:
    """Return nanoseconds of a `start` or `end`, or of the end of the range that it lies beyond."""
    try:
        return saturated(moment_of(text, last=last))
    except ValueError:
        raise DataError(f"{text!r} is no date like 2014-06-30", where="end" if last else "start") from None


def _of_one_kind(series: Mapping[str, BarSeries], data: Mapping[str, DataPlan]) -> bool:
    """Return whether all series have one bar length and stamp, so that their labels are the moments of their bars."""
    kinds = {(bars.length, data[symbol].stamp) for symbol, bars in series.items()}
    return len(kinds) == 1 and all(entry.resample is None for entry in data.values())


def _is_apart(chains: Mapping[str, LoadedChain], series: Mapping[str, BarSeries]) -> bool:
    """Return whether some quotes are further apart, or closer together, than the bars, which have one length."""
    lengths = {bars.length for bars in series.values()}
    return any(loaded.chain.length not in lengths for loaded in chains.values())


def _at_their_moments(
    plan: RunPlan, series: Mapping[str, BarSeries], earlier: Mapping[str, Closes]
) -> tuple[dict[str, BarSeries], dict[str, Closes]]:
    """Return series and closes with the moments at which each may be acted upon, in place of their labels."""
    kinds = {symbol: (bars.length, plan.data[symbol].stamp) for symbol, bars in series.items()}
    return (
        {
            symbol: replace(one, available_at=available_at(one.timestamp, *kinds[symbol]))
            for symbol, one in series.items()
        },
        {symbol: replace(one, stamps=available_at(one.stamps, *kinds[symbol])) for symbol, one in earlier.items()},
    )


def _stamp_of(entry: DataPlan, plan: RunPlan) -> Stamp:
    """Return how the source of a resampled entry is stamped."""
    source = plan.data.get((entry.resample or {}).get("of", ""))
    return source.stamp if source else "start"


def periods_by_symbol(
    series: Mapping[str, BarSeries], timeline: Timeline, instruments: Mapping[str, Instrument], given: float | None
) -> dict[str, float]:
    """Return periods per year by symbol, and under "" for the timeline of all."""
    if given:
        return dict.fromkeys(("", *series), given)
    daily = {symbol: bars.length == DAY for symbol, bars in series.items()}
    all_daily = all(daily[symbol] for symbol, bars in series.items() if bars.tradable)
    periods = {"": periods_per_year(timeline.stamps, daily=all_daily)}
    for symbol, bars in series.items():
        week = ASSET_CLASSES[instruments[symbol].asset_class].week
        periods[symbol] = periods_per_year(bars.timestamp, daily=daily[symbol], week=week)
    return periods
