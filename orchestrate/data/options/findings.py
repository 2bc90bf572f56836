"""What a user should know about a chain: one small function a finding. They judge and change nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrate.data.calendar import DAY
from orchestrate.data.columns import counted, show
from orchestrate.data.options.assembly import Assembled
from orchestrate.data.options.sessions import day_of, last_session
from orchestrate.domain.market.timeline import Closes, Flags, Floats, Stamps
from orchestrate.domain.options.view import date_text
from orchestrate.domain.results import Finding

_MOVE: Final = 0.4  # an underlying that moves so far from one moment to the next may have been split
_OFF: Final = 0.25  # strikes that are so far from the underlying's price are on another scale
_RATE: Final = 0.1  # no rate of interest or dividends is thought to be higher
_YEAR: Final = 365 * DAY
_CENT: Final = 0.01
_FEW: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A chain as its files have it, the closes of its underlying, and its pairs of a call and a put."""

    assembled: Assembled
    closes: Closes | None
    moment: Stamps
    bid: Floats
    ask: Floats
    pairs: Pairs

    @classmethod
    def of(cls, assembled: Assembled, closes: Closes | None) -> Evidence:
        """Return what judging needs of a chain."""
        quoted, moment = assembled.chain.quoted, assembled.moments()
        bid, ask = quoted["bid"], quoted["ask"]
        return cls(assembled, closes, moment, bid, ask, Pairs.of(assembled, moment, bid, ask))

    @property
    def where(self) -> str:
        """The data entry."""
        return self.assembled.where

    @property
    def spots(self) -> Floats:
        """The price of the underlying at each moment: the vendor's, else the last close by then; NaN without."""
        spots, moments = self.assembled.chain.spots, self.assembled.chain.moments
        if self.closes is None:
            return spots
        place = np.searchsorted(self.closes.stamps, moments, side="right") - 1
        return np.where(place >= 0, self.closes.closes[np.maximum(place, 0)], np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Calls with the put of the same moment, expiry and strike, both with two sides; by the row of the call.

    `spot` is the price of the underlying that most pairs of the same moment agree with, without interest.
    """

    call: Stamps
    moment: Stamps
    strike: Floats
    years: Floats
    least: Floats
    most: Floats
    spot: Floats

    @classmethod
    def of(cls, assembled: Assembled, moment: Stamps, bid: Floats, ask: Floats) -> Pairs:
        """Return the pairs of a chain: neighbours in its order."""
        chain, own = assembled.chain, assembled.chain.contracts
        place = chain.places
        both = (bid > 0) & (ask > 0)
        paired = own.is_call[place[:-1]] & (place[1:] == place[:-1] + 1) & (moment[1:] == moment[:-1])
        paired &= (own.strike[place[1:]] == own.strike[place[:-1]]) & both[1:] & both[:-1]
        call = np.flatnonzero(paired)
        put, strike = call + 1, own.strike[place[call]]
        least, most = bid[call] - ask[put], ask[call] - bid[put]
        years = (own.expiry[place[call]] - chain.quoted_at[moment[call]]) / _YEAR
        group = moment[call] * (len(own) + 1) + np.searchsorted(own.day, own.day[place[call]])
        spot = _medians(strike + 0.5 * (least + most), group)
        return cls(call, moment[call], strike, years, least, most, spot)


def judge(assembled: Assembled, closes: Closes | None = None) -> list[Finding]:
    """Return all findings about a chain; `closes` are those of its underlying."""
    evidence = Evidence.of(assembled, closes)
    return [*assembled.findings, *(finding for look in FINDINGS if (finding := look(evidence)))]


def negative_quotes(evidence: Evidence) -> Finding | None:
    """Report sides below zero, which no option can have."""
    return _rows(evidence, (evidence.bid < 0) | (evidence.ask < 0), "sides are below zero", "they count as none")


def empty_quotes(evidence: Evidence) -> Finding | None:
    """Report rows in which nobody buys or sells."""
    nobody = ~(evidence.bid > 0) & ~(evidence.ask > 0) & ~((evidence.bid < 0) | (evidence.ask < 0))
    return _rows(evidence, nobody, "quotes have neither bid nor ask", "nothing trades at them")


def crossed_quotes(evidence: Evidence) -> Finding | None:
    """Report bids above their asks."""
    return _rows(
        evidence, (evidence.bid > evidence.ask) & (evidence.ask > 0), "quotes are crossed, their bid is above their ask"
    )


def locked_quotes(evidence: Evidence) -> Finding | None:
    """Report bids at their asks."""
    return _rows(
        evidence, (evidence.bid == evidence.ask) & (evidence.ask > 0), "quotes are locked, their bid is their ask"
    )


def broken_order_of_strikes(evidence: Evidence) -> Finding | None:
    """Report strikes whose quotes let a vertical spread be sold for nothing, or bought at a profit."""
    own, place = evidence.assembled.chain.contracts, evidence.assembled.chain.places
    broken = np.zeros(len(place), dtype=np.bool_)
    quoted = (evidence.bid > 0) & (evidence.ask > 0)
    for is_call in (True, False):
        rows = np.flatnonzero(quoted & (own.is_call[place] == is_call))
        lower, upper = rows[:-1], rows[1:]
        same = (evidence.moment[lower] == evidence.moment[upper]) & (own.day[place[lower]] == own.day[place[upper]])
        dear, cheap = (upper, lower) if is_call else (lower, upper)
        broken[dear[same & (evidence.bid[dear] > evidence.ask[cheap] + _CENT / 2)]] = True
    message = (
        "quotes break the order of strikes: a call's bid is above the ask of a lower strike, or a put's of a higher"
    )
    return _rows(evidence, broken, message)


def broken_parity(evidence: Evidence) -> Finding | None:
    """Report a call and a put that are worth more, or less, against each other than any rate up to 10% explains."""
    pairs = evidence.pairs
    discount = np.exp(-_RATE * np.maximum(pairs.years, 0.0))
    above = pairs.least > pairs.spot - pairs.strike * discount + _CENT
    below = pairs.most < pairs.spot * discount - pairs.strike - _CENT
    rows = pairs.call[above | below]
    if not len(rows):
        return None
    return evidence.assembled.finding("calls and puts of one strike break parity beyond their spreads", rows)


def missing_expiries(evidence: Evidence) -> Finding | None:
    """Report days on which an expiry that was quoted before, and is not over, has no quote."""
    chain, own = evidence.assembled.chain, evidence.assembled.chain.contracts
    days, day = np.unique(chain.quoted_at // DAY, return_inverse=True)
    dates, date = np.unique(own.day, return_inverse=True)
    there = np.zeros((len(days), len(dates)), dtype=np.bool_)
    there[day[evidence.moment], date[chain.places]] = True
    ends = np.array([last_session(day_of(int(one))).toordinal() for one in dates]) - day_of(0).toordinal()
    due = np.maximum.accumulate(there, axis=0) & (days[:, None] < ends)
    gaps = np.argwhere(due & ~there)
    if not len(gaps):
        return None
    root = chain.terms.root
    first = tuple(f"{date_text(int(days[one]))} {root} {date_text(int(dates[two]))}" for one, two in gaps[:5])
    return counted("warning", evidence.where, "expiries have no quote on a day before they end", len(gaps), first)


def without_underlying(evidence: Evidence) -> Finding | None:
    """Report moments at which nothing says what the underlying costs."""
    moments, underlying = evidence.assembled.chain.moments, evidence.assembled.chain.terms.underlying
    bare = np.flatnonzero(np.isnan(evidence.spots))
    if not len(bare):
        return None
    message = f"moments have no price of the underlying, {underlying}"
    first = tuple(show(int(moments[place])) for place in bare[:5])
    then = f"give the bars of {underlying} from then on"
    return counted("warning", evidence.where, message, len(bare), first, then)


def scales_that_change(evidence: Evidence) -> Finding | None:
    """Report moments at which the price that the quotes imply has jumped since the moment before."""
    moments, implied = evidence.assembled.chain.moments, _implied(evidence)
    known = np.flatnonzero(~np.isnan(implied))
    before, after = known[:-1], known[1:]
    jumped = np.flatnonzero(_far(implied[after], implied[before], _MOVE))
    if not len(jumped):
        return None
    first = tuple(
        f"{show(int(moments[after[one]]))} ({implied[before[one]]:.6g} to {implied[after[one]]:.6g})"
        for one in jumped[:5]
    )
    then = "contracts from before it can't be followed beyond it"
    message = f"the underlying moves by over {_MOVE:.0%} from one moment to the next: a split?"
    return counted("warning", evidence.where, message, len(jumped), first, then)


def scales_that_differ(evidence: Evidence) -> Finding | None:
    """Report moments at which strikes are on another scale than the prices of their underlying."""
    moments, implied, spots = evidence.assembled.chain.moments, _implied(evidence), evidence.spots
    off = np.flatnonzero(_far(implied, spots, _OFF))
    if not len(off):
        return None
    first = tuple(f"{show(int(moments[one]))} ({implied[one]:.6g} against {spots[one]:.6g})" for one in off[:5])
    then = "use closes that are not adjusted for splits"
    message = f"quotes and the prices of {evidence.assembled.chain.terms.underlying} are on different scales"
    return counted("warning", evidence.where, message, len(off), first, then)


def _rows(evidence: Evidence, wrong: Flags, what: str, then: str = "") -> Finding | None:
    rows = np.flatnonzero(wrong)
    return evidence.assembled.finding(what, rows, then) if len(rows) else None


def _implied(evidence: Evidence) -> Floats:
    """Return the price of the underlying that the pairs of each moment imply, NaN where they are few."""
    pairs, size = evidence.pairs, len(evidence.assembled.chain.moments)
    implied = np.full(size, np.nan)
    implied[pairs.moment] = _medians(pairs.strike + 0.5 * (pairs.least + pairs.most), pairs.moment)
    implied[np.bincount(pairs.moment, minlength=size) < _FEW] = np.nan
    return implied


def _medians(values: Floats, group: Stamps) -> Floats:
    """Return for each value the upper median of its group; groups stand together."""
    if not len(values):
        return values
    order = np.lexsort((values, group))
    starts = np.flatnonzero(np.append(True, np.diff(group) != 0))
    counts = np.diff(np.append(starts, len(group)))
    return np.repeat(values[order][starts + counts // 2], counts)


def _far(prices: Floats, base: Floats, share: float) -> Flags:
    """Return which prices are further from `base` than that share, up or down."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.abs(np.log(prices / base)) > np.log1p(share), dtype=np.bool_)


FINDINGS: Final[tuple[Callable[[Evidence], Finding | None], ...]] = (
    negative_quotes,
    empty_quotes,
    crossed_quotes,
    locked_quotes,
    broken_order_of_strikes,
    broken_parity,
    missing_expiries,
    without_underlying,
    scales_that_change,
    scales_that_differ,
)
