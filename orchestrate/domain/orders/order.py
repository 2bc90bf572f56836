"""From demand to fact: Demand (requested) → Decision (allowed) → Order → Fill (executed).

Quantities are signed everywhere: positive buys, negative sells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from orchestrate.domain.errors import OrderError
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.terms import Bracket, moved
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
    STRATEGY_REMOVED = "strategy_removed"
    SERIES_ENDED = "series_ended"
    UNFILLED_AT_END = "unfilled_at_end"
    NOTHING_TO_CLOSE = "nothing_to_close"
    FLATTENED = "flattened"
    CLOSE_AT_END = "close_at_end"
    CONFLICT = "conflict"
    LIMIT = "limit"
    REBALANCE = "rebalance"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    BRACKET = "bracket"
    OCO = "oco"
    POSITION_CLOSED = "position_closed"
    MARGIN_CALL = "margin_call"
    RUINED = "ruined"
    SETTLEMENT = "settlement"
    NO_STOP = "no_stop"
    NO_QUOTE = "no_quote"
    ROLL = "roll"
    ASSIGNED = "assigned"
    NO_SETTLEMENT = "no_settlement"
    NOT_COVERED = "not_covered"


#: Why an account's positions are closed whatever its strategies do: at the next open, and no rule cancels it.
FORCED: Final = frozenset({Reason.MARGIN_CALL, Reason.RUINED})
#: Why an order ends although nobody refuses anything: by its strategy's own wish, or another has done its work.
ENDS_OF_ITSELF: Final = frozenset({Reason.CANCELLED, Reason.EXPIRED, Reason.OCO, Reason.POSITION_CLOSED})


class OrderType(StrEnum):
    """What an order waits for."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class OrderStatus(StrEnum):
    """The status of an order."""

    PENDING = "pending"
    RELEASED = "released"
    RESTING = "resting"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


_ENDS: Final = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED})
_FILLS: Final = frozenset({OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED})
#: a name of this module is found several times as fast as a member of an enumeration
_MARKET: Final = OrderType.MARKET
#: From each status, those that may follow. What has ended stays ended.
TRANSITIONS: Final[Mapping[OrderStatus, frozenset[OrderStatus]]] = {
    OrderStatus.PENDING: (_ENDS - _FILLS) | {OrderStatus.RELEASED},
    OrderStatus.RELEASED: _ENDS | _FILLS | {OrderStatus.RESTING},
    OrderStatus.RESTING: _ENDS | _FILLS,
    OrderStatus.PARTIALLY_FILLED: (_ENDS - {OrderStatus.REJECTED}) | {OrderStatus.PARTIALLY_FILLED},
    **dict.fromkeys(_ENDS, frozenset[OrderStatus]()),
}


#: What a strategy must hold when its order fills: nothing (an entry that rests), or a position (an order that adds).
Requires = Literal["", "flat", "position"]


@value
class OrderGroup:
    """Orders that belong together: a bracket's exits, orders of which one cancels the other, legs of a structure.

    `second` is the one of an OCO that was named second; it is the same group.
    """

    kind: Literal["bracket", "oco", "legs"]
    id: str
    second: bool = field(default=False, compare=False)

    @classmethod
    def bracket(cls, entry: str | None) -> OrderGroup | None:
        """Return the group of the exits that belong to the order `entry`; None without one."""
        return cls("bracket", entry) if entry else None


@value
class Demand:
    """A strategy's request to trade `quantity` of `symbol` at `step`.

    `closing` demands only reduce its position; `price` is the close it saw. `native_order` is the engine's own id of
    the order that a native strategy made, empty for portable strategies. A `limit`, `trigger` or `trail` makes the
    order rest until it is reached, at most `until` that moment, or for the `day` of its release. `tag` is the name that
    its strategy gave it, `requires` what that must hold when it fills, `bracket` the exits that follow its fill.
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
    trail: float | None = None
    until: int | None = None
    group: OrderGroup | None = None
    day: bool = False
    tag: str = ""
    requires: Requires = ""
    bracket: Bracket | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.quantity):
            raise ValueError(f"{self.strategy_id}: a demand's quantity must be a number, not {self.quantity}")

    @property
    def rests(self) -> bool:
        """True where it asks for an order that waits until the market reaches it."""
        return self.limit is not None or self.trigger is not None or self.trail is not None

    @property
    def type(self) -> OrderType:
        """The type of order that its prices make it."""
        if self.trail is not None:
            return OrderType.TRAILING_STOP
        if self.trigger is not None:
            return OrderType.STOP if self.limit is None else OrderType.STOP_LIMIT
        return OrderType.MARKET if self.limit is None else OrderType.LIMIT


#: Figures by their names, such as `cost` and `available`.
Figures = Mapping[str, float]
NO_FIGURES: Final[Figures] = {}


class StageOutcome(NamedTuple):
    """What a stage of the pipeline made of a demand: so much went in, so much came out, and why.

    `detail` gives the reason in words, `figures` has the numbers that it rests on.
    """

    stage: str
    before: float
    after: float
    reason: Reason
    detail: str = ""
    figures: Figures = NO_FIGURES


@value
class Decision:
    """The end of a demand: `quantity` may be traded (0 when rejected), `detail` gives the reason in figures.

    `trail` has the stages that cut or refused it, in order; a stage that it doesn't name let it pass. `available` is
    what an opening could cost at most when it was decided (None where nobody computed it), `reserve` what is held back.
    `sized`: the plan's sizing gave the quantity.
    """

    demand: Demand
    outcome: Outcome
    quantity: float
    reason: Reason = Reason.NONE
    detail: str = ""
    trail: tuple[StageOutcome, ...] = ()
    available: float | None = None
    reserve: float = 0.0
    sized: bool = False


@dataclass(slots=True, eq=False)
class Order:
    """An approved demand, from its placing to its end.

    Its id is unique in the run and the same on every engine. It lives in the blotter, which alone changes it. `until`
    is the last moment at which it may fill. The `trigger` of a trailing stop is the level at which it begins.
    `first_row` is the first row of its symbol that may reach it as it rests now. `price` is what it fills at, and
    `fee` what that costs, where they are not those of a bar and the rules.
    """

    id: str
    strategy_id: str
    symbol: str
    quantity: float
    closing: bool
    reserve: float = 0.0
    reason: Reason = Reason.NONE
    native_order: str = ""
    type: OrderType = OrderType.MARKET
    limit: float | None = None
    trigger: float | None = None
    trail: float | None = None
    until: int | None = None
    group: OrderGroup | None = None
    day: bool = False
    tag: str = ""
    requires: Requires = ""
    bracket: Bracket | None = None
    status: OrderStatus = OrderStatus.PENDING
    filled: float = 0.0
    first_row: int = 0
    price: float | None = None
    fee: float | None = None

    @property
    def name(self) -> str:
        """What its engine calls it: a native's own order by the id that it has there, any other by its id."""
        return self.native_order or self.id

    @property
    def rests(self) -> bool:
        """True for orders that wait in the engine until the market reaches them."""
        return self.type is not _MARKET

    @property
    def slips(self) -> bool:
        """True where slippage moves its price: a limit holds, and a settlement is no trade in the market."""
        return self.limit is None and self.price is None and self.reason is not Reason.SETTLEMENT

    @property
    def is_over(self) -> bool:
        """True once it can't fill any more."""
        return self.status in _ENDS

    @property
    def remaining(self) -> float:
        """The signed quantity that is not filled."""
        return rounded(self.quantity - self.filled)

    def become(self, status: OrderStatus) -> None:
        """Enter `status`; OrderError where the life of an order does not lead there."""
        if status not in TRANSITIONS[self.status]:
            raise OrderError(f"order {self.id} is {self.status}, it can't become {status}")
        self.status = status


@value
class OrderUpdate:
    """A change of an order's status, as `on_order` gets it.

    `filled` is the signed quantity so far, `price` that of the fill, None without one. A demand that was refused before
    it became an order has no `order_id`.
    """

    order_id: str
    tag: str
    symbol: str
    status: OrderStatus
    reason: Reason = Reason.NONE
    filled: float = 0.0
    price: float | None = None


@value
class Ended:
    """An order is over in its engine without a further fill; `name` is the engine's name of it, see `Order.name`.

    It has expired, is cancelled by the native that it belongs to, is taken out by its bracket, or has nothing to close.
    """

    strategy_id: str
    name: str
    reason: Reason


@value
class Fill:
    """An execution by an engine: `quantity` changed hands at `price` for `fee` at step time `t`.

    The fills of an order that fills in parts are numbered from 1; `part` is 0 where it fills as a whole. `rate` is what
    one unit of the price's currency was worth in the capital's. `fee` is in that, the engine charged `engine_fee`.
    """

    order_id: str
    strategy_id: str
    symbol: str
    quantity: float
    price: float
    fee: float
    t: int
    part: int = 0
    rate: float = 1.0
    engine_fee: float = 0.0

    def __post_init__(self) -> None:
        if not (self.quantity and math.isfinite(self.quantity) and math.isfinite(self.price)):
            raise ValueError(f"order {self.order_id}: a fill needs a quantity and a price")

    @property
    def id(self) -> str:
        """Its name, unique in the run and the same on every engine."""
        return f"{self.order_id}/{self.part}" if self.part else self.order_id

    def at(self, t: int) -> Fill:
        """Return the same fill at another time."""
        return Fill(
            self.order_id,
            self.strategy_id,
            self.symbol,
            self.quantity,
            self.price,
            self.fee,
            t,
            self.part,
            self.rate,
            self.engine_fee,
        )


def trailing_level(extreme: float, trail: float, *, buys: bool) -> float:
    """Return the level of a stop that trails `extreme` by `trail`: above it for a buy, below it for a sell."""
    return moved(extreme, trail, up=buys)


CommandAction = Literal["submit", "cancel", "resize", "reject", "replace"]


@value
class StrategyCommand:
    """An instruction to an engine about one order.

    `resize` and `reject` answer a native's own order. `replace` says that prices or quantity of one that rests changed.
    """

    strategy_id: str
    action: CommandAction
    order: Order
    reason: Reason = Reason.NONE
    detail: str = ""
