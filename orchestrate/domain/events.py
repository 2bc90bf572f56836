"""Facts of a run, in the past tense. The journal writes them down; nothing decides by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal

from orchestrate.domain.orders import Decision, Demand, Fill
from orchestrate.domain.values import value


@value
class DomainEvent:
    """Something that happened. `t` is the bar's label in nanoseconds, None for facts outside the timeline."""


@value
class StrategyAddedEvent(DomainEvent):
    """A strategy takes part."""

    strategy_id: str
    allocation_pct: Decimal
    t: int | None = None


@value
class StrategyRemovedEvent(DomainEvent):
    """A strategy no longer takes part."""

    strategy_id: str
    t: int | None = None


@value
class StrategyPausedEvent(DomainEvent):
    """A strategy is not asked until it is resumed."""

    strategy_id: str
    t: int | None = None


@value
class StrategyResumedEvent(DomainEvent):
    """A paused strategy is asked again."""

    strategy_id: str
    t: int | None = None


@value
class StrategyFailedEvent(DomainEvent):
    """A strategy raised, returned nonsense or hung; it takes no further part."""

    strategy_id: str
    error_type: str
    error_message: str
    t: int | None = None


@value
class StrategySignalledEvent(DomainEvent):
    """A strategy wanted in or out; `capital_available` is what it could have spent then."""

    strategy_id: str
    signal_type: str
    symbol: str
    capital_available: float
    t: int | None = None


@value
class SignalBlockedEvent(DomainEvent):
    """A demand was refused."""

    decision: Decision
    used_capital: float
    allocation_limit: float
    t: int | None = None


@value
class SignalResizedEvent(DomainEvent):
    """A demand was cut."""

    decision: Decision
    used_capital: float
    allocation_limit: float
    t: int | None = None


@value
class OrderFilledEvent(DomainEvent):
    """An order was executed."""

    fill: Fill
    t: int | None = None


@value
class StrategyConflictDetectedEvent(DomainEvent):
    """Several strategies wanted one symbol on one bar."""

    strategy_ids: tuple[str, ...]
    conflict_type: str
    symbol: str = ""
    demands: tuple[Demand, ...] = ()
    resolution_mode: str = "independent"
    outcome: str = ""
    t: int | None = None


@value
class CapitalRebalancedEvent(DomainEvent):
    """Capital was shared out anew; `before` is what each strategy had until then."""

    allocations: Mapping[str, Decimal]
    t: int | None = None
    before: Mapping[str, Decimal] = field(default_factory=dict)
