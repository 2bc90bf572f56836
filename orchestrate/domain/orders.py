"""From wish to fact: Demand (what a strategy wants) → Decision (what it may) → Order → Fill (what happened).

Quantities are signed everywhere: positive buys, negative sells.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Literal

from orchestrate.domain.values import value


class Outcome(StrEnum):
    """The possible outcomes of a demand."""

    APPROVED = "approved"
    RESIZED = "resized"
    REJECTED = "rejected"


class Reason(StrEnum):
    """The possible reasons why a demand is resized or rejected, or an order ends without a fill."""

    NONE = ""
    CAPITAL = "capital"
    BELOW_ONE_LOT = "below_one_lot"
    OPEN_GAP = "open_gap"
    NOT_TRADABLE = "not_tradable"
    STRATEGY_FAILED = "strategy_failed"
    STRATEGY_PAUSED = "strategy_paused"
    SERIES_ENDED = "series_ended"
    UNFILLED_AT_END = "unfilled_at_end"
    NOTHING_TO_CLOSE = "nothing_to_close"
    FLATTENED = "flattened"
    CLOSE_AT_END = "close_at_end"
    CONFLICT = "conflict"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@value
class Demand:
    """A strategy's request to trade `quantity` of `symbol` at `step`.

    `closing` demands only reduce its position; `price` is the close it saw. `native_order` is the engine's own id of
    the order that a native strategy made, empty for portable strategies; `bracket` that of the entry whose exits these
    are. A `limit` or `trigger` makes the order rest until it is reached.
    """

    strategy_id: str
    symbol: str
    quantity: float
    closing: bool
    price: float
    step: int
    t: int
    native_order: str = ""
    signalled: bool = True
    limit: float | None = None
    trigger: float | None = None
    bracket: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.quantity):
            raise ValueError(f"{self.strategy_id}: a demand's quantity must be a number, not {self.quantity}")

    @property
    def rests(self) -> bool:
        """True for limit and stop orders."""
        return self.limit is not None or self.trigger is not None


@value
class Decision:
    """The end of a demand: `quantity` may be traded (0 when rejected), `detail` gives the reason in figures."""

    demand: Demand
    outcome: Outcome
    quantity: float
    reason: Reason = Reason.NONE
    detail: str = ""


@value
class Order:
    """An approved demand on its way to an engine; its id is unique in the run and the same on every engine."""

    id: str
    strategy_id: str
    symbol: str
    quantity: float
    closing: bool
    reserve: float
    reason: Reason = Reason.NONE
    native_order: str = ""
    rests: bool = False


@value
class Ended:
    """A native's own order is over without a fill: cancelled by its strategy, expired, or taken out by its bracket."""

    strategy_id: str
    native_order: str
    reason: Reason


@value
class Fill:
    """An execution by an engine: `quantity` changed hands at `price` for `fee` at step time `t`."""

    order_id: str
    strategy_id: str
    symbol: str
    quantity: float
    price: float
    fee: float
    t: int

    def __post_init__(self) -> None:
        if not (self.quantity and math.isfinite(self.quantity) and math.isfinite(self.price)):
            raise ValueError(f"order {self.order_id}: a fill needs a quantity and a price")

    def at(self, t: int) -> Fill:
        """The same fill at another time."""
        return Fill(self.order_id, self.strategy_id, self.symbol, self.quantity, self.price, self.fee, t)


CommandAction = Literal["submit", "cancel", "resize", "reject"]


@value
class StrategyCommand:
    """An instruction to an engine about one order.

    `resize` and `reject` answer a native's own order.
    """

    strategy_id: str
    action: CommandAction
    order: Order
    reason: Reason = Reason.NONE
    detail: str = ""
