"""Conflict policies by the name that `portfolio.conflicts` gives. A further one is a function and a line here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrate.domain.orders.conflicts import Settle
from orchestrate.orchestration.risk.policies.netting import net_signal, weighted_average
from orchestrate.orchestration.risk.policies.sides import cancel_both, first_wins, independent, priority


@dataclass(frozen=True, slots=True)
class ConflictPolicy:
    """A policy, and its description for documentation and schema."""

    settle: Settle
    description: str


CONFLICT_POLICIES: Final[dict[str, ConflictPolicy]] = {
    "independent": ConflictPolicy(independent, "each book trades its own; conflicts are reported"),
    "first_wins": ConflictPolicy(first_wins, "the first strategy in the file passes, all others are refused"),
    "priority": ConflictPolicy(priority, "the lowest priority number passes, ties by id; all others are refused"),
    "cancel_both": ConflictPolicy(cancel_both, "opposite demands are all refused; demands of one side all pass"),
    "net_signal": ConflictPolicy(
        net_signal,
        "opposite demands are added up: the side of the sum shares it by weight, the other side is refused; "
        "demands of one side all pass",
    ),
    "weighted_average": ConflictPolicy(
        weighted_average,
        "the average of the demands, weighted by the strategies' weights, is shared by weight on its side; "
        "the other side is refused",
    ),
}
