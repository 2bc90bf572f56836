"""Conflicts → capital → limits: every demand ends approved, resized or rejected, with a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrate.domain.orders import Decision, Demand, Outcome, Reason
from orchestrate.orchestration.conflicts import Conflict, ConflictPolicy, find_conflicts, independent

#: The capital stage: what of `quantity` the demand's strategy can pay for, reserved at once.
Funding = Callable[[Demand, float], Decision]


class StrategyCoordinator:
    """The coordinator that takes demands through the stages in order.

    The stages themselves live in conflicts.py and capital.py.
    """

    def __init__(self, policy: ConflictPolicy = independent) -> None:
        self.policy = policy
        self.conflicts: list[Conflict] = []

    def coordinate(self, demands: Sequence[Demand], fund: Funding) -> list[Decision]:
        """Decisions on `demands`, closing ones first (their proceeds count), otherwise in the order they came.

        `conflicts` then holds what was found among these demands.
        """
        if len(demands) == 1:
            self.conflicts = []
            return [fund(demands[0], demands[0].quantity)]
        self.conflicts = find_conflicts(demands, self.policy)
        allowed = {
            demand: quantity
            for conflict in self.conflicts
            for demand, quantity in zip(conflict.demands, conflict.settlement.quantities, strict=True)
        }
        outcomes = {conflict.symbol: conflict.settlement.outcome for conflict in self.conflicts}
        decisions = []
        for demand in sorted(demands, key=lambda demand: not demand.closing):
            quantity = allowed.get(demand, demand.quantity) if allowed else demand.quantity
            if demand.quantity and not quantity:
                outcome = outcomes[demand.symbol]
                decisions.append(Decision(demand, Outcome.REJECTED, 0.0, Reason.CONFLICT, outcome))
            else:
                decisions.append(fund(demand, quantity))
        return decisions
