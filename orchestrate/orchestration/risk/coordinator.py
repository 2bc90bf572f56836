"""Size → conflicts → capital → limits → orders: every demand ends approved, resized or rejected, with a reason."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.portfolio import NO_LIMITS, Limits
from orchestrate.orchestration.risk.conflicts import Conflict, ConflictPolicy, independent
from orchestrate.orchestration.risk.limits.stage import ApplyLimits, LimitHit
from orchestrate.orchestration.risk.pipeline import (
    PlaceOrders,
    ReserveCapital,
    Resources,
    SettleConflicts,
    SizeEntries,
    Stage,
)


class StrategyCoordinator:
    """The coordinator that takes the intents of a step through the stages, in order; see pipeline.py.

    `limits` are those of the portfolio, by name; strategies bring their own.
    """

    def __init__(self, policy: ConflictPolicy = independent, limits: Limits = NO_LIMITS) -> None:
        self.policy = policy
        self.limits = limits
        self.stages: tuple[Stage, ...] = ()
        self._conflicts = SettleConflicts(policy)
        self._limits: ApplyLimits | None = None

    @property
    def conflicts(self) -> Sequence[Conflict]:
        """The conflicts among the intents that were coordinated last."""
        return self._conflicts.conflicts

    @property
    def limit_hits(self) -> Sequence[LimitHit]:
        """What limits have cut of the intents that were coordinated last."""
        return self._limits.hits if self._limits else ()

    def begin(self, resources: Resources) -> None:
        """A run begins: the stages decide on its books, prices and orders from now on."""
        self._conflicts = SettleConflicts(self.policy)
        strategy_limits = any(entry.allocation.limits for entry in resources.entries.values())
        self._limits = ApplyLimits(
            self.limits, strategy_limits, resources.exposure, resources.buying_power, resources.rules
        )
        self.stages = (
            SizeEntries(resources.entries, resources.marks, resources.instruments),
            self._conflicts,
            ReserveCapital(resources.buying_power),
            self._limits,
            PlaceOrders(resources.blotter),
        )

    def coordinate(self, intents: list[Intent]) -> None:
        """Decide on all `intents` of a step; afterwards they stand in the order in which they were decided."""
        for stage in self.stages:
            stage(intents)
