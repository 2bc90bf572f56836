"""Symbols that sections name, against those that `data:` has, and which of these are chains of options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from orchestrate.analytics.options.synthetic.spec import SyntheticChain
from orchestrate.config.document.nodes import Table, find
from orchestrate.config.reading import Reading
from orchestrate.config.schema import Data, InstrumentSection
from orchestrate.domain.options.settings import ChainSettings
from orchestrate.domain.strategies.protocols import Kind, StrategyDescription
from orchestrate.domain.text.sizes import size_of
from orchestrate.domain.text.spelling import did_you_mean


def symbols_of(reading: Reading, name: str, description: StrategyDescription | None) -> tuple[str, ...]:
    """Return the entry's symbols.

    Left out: every symbol of data that can be traded; of a class that declares to trade options, every chain.
    """
    written = reading.values.strategies[name].symbols
    chains = description is not None and description.traits.get("asset_class") == _OPTION
    if chains and knows_data(reading) and not _some_chain(reading, written):
        message = f"strategies.{name} trades options, and there is no chain of options among its symbols"
        reading.wrong(("strategies", name, "name"), message, "add one to data, such as X: {synthetic: {underlying: Y}}")
    if written is None:
        given = {symbol: entry for symbol, entry in (reading.values.data or {}).items() if entry.is_chain == chains}
        return tuple(symbol for symbol, entry in given.items() if entry.resample is None)
    seen: set[str] = set()
    for index, symbol in enumerate(written):
        if reading.enough:
            break
        if symbol in seen:
            reading.wrong(("strategies", name, "symbols", index), f"'{symbol}' is named twice")
        elif knows_data(reading) and not has_symbol(reading, symbol):
            message = f"the symbol '{symbol}' is not in data"
            reading.wrong(("strategies", name, "symbols", index), message, symbol_hint(reading, symbol))
        seen.add(symbol)
    return tuple(written)


def _some_chain(reading: Reading, symbols: Sequence[str] | None) -> bool:
    """Return True where one of the symbols, of all if None, is a chain."""
    return any(symbols is None or symbol in symbols for symbol in chain_symbols(reading))


def knows_data(reading: Reading) -> bool:
    """Return True where the configuration says anything about data."""
    return isinstance(reading.shaped.table.get("data"), Table)


def has_symbol(reading: Reading, symbol: str) -> bool:
    """Return True for a symbol that `data` names, be its entry right or wrong."""
    node = reading.shaped.table.get("data")
    return isinstance(node, Table) and symbol in node


def symbol_hint(reading: Reading, symbol: str) -> str:
    """Return a name near `symbol`, else all there are."""
    node = reading.shaped.table.get("data")
    known = list(node.entries) if isinstance(node, Table) else []
    return did_you_mean(symbol, known) or (f"data has {', '.join(known)}" if 0 < len(known) <= 8 else "")


# ---- chains of options

#: The `asset_class` that a class declares to trade chains.
_OPTION: Final = "option"
#: What an entry with a chain may have beside it, and one with a chain that is made.
_READ: Final = (
    "chain",
    "underlying",
    "root",
    "format",
    "columns",
    "date_format",
    "timezone",
    "frequency",
    "max_unpacked",
    "settlement_prices",
    "settlement_series",
)
_MADE: Final = ("synthetic", "root", "settlement_prices", "settlement_series")
_SETTLES: Final = ("settlement_prices", "settlement_series")
#: What `instruments:` may say of a chain, and of nothing else.
TERMS: Final = ("style", "delivery", "settlement")
#: The time zone of the exchange, where an entry names none.
_EXCHANGE: Final = "America/New_York"


def chain_symbols(reading: Reading) -> list[str]:
    """Return the symbols of `data:` that are chains."""
    return [symbol for symbol, entry in (reading.values.data or {}).items() if entry.is_chain]


def chain_settings(reading: Reading) -> dict[str, ChainSettings]:
    """Return every chain of `data:`."""
    data = reading.values.data or {}
    return {symbol: _settings(reading, symbol, data[symbol]) for symbol in chain_symbols(reading)}


def _settings(reading: Reading, symbol: str, entry: Data) -> ChainSettings:
    path, terms = ("data", symbol), reading.values.instruments.get(symbol) or InstrumentSection()
    _check_keys(reading, symbol, _READ if entry.chain is not None else _MADE)
    underlying = entry.on
    _check_currency(reading, symbol, underlying)
    if not underlying:
        reading.wrong((*path, "chain"), f"data.{symbol} doesn't say what its options are on", "write 'underlying'")
    elif not has_symbol(reading, underlying):
        place = (*path, "underlying") if entry.synthetic is None else (*path, "synthetic", "underlying")
        message = f"the symbol '{underlying}' is not in data, and options need the bars of what they are on"
        bars = [name for name, one in (reading.values.data or {}).items() if not one.is_chain]
        hint = did_you_mean(underlying, bars) or f"add data: {{{underlying}: {{path: …}}}}"
        reading.wrong(place, message, hint)
    if entry.chain is not None and "format" not in entry.model_fields_set:
        reading.wrong((*path, "chain"), f"data.{symbol} doesn't say how its quotes are written", "write 'format'")
    _check_settlement(reading, symbol, entry)
    return ChainSettings(
        symbol,
        reading.relative(entry.chain, reading.place(*path, "chain")) if entry.chain else "",
        underlying,
        entry.format,
        entry.root,
        {str(ours): theirs for ours, theirs in entry.columns.items()},
        entry.date_format,
        entry.timezone if "timezone" in entry.model_fields_set else _EXCHANGE,
        entry.frequency or "",
        size_of(entry.max_unpacked),
        terms.style,
        None if terms.multiplier is None else float(terms.multiplier),
        terms.delivery,
        terms.settlement,
        _made(reading, symbol, entry),
        {day: float(price) for day, price in sorted(entry.settlement_prices.items())},
        entry.settlement_series or "",
    )


def _check_settlement(reading: Reading, symbol: str, entry: Data) -> None:
    """Check that settlement prices come from one place, and their series from the data."""
    series, path = entry.settlement_series, ("data", symbol, "settlement_series")
    if series is None:
        return
    if entry.settlement_prices:
        reading.wrong(path, "'settlement_prices' and 'settlement_series' both say what contracts settle at", "keep one")
    elif not has_symbol(reading, series):
        reading.wrong(path, f"the symbol '{series}' is not in data", symbol_hint(reading, series))
    elif series in chain_symbols(reading):
        reading.wrong(path, f"'{series}' is a chain of options, it has no closes", "name a symbol with bars")


def _check_currency(reading: Reading, symbol: str, underlying: str) -> None:
    """Refuse options on what has another currency than the capital."""
    for one in (symbol, underlying):
        terms = reading.values.instruments.get(one)
        if terms is not None and terms.fx is not None:
            message = f"options on {underlying} have no rate: what has 'fx' can't have a chain of options"
            reading.wrong(("instruments", one, "fx"), message, f"leave out data.{symbol}, or 'fx'")


def _made(reading: Reading, symbol: str, entry: Data) -> Mapping[str, object] | None:
    """Return what a chain is made by, in numbers of Python."""
    if entry.synthetic is None:
        return None
    given: dict[str, object] = _plain(entry.synthetic)
    try:
        SyntheticChain.of(given)
    except (TypeError, ValueError) as error:
        reading.wrong(("data", symbol, "synthetic"), str(error))
    return given


def _plain(given: Any) -> Any:
    if isinstance(given, Decimal):
        return int(given) if given == given.to_integral_value() else float(given)
    if isinstance(given, dict):
        return {key: _plain(each) for key, each in given.items()}
    return [_plain(each) for each in given] if isinstance(given, list) else given


def _check_keys(reading: Reading, symbol: str, allowed: tuple[str, ...]) -> None:
    node = find(reading.shaped.table, ("data", symbol))[0]
    if not isinstance(node, Table):
        return
    for key, _ in node:
        if key in Data.model_fields and key not in allowed and node.get(key) is not None:
            message = f"data.{symbol} is a chain of options, '{key}' means nothing there"
            reading.problems.append(reading.key("data", symbol, key).problem(message, "leave it out"))


def dividends(reading: Reading) -> Mapping[str, Mapping[str, Decimal]]:
    """Return what shares pay, by symbol of the data and ex-date."""
    written = reading.values.dividends
    for symbol in written:
        if knows_data(reading) and not has_symbol(reading, symbol):
            message = f"dividends: the symbol '{symbol}' is not in data"
            reading.problems.append(reading.key("dividends", symbol).problem(message, symbol_hint(reading, symbol)))
    return {symbol: dict(sorted(paid.items())) for symbol, paid in written.items()}


def check_terms(reading: Reading, chains: list[str]) -> None:
    """Refuse terms and settlement prices of contracts for what is none of the `chains`."""
    for symbol, bars in (reading.values.data or {}).items():
        for key in _SETTLES:
            if symbol not in chains and key in bars.model_fields_set:
                message = f"'{key}' is for chains of options, {symbol} is none"
                reading.wrong(("data", symbol, key), message, "leave it out")
    for symbol, entry in reading.values.instruments.items():
        for term in TERMS:
            if symbol not in chains and getattr(entry, term) is not None:
                message = f"'{term}' is for chains of options, {symbol} is none"
                reading.wrong(("instruments", symbol, term), message, "leave it out")


def with_underlyings(reading: Reading, name: str, symbols: tuple[str, ...], kind: Kind) -> tuple[str, ...]:
    """Return the symbols of a strategy with those that its chains are on; only `on_bar` sees chains."""
    data, own = reading.values.data or {}, list(symbols)
    for symbol in symbols:
        entry = data.get(symbol)
        if entry is None or not entry.is_chain:
            continue
        if kind != "on_bar":
            message = f"'{symbol}' is a chain of options, which strategies see in on_bar(context) alone"
            reading.wrong(("strategies", name, "symbols"), message, "")
        if entry.on not in own and has_symbol(reading, entry.on):
            own.append(entry.on)
    return tuple(own)
