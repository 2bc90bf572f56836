"""Facts of a run, in the past tense. The journal writes them down; nothing decides by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal

from orchestrate.domain.orders.order import Decision, Demand, Fill
from orchestrate.domain.values import value


@value
class DomainEvent:
    """A fact of a run; `t` is the bar's label in nanoseconds, None for facts outside the timeline."""


#: The name of the users' feature 004: a run has one stream of facts, about the strategies of all frameworks.
CrossFrameworkEvent = DomainEvent


@value
class StrategyAddedEvent(DomainEvent):
    """The addition of a strategy."""

    strategy_id: str
    allocation_pct: Decimal
    t: int | None = None


@value
class StrategyRemovedEvent(DomainEvent):
    """The removal of a strategy."""

    strategy_id: str
    t: int | None = None


@value
class PositionKeptEvent(DomainEvent):
    """The move of a removed strategy's position, at cost, to the book `holder`, which nobody manages."""

    strategy_id: str
    holder: str
    symbol: str
    quantity: float
    average_price: float
    t: int | None = None


@value
class StrategyPausedEvent(DomainEvent):
    """The pause of a strategy, which opens nothing until it is resumed."""

    strategy_id: str
    t: int | None = None


@value
class StrategyResumedEvent(DomainEvent):
    """The resumption of a paused strategy."""

    strategy_id: str
    t: int | None = None


@value
class StrategyFailedEvent(DomainEvent):
    """The failure of a strategy, which takes no further part.

    `file` and `line` are the innermost place in the user's own code, "" and 0 where it is not known.
    """

    strategy_id: str
    error_type: str
    error_message: str
    t: int | None = None
    file: str = ""
    line: int = 0


@value
class StrategySignalledEvent(DomainEvent):
    """A signal of a strategy; `capital_available` is what it could spend at that time."""

    strategy_id: str
    signal_type: str
    symbol: str
    capital_available: float
    t: int | None = None


@value
class SignalBlockedEvent(DomainEvent):
    """The rejection of a demand."""

    decision: Decision
    used_capital: float
    allocation_limit: float
    t: int | None = None


@value
class SignalResizedEvent(DomainEvent):
    """The reduction of a demand."""

    decision: Decision
    used_capital: float
    allocation_limit: float
    t: int | None = None


@value
class LimitReachedEvent(DomainEvent):
    """A limit has cut a demand, or has been reached by a loss.

    `figure` is what the limit judges, `bound` what it allows. `strategy_id` is empty for losses of the portfolio,
    `symbol`, `wanted` and `granted` are for any loss.
    """

    strategy_id: str
    limit: str
    figure: float
    bound: float
    symbol: str = ""
    wanted: float = 0.0
    granted: float = 0.0
    t: int | None = None


@value
class MarginCalledEvent(DomainEvent):
    """The margin call of a position, because its account's `equity` is below what is `required`."""

    strategy_id: str
    symbol: str
    quantity: float
    equity: float
    required: float
    t: int | None = None


@value
class AccountRuinedEvent(DomainEvent):
    """The ruin of an account: its `equity` is zero or less. `strategy_id` is empty where strategies share it."""

    strategy_id: str
    equity: float
    t: int | None = None


@value
class OptionSettledEvent(DomainEvent):
    """The settlement of all contracts of one chain and day at one `price` of their underlying."""

    chain: str
    underlying: str
    expires_on: str
    settlement: str
    price: float
    t: int | None = None


@value
class OptionExpiredEvent(DomainEvent):
    """The end of a position in an option that is worth nothing at the settlement price."""

    strategy_id: str
    symbol: str
    quantity: float
    price: float
    t: int | None = None


@value
class OptionExercisedEvent(DomainEvent):
    """The exercise of a long option with its underlying at `price`.

    `cash` is what it pays, or what the delivered `shares` cost, with their signs.
    """

    strategy_id: str
    symbol: str
    quantity: float
    price: float
    cash: float
    shares: float
    t: int | None = None


@value
class OptionAssignedEvent(DomainEvent):
    """The assignment of a short option, with the same facts; `early` is why it comes before the expiry, or empty."""

    strategy_id: str
    symbol: str
    quantity: float
    price: float
    cash: float
    shares: float
    early: str = ""
    t: int | None = None


@value
class OrderFilledEvent(DomainEvent):
    """The execution of an order."""

    fill: Fill
    t: int | None = None


@value
class StrategyConflictDetectedEvent(DomainEvent):
    """A conflict of several strategies over one symbol on one bar."""

    strategy_ids: tuple[str, ...]
    conflict_type: str
    symbol: str = ""
    demands: tuple[Demand, ...] = ()
    resolution_mode: str = "independent"
    outcome: str = ""
    t: int | None = None


@value
class OppositionStartedEvent(DomainEvent):
    """The beginning of opposite positions in one symbol: some of the strategies are long, others short."""

    symbol: str
    strategies: tuple[str, ...]
    t: int | None = None


@value
class OppositionEndedEvent(DomainEvent):
    """The end of opposite positions in one symbol; `strategies` held them until now."""

    symbol: str
    strategies: tuple[str, ...]
    t: int | None = None


@value
class CapitalRebalancedEvent(DomainEvent):
    """A rebalance: `before` holds the equities before money was moved, `allocations` those after it.

    They are by strategy id, that of the unallocated capital under an empty one. `t` is the bar decided on.
    """

    allocations: Mapping[str, Decimal]
    t: int | None = None
    before: Mapping[str, Decimal] = field(default_factory=dict)
    why: str = ""
