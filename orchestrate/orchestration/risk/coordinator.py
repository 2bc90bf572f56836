"""Size → conflicts → capital → limits → orders: every demand ends approved, resized or rejected, with a reason."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.domain.orders.intents import Intent
from orchestrate.orchestration.risk.conflicts import Conflict, ConflictPolicy, independent
from orchestrate.orchestration.risk.limits import Limit
from orchestrate.orchestration.risk.pipeline import (
    ApplyLimits,
    PlaceOrders,
    ReserveCapital,
    Resources,
    SettleConflicts,
    SizeEntries,
    Stage,
)


class StrategyCoordinator:
    """The coordinator that takes the intents of a step through the stages, in order; see pipeline.py."""

    def __init__(self, policy: ConflictPolicy = independent, limits: Sequence[Limit] = ()) -> None:
        self.policy = policy
        self.limits = tuple(limits)
        self.stages: tuple[Stage, ...] = ()
        self._conflicts = SettleConflicts(policy)

    @property
    def conflicts(self) -> Sequence[Conflict]:
        """The conflicts among the intents that were coordinated last."""
        return self._conflicts.conflicts

    def begin(self, resources: Resources) -> None:
        """A run begins: the stages decide on its books, prices and orders from now on."""
        self._conflicts = SettleConflicts(self.policy)
        self.stages = (
            SizeEntries(resources.entries, resources.marks, resources.instruments),
            self._conflicts,
            ReserveCapital(resources.buying_power),
            ApplyLimits(self.limits, resources.buying_power),
            PlaceOrders(resources.blotter),
        )

    def coordinate(self, intents: list[Intent]) -> None:
        """Decide on all `intents` of a step; afterwards they stand in the order in which they were decided."""
        for stage in self.stages:
            stage(intents)
