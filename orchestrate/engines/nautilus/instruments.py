"""Our instruments as Nautilus's, and the bounds of its fixed-point numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from nautilus_trader.model.enums import AssetClass, InstrumentClass
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.instruments.base import Instrument as NativeInstrument
from nautilus_trader.model.objects import Currency, Price, Quantity

from orchestrate.domain.errors import DataError, EngineError
from orchestrate.domain.instruments.instrument import FRACTION_DIGITS, Instrument
from orchestrate.domain.orders.execution import ExecutionRules

VENUE = Venue("ORCHESTRATE")
MONEY_DIGITS = 8
_NONE = Decimal(0)
#: How Nautilus calls its bounds when a figure is beyond one.
_BEYOND = re.compile(r"`(PRICE|QUANTITY|MONEY)_(MAX|MIN)`|exceeds max")
Currency.from_str("USD")  # makes Nautilus's list of currencies, 9 MB in 1.221: as it is imported, not by the first run
_ASSET_CLASSES = {
    "equity": AssetClass.EQUITY,
    "etf": AssetClass.EQUITY,
    "crypto": AssetClass.CRYPTOCURRENCY,
    "bond": AssetClass.DEBT,
    "index": AssetClass.INDEX,
    "future": AssetClass.COMMODITY,
    "fx": AssetClass.FX,
    "cfd": AssetClass.INDEX,
}


def exact_currency(code: str) -> Currency:
    """Return the currency with eight digits: Nautilus rounds every amount to its currency's, two would be off by cents.

    It goes with the instruments and stays out of Nautilus's registry, which is one for the process.
    """
    known = Currency.from_str(code)
    if known.precision >= MONEY_DIGITS:
        return known
    return Currency(code, MONEY_DIGITS, known.iso4217, known.name, known.currency_type)


def native_symbol(symbol: str, number: int) -> Symbol:
    """Return the symbol as it is, unless it has an underscore, which to Nautilus means a spread of two instruments."""
    return Symbol(symbol if "_" not in symbol else f"{symbol.replace('_', '-')}#{number}")


def native_instrument(
    symbol: Symbol, instrument: Instrument, rules: ExecutionRules, venue: Venue = VENUE
) -> NativeInstrument:
    """Return an `Equity` if that is enough, else the general kind, which has a multiplier and parts of a unit."""
    size_precision = FRACTION_DIGITS if rules.lot_step(instrument) % 1 else 0
    try:
        currency = exact_currency(instrument.currency)
        facts = {
            "instrument_id": InstrumentId(symbol, venue),
            "raw_symbol": symbol,
            "price_precision": instrument.precision,
            "price_increment": Price(10.0**-instrument.precision, instrument.precision),
            "margin_init": _NONE,
            "margin_maint": _NONE,
            "ts_event": 0,
            "ts_init": 0,
        }
        if instrument.moves_cash_by_notional and instrument.multiplier == 1.0 and not size_precision:
            return Equity(currency=currency, lot_size=Quantity.from_int(1), **facts)
        return NativeInstrument(
            asset_class=_ASSET_CLASSES.get(instrument.asset_class, AssetClass.ALTERNATIVE),
            instrument_class=InstrumentClass.CFD,
            quote_currency=currency,
            is_inverse=False,
            size_precision=size_precision,
            size_increment=Quantity(10.0**-size_precision, size_precision),
            multiplier=Quantity.from_str(format(Decimal(repr(instrument.multiplier)), "f")),
            maker_fee=_NONE,
            taker_fee=_NONE,
            **facts,
        )
    except ValueError as error:
        raise EngineError(f"{instrument.symbol}: nautilus can't hold this instrument: {error}") from error


def explained(error: Exception, about: Iterable[str]) -> Exception:
    """Return `error`, as a DataError if a figure is beyond what Nautilus can count. `about`: whose it is."""
    if not isinstance(error, ValueError) or not _BEYOND.search(str(error)):
        return error
    hint = "run it on another framework, or with less capital and fewer units"
    return DataError(f"a figure is beyond what nautilus can count: {error}", where=", ".join(about), hint=hint)
