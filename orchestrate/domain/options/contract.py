"""An option contract: what its holder may do, until when, and what it is called."""

from __future__ import annotations

import math
from typing import Final, Literal

from orchestrate.domain.values import value

Right = Literal["call", "put"]
Style = Literal["american", "european"]
Delivery = Literal["cash", "physical"]
#: Whether the settlement price is that of the morning or of the afternoon of the last day.
Settlement = Literal["am", "pm"]
#: Closer to its strike than this, an option is not exercised.
LEAST_VALUE: Final = 0.01


@value
class OptionContract:
    """A contract of one root, such as SPXW, on one underlying; `expiry` is the last instant at which it trades, in UTC.

    `expires_on` is the day of its expiry at its exchange, as contracts are called by it.
    """

    root: str
    underlying: str
    right: Right
    strike: float
    expiry: int
    expires_on: str
    style: Style = "american"
    multiplier: float = 100.0
    delivery: Delivery = "physical"
    settlement: Settlement = "pm"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.strike) and self.strike > 0):
            raise ValueError(f"{self.root}: a strike must be positive, not {self.strike}")
        if not (math.isfinite(self.multiplier) and self.multiplier > 0):
            raise ValueError(f"{self.root}: a multiplier must be positive, not {self.multiplier}")

    @property
    def symbol(self) -> str:
        """Its readable name, such as `SPXW 2018-02-28 P 2700`."""
        return f"{self.root} {self.expires_on} {self.right[0].upper()} {self.strike:.10g}"

    @property
    def is_call(self) -> bool:
        """True for the right to buy."""
        return self.right == "call"

    def intrinsic(self, price: float) -> float:
        """Return what exercising one unit is worth with the underlying at `price`."""
        return max(price - self.strike if self.is_call else self.strike - price, 0.0)

    def is_exercised(self, price: float) -> bool:
        """Return whether it is worth enough to be exercised at expiry."""
        return round(self.intrinsic(price), 8) >= LEAST_VALUE
