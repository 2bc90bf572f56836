"""The quotes of a synthetic chain, from the closes of its underlying alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from orchestrate.analytics.options import european
from orchestrate.analytics.options.columns import DAYS, Options, Rows, years_between
from orchestrate.analytics.options.synthetic.listing import Listing, listed
from orchestrate.analytics.options.synthetic.spec import SyntheticChain
from orchestrate.analytics.options.synthetic.surface import levels, volatilities
from orchestrate.domain.market.timeline import Flags, Floats, Stamps

_DAY: Final = 86_400 * 10**9
#: What is worth less than this share of the spot has no buyer; it is offered at this.
_LEAST: Final = 1e-6
#: Prices have so many digits from the first of the spot on.
_DIGITS: Final = 8.0
_INTEREST: Final = 10_000.0


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticQuotes:
    """Quotes by moment, expiry, strike and right, calls first.

    `row` is the place of each quote's moment, `day` that of its expiry since 1970, `expiry` its instant. `quoted` has
    bid, ask, iv, delta, gamma, theta, vega and open_interest.
    """

    row: Rows
    day: Stamps
    expiry: Stamps
    strike: Floats
    is_call: Flags
    quoted: Mapping[str, Floats]

    def __len__(self) -> int:
        """Return the number of quotes."""
        return len(self.row)


def evening(day: int) -> int:
    """Return 21:00 UTC of a day."""
    return day * _DAY + 21 * _DAY // 24


def synthetic_quotes(
    spec: SyntheticChain, moments: Stamps, closes: Floats, expires_at: Callable[[int], int] = evening
) -> SyntheticQuotes:
    """Return what the chain quotes at each of the rising `moments`, at which the underlying has these closes.

    A quote depends on closes up to its moment alone: on earlier ones by the strikes that they have listed.
    """
    listing = listed(spec, moments, closes, expires_at)
    years = years_between(moments[listing.row], listing.expiry)
    calls = Options.of(closes[listing.row], listing.strike, years, True, spec.rate, spec.dividend)
    log_moneyness = np.log(calls.strike / calls.forward)
    level = levels(spec, moments // _DAY)[listing.row]
    columns = _priced(spec, calls, volatilities(spec.surface, level, log_moneyness, years))
    columns["open_interest"] = _both(np.floor(_INTEREST / (1.0 + 100.0 * log_moneyness**2)))
    return _doubled(listing, columns)


def _priced(spec: SyntheticChain, calls: Options, volatility: Floats) -> dict[str, Floats]:
    """Price whichever right is out of the money by the formula, and the other one by parity with it."""
    stock, cash = np.exp(-calls.dividend * calls.years), calls.strike * calls.discount
    ahead, is_alive = calls.spot * stock - cash, calls.years > 0.0
    call = ahead < 0.0
    greeks = european.greeks(replace(calls, is_call=call), volatility)
    carry = np.where(is_alive, calls.rate * cash - calls.dividend * calls.spot * stock, 0.0) / DAYS
    return {
        **_sides(spec, calls.spot, greeks.price, ahead),
        "iv": _both(np.where(is_alive, volatility, np.nan)),
        "delta": _each(greeks.delta + np.where(call, 0.0, stock), greeks.delta - np.where(call, stock, 0.0)),
        "gamma": _both(greeks.gamma),
        "theta": _each(greeks.theta - np.where(call, 0.0, carry), greeks.theta + np.where(call, carry, 0.0)),
        "vega": _both(greeks.vega),
    }


def _sides(spec: SyntheticChain, spot: Floats, outside: Floats, ahead: Floats) -> dict[str, Floats]:
    """Return bids and asks; prices are whole numbers of the last digit, so that parity holds to the last one."""
    unit = 10.0 ** (np.floor(np.log10(spot)) - _DIGITS)
    value, ahead = np.rint(outside / unit), np.rint(ahead / unit)
    middle = _each(value + np.maximum(ahead, 0.0), value + np.maximum(-ahead, 0.0))
    half, least, unit = np.rint(middle * (0.5 * spec.spread)), np.rint(_both(_LEAST * spot / unit)), _both(unit)
    is_wanted = middle >= least
    bid, ask = np.where(is_wanted, middle - half, 0.0), np.where(is_wanted, middle + half, least)
    return {"bid": bid * unit, "ask": ask * unit}


def _doubled(listing: Listing, columns: Mapping[str, Floats]) -> SyntheticQuotes:
    row, day, expiry = (np.repeat(column, 2) for column in (listing.row, listing.day, listing.expiry))
    return SyntheticQuotes(row, day, expiry, _both(listing.strike), np.tile([True, False], len(row) // 2), columns)


def _each(call: Floats, put: Floats) -> Floats:
    return np.stack([call, put], axis=1).ravel()


def _both(column: Floats) -> Floats:
    """Return a value of each strike for its call and its put."""
    return np.repeat(column, 2)
