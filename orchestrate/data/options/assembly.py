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
from orchestrate.data.options.settings import ChainSettings
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.magnitudes import MAX_PRICE
from orchestrate.domain.market.timeline import Flags, Floats, Stamps
from orchestrate.domain.options.chain import Chain, Contracts
from orchestrate.domain.options.view import QUOTED, Terms, date_text
from orchestrate.domain.results import Finding

_SHOWN: Final = 5
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
    moment, quoted_at, length = _moments(quotes, settings, where)
    days, which = np.unique(quotes.day, return_inverse=True)
    expiries = np.array([expiry_of(day_of(int(day)), terms.settlement) for day in days])
    alive = np.flatnonzero(expiries[which] >= quoted_at)
    if not len(alive):
        raise DataError("all quotes are from after the expiry of their contracts", where=where)
    contracts, places = _contracts(quotes, expiries, which)
    rows, twice = _ordered(moment, places, alive)
    moments, starts = np.unique(moment[rows], return_index=True)
    chain = Chain(
        settings.symbol,
        terms,
        contracts,
        moments,
        quoted_at[rows][starts],
        np.append(starts, len(rows)),
        places[rows],
        {name: quotes.quoted[name][rows] for name in QUOTED if name in quotes.quoted},
        quotes.quoted["spot"][rows[starts]] if "spot" in quotes.quoted else np.full(len(moments), np.nan),
        length,
    )
    assembled = Assembled(where, chain, quotes.source, rows, ())
    return replace(assembled, findings=tuple(_left_out(assembled, quotes, alive, twice)))


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
    _refuse_first(quotes, ~(quotes.strike > 0), quotes.strike, "is no strike", where)
    for name, column in (("strike", quotes.strike), *quotes.quoted.items()):
        _refuse_first(quotes, np.abs(column) > MAX_PRICE, column, f"is too great for {name}", where)


def _refuse_first(quotes: Quotes, wrong: Flags, column: Floats, why: str, where: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        message = f"{quotes.source.place(row)}: {column[row]:.10g} {why}"
        raise DataError(message, where=where, hint="correct the row or remove it")


def _moments(quotes: Quotes, settings: ChainSettings, where: str) -> tuple[Stamps, Stamps, int]:
    """Return of each row its moment and the instant of its quote, and the time from one moment to the next.

    A chain of days has its dates as moments, as daily bars have; its quotes are of the given clock, or the close.
    """
    length = _length(quotes, settings, where)
    if length < DAY:
        return quotes.moment, quotes.moment + quotes.lag, length
    instants, which = np.unique(quotes.moment, return_inverse=True)
    dates = instants - instants % DAY
    closes = np.array([closing(day_of(int(date // DAY))) for date in dates])
    quoted_at = np.where(instants % DAY == 0, closes, instants)
    return dates[which], quoted_at[which], length


def _length(quotes: Quotes, settings: ChainSettings, where: str) -> int:
    """Return the time between moments: as the settings say, or the reader; one moment a day is a chain of days."""
    moments = np.unique(quotes.moment)
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


def _contracts(quotes: Quotes, expiries: Stamps, which: Stamps) -> tuple[Contracts, np.typing.NDArray[np.int32]]:
    """Return all contracts, and the place of each row's."""
    strikes, strike = np.unique(quotes.strike, return_inverse=True)
    keys = (which * len(strikes) + strike) * 2 + ~quotes.is_call
    distinct, places = np.unique(keys, return_inverse=True)
    days = np.unique(quotes.day)
    both, strike = distinct // 2, distinct // 2 % len(strikes)
    day = both // len(strikes)
    contracts = Contracts(days[day], expiries[day], strikes[strike], distinct % 2 == 0)
    return contracts, places.astype(np.int32)


def _ordered(moment: Stamps, places: np.typing.NDArray[np.int32], alive: Stamps) -> tuple[Stamps, Stamps]:
    """Return the rows by moment and contract, of equal ones the last; and those that are left out for that."""
    order = alive[np.lexsort((places[alive], moment[alive]))]
    again = (np.diff(moment[order]) == 0) & (np.diff(places[order]) == 0)
    last = np.append(~again, True)
    return order[last], order[~last]


def _left_out(assembled: Assembled, quotes: Quotes, alive: Stamps, twice: Stamps) -> list[Finding]:
    findings = []
    if len(twice):
        rows = np.sort(twice)
        first = tuple(quotes.source.place(int(row)) for row in rows[:_SHOWN])
        message = "contracts are quoted twice at one moment"
        findings.append(counted("warning", assembled.where, message, len(rows), first, "the last quote counts"))
    late = np.setdiff1d(np.arange(len(quotes)), alive, assume_unique=True)
    if len(late):
        first = tuple(quotes.source.place(int(row)) for row in late[:_SHOWN])
        message = "quotes are from after the expiry of their contracts"
        findings.append(counted("warning", assembled.where, message, len(late), first, "they are left out"))
    return findings
