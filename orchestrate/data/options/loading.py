"""The chains of a plan, on the moments of its bars, and the series that show what their underlyings cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np

from orchestrate.data.alignment import available_at
from orchestrate.data.calendar import DAY
from orchestrate.data.columns import show
from orchestrate.data.options.pricing import pricing_of
from orchestrate.data.options.sessions import opening
from orchestrate.data.options.sources import read_chain
from orchestrate.data.options.synthetic import make_chain
from orchestrate.data.precision import decimals
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import BarSeries, Closes, Floats
from orchestrate.domain.options.chain import Chain, Payment
from orchestrate.domain.options.settings import ChainSettings
from orchestrate.domain.results import Finding
from orchestrate.domain.values import value

#: The first and the last moment that count.
Within = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedChain:
    """A chain, the series of its underlying's price at its moments, and what was found in it."""

    chain: Chain
    series: BarSeries
    findings: tuple[Finding, ...]


@value
class Carry:
    """A continuous rate of interest a year, and the dividends of an underlying."""

    rate: float = 0.0
    payments: tuple[Payment, ...] = ()

    @classmethod
    def of(cls, rate: Decimal, dividends: Mapping[str, Decimal]) -> Carry:
        """Return it from dividends by ex-date: who holds the underlying before that session opens gets them."""
        days = ((date.fromisoformat(day), float(amount)) for day, amount in sorted(dividends.items()))
        return cls(float(rate), tuple(Payment(opening(day), amount) for day, amount in days))


NO_CARRY: Final = Carry()


def load_chain(
    settings: ChainSettings,
    root: Path,
    series: Mapping[str, BarSeries],
    within: Within = (None, None),
    starts: Collection[str] = (),
    carry: Carry = NO_CARRY,
) -> LoadedChain:
    """Return a chain of the plan from the first to the last moment `within`, as far as these are given.

    `starts` are the symbols whose bars are stamped with their beginnings; `carry` is what holding the underlying costs.
    DataError where it can't be read, or nothing says what its underlying costs.
    """
    underlying = series.get(settings.underlying)
    if underlying is None:
        raise _without_underlying(settings)
    findings: tuple[Finding, ...] = ()
    if settings.synthetic is not None:
        chain = _made(settings, underlying)
    else:
        chain, findings = read_chain(settings, root, Closes(underlying.timestamp, underlying.close))
        chain = replace(chain, pricing=pricing_of(chain.terms.style, carry.rate, payments=carry.payments))
    prices = _settlement_prices(settings, series)
    if not prices:
        _refuse_mornings(chain, settings.symbol)
    chain = _between(chain, within, settings)
    chain = _at_its_moments(chain, underlying, made=settings.synthetic is not None)
    spots = _known(underlying, chain)
    if np.isnan(spots).all():
        raise _without_underlying(settings)
    lag = _lag(underlying, starts=settings.underlying in starts)
    known = replace(
        chain, spots=spots, decimals=_decimals(chain), settlement_prices=prices, lag=lag, payments=carry.payments
    )
    return LoadedChain(known, _series(settings.symbol, chain, spots), findings)


def _refuse_mornings(chain: Chain, symbol: str) -> None:
    """Refuse contracts that settle at an opening, of a chain without settlement prices."""
    if chain.terms.settlement == "am":
        hint = (
            f"give data: {{{symbol}: {{settlement_prices: {{DATE: PRICE}}}}}} or its 'settlement_series', "
            f"or write instruments: {{{symbol}: {{settlement: pm}}}} for contracts that settle at a close"
        )
        message = f"{chain.terms.root} settles at an opening price, which bars don't have"
        raise DataError(message, where=f"data.{symbol}", hint=hint)


def _settlement_prices(settings: ChainSettings, series: Mapping[str, BarSeries]) -> Mapping[str, float]:
    """Return what contracts settle at by day of expiry, as far as it is given."""
    if not settings.settlement_series:
        return settings.settlement_prices
    given = series[settings.settlement_series]
    days = np.char.partition(np.datetime_as_string(given.timestamp.astype("M8[ns]")), "T")[:, 0]
    return dict(zip(days.tolist(), given.close.tolist(), strict=True))


def _lag(underlying: BarSeries, *, starts: bool) -> int:
    """Return how long after its moment a bar's close is made: bars of minutes may act when they begin."""
    acts_at_its_stamp = bool(underlying.available_at[0] == underlying.timestamp[0])
    return underlying.length if starts and acts_at_its_stamp and underlying.length < DAY else 0


def _between(chain: Chain, within: Within, settings: ChainSettings) -> Chain:
    """Return what is quoted between two moments; None bounds nothing."""
    first = 0 if within[0] is None else int(np.searchsorted(chain.moments, within[0], side="left"))
    behind = len(chain.moments) if within[1] is None else int(np.searchsorted(chain.moments, within[1], side="right"))
    if behind <= first:
        covered = f"they cover {show(int(chain.moments[0]))} to {show(int(chain.moments[-1]))}"
        hint = "change start or end, or give quotes that cover them"
        raise DataError(f"no quote lies within start and end: {covered}", where=f"data.{settings.symbol}", hint=hint)
    return chain.between(first, behind)


def _decimals(chain: Chain) -> int:
    """Return how many decimals its prices have."""
    return decimals([chain.quoted["bid"], chain.quoted["ask"], chain.contracts.strike])


def _made(settings: ChainSettings, underlying: BarSeries) -> Chain:
    from orchestrate.analytics.options.synthetic.spec import SyntheticChain

    spec = SyntheticChain.of(settings.synthetic or {})
    return make_chain(settings, spec, Closes(underlying.timestamp, underlying.close), underlying.length)


def _without_underlying(settings: ChainSettings) -> DataError:
    hint = f"add data: {{{settings.underlying}: …}}"
    return DataError(
        f"nothing says what its underlying {settings.underlying} costs", where=f"data.{settings.symbol}", hint=hint
    )


def _at_its_moments(chain: Chain, underlying: BarSeries, *, made: bool) -> Chain:
    """Return a chain when its quotes are known, where bars are acted upon when they end and not at their stamps.

    What is made of a bar is known with it, quotes of days at the end of their day, others at their own moment.
    """
    stamps = underlying.timestamp
    if bool(underlying.available_at[0] == stamps[0]) or (chain.length < DAY and not made):
        return chain
    if made:
        return replace(chain, moments=underlying.available_at[np.searchsorted(stamps, chain.moments)])
    return replace(chain, moments=available_at(chain.moments, chain.length, "start"))


def _known(underlying: BarSeries, chain: Chain) -> Floats:
    """Return the last close of the underlying at each moment, else the vendor's price."""
    rows = np.searchsorted(underlying.available_at, chain.moments, side="right") - 1
    return np.asarray(np.where(rows >= 0, underlying.close[rows], chain.spots))


def _series(symbol: str, chain: Chain, spots: Floats) -> BarSeries:
    """Return bars of what the underlying costs when its options are quoted; they can't be traded."""
    moments, known = chain.moments, np.asarray(np.nan_to_num(spots, nan=float(spots[~np.isnan(spots)][0])))
    volume = np.zeros(len(moments))
    return BarSeries(symbol, moments, known, known, known, known, volume, moments, chain.length, tradable=False)
