"""A structure that a strategy holds, and what it is worth now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import nan
from typing import Final

from orchestrate.domain.options.greeks import Greeks
from orchestrate.domain.options.quote import Quote
from orchestrate.domain.options.structure import Leg, Structure
from orchestrate.domain.values import value

_DAY: Final = 86_400 * 10**9


@value
class HeldStructure:
    """A structure since `opened`, and the price of one of it then; positive is a debit.

    `mark` is its price at the marks of now, `liquidation` what closing it would bring (negative: cost), NaN where it
    can't be closed; `greeks` are in units of the underlying. Money is that of all of its quantity.
    """

    structure: Structure
    opened: int
    entry: float
    t: int
    mark: float = nan
    liquidation: float = nan
    greeks: Greeks = Greeks()

    @property
    def tag(self) -> str:
        """The name that its strategy gave it."""
        return self.structure.tag

    @property
    def symbol(self) -> str:
        """Its name, by its legs."""
        return self.structure.symbol

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Its legs."""
        return self.structure.legs

    @property
    def quantity(self) -> int:
        """How many of it are held."""
        return self.structure.quantity

    @property
    def credit(self) -> float:
        """The money that it brought when it was opened; negative for a debit."""
        return -self.structure.money(self.entry)

    @property
    def debit(self) -> float:
        """The money that it cost when it was opened; negative for a credit."""
        return self.structure.money(self.entry)

    @property
    def profit(self) -> float:
        """What it has won at the marks, before fees."""
        return self.structure.profit(self.entry, self.mark)

    @property
    def share_of_profit(self) -> float | None:
        """Its profit as a share of the greatest one; None where that is unknown, infinite or nothing."""
        return self.structure.share_of_profit(self.entry, self.mark)

    @property
    def dte(self) -> float:
        """Days to the first expiry of its options, with fractions; NaN where it has none."""
        expiry = self.structure.expiry
        return nan if expiry is None else (expiry - self.t) / _DAY


def without_leg(held: HeldStructure, symbol: str, price: float) -> HeldStructure | None:
    """Return what is left of it when its leg of that symbol, traded at `price`, is gone; None where nothing is.

    Shares that are left alone are no structure.
    """
    structure = held.structure
    gone = next((leg for leg in structure.legs if leg.symbol == symbol), None)
    if gone is None:
        return held
    legs = tuple(leg for leg in structure.legs if leg is not gone)
    if not any(leg.option for leg in legs):
        return None
    rest = replace(structure, legs=legs)
    entry = (held.entry * structure.multiplier - gone.units * price) / rest.multiplier
    return replace(held, structure=rest, entry=entry)


def liquidation_price(structure: Structure, quotes: Mapping[str, Quote]) -> float:
    """Return what closing one structure brings at these quotes; NaN where a leg can't be traded."""
    return -structure.reversed().price(quotes, gives_up=True)
