"""A chain as a strategy sees it: the newest quotes at one moment, in columns, and contracts picked from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Flags, Floats, Stamps
from orchestrate.domain.options.contract import Delivery, OptionContract, Right, Settlement, Style
from orchestrate.domain.options.greeks import Greeks
from orchestrate.domain.options.quote import Quote
from orchestrate.domain.values import value

#: What a vendor may give and a `Pricing` computes.
GREEKS: Final = ("iv", "delta", "gamma", "theta", "vega")
#: What a chain stores of each quote, as far as its vendor gives it.
QUOTED: Final = ("bid", "ask", *GREEKS, "open_interest")
_DAY: Final = 86_400 * 10**9
#: Distances that differ by less are the same: 0.25 and 0.15 are equally far from 0.2.
_SAME: Final = 9
Bounds = tuple[float, float, float]


@value
class Terms:
    """What all contracts of one root have in common."""

    root: str
    underlying: str
    style: Style = "american"
    multiplier: float = 100.0
    delivery: Delivery = "physical"
    settlement: Settlement = "pm"

    def contract(self, right: Right, strike: float, expiry: int, day: int) -> OptionContract:
        """Return a contract; `day` is the day of its expiry, counted from 1970."""
        own = (self.style, self.multiplier, self.delivery, self.settlement)
        return OptionContract(self.root, self.underlying, right, strike, expiry, date_text(day), *own)


@value
class Pricing:
    """Computes implied volatilities and greeks of each quote of a view; `source` is what its values are called."""

    source: str
    columns: Callable[[ChainView], Mapping[str, Floats]]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ChainView:
    """The newest quotes of a chain at one moment, by expiry, strike and right, calls first.

    It holds copies: no later quote can be reached from it. `now` is the instant from which time to expiry counts,
    `spot` the price of the underlying, NaN where nobody knows it.
    """

    terms: Terms
    now: int
    spot: float
    day: Stamps
    expiry: Stamps
    strike: Floats
    is_call: Flags
    quoted: Mapping[str, Floats]
    pricing: Pricing | None = None
    _priced: dict[str, Floats] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for column in (self.day, self.expiry, self.strike, self.is_call, *self.quoted.values()):
            column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.strike)

    def __repr__(self) -> str:
        return f"ChainView({self.terms.root}, {len(self)} contracts, {len(self.expiries)} expiries)"

    @property
    def expiries(self) -> tuple[str, ...]:
        """The dates on which contracts expire, the nearest first."""
        return tuple(date_text(int(day)) for day in np.unique(self.day))

    @property
    def contracts(self) -> tuple[OptionContract, ...]:
        """All contracts, in the order of the columns."""
        return tuple(self.contract(place) for place in range(len(self)))

    @property
    def calls(self) -> ChainView:
        """The calls alone."""
        return self._where(self.is_call)

    @property
    def puts(self) -> ChainView:
        """The puts alone."""
        return self._where(~self.is_call)

    @property
    def bid(self) -> Floats:
        """What buyers pay: 0 where there is none beside a seller, NaN where there is no quote."""
        return self.quoted["bid"]

    @property
    def ask(self) -> Floats:
        """What sellers ask, NaN where there is none."""
        return self.quoted["ask"]

    @property
    def mid(self) -> Floats:
        """The middle of both sides, NaN where one is missing or 0."""
        both = (self.bid > 0) & (self.ask > 0)
        return np.where(both, 0.5 * (self.bid + self.ask), np.nan)

    @property
    def dte(self) -> Floats:
        """Days to the instant of expiry, with fractions."""
        return np.asarray((self.expiry - self.now) / _DAY, dtype=np.float64)

    @property
    def open_interest(self) -> Floats:
        """Open contracts, NaN where the vendor doesn't say."""
        return self._stored("open_interest")

    @property
    def iv(self) -> Floats:
        """Implied volatility a year; 0.2 is 20%."""
        return self._greek("iv")

    @property
    def delta(self) -> Floats:
        """Change of the price with the underlying's."""
        return self._greek("delta")

    @property
    def gamma(self) -> Floats:
        """Change of delta with the underlying's price."""
        return self._greek("gamma")

    @property
    def theta(self) -> Floats:
        """Change of the price with a calendar day."""
        return self._greek("theta")

    @property
    def vega(self) -> Floats:
        """Change of the price with a point of volatility."""
        return self._greek("vega")

    def sources(self, greek: str) -> npt.NDArray[np.str_]:
        """Return where each value of iv, delta, gamma, theta or vega comes from: `vendor`, the pricing, or nowhere."""
        computed = self.pricing.source if self.pricing else ""
        named = np.where(np.isnan(self._greek(greek)), "", computed)
        return np.where(np.isnan(self._stored(greek)), named, "vendor")

    def nearest(self, days: float) -> ChainView:
        """Return the chain of the expiry that is nearest to so many days away; of two, the earlier."""
        if not len(self):
            return self
        away = np.round(np.abs(self.dte - days), _SAME)
        return self._where(self.day == self.day[away == away.min()].min())

    def expiring(self, date: str) -> ChainView:
        """Return the chain of one expiry, such as `2018-02-28`."""
        return self._where(self.day == np.datetime64(date, "D").astype(np.int64))

    def pick(
        self,
        right: Right,
        *,
        delta: float | Bounds | None = None,
        strike: float | None = None,
        moneyness: float | None = None,
        width_from: OptionContract | None = None,
        width: float | None = None,
    ) -> OptionContract | None:
        """Return the quoted contract nearest to what is asked for, None where there is none.

        `delta` counts by its absolute value, and may have bounds: (least, wanted, most). `moneyness` is the strike as a
        share of the underlying's price. `width_from` with `width` is a wing: so far below a put, above a call, of the
        same expiry. Of two that are equally near the lower strike goes first, then the earlier expiry.
        """
        _require_right(right)
        _require_one(delta=delta, strike=strike, moneyness=moneyness, width_from=width_from)
        if width_from is not None:
            return self._wing(right, width_from, width)
        if delta is not None:
            return self._by_delta(right, delta)
        wanted = strike if strike is not None else (moneyness or 0.0) * self.spot
        return self._nearest_to(wanted, self.strike, self._tradable(right))

    def contract(self, place: int) -> OptionContract:
        """Return the contract at a place of the columns."""
        right: Right = "call" if self.is_call[place] else "put"
        return self.terms.contract(right, float(self.strike[place]), int(self.expiry[place]), int(self.day[place]))

    def quote(self, contract: OptionContract) -> Quote:
        """Return the quote of a contract; without sides where the view has none."""
        place = self._place(contract)
        return Quote() if place is None else Quote(float(self.bid[place]), float(self.ask[place]))

    def greeks(self, contract: OptionContract) -> Greeks:
        """Return the greeks of a contract; not known where the view has no quote of it."""
        place = self._place(contract)
        names = ("delta", "gamma", "theta", "vega")
        return Greeks() if place is None else Greeks(*(float(self._greek(name)[place]) for name in names))

    def _place(self, contract: OptionContract) -> int | None:
        same = (self.expiry == contract.expiry) & (self.strike == contract.strike) & (self.is_call == contract.is_call)
        return int(same.argmax()) if same.any() else None

    def _by_delta(self, right: Right, delta: float | Bounds) -> OptionContract | None:
        least, wanted, most = _bounds(delta)
        size = np.abs(self.delta)
        within = (size >= least) & (size <= most)
        return self._nearest_to(wanted, size, self._tradable(right) & within)

    def _wing(self, right: Right, start: OptionContract, width: float | None) -> OptionContract | None:
        if width is None or not width > 0:
            raise ValueError(f"pick: width_from needs a width above 0, not {width}")
        side = 1.0 if right == "call" else -1.0
        beyond = (side * (self.strike - start.strike) > 0) & (self.expiry == start.expiry)
        return self._nearest_to(start.strike + side * width, self.strike, self._tradable(right) & beyond)

    def _tradable(self, right: Right) -> Flags:
        """Return which contracts of that right have a quote, of one side at least."""
        one_side = (self.bid > 0) | (self.ask > 0)
        return np.asarray(one_side & (self.is_call == (right == "call")), dtype=np.bool_)

    def _nearest_to(self, wanted: float, column: Floats, allowed: Flags) -> OptionContract | None:
        away = np.round(np.abs(column - wanted), _SAME)
        places = np.flatnonzero(allowed & ~np.isnan(away))
        if not len(places):
            return None
        order = np.lexsort((self.day[places], self.strike[places], away[places]))
        return self.contract(int(places[order[0]]))

    def _stored(self, name: str) -> Floats:
        column = self.quoted.get(name)
        return np.full(len(self), np.nan) if column is None else column

    def _greek(self, name: str) -> Floats:
        """Return the vendor's values, with computed ones where it has none."""
        stored = self._stored(name)
        if self.pricing is None or not np.isnan(stored).any():
            return stored
        if not self._priced:
            self._priced.update(self._computed(self.pricing))
        return np.where(np.isnan(stored), self._priced[name], stored)

    def _computed(self, pricing: Pricing) -> dict[str, Floats]:
        """Return what the pricing makes of quotes that have a middle and lack a greek; NaN elsewhere."""
        lacking = np.logical_or.reduce([np.isnan(self._stored(name)) for name in GREEKS]) & ~np.isnan(self.mid)
        computed = {name: np.full(len(self), np.nan) for name in GREEKS}
        if lacking.any():
            for name, column in pricing.columns(self._where(lacking)).items():
                computed[name][lacking] = column
        return computed

    def _where(self, chosen: Flags) -> ChainView:
        own = {name: getattr(self, name)[chosen] for name in ("day", "expiry", "strike", "is_call")}
        quoted = {name: column[chosen] for name, column in self.quoted.items()}
        part = replace(self, **own, quoted=quoted)
        part._priced.update({name: column[chosen] for name, column in self._priced.items()})
        return part


def date_text(day: int) -> str:
    """Return a day counted from 1970 as `2018-02-28`."""
    return str(np.datetime64(day, "D"))


def _require_right(right: str) -> None:
    if right not in ("call", "put"):
        raise ValueError(f"pick: the right is 'call' or 'put', not {right!r}")


def _require_one(**ways: object) -> None:
    given = [name for name, one in ways.items() if one is not None]
    if len(given) != 1:
        raise ValueError(f"pick: give one of {', '.join(ways)}, not {' and '.join(given) or 'none'}")


def _bounds(delta: float | Bounds) -> Bounds:
    """Return least, wanted and most of a delta, without signs; a number alone has no bounds."""
    if not isinstance(delta, tuple):
        return 0.0, abs(delta), np.inf
    sizes = [abs(one) for one in delta]
    if len(sizes) != 3 or sizes not in (sorted(sizes), sorted(sizes, reverse=True)):
        raise ValueError(f"pick: delta is a number or (least, wanted, most), not {delta}")
    return min(sizes), sizes[1], max(sizes)
