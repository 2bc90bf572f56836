"""`data:`, `instruments:`, `start`, `end` and `benchmark`: the symbols, their data and the period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path

from orchestrate.config.document.layers import entry_of
from orchestrate.config.document.nodes import Place, Scalar, Table, find
from orchestrate.config.reading import Choices, Reading
from orchestrate.config.schema import Adjust, Configuration, Data, InstrumentSection
from orchestrate.config.sections.symbols import chain_symbols, check_terms, has_symbol, knows_data, symbol_hint
from orchestrate.config.shapes import Shaped, long_sections
from orchestrate.config.validation import build, validate
from orchestrate.domain.errors import ConfigurationError, DataError, Problem, UnknownStrategyError
from orchestrate.domain.instruments.instrument import ASSET_CLASSES, Instrument, LotRule
from orchestrate.domain.market.stamps import moment_of
from orchestrate.domain.market.synthetic import SyntheticSpec
from orchestrate.domain.plan import Adjustment, DataPlan, InstrumentPlan
from orchestrate.domain.strategies.protocols import StrategyDescription
from orchestrate.domain.text.sizes import size_of
from orchestrate.domain.text.spelling import did_you_mean

#: What the entry of a file on the command line is called while it is checked.
_FILE = "FILE"
_SOURCES = ("path", "synthetic", "resample")
_CALLED = {"synthetic": "synthetic", "resample": "resampled"}
#: Bars that no file holds, and the keys that mean something to them.
_MADE = {"synthetic": ("synthetic", "stamp"), "resample": ("resample",)}


def data_plans(reading: Reading) -> dict[str, DataPlan]:
    """Return every entry of `data:`; files that don't exist go to `missing`."""
    if not knows_data(reading):
        if reading.shaped.table.get("data") is None:
            reading.finding("warning", "data", "no data is given: a run needs it; add 'data:', or --data SYMBOL=PATH")
        return {}
    data = reading.values.data or {}
    return {symbol: _data_plan(reading, symbol, entry) for symbol, entry in data.items() if not entry.is_chain}


def data_entry(overrides: Iterable[str], symbol: str, path: str, choices: Choices) -> DataPlan:
    """Return the entry of the file `path` with settings `key=value`, checked as the same keys of a configuration are.

    ConfigurationError for settings that are wrong, DataError for a file they name that isn't there.
    """
    entry, problems = entry_of(overrides, Path())
    if "path" in entry:
        problems.append(entry.keys["path"].problem("the file is named without --set", "write it as the argument FILE"))
    entry = entry.with_entry("path", Scalar(entry.place, "."))
    top = Table(entry.place, {_FILE: entry}, {_FILE: entry.place})
    table = long_sections(Table(entry.place, {"data": top}, {"data": entry.place}))
    shaped = Shaped(table.with_entry("strategies", Table(entry.place)), "multi")
    values, mistakes = validate(Configuration, shaped.table, names=choices.names)
    assert values is not None
    reading = Reading(shaped, values, Path(), _no_strategy, {}, choices, problems + mistakes)
    plans = data_plans(reading)
    if reading.problems:
        raise ConfigurationError([_of_the_file(problem) for problem in reading.problems])
    if reading.missing:
        raise DataError.together(str(_of_the_file(problem)) for problem in reading.missing)
    return replace(plans[_FILE], symbol=symbol, path=path)


def _no_strategy(reference: str, _folder: Path) -> StrategyDescription:
    raise UnknownStrategyError(reference)


def _of_the_file(problem: Problem) -> Problem:
    """Return the same about an entry that has no name."""
    message = problem.message.replace(f"data.{_FILE}.", "").replace(f" in data.{_FILE}", "")
    message = message.removeprefix(f"{problem.file.removeprefix('--set ')}: ")  # the setting is named before it
    hint = problem.hint.replace("beside the configuration", "in the working directory")
    return replace(problem, message=message.replace(f"data.{_FILE}", "the file"), hint=hint)


def _data_plan(reading: Reading, symbol: str, entry: Data) -> DataPlan:
    _check_source(reading, symbol)
    spec = _synthetic(reading, symbol, entry)
    _check_resample(reading, symbol, entry)
    _check_timezone(reading, symbol, entry)
    return DataPlan(
        symbol=symbol,
        path=_file(reading, ("data", symbol, "path"), entry.path) if entry.path else "",
        synthetic=spec,
        resample={"of": entry.resample.of, "to": entry.resample.to} if entry.resample else None,
        format=entry.format,
        date_format=entry.date_format,
        timezone=entry.timezone,
        stamp=entry.stamp,
        frequency=entry.frequency or "",
        columns={str(ours): theirs for ours, theirs in entry.columns.items()},
        delimiter=entry.delimiter,
        decimal=entry.decimal,
        on_duplicate=entry.on_duplicate,
        allow_negative=entry.allow_negative,
        bar_type=entry.bar_type,
        adjust=_adjustment(reading, symbol, entry.adjust) if entry.adjust else None,
        max_unpacked=size_of(entry.max_unpacked),
    )


def _check_source(reading: Reading, symbol: str) -> None:
    node, place = find(reading.shaped.table, ("data", symbol))
    written = [key for key in _SOURCES if isinstance(node, Table) and node.get(key) is not None]
    strange = isinstance(node, Table) and any(key not in Data.model_fields for key, _ in node)
    if isinstance(node, Table) and not written and not strange:
        message = f"data.{symbol} doesn't say where its bars are"
        reading.problems.append(place.problem(message, "write 'path', 'synthetic' or 'resample'"))
    if len(written) > 1:
        message = f"data.{symbol} has {' and '.join(written)}, only one can be"
        reading.problems.append(reading.key("data", symbol, written[1]).problem(message, "keep one"))
    elif written and written[0] in _MADE and isinstance(node, Table):
        for key, _ in node:
            if key in Data.model_fields and key not in _MADE[written[0]] and node.get(key) is not None:
                message = (
                    f"data.{symbol}: '{key}' is for bars that are read from a file, these are {_CALLED[written[0]]}"
                )
                reading.problems.append(reading.key("data", symbol, key).problem(message, "leave it out"))


def _synthetic(reading: Reading, symbol: str, entry: Data) -> Mapping[str, object] | None:
    if entry.synthetic is None:
        return None
    path = ("data", symbol, "synthetic")
    node = find(reading.shaped.table, path)[0]
    spec, problems = build(SyntheticSpec, node, ".".join(path))
    reading.problems.extend(problems)
    return asdict(spec) if spec is not None else None


def _check_resample(reading: Reading, symbol: str, entry: Data) -> None:
    if entry.resample is None:
        return
    path = ("data", symbol, "resample", "of")
    source = (reading.values.data or {}).get(entry.resample.of)
    if entry.resample.of == symbol:
        reading.wrong(path, "a series can't be resampled from itself")
    elif not has_symbol(reading, entry.resample.of):
        message = f"the symbol '{entry.resample.of}' is not in data"
        reading.wrong(path, message, symbol_hint(reading, entry.resample.of))
    elif source is not None and source.resample is not None:
        reading.wrong(path, f"'{entry.resample.of}' is resampled itself", f"write of: {source.resample.of}")


def _check_timezone(reading: Reading, symbol: str, entry: Data) -> None:
    if entry.timezone == "UTC":
        return
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(entry.timezone)
    except (KeyError, ValueError, OSError):
        hint = did_you_mean(entry.timezone, sorted(available_timezones())) or "such as Europe/Berlin"
        reading.wrong(("data", symbol, "timezone"), f"unknown time zone '{entry.timezone}'", hint)


def _adjustment(reading: Reading, symbol: str, adjust: Adjust) -> Adjustment:
    path = ("data", symbol, "adjust", "factors")
    if adjust.splits and adjust.factors:
        reading.wrong(path, "'splits' and 'factors' both set how to adjust", "keep one")
    if adjust.dividends and not adjust.factors:
        hint = "write 'factors: FILE', or leave it out"
        reading.wrong((*path[:-1], "dividends"), "dividends need a factor file", hint)
    file = _file(reading, path, adjust.factors) if adjust.factors else ""
    return Adjustment(tuple(sorted(adjust.splits.items())), file, adjust.dividends)


def _file(reading: Reading, path: tuple[str, ...], written: str) -> str:
    """Return the path from the root; a file that doesn't exist is reported as missing data."""
    place = reading.place(*path)
    relative = reading.relative(written, place)
    try:
        exists = (reading.root / relative).exists()
    except (OSError, ValueError):
        exists = False
    if not exists:
        reading.missing.append(place.problem(f"data.{path[1]}: no such file: {written}", _looked_up(place, written)))
    return relative


def _looked_up(place: Place, written: str) -> str:
    if written.startswith(("/", "~")):
        return ""
    if place.line:
        return "looked up beside this file"
    given_here = place.origin.name.startswith("--data ")
    return "looked up in the working directory" if given_here else "looked up beside the configuration"


def instrument_plans(reading: Reading) -> dict[str, InstrumentPlan]:
    """Return every entry of `instruments:`, each for a symbol of data."""
    capital = reading.values.capital
    currency = capital.currency if capital else "USD"
    plans = {}
    chains = chain_symbols(reading)
    check_terms(reading, chains)
    for symbol, entry in reading.values.instruments.items():
        if symbol in chains:
            continue
        if knows_data(reading) and not has_symbol(reading, symbol):
            message = f"instruments: the symbol '{symbol}' is not in data"
            reading.problems.append(reading.key("instruments", symbol).problem(message, symbol_hint(reading, symbol)))
        _check_currency(reading, symbol, currency)
        if entry.tick_size is not None and entry.precision is not None:
            _check_tick(reading, symbol)
        _check_margin(reading, symbol)
        if entry.expiry and entry.asset_class != "future":
            found = f"{symbol} is of class {entry.asset_class or Instrument(symbol).asset_class}"
            reading.wrong(("instruments", symbol, "expiry"), f"only a future expires, {found}", "leave it out")
        plans[symbol] = InstrumentPlan(
            symbol,
            entry.multiplier,
            entry.tick_size,
            entry.precision,
            entry.margin_rate,
            entry.currency,
            entry.asset_class,
            entry.maintenance_rate,
            _lot(reading, entry),
            entry.expiry,
            entry.fx,
            entry.borrow,
        )
    return plans


def _check_currency(reading: Reading, symbol: str, capital: str) -> None:
    """Check that an instrument in another currency than the capital has a rate, and no other one has."""
    entry, path = reading.values.instruments[symbol], ("instruments", symbol)
    foreign = bool(entry.currency) and entry.currency != capital
    if not entry.fx:
        if foreign:
            message = f"{entry.currency} needs a rate, because the capital is in {capital}"
            hint = f"write 'fx: SYMBOL', of data whose close is {capital} for one {entry.currency}"
            reading.wrong((*path, "currency"), message, hint)
    elif entry.currency and not foreign:
        reading.wrong(
            (*path, "fx"), f"{symbol} is in {capital} as the capital is", "leave it out, or correct 'currency'"
        )
    elif entry.fx == symbol:
        reading.wrong((*path, "fx"), "a price can't be its own rate", "name the symbol of the rate")
    elif knows_data(reading) and not has_symbol(reading, entry.fx):
        message = f"the symbol '{entry.fx}' is not in data"
        reading.wrong((*path, "fx"), message, symbol_hint(reading, entry.fx))
    elif (rate := reading.values.instruments.get(entry.fx)) is not None and rate.fx:
        quoted = f"{entry.fx} is a price in {rate.currency or 'another currency'} itself, its rate is {rate.fx}"
        reading.wrong((*path, "fx"), quoted, f"name data whose close is {capital}")
    elif entry.currency and _letters(entry.fx).startswith(capital + entry.currency):
        message = f"by its name {entry.fx} is what one {capital} is worth in {entry.currency}"
        reading.finding(
            "warning", ".".join(path), f"{message}; a rate is what one {entry.currency} is worth in {capital}"
        )


def _letters(symbol: str) -> str:
    return "".join(letter for letter in symbol if letter.isalpha()).upper()


def _lot(reading: Reading, entry: InstrumentSection) -> Decimal | LotRule | None:
    """Return what is written for the symbol, else for the run, else what its asset class says."""
    if entry.lot is not None:
        return entry.lot
    if entry.asset_class is None or "lots" in reading.values.execution.model_fields_set:
        return None
    return ASSET_CLASSES[entry.asset_class].lot or None


def _check_margin(reading: Reading, symbol: str) -> None:
    entry = reading.values.instruments[symbol]
    asset_class = ASSET_CLASSES[entry.asset_class or Instrument(symbol).asset_class]
    initial = Decimal(str(asset_class.margin_rate)) if entry.margin_rate is None else entry.margin_rate
    path = ("instruments", symbol)
    if entry.maintenance_rate is not None and entry.maintenance_rate > initial:
        message = f"{entry.maintenance_rate:f} is above margin_rate, {initial:f}: each opening would be called at once"
        reading.wrong((*path, "maintenance_rate"), message, f"write {initial:f} at most")
    elif entry.maintenance_rate is None and asset_class.by_notional and initial < Decimal(str(asset_class.maintenance)):
        message = f"with a margin_rate below {asset_class.maintenance:g} each short is called at once"
        reading.finding("warning", ".".join(path), f"{message}; write a 'maintenance_rate', too")


def _check_tick(reading: Reading, symbol: str) -> None:
    entry = reading.values.instruments[symbol]
    if entry.tick_size is None or entry.precision is None:
        return
    steps = entry.tick_size.scaleb(entry.precision)
    if steps != steps.to_integral_value():
        message = f"{entry.tick_size:f} can't be written with {entry.precision} decimals"
        reading.wrong(("instruments", symbol, "tick_size"), message, "raise 'precision', or leave it out")


def check_period(reading: Reading) -> None:
    """Check that `start` comes before `end`."""
    start, end = reading.values.start, reading.values.end
    if start and end and moment_of(start) > moment_of(end, last=True):
        reading.wrong(("end",), f"{end} lies before start, {start}", "")


def check_benchmark(reading: Reading) -> None:
    """Check that `benchmark` is a symbol of data."""
    benchmark = reading.values.benchmark
    if benchmark and knows_data(reading) and not has_symbol(reading, benchmark):
        message = f"the symbol '{benchmark}' is not in data"
        reading.wrong(("benchmark",), message, symbol_hint(reading, benchmark))
