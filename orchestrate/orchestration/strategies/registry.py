"""The strategies of an orchestrator: metadata, status, book and account of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from orchestrate.domain.accounts import CapitalAccount, IsolatedAccount
from orchestrate.domain.books import Book
from orchestrate.domain.plan import Sizing
from orchestrate.domain.portfolio import Limits
from orchestrate.domain.results import EntryStatus, Moment, StatusChange, StrategyError
from orchestrate.domain.strategies.parameters import own
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS, Kind
from orchestrate.orchestration.orders.ports import SeatPrices, StrategySeat
from orchestrate.orchestration.strategies.compatibility import StrategyMetadata
from orchestrate.orchestration.strategies.deciders import Decider

_CALLED: Final = ("active", "paused")


@dataclass(frozen=True, slots=True)
class AllocationConfig:
    """A strategy's share of the total capital in percent, 0..100, the sizing of its entries, and its limits."""

    target_pct: Decimal
    sizing: Sizing = field(default_factory=Sizing)
    limits: Limits = field(default_factory=dict)

    def __post_init__(self) -> None:
        # 40 or 12.5 is taken, too, as the figure that its text shows
        object.__setattr__(self, "target_pct", Decimal(str(self.target_pct)))
        if not 0 <= self.target_pct <= 100:
            raise ValueError(f"target_pct must lie in 0..100, not {self.target_pct}")


@dataclass(slots=True)
class StrategyEntry:
    """One strategy under the orchestrator. `decider`, `book` and `account` come with the run.

    `weight` is its share of the capital in force, 0..1: nothing while it waits to be added, or once it is removed.
    """

    strategy: object
    metadata: StrategyMetadata
    allocation: AllocationConfig
    framework: str
    kind: Kind | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    status: EntryStatus = "active"
    symbols: tuple[str, ...] = ()
    allocated: Decimal = Decimal(0)
    book: Book = field(default_factory=lambda: Book("", 0.0))
    account: CapitalAccount = field(default_factory=lambda: IsolatedAccount(0.0))
    decider: Decider | None = None
    error: StrategyError | None = None
    blocked: int = 0
    resized: int = 0
    weight: Decimal = Decimal(0)
    status_changes: list[StatusChange] = field(default_factory=list)
    id: str = field(init=False)
    #: while the strategy is called: also while it is paused, when it may close what it holds
    is_called: bool = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.metadata.id
        self.is_called = self.status in _CALLED
        self.weight = self.allocation.target_pct / 100

    def require(self, becoming: str, *allowed: EntryStatus) -> None:
        """ValueError where the strategy's status is none of those from which it can be changed so."""
        if self.status not in allowed:
            raise ValueError(f"Strategy {self.id!r} is {self.status}, it can't be {becoming}")

    def become(self, status: EntryStatus, t: int | None = None, moment: Moment = "close") -> None:
        """Change the status at the open or close of the bar with the label `t`; None: before the first bar."""
        self.status = status
        self.is_called = status in _CALLED
        self.status_changes.append(StatusChange(status, t, moment))

    def wait(self) -> None:
        """Take no part until it is added."""
        self.become("waiting")
        self.weight = Decimal(0)

    def join(self, t: int | None = None, moment: Moment = "open") -> None:
        """Take part, with the weight that it was given."""
        self.become("active", t, moment)
        self.weight = self.allocation.target_pct / 100

    @property
    def is_native(self) -> bool:
        """True where the strategy lives in its engine and is called there."""
        return self.kind is not None and self.kind not in PORTABLE_KINDS


def seat_of(
    entry: StrategyEntry,
    cash: float,
    sized_on: Callable[[], float] | None,
    scope: AbstractContextManager[object],
    prices: SeatPrices,
) -> StrategySeat:
    """Return what an engine needs to know of a strategy before the run."""
    return StrategySeat(
        entry.id,
        cash,
        entry.symbols,
        native=entry.strategy if entry.is_native and isinstance(entry.strategy, type) else None,
        config={name: own(value) for name, value in entry.config.items()},
        sizing=entry.allocation.sizing,
        sized_on=sized_on,
        scope=scope,
        prices=prices,
    )
