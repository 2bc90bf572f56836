"""What becomes of options when they expire, and which of them are assigned before."""

from __future__ import annotations

from typing import Final, Literal

from orchestrate.domain.instruments.instrument import MAX_PRECISION
from orchestrate.domain.options.contract import OptionContract
from orchestrate.domain.options.quote import Quote
from orchestrate.domain.values import value

Outcome = Literal["expired", "exercised", "assigned"]
EarlyAssignment = Literal["off", "dividend", "deep"]
_DAY: Final = 86_400 * 10**9
#: The days before expiry within which an option without time value is assigned early, and that time value.
_DEEP_DAYS: Final = 4
_NO_TIME_VALUE: Final = 0.01


@value
class Settled:
    """What a position in one option becomes: cash, or shares that are bought (negative: sold) at the strike.

    Its own worth goes with it. `cash` of a physical delivery is what the shares cost, with its sign.
    """

    contract: OptionContract
    units: float
    outcome: Outcome
    cash: float = 0.0
    shares: float = 0.0

    @property
    def price(self) -> float:
        """The price at which the option itself is closed: what it pays in cash, 0 where it delivers or expires.

        It has the digits of a price, so that no engine rounds it.
        """
        if self.contract.delivery == "physical" or not self.cash:
            return 0.0
        return round(self.cash / (self.units * self.contract.multiplier), MAX_PRECISION)


def settle(contract: OptionContract, units: float, price: float) -> Settled:
    """Return what `units` (negative: short) become with the underlying settled at `price`."""
    if not contract.is_exercised(price):
        return Settled(contract, units, "expired")
    outcome: Outcome = "exercised" if units > 0 else "assigned"
    amount = units * contract.multiplier
    if contract.delivery == "cash":
        return Settled(contract, units, outcome, cash=amount * contract.intrinsic(price))
    shares = amount if contract.is_call else -amount
    return Settled(contract, units, outcome, cash=-shares * contract.strike, shares=shares)


def is_assigned_for_dividend(call: OptionContract, price: float, put: Quote, dividend: float) -> bool:
    """Return whether the holder of a call takes the shares on the eve of their ex-date.

    Exercising gives up what the put of the same strike costs, and gains the dividend.
    """
    american = call.style == "american" and call.is_call
    return american and call.is_exercised(price) and put.has_ask and put.ask < dividend


def is_assigned_deep(contract: OptionContract, price: float, quote: Quote, now: int) -> bool:
    """Return whether an option that is about to expire has no time value left for which to keep it."""
    near = 0 <= contract.expiry - now <= _DEEP_DAYS * _DAY
    if not near or contract.style != "american" or not contract.is_exercised(price):
        return False
    return round(quote.mid - contract.intrinsic(price), 8) <= _NO_TIME_VALUE
