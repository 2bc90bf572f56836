"""The plan of a portfolio: allocation, conflicts, limits, rebalancing and the schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from orchestrate.domain.orders.conflicts import Exits

Period = Literal["day", "week", "month", "quarter", "year"]
Action = Literal["pause", "resume", "remove", "add", "allocation"]
#: A limit's name → its settings, of the dataclass that its registry names.
Limits = Mapping[str, object]
NO_LIMITS: Final[Limits] = {}
#: The book of positions that removed strategies leave behind; of several frameworks each has its own, `UNMANAGED_…`.
UNMANAGED: Final = "UNMANAGED"


@dataclass(frozen=True, slots=True)
class AllocationMethod:
    """A way to split the capital; `description` completes "each strategy gets …".

    `source` says what the weights are made of: the figures in the `file`, `nothing` but the number of strategies, or
    their `returns`, to which `function` ("module:name") gives the weights.
    """

    description: str
    source: Literal["file", "nothing", "returns"] = "returns"
    function: str = ""


@dataclass(frozen=True, slots=True)
class AllocationPlan:
    """The split of the capital: a method, or a function as `path.py:name`.

    Weights are estimated from the returns of `lookback` bars, and anew `every` period.
    """

    method: str = "custom"
    lookback: int = 252
    every: Period | None = None

    def __post_init__(self) -> None:
        if self.lookback < 3:
            raise ValueError(f"a lookback of {self.lookback} bars has no variance; it takes 3 or more")


@dataclass(frozen=True, slots=True)
class RebalancePlan:
    """The occasions on which capital goes back to its targets: beyond a `threshold`, at each new period, or both.

    `threshold` is in points of portfolio equity, 0.1 for ten. `top_up`: receivers enlarge their positions.
    """

    threshold: Decimal | None = None
    every: Period | None = None
    top_up: bool = True


@dataclass(frozen=True, slots=True)
class VolatilityTarget:
    """The yearly volatility to which weights are scaled, from the portfolio's last `lookback` returns."""

    annual: Decimal
    lookback: int = 60
    max_leverage: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        if not (self.annual > 0 and self.max_leverage > 0):
            raise ValueError(f"a volatility and a leverage are more than 0, not {self.annual} and {self.max_leverage}")
        if self.lookback < 2:
            raise ValueError(f"{self.lookback} returns have no volatility; it takes 2 or more")


@dataclass(frozen=True, slots=True)
class Appointment:
    """One change at the first step at or after `at`; `allocation` has percentages by strategy id."""

    at: str
    action: Action
    strategy_id: str = ""
    positions: Literal["flatten", "keep"] = "flatten"
    allocation: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """Return the change as findings name it."""
        return f"{self.action} {self.strategy_id or ', '.join(self.allocation)} at {self.at}"


@dataclass(frozen=True, slots=True)
class CompatibilityPlan:
    """The least score of the strategies together, 0..100, before and after a run."""

    require: int = 0


@dataclass(frozen=True, slots=True)
class PortfolioPlan:
    """The decisions of a portfolio beyond the wishes of its strategies.

    `conflicts` names a policy, or a function as `path.py:function`; `exits` says whether closing demands take part.
    """

    conflicts: str = "independent"
    exits: Exits = "protected"
    limits: Limits = field(default_factory=dict)
    rebalance: RebalancePlan = field(default_factory=RebalancePlan)
    target_volatility: VolatilityTarget | None = None
    schedule: tuple[Appointment, ...] = ()
    compatibility: CompatibilityPlan = field(default_factory=CompatibilityPlan)

    @property
    def moves_capital(self) -> bool:
        """True where capital may be moved between strategies while a run goes on."""
        scheduled = any(one.action == "allocation" for one in self.schedule)
        return scheduled or self.rebalance.threshold is not None or self.rebalance.every is not None
