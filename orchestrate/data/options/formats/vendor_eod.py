"""End-of-day files of HistoricalOptionData: all underlyings of a day in one text, greeks by its own units."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from orchestrate.data.calendar import DAY
from orchestrate.data.options.formats.named import WRITTEN, places_of, quotes_of
from orchestrate.data.options.formats.tables import text_table
from orchestrate.data.options.quotes import Quotes
from orchestrate.domain.options.settings import ChainSettings

#: Its theta is that of a year, its vega that of a volatility of 1.
_SCALES: Final = {"theta": 365.0, "vega": 100.0}


def read_vendor_eod(path: Path, settings: ChainSettings, where: str) -> Quotes | None:
    """Return the quotes of the chain; dates are written month first, as in 09/10/2019."""
    choose = partial(places_of, settings=settings, where=where)
    table = text_table(path, settings.max_unpacked, choose, WRITTEN, where)
    quotes = quotes_of(table, path, settings, where, slashed="month_first")
    if quotes is None:
        return None
    quoted = {name: column / _SCALES.get(name, 1.0) for name, column in quotes.quoted.items()}
    return replace(quotes, quoted=quoted, length=DAY)
