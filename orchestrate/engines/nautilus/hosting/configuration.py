"""From an entry of the configuration to a native strategy: the names of its symbols, and its arguments.

A native sees a symbol as `SYMBOL.ORCHESTRATE` and its bars as `SYMBOL.ORCHESTRATE-1-DAY-LAST-EXTERNAL`, the step and
unit by the length of its bars. Where the entry's own configuration names another venue (`instrument_id: IBM.XNAS`),
all its symbols are listed there.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import EnumType
from types import SimpleNamespace
from typing import Any, Final, get_args, get_type_hints

import msgspec
import pandas as pd
from nautilus_trader.common.config import msgspec_decoding_hook
from nautilus_trader.model.data import BarSpecification, BarType
from nautilus_trader.model.enums import AggregationSource, BarAggregation, PriceType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.text.spelling import did_you_mean
from orchestrate.engines.nautilus.instruments import VENUE, native_symbol

_UNITS: Final = (
    (604_800_000_000_000, BarAggregation.WEEK),
    (86_400_000_000_000, BarAggregation.DAY),
    (3_600_000_000_000, BarAggregation.HOUR),
    (60_000_000_000, BarAggregation.MINUTE),
    (1_000_000_000, BarAggregation.SECOND),
    (1_000_000, BarAggregation.MILLISECOND),
)


@dataclass(frozen=True, slots=True)
class Listing:
    """A symbol as a native strategy knows it."""

    symbol: str
    instrument_id: InstrumentId
    bar_type: BarType


def listings(lengths: Mapping[str, int], config: Mapping[str, object]) -> tuple[Listing, ...]:
    """List the symbols, by the length of their bars in nanoseconds, at the venue that `config` names.

    ValueError where it names several, or where Nautilus has no name for such bars.
    """
    names = {symbol: native_symbol(symbol, number) for number, symbol in enumerate(lengths)}
    venue = _venue(names, config)
    return tuple(
        Listing(
            symbol, instrument_id, BarType(instrument_id, _specification(length, symbol), AggregationSource.EXTERNAL)
        )
        for symbol, length in lengths.items()
        for instrument_id in [InstrumentId(names[symbol], venue)]
    )


def _venue(names: Mapping[str, Symbol], config: Mapping[str, object]) -> Venue:
    known = "|".join(re.escape(name.value) for name in names.values())
    listed = re.compile(rf"(?:{known})\.([A-Z0-9_]+)(?:-.*)?")
    venues = {match[1] for text in _texts(config.values()) if (match := listed.fullmatch(text))}
    if len(venues) > 1:
        raise ValueError(f"its configuration names several venues: {', '.join(sorted(venues))}; one venue is hosted")
    return Venue(venues.pop()) if venues else VENUE


def _texts(values: Any) -> Iterator[str]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _texts(value)
        elif isinstance(value, (str, InstrumentId, BarType)):
            yield str(value)


def _specification(length: int, symbol: str) -> BarSpecification:
    for unit, aggregation in _UNITS:
        if length % unit == 0:
            try:
                return BarSpecification(length // unit, aggregation, PriceType.LAST)
            except (ValueError, OverflowError):
                continue
    raise ValueError(f"{symbol}: Nautilus has no name for bars of {pd.Timedelta(length, unit='ns')}")


def build(native: type[Strategy], config: Mapping[str, object], listed: tuple[Listing, ...], tag: str) -> Strategy:
    """Make a strategy. ValueError or TypeError for a configuration that doesn't fit, and whatever its code raises."""
    arguments = _arguments(native)
    config_class = next((kind for kind in arguments.values() if _is_config(kind)), None)
    if config_class is not None:
        name = next(name for name, kind in arguments.items() if kind is config_class)
        fields = {field.name: field.type for field in msgspec.structs.fields(config_class)}
        given = _values(native, fields, config, listed, tag)
        strategy = native(**{name: config_class(**given)})
    elif list(arguments) == ["config"]:
        raise TypeError(f"{native.__name__}.__init__ doesn't name the class of its config; annotate it")
    else:
        strategy = native(**_values(native, arguments, config, listed, tag))
    if str(strategy.config.oms_type).upper().endswith("HEDGING"):
        raise ValueError(f"{native.__name__}: oms_type HEDGING is not hosted: a book has one position a symbol")
    return strategy


def _is_config(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrategyConfig)


def _arguments(native: type[Strategy]) -> dict[str, Any]:
    """Return the constructor's arguments by name, each with its type, `None` apart."""
    owner = next(base for base in native.__mro__ if "__init__" in vars(base))
    if owner is Strategy:
        return {"config": StrategyConfig}
    constructor = vars(owner)["__init__"]
    parameters = [
        parameter
        for parameter in list(inspect.signature(constructor).parameters.values())[1:]
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    return {parameter.name: _bare(_hint(constructor, parameter)) for parameter in parameters}


def _hint(constructor: Any, parameter: inspect.Parameter) -> Any:
    """Return the argument's type; Any without an annotation, or with a name that its file doesn't have at run time."""
    if parameter.annotation is parameter.empty:
        return Any
    alone = SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    try:
        return get_type_hints(alone, constructor.__globals__)[parameter.name]
    except NameError:
        return Any


def _bare(kind: Any) -> Any:
    """Return a config class that may be None as that class."""
    return next((each for each in get_args(kind) if _is_config(each)), kind)


def _values(
    native: type[Strategy],
    fields: Mapping[str, Any],
    config: Mapping[str, object],
    listed: tuple[Listing, ...],
    tag: str,
) -> dict[str, object]:
    unknown = [name for name in config if name not in fields]
    if unknown:
        hint = did_you_mean(unknown[0], list(fields))
        raise ValueError(f"{native.__name__} has no parameter '{unknown[0]}'" + (f"; {hint}" if hint else ""))
    filled = {
        "instrument_id": str(listed[0].instrument_id),
        "instrument_ids": [str(each.instrument_id) for each in listed],
        "bar_type": str(listed[0].bar_type),
        "bar_types": [str(each.bar_type) for each in listed],
        "order_id_tag": tag,
    }
    given = {name: value for name, value in config.items() if value is not None}
    given = {name: value for name, value in filled.items() if name in fields} | given
    nothing = {name: None for name in config if name not in given}
    return nothing | {name: _typed(native, name, value, fields[name], listed) for name, value in given.items()}


def _typed(native: type[Strategy], name: str, value: Any, kind: Any, listed: tuple[Listing, ...]) -> object:
    by_symbol = {each.symbol: each for each in listed}

    def decode(declared: type, text: Any) -> Any:
        if isinstance(text, declared):
            return text
        if declared is InstrumentId and text in by_symbol:
            return by_symbol[text].instrument_id
        if declared is BarType and text in by_symbol:
            return by_symbol[text].bar_type
        return msgspec_decoding_hook(declared, text)

    if kind is Any:
        kind = {"instrument_id": InstrumentId, "bar_type": BarType}.get(name, Any)
    try:
        converted = msgspec.convert(_spelled(value, kind), kind, strict=False, dec_hook=decode)
    except (msgspec.ValidationError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{native.__name__}: config.{name} = {value!r}: {error}") from error
    _require_listed(native, name, converted, listed)
    return converted


def _spelled(value: Any, kind: Any) -> Any:
    """Return names of enumerations, and durations such as `1h`, as msgspec reads them."""
    if not isinstance(value, str):
        return value
    for each in (kind, *get_args(kind)):
        if isinstance(each, EnumType) and value.upper() in each.__members__:
            return each[value.upper()]
        if each is timedelta and not value.lstrip("+-").startswith("P"):
            return pd.Timedelta(value).to_pytimedelta()
    return value


def _require_listed(native: type[Strategy], name: str, value: object, listed: tuple[Listing, ...]) -> None:
    """Raise ValueError for an instrument, or bars, that the strategy doesn't have."""
    for each in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(each, InstrumentId) and each not in {one.instrument_id for one in listed}:
            have = ", ".join(str(one.instrument_id) for one in listed)
        elif isinstance(each, BarType) and each not in {one.bar_type for one in listed}:
            have = ", ".join(str(one.bar_type) for one in listed)
        else:
            continue
        raise ValueError(f"{native.__name__}: config.{name} is {each}, and this entry has {have}")
