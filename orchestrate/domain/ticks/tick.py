"""A tick, and the words under which messages that are none are counted."""

from __future__ import annotations

import math
from decimal import Context, Decimal
from enum import StrEnum
from typing import Final

from orchestrate.domain.errors import MessageError
from orchestrate.domain.market.magnitudes import MAX_PRICE, MAX_VOLUME
from orchestrate.domain.market.stamps import EARLIEST, LATEST
from orchestrate.domain.values import value

#: Where prices are computed: a strategy may have changed the context of its thread.
EXACT: Final = Context(prec=60)
_TWO: Final = Decimal(2)
_NOTHING: Final = Decimal(0)


class Refusal(StrEnum):
    """Why a message is no tick, or a tick is not used; each equals its text."""

    FRAMES = "frames"
    TOO_LARGE = "too_large"
    NOT_TEXT = "not_text"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    NO_SYMBOL = "no_symbol"
    TOPIC_CONTRADICTS = "topic_contradicts"
    UNKNOWN_SYMBOL = "unknown_symbol"
    NO_PRICE = "no_price"
    NOT_A_NUMBER = "not_a_number"
    NOT_FINITE = "not_finite"
    NOT_POSITIVE = "not_positive"
    TOO_GREAT = "too_great"
    BID_ABOVE_ASK = "bid_above_ask"
    NO_TIME = "no_time"
    FROM_THE_FUTURE = "from_the_future"
    BACK_IN_TIME = "back_in_time"
    DUPLICATE = "duplicate"
    OUT_OF_SESSION = "out_of_session"
    LATE = "late"


@value
class Tick:
    """A quote of `symbol` at `t` (int nanoseconds, UTC, by the feed's clock), in exact decimals.

    A feed that gives one price has it as bid and ask. `seq` counts the symbol's ticks where the feed numbers them.
    """

    symbol: str
    t: int
    bid: Decimal
    ask: Decimal
    volume: Decimal = _NOTHING
    seq: int | None = None

    def __post_init__(self) -> None:
        for name, price in (("bid", self.bid), ("ask", self.ask)):
            require_finite(name, price, self.symbol)
            if float(price) <= 0:  # also what is too small for a float
                raise MessageError(Refusal.NOT_POSITIVE, f"{name} {price:g} is not above 0", where=self.symbol)
            if price > MAX_PRICE:
                raise MessageError(Refusal.TOO_GREAT, f"{name} {price:g} is above {MAX_PRICE:g}", where=self.symbol)
        require_finite("volume", self.volume, self.symbol)
        if self.volume < 0:
            raise MessageError(Refusal.NOT_POSITIVE, f"volume {self.volume:g} is negative", where=self.symbol)
        if self.volume > MAX_VOLUME:
            message = f"volume {self.volume:g} is above {MAX_VOLUME:g}"
            raise MessageError(Refusal.TOO_GREAT, message, where=self.symbol)
        if self.bid > self.ask:
            message = f"bid {self.bid:g} is above ask {self.ask:g}"
            raise MessageError(Refusal.BID_ABOVE_ASK, message, where=self.symbol)
        if not EARLIEST <= self.t <= LATEST:
            raise MessageError(Refusal.NO_TIME, f"{self.t} is beyond the supported years", where=self.symbol)

    @property
    def price(self) -> Decimal:
        """The middle of bid and ask, of which bars are made."""
        return self.bid if self.bid == self.ask else EXACT.divide(EXACT.add(self.bid, self.ask), _TWO)


def require_finite(name: str, number: Decimal, symbol: str) -> None:
    """Refuse NaN, infinity and what is too large for a float."""
    if not (number.is_finite() and math.isfinite(float(number))):
        raise MessageError(Refusal.NOT_FINITE, f"{name} is {number:g}", where=symbol)
