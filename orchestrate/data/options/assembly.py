"""Quotes of files → one chain: terms of its contracts, their expiry, one order, no quote twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from orchestrate.data.calendar import DAY, SECOND, bar_length
from orchestrate.data.columns import counted, show
from orchestrate.data.options.quotes import Quotes, Source
from orchestrate.data.options.roots import ROOTS, Root, expiry_of
from orchestrate.data.options.sessions import closing, day_of
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.magnitudes import MAX_PRICE
from orchestrate.domain.market.timeline import Flags, Floats, Stamps
from orchestrate.domain.options.chain import Chain, Contracts, Places
from orchestrate.domain.options.settings import ChainSettings
from orchestrate.domain.options.view import QUOTED, Terms, date_text
from orchestrate.domain.results import Finding

_SHOWN: Final = 5
#: Up to so many possible contracts, those that are there are marked in a table; beyond it they are sorted.
_MOST_KEYS: Final = 1 << 26
_MINUTE: Final = 60 * SECOND


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """A chain whose quotes are as their files have them, and the row of the files that each of its rows comes from."""

    where: str
    chain: Chain
    source: Source
    origin: Stamps
    findings: tuple[Finding, ...]

    def moments(self) -> Stamps:
        """Return for each row the place of its moment."""
        return np.repeat(np.arange(len(self.chain.moments)), np.diff(self.chain.starts))

    def shown(self, row: int) -> str:
        """Return a quote's moment, contract and place in a file, in words."""
        chain = self.chain
        moment = int(chain.moments[np.searchsorted(chain.starts, row, side="right") - 1])
        place, own = int(chain.places[row]), chain.contracts
        letter = "C" if own.is_call[place] else "P"
        contract = f"{chain.terms.root} {date_text(int(own.day[place]))} {letter} {own.strike[place]:.10g}"
        return f"{show(moment)} {contract} ({self.source.place(int(self.origin[row]))})"

    def finding(self, what: str, rows: Stamps, then: str = "") -> Finding:
        """Return a warning about these rows, which there are."""
        first = tuple(self.shown(int(row)) for row in rows[:_SHOWN])
        return counted("warning", self.where, what, len(rows), first, then)


def assemble(quotes: Quotes, settings: ChainSettings, where: str) -> Assembled:
    """Return the quotes as a chain; DataError where something about its contracts is known from nowhere."""
    _require_numbers(quotes, where)
    terms = terms_of(quotes.facts, settings, where)
    clock = _clock(quotes, settings, where)
    expiries = np.array([expiry_of(day_of(int(day)), terms.settlement) for day in quotes.day.values])
    alive = expiries[quotes.day.codes] >= clock.quoted_at[clock.codes]
    if not alive.any():
        raise DataError("all quotes are from after the expiry of their contracts", where=where)
    contracts, places = _contracts(quotes, expiries)
    rows, twice = _ordered(clock.codes * len(contracts) + places, alive)
    used, starts = np.unique(clock.codes[rows], return_index=True)
    chain = Chain(
        settings.symbol,
        terms,
        contracts,
        clock.moments[used],
        clock.quoted_at[used],
        np.append(starts, len(rows)),
        places[rows],
        {name: quotes.quoted[name][rows] for name in QUOTED if name in quotes.quoted},
        quotes.quoted["spot"][rows[starts]] if "spot" in quotes.quoted else np.full(len(used), np.nan),
        clock.length,
    )
    assembled = Assembled(where, chain, quotes.source, rows, ())
    return replace(assembled, findings=tuple(_left_out(assembled, quotes, np.flatnonzero(~alive), twice)))


def terms_of(facts: Mapping[str, str], settings: ChainSettings, where: str) -> Terms:
    """Return what the data says of contracts, else the settings, else the table of known roots."""
    root = settings.root or facts.get("root", "") or settings.symbol
    said = {name: _said(name, facts, settings, ROOTS.get(root), where) for name in Root.__dataclass_fields__}
    missing = [name for name, one in said.items() if one is None]
    if missing:
        names = ", ".join(f"{name}: …" for name in missing)
        hint = f"set instruments: {{{settings.symbol}: {{{names}}}}}, or data: {{{settings.symbol}: {{root: …}}}}"
        known = "and it is no known root" if root not in ROOTS else ""
        raise DataError(f"nothing says {', '.join(missing)} of {root} {known}".strip(), where=where, hint=hint)
    return Terms(root, settings.underlying, **said)  # type: ignore[arg-type]  # the names are those of its fields


def _said(name: str, facts: Mapping[str, str], settings: ChainSettings, root: Root | None, where: str) -> object:
    given = getattr(settings, name)
    if name in facts and given not in (None, facts[name]):
        message = f"its contracts are {facts[name]} by the data, {given} by instruments.{settings.symbol}.{name}"
        raise DataError(message, where=where, hint="remove the setting")
    table = getattr(root, name) if root else None
    return facts.get(name, table if given is None else given)


def _require_numbers(quotes: Quotes, where: str) -> None:
    """Raise DataError for a strike that is none, and for numbers that can't be counted with."""
    strikes = quotes.strike.values
    for wrong, why in ((~(strikes > 0), "is no strike"), (strikes > MAX_PRICE, "is too great for strike")):
        if wrong.any():
            _refuse_first(quotes, wrong[quotes.strike.codes], strikes[quotes.strike.codes], why, where)
    for name, column in quotes.quoted.items():
        _refuse_first(quotes, np.abs(column) > MAX_PRICE, column, f"is too great for {name}", where)


def _refuse_first(quotes: Quotes, wrong: Flags, column: Floats, why: str, where: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        message = f"{quotes.source.place(row)}: {column[row]:.10g} {why}"
        raise DataError(message, where=where, hint="correct the row or remove it")


@dataclass(frozen=True, slots=True, eq=False)
class _Clock:
    """The moments of a chain, when their quotes were made, which of them each row has, and the time between them."""

    moments: Stamps
    quoted_at: Stamps
    codes: Stamps
    length: int


def _clock(quotes: Quotes, settings: ChainSettings, where: str) -> _Clock:
    """Return the moments of quotes.

    A chain of days has its dates as moments, as daily bars have; its quotes are of the given clock, or the close.
    """
    instants, codes = quotes.moment.values, quotes.moment.codes.astype(np.int64)
    length = _length(quotes, settings, where)
    if length < DAY:
        return _Clock(instants, instants + quotes.lag, codes, length)
    dates, which = np.unique(instants - instants % DAY, return_inverse=True)
    closes = np.array([closing(day_of(int(date // DAY))) for date in dates])
    quoted_at = closes.copy()
    timed = instants % DAY != 0
    quoted_at[which[timed]] = instants[timed]  # of several on one day the last one stays
    return _Clock(dates, quoted_at, which[codes], length)


def _length(quotes: Quotes, settings: ChainSettings, where: str) -> int:
    """Return the time between moments: as the settings say, or the reader; one moment a day is a chain of days."""
    moments = quotes.moment.values
    try:
        if settings.frequency:
            return bar_length(np.append(moments, moments[-1] + DAY), settings.frequency)
    except ValueError as error:
        raise DataError(str(error), where=where, hint=f"correct data.{settings.symbol}.frequency") from None
    if quotes.length:
        return quotes.length
    if len(np.unique(moments // DAY)) == len(moments):
        return DAY
    return bar_length(moments)


def _contracts(quotes: Quotes, expiries: Stamps) -> tuple[Contracts, Places]:
    """Return all contracts, and the place of each row's."""
    days, strikes = quotes.day.values, quotes.strike.values
    keys = (quotes.day.codes.astype(np.int64) * len(strikes) + quotes.strike.codes) * 2 + ~quotes.is_call
    distinct, places = _ranked(keys, 2 * len(days) * len(strikes))
    day, strike = distinct // 2 // len(strikes), distinct // 2 % len(strikes)
    return Contracts(days[day], expiries[day], strikes[strike], distinct % 2 == 0), places


def _ranked(keys: Stamps, size: int) -> tuple[Stamps, Places]:
    """Return the distinct keys below `size`, rising, and which of them each row has."""
    if size > _MOST_KEYS:
        distinct, ranks = np.unique(keys, return_inverse=True)
        return distinct, ranks.astype(np.int32)
    there = np.zeros(size, dtype=np.bool_)
    there[keys] = True
    return np.flatnonzero(there), (np.cumsum(there, dtype=np.int32) - 1)[keys]


def _ordered(keys: Stamps, alive: Flags) -> tuple[Stamps, Stamps]:
    """Return the rows by key, of equal ones the last; and those that are left out for that."""
    order = np.flatnonzero(alive)
    steps = np.diff(keys[order])
    if (steps < 0).any():
        order = order[np.argsort(keys[order], kind="stable")]
        steps = np.diff(keys[order])
    last = np.append(steps != 0, True)
    return order[last], order[~last]


def _left_out(assembled: Assembled, quotes: Quotes, late: Stamps, twice: Stamps) -> list[Finding]:
    findings = []
    if len(twice):
        rows = np.sort(twice)
        first = tuple(quotes.source.place(int(row)) for row in rows[:_SHOWN])
        message = "contracts are quoted twice at one moment"
        findings.append(counted("warning", assembled.where, message, len(rows), first, "the last quote counts"))
    if len(late):
        first = tuple(quotes.source.place(int(row)) for row in late[:_SHOWN])
        message = "quotes are from after the expiry of their contracts"
        findings.append(counted("warning", assembled.where, message, len(late), first, "they are left out"))
    return findings
