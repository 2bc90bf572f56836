"""The quotes of all contracts of one root, in columns, and what they say at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import BarSeries, Flags, Floats, Stamps, sealed
from orchestrate.domain.options.contract import OptionContract, Right
from orchestrate.domain.options.marks import MarkSeries, QuoteHistory
from orchestrate.domain.options.quote import Quote
from orchestrate.domain.options.view import QUOTED, ChainView, Pricing, Terms

_DAY: Final = 86_400 * 10**9
Places = npt.NDArray[np.int32]


class Payment(NamedTuple):
    """What a share pays to those who hold it before the session that opens at that instant."""

    moment: int
    amount: float


@dataclass(frozen=True, slots=True, eq=False)
class Contracts:
    """All contracts of a chain in columns, by day of expiry, strike and right, calls first."""

    day: Stamps
    expiry: Stamps
    strike: Floats
    is_call: Flags

    def __post_init__(self) -> None:
        for name in self.__slots__:
            object.__setattr__(self, name, sealed(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.strike)

    def place(self, contract: OptionContract) -> int | None:
        """Return where a contract stands, None where the chain never quotes it."""
        day = np.datetime64(contract.expires_on, "D").astype(np.int64)
        first, last = np.searchsorted(self.day, [day, day + 1])
        same = (self.strike[first:last] == contract.strike) & (self.is_call[first:last] == contract.is_call)
        return int(first + same.argmax()) if same.any() else None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Chain:
    """Quotes by moment, then contract; `starts` are the first rows of the `moments`, and behind the last.

    A moment is when its quotes may be acted upon, as a bar's; `quoted_at` is the instant from which time to expiry
    counts. `places` are those of each row's contract. `spots` are the vendor's prices of the underlying, NaN where it
    gives none. `length` is the time from one moment to the next, as a rule; `decimals` are those of bids, asks and
    strikes. `settlement_prices` are by day of expiry, where they are given. The underlying's close is made `lag` after
    the moment of its bar; `payments` are its dividends, rising.
    """

    symbol: str
    terms: Terms
    contracts: Contracts
    moments: Stamps
    quoted_at: Stamps
    starts: Stamps
    places: Places
    quoted: Mapping[str, Floats]
    spots: Floats
    length: int
    pricing: Pricing | None = None
    decimals: int = 2
    settlement_prices: Mapping[str, float] = field(default_factory=dict)
    lag: int = 0
    payments: tuple[Payment, ...] = ()
    _histories: dict[OptionContract, QuoteHistory] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if not len(self.moments):
            raise ValueError(f"{self.symbol}: a chain needs at least one quote")
        if (np.diff(self.moments) <= 0).any():
            raise ValueError(f"{self.symbol}: the moments of a chain must rise strictly")
        for name in ("moments", "quoted_at", "starts", "places", "spots"):
            object.__setattr__(self, name, sealed(getattr(self, name)))
        columns = {name: sealed(self.quoted[name]) for name in QUOTED if name in self.quoted}
        object.__setattr__(self, "quoted", columns)

    def __len__(self) -> int:
        return len(self.places)

    def __reduce__(self) -> tuple[object, ...]:
        """Leave out what is made of the rest: no other process can have a memoryview."""
        return type(self), tuple(getattr(self, name) for name in self.__slots__ if not name.startswith("_"))

    def __repr__(self) -> str:
        return f"Chain({self.symbol}, {len(self)} quotes of {len(self.contracts)} contracts)"

    @property
    def max_age(self) -> int:
        """The age up to which quotes count where no setting says: one step of minutes, none of days."""
        return self.length if self.length < _DAY else 0

    @property
    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """All that is known of contracts and quotes."""
        own = self.contracts
        terms = own.day, own.expiry, own.strike, own.is_call
        return (*terms, self.moments, self.quoted_at, self.starts, self.places, self.spots, *self.quoted.values())

    def between(self, first: int, behind: int) -> Chain:
        """Return what is quoted from the first of its moments up to the one before `behind`."""
        if (first, behind) == (0, len(self.moments)):
            return self
        begin, end = self.starts[first], self.starts[behind]
        return replace(
            self,
            moments=self.moments[first:behind],
            quoted_at=self.quoted_at[first:behind],
            starts=self.starts[first : behind + 1] - begin,
            places=self.places[begin:end],
            quoted={name: column[begin:end] for name, column in self.quoted.items()},
            spots=self.spots[first:behind],
        )

    def at(self, moment: int, spot: float | None = None, max_age: int | None = None) -> ChainView:
        """Return the newest quote of each contract at `moment` that is no older than `max_age`.

        `spot` is the price of the underlying; without it, the vendor's of that time counts.
        """
        oldest = moment - (self.max_age if max_age is None else max_age)
        first = int(np.searchsorted(self.moments, oldest, side="left"))
        behind = int(np.searchsorted(self.moments, moment, side="right"))
        own, now = self.contracts, self._instant(moment, behind)
        places, rows = self._newest(first, max(first, behind))
        alive = own.expiry[places] >= now
        if not alive.all():
            places, rows = places[alive], rows[alive]
        return ChainView(
            self.terms,
            now,
            self._spot(first, behind) if spot is None else spot,
            own.day[places],
            own.expiry[places],
            own.strike[places],
            own.is_call[places],
            {name: column[rows] for name, column in self.quoted.items()},
            self.pricing,
        )

    def quote(self, contract: OptionContract, moment: int) -> Quote | None:
        """Return the newest quote of a contract at `moment`, however old; None where it has none yet."""
        return self._history(contract).newest(moment)

    def marks(self, contract: OptionContract, spots: Floats, max_age: int | None = None) -> MarkSeries:
        """Return what a contract counts as worth at each moment until it expires.

        `spots` has the price of the underlying at each moment of the chain.
        """
        count = int(np.searchsorted(self.quoted_at, contract.expiry, side="right"))
        distance = spots[:count] - contract.strike
        intrinsic = np.maximum(distance if contract.is_call else -distance, 0.0)
        age = self.max_age if max_age is None else max_age
        return self._history(contract).marks(self.moments[:count], intrinsic, age)

    def named(self, symbol: str) -> OptionContract | None:
        """Return the contract of that name; None where the chain never quotes it."""
        own, (root, *rest) = self.contracts, symbol.rsplit(" ", 3)
        try:
            date, side, strike = rest
            day, wanted = np.datetime64(date, "D").astype(np.int64), float(strike)
        except ValueError:
            return None
        same = np.flatnonzero((own.day == day) & (own.strike == wanted) & (own.is_call == (side == "C")))
        if root != self.terms.root or not len(same):
            return None
        right: Right = "call" if side == "C" else "put"
        return self.terms.contract(right, wanted, int(own.expiry[same[0]]), int(day))

    def sides(self, contract: OptionContract, moments: Stamps, max_age: int | None = None) -> tuple[Floats, Floats]:
        """Return bid and ask of a contract at each of the moments, NaN where no quote of that side counts."""
        return self._history(contract).sides(moments, self.max_age if max_age is None else max_age)

    def _history(self, contract: OptionContract) -> QuoteHistory:
        """Return the quotes of one contract, which are put together when it is first looked up."""
        history = self._histories.get(contract)
        if history is None:
            history = self._histories[contract] = self._gathered(self.contracts.place(contract))
        return history

    def _gathered(self, place: int | None) -> QuoteHistory:
        rows = np.flatnonzero(self.places == (-1 if place is None else place))
        made = self.moments[np.searchsorted(self.starts, rows, side="right") - 1]
        return QuoteHistory(made.data, self.quoted["bid"][rows].data, self.quoted["ask"][rows].data)

    def _newest(self, first: int, behind: int) -> tuple[Places, Stamps]:
        """Return the contracts that are quoted in these moments, and the row of the newest quote of each."""
        if behind - first == 1:  # one moment quotes each contract once, in their order
            rows = np.arange(self.starts[first], self.starts[behind])
            return self.places[rows], rows
        span = np.arange(self.starts[first], self.starts[behind])
        newest = np.full(len(self.contracts), -1, dtype=np.int64)
        newest[self.places[span]] = span  # of several rows of a contract the last one stays
        places = np.flatnonzero(newest >= 0).astype(np.int32)
        return places, newest[places]

    def instant(self, moment: int) -> int:
        """Return the instant from which time to expiry counts at a moment."""
        return self._instant(moment, int(np.searchsorted(self.moments, moment, side="right")))

    def _instant(self, moment: int, behind: int) -> int:
        """Return the instant that a moment stands for: a daily label stands for the close of its day."""
        return int(self.quoted_at[behind - 1] + moment - self.moments[behind - 1]) if behind else moment

    def _spot(self, first: int, behind: int) -> float:
        return float(self.spots[behind - 1]) if behind > first else np.nan


class Settlement(NamedTuple):
    """The moment at which a contract is settled, and the price of its underlying that counts."""

    moment: int
    price: float


def contract_series(
    chain: Chain, contract: OptionContract, spots: Floats, settlement: Settlement | None, max_age: int | None = None
) -> BarSeries:
    """Return the marks of a contract; `spots` are the underlying's prices at the moments of the chain.

    The last bar is that of its `settlement`, if that lies within the data.
    """
    marks = chain.marks(contract, spots, max_age)
    moments, prices = marks.moments, marks.prices
    if settlement is not None:
        before = int(np.searchsorted(moments, settlement.moment, side="left"))
        moments = np.append(moments[:before], settlement.moment)
        prices = np.append(prices[:before], contract.intrinsic(settlement.price))
    return _flat_bars(contract.symbol, moments, prices, chain.length)


def _flat_bars(symbol: str, moments: Stamps, prices: Floats, length: int) -> BarSeries:
    return BarSeries(symbol, moments, prices, prices, prices, prices, np.zeros(len(moments)), moments, length)
