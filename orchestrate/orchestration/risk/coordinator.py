"""Size → conflicts → capital → limits → orders: every demand ends approved, resized or rejected, with a reason."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.domain.events import LimitReachedEvent
from orchestrate.domain.orders.conflicts import Exits, Settle
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.portfolio import NO_LIMITS, Limits
from orchestrate.orchestration.risk.limits.stage import ApplyLimits
from orchestrate.orchestration.risk.pipeline import (
    PlaceOrders,
    ReserveCapital,
    Resources,
    SizeEntries,
    Stage,
)
from orchestrate.orchestration.risk.policies.sides import independent
from orchestrate.orchestration.risk.policies.stage import Conflict, SettleConflicts
from orchestrate.orchestration.strategies.registry import StrategyEntry


class StrategyCoordinator:
    """The coordinator that takes the intents of a step through the stages, in order; see pipeline.py.

    `policy` settles conflicts, and `mode` is its name in the journal; `exits` says whether closing demands take part.
    `limits` are those of the portfolio, by name; strategies bring their own.
    """

    def __init__(
        self,
        policy: Settle = independent,
        limits: Limits = NO_LIMITS,
        *,
        mode: str = "",
        exits: Exits = "protected",
    ) -> None:
        self.policy = policy
        self.mode: str = mode or getattr(policy, "__name__", type(policy).__name__)
        self.exits: Exits = exits
        self.limits = limits
        self.stages: tuple[Stage, ...] = ()
        self._conflicts: SettleConflicts | None = None
        self._limits: ApplyLimits | None = None
        self._sizes: SizeEntries | None = None

    @property
    def conflicts(self) -> Sequence[Conflict]:
        """The conflicts among the intents that were coordinated last."""
        return self._conflicts.conflicts if self._conflicts else ()

    @property
    def limit_hits(self) -> Sequence[LimitReachedEvent]:
        """The cuts by limits of the intents that were coordinated last."""
        return self._limits.hits if self._limits else ()

    def begin(self, resources: Resources) -> None:
        """Begin a run: let the stages decide on its books, prices and orders."""
        self._conflicts = SettleConflicts(self.policy, self.mode, self.exits, resources)
        strategy_limits = any(entry.allocation.limits for entry in resources.entries.values())
        self._limits = ApplyLimits(
            self.limits, strategy_limits, resources.exposure, resources.buying_power, resources.rules
        )
        self._sizes = SizeEntries(resources)
        self.stages = (
            self._sizes,
            self._conflicts,
            ReserveCapital(resources.buying_power),
            self._limits,
            PlaceOrders(resources.blotter),
        )

    def join(self, entry: StrategyEntry) -> None:
        """Apply the sizing and the limits of a strategy that joins the run."""
        if self._limits is not None and self._sizes is not None:
            self._sizes.join(entry)
            self._limits.join(entry)

    def coordinate(self, intents: list[Intent]) -> None:
        """Decide on all `intents` of a step, and leave them in the order in which they were decided."""
        for stage in self.stages:
            stage(intents)


#: The name of the users' feature 004: one coordinator decides for the strategies of all frameworks.
CrossFrameworkCoordinator = StrategyCoordinator
