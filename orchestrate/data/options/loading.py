"""The chains of a plan, on the moments of its bars, and the series that show what their underlyings cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from orchestrate.data.columns import show
from orchestrate.data.options.pricing import pricing_of
from orchestrate.data.options.sources import read_chain
from orchestrate.data.options.synthetic import make_chain
from orchestrate.data.precision import decimals
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import BarSeries, Closes, Floats
from orchestrate.domain.options.chain import Chain
from orchestrate.domain.options.settings import ChainSettings
from orchestrate.domain.results import Finding

#: The first and the last moment that count.
Within = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedChain:
    """A chain, the series of its underlying's price at its moments, and what was found in it."""

    chain: Chain
    series: BarSeries
    findings: tuple[Finding, ...]


def load_chain(
    settings: ChainSettings, root: Path, series: Mapping[str, BarSeries], within: Within = (None, None)
) -> LoadedChain:
    """Return a chain of the plan from the first to the last moment `within`, as far as these are given.

    DataError where it can't be read, or nothing says what its underlying costs.
    """
    underlying = series.get(settings.underlying)
    findings: tuple[Finding, ...] = ()
    if settings.synthetic is not None:
        if underlying is None:
            raise _without_underlying(settings)
        chain = _made(settings, underlying)
    else:
        closes = None if underlying is None else Closes(underlying.timestamp, underlying.close)
        chain, findings = read_chain(settings, root, closes)
        chain = replace(chain, pricing=pricing_of(chain.terms.style))
    if chain.terms.settlement == "am":
        hint = f"write instruments: {{{settings.symbol}: {{settlement: pm}}}} for contracts that settle at a close"
        raise DataError(
            f"{chain.terms.root} settles at an opening price, which bars don't have",
            where=f"data.{settings.symbol}",
            hint=hint,
        )
    chain = _between(chain, within, settings)
    spots = chain.spots if underlying is None else _known(underlying, chain)
    if np.isnan(spots).all():
        raise _without_underlying(settings)
    known = replace(chain, spots=spots, decimals=_decimals(chain))
    return LoadedChain(known, _series(settings.symbol, chain, spots), findings)


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


def _known(underlying: BarSeries, chain: Chain) -> Floats:
    """Return the last close of the underlying at each moment, else the vendor's price."""
    rows = np.searchsorted(underlying.timestamp, chain.moments, side="right") - 1
    return np.asarray(np.where(rows >= 0, underlying.close[rows], chain.spots))


def _series(symbol: str, chain: Chain, spots: Floats) -> BarSeries:
    """Return bars of what the underlying costs when its options are quoted; they can't be traded."""
    moments, known = chain.moments, np.asarray(np.nan_to_num(spots, nan=float(spots[~np.isnan(spots)][0])))
    volume = np.zeros(len(moments))
    return BarSeries(symbol, moments, known, known, known, known, volume, moments, chain.length, tradable=False)
