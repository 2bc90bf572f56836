"""Structures: options, and shares beside them, that are opened as one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import fsum, inf, isfinite, nan
from typing import Final

import numpy as np

from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.options.contract import OptionContract
from orchestrate.domain.options.greeks import SHARE, Greeks
from orchestrate.domain.options.quote import Quote
from orchestrate.domain.values import value

_NO_QUOTE: Final = Quote()


@value
class Leg:
    """A part of a structure: an option, and how many of it one structure buys or (negative) sells.

    `contract` may be the symbol of an option; any other symbol is a data symbol, whose `ratio` is in units.
    """

    contract: OptionContract | str
    ratio: float = 1

    def __post_init__(self) -> None:
        if not self.symbol:
            raise ValueError("a leg needs a contract or a symbol")
        if not isfinite(self.ratio) or self.ratio == 0 or self.ratio != int(self.ratio):
            raise ValueError(f"{self.symbol}: the ratio of a leg is a whole number other than 0, not {self.ratio:g}")

    @property
    def symbol(self) -> str:
        """The symbol of what it trades."""
        return self.contract if isinstance(self.contract, str) else self.contract.symbol

    @property
    def option(self) -> OptionContract | None:
        """Its option; None for shares."""
        return None if isinstance(self.contract, str) else self.contract

    @property
    def units(self) -> float:
        """The signed units of the underlying, or of the shares, that one structure has of it."""
        return self.ratio * (1.0 if isinstance(self.contract, str) else self.contract.multiplier)

    def value_at(self, prices: Floats) -> Floats:
        """Return what one structure's part is worth at its expiry, by prices of the underlying."""
        if isinstance(self.contract, str):
            return self.units * prices
        distance = prices - self.contract.strike
        return self.units * np.maximum(distance if self.contract.is_call else -distance, 0.0)


@value
class Structure:
    """Legs that are traded together, `quantity` times; all of them or none.

    Prices are points: money by the least multiplier of its options, for one structure. Positive is a debit.
    """

    legs: tuple[Leg, ...]
    quantity: int = 1
    tag: str = ""

    def __post_init__(self) -> None:
        if not self.legs:
            raise ValueError("a structure needs a leg")
        if self.quantity < 1 or self.quantity != int(self.quantity):
            raise ValueError(f"the quantity of a structure is a whole number from 1 on, not {self.quantity:g}")
        symbols = [leg.symbol for leg in self.legs]
        twice = next((symbol for symbol in symbols if symbols.count(symbol) > 1), None)
        if twice:
            raise ValueError(f"{twice} is in two legs: give one leg with the sum of their ratios")
        underlyings = sorted({option.underlying for option in self.options})
        if len(underlyings) > 1:
            raise ValueError(f"legs are on {' and '.join(underlyings)}: a structure has one underlying")

    @property
    def symbol(self) -> str:
        """Its name, by its legs: `+1 SPXW 2018-02-28 P 2680, -1 SPXW 2018-02-28 P 2700`."""
        return ", ".join(f"{leg.ratio:+.0f} {leg.symbol}" for leg in self.legs)

    @property
    def options(self) -> tuple[OptionContract, ...]:
        """The options of its legs."""
        return tuple(leg.contract for leg in self.legs if not isinstance(leg.contract, str))

    @property
    def underlying(self) -> str:
        """What its options are on; empty where it has none."""
        return next((option.underlying for option in self.options), "")

    @property
    def expiry(self) -> int | None:
        """The instant at which the first of its options expires; None where it has none."""
        return min((option.expiry for option in self.options), default=None)

    @property
    def multiplier(self) -> float:
        """The money of a point of one structure."""
        return min((option.multiplier for option in self.options), default=1.0)

    def resolved(self, contracts: Mapping[str, OptionContract]) -> Structure:
        """Return it with contracts in place of their symbols."""
        legs = (Leg(contracts.get(leg.symbol, leg.contract), leg.ratio) for leg in self.legs)
        return Structure(tuple(legs), self.quantity, self.tag)

    def reversed(self) -> Structure:
        """Return what closes it."""
        return Structure(tuple(Leg(leg.contract, -leg.ratio) for leg in self.legs), self.quantity, self.tag)

    def rolled_to(self, other: Structure) -> Structure:
        """Return what closes one and opens another as one; ValueError where that is nothing."""
        ratios: dict[str, Leg] = {}
        for leg in (*self.reversed().legs, *other.legs):
            before = ratios.pop(leg.symbol, None)
            total = leg.ratio + (before.ratio if before else 0)
            if total:
                ratios[leg.symbol] = Leg(leg.contract, total)
        if not ratios:
            raise ValueError(f"a roll to the same legs changes nothing: {self.symbol}")
        return Structure(tuple(ratios.values()), other.quantity, other.tag)

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """Its legs by symbol and ratio, in one order for all structures that have the same."""
        return tuple(sorted((leg.symbol, leg.ratio) for leg in self.legs))

    @property
    def is_opposite(self) -> bool:
        """True where it sells the first of its parts, so that its opposite is the canonical form of both."""
        return self.parts[0][1] < 0

    @property
    def canonical(self) -> str:
        """The name that it has in common with its opposite, whatever the order of their legs."""
        way = -1 if self.is_opposite else 1
        return ", ".join(f"{way * ratio:+.0f} {symbol}" for symbol, ratio in self.parts)

    def times(self, quantity: int) -> Structure:
        """Return that many of it."""
        return Structure(self.legs, quantity, self.tag)

    # ---- prices

    def fill_prices(
        self, quotes: Mapping[str, Quote], cross: float = 1.0, *, gives_up: bool = False
    ) -> dict[str, float]:
        """Return what each leg fills at, by symbol; NaN for a leg without a usable quote.

        Where it `gives_up`, as when it closes, legs that nobody buys are sold at 0.
        """
        return {
            leg.symbol: quotes.get(leg.symbol, _NO_QUOTE).price(buys=leg.ratio > 0, cross=cross, gives_up=gives_up)
            for leg in self.legs
        }

    def net(self, prices: Mapping[str, float]) -> float:
        """Return the price of one structure from those of its legs; NaN where one is missing."""
        parts = (leg.units * prices.get(leg.symbol, nan) for leg in self.legs)
        return fsum(parts) / self.multiplier

    def price(self, quotes: Mapping[str, Quote], cross: float = 1.0, *, gives_up: bool = False) -> float:
        """Return what one structure costs (negative: brings) at these quotes; NaN where a leg has none."""
        return self.net(self.fill_prices(quotes, cross, gives_up=gives_up))

    def mid(self, quotes: Mapping[str, Quote]) -> float:
        """Return its price in the middle of all spreads; NaN where a side is missing."""
        return self.net({leg.symbol: quotes.get(leg.symbol, _NO_QUOTE).mid for leg in self.legs})

    def liquidation(self, quotes: Mapping[str, Quote]) -> float:
        """Return what closing one brings across all spreads, with longs that nobody buys at 0; NaN where it can't."""
        return -self.reversed().price(quotes, gives_up=True)

    def money(self, points: float) -> float:
        """Return what a price means in money, for all of the quantity."""
        return points * self.multiplier * self.quantity

    def greeks(self, greeks: Mapping[str, Greeks]) -> Greeks:
        """Return the sum over its legs, in units of the underlying, for all of the quantity."""
        parts = [
            (leg.units * self.quantity, SHARE if leg.option is None else greeks.get(leg.symbol, Greeks()))
            for leg in self.legs
        ]
        return Greeks(
            fsum(units * part.delta for units, part in parts),
            fsum(units * part.gamma for units, part in parts),
            fsum(units * part.theta for units, part in parts),
            fsum(units * part.vega for units, part in parts),
        )

    # ---- at expiry

    @property
    def is_bounded(self) -> bool:
        """True where all legs are options of one expiry, so that its value then is known by the underlying's price."""
        first = self.expiry
        return all(leg.option is not None and leg.option.expiry == first for leg in self.legs)

    def value_at(self, prices: Floats) -> Floats:
        """Return what one structure is worth when all of its options expire, by prices of the underlying."""
        total = np.zeros(len(prices))
        for leg in self.legs:
            total += leg.value_at(prices)
        return total / self.multiplier

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Its least and greatest value at expiry, infinite where nothing holds it; None where it is not bounded.

        Between strikes the value is a straight line, and beyond the last one its slope is the sum of the calls.
        """
        return _bounds(self.legs)

    def _bounds(self) -> tuple[float, float] | None:
        if not self.is_bounded:
            return None
        values = [self._worth(price) for price in (0.0, *(option.strike for option in self.options))]
        slope = fsum(leg.units for leg in self.legs if leg.option is not None and leg.option.is_call)
        return (-inf if slope < 0 else min(values), inf if slope > 0 else max(values))

    def _worth(self, price: float) -> float:
        """Return what `value_at` says of one price; each mark asks for it, and numpy takes ten times as long."""
        total = 0.0
        for leg in self.legs:
            option = leg.contract
            if isinstance(option, str):
                total += leg.units * price
            else:
                total += leg.units * max(price - option.strike if option.is_call else option.strike - price, 0.0)
        return total / self.multiplier

    def bounded(self, price: float) -> float:
        """Return a mark held within what it can be worth at expiry."""
        least, greatest = self.bounds or (-inf, inf)
        return min(max(price, least), greatest)

    def greatest_loss(self, entry: float) -> float | None:
        """Return the most that it can lose, in money, opened at `entry`; None where it is not bounded."""
        return None if self.bounds is None else self.money(max(entry - self.bounds[0], 0.0))

    def greatest_profit(self, entry: float) -> float | None:
        """Return the most that it can win, in money, opened at `entry`; None where it is not bounded."""
        bounds = self.bounds
        return None if bounds is None else self.money(max(bounds[1] - entry, 0.0))

    def profit(self, entry: float, price: float) -> float:
        """Return what it has won, in money, opened at `entry` and worth `price`."""
        return self.money(price - entry)

    def share_of_profit(self, entry: float, price: float) -> float | None:
        """Return its profit as a share of the greatest one; None where that is unknown, infinite or nothing."""
        most = self.greatest_profit(entry)
        return self.profit(entry, price) / most if most and isfinite(most) else None


@lru_cache(maxsize=1024)
def _bounds(legs: tuple[Leg, ...]) -> tuple[float, float] | None:
    """Return the bounds of legs; each mark of what is held asks for them."""
    return Structure(legs)._bounds()
