"""Policies that let a strategy's demand pass whole or refuse it."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.domain.orders.conflicts import ConflictDemand, ConflictView


def independent(demands: Sequence[ConflictDemand], _view: ConflictView) -> Sequence[float]:
    """Let all pass."""
    return [demand.quantity for demand in demands]


def first_wins(demands: Sequence[ConflictDemand], _view: ConflictView) -> Sequence[float]:
    """Let the first in the file pass."""
    return _only(demands, demands[0])


def priority(demands: Sequence[ConflictDemand], view: ConflictView) -> Sequence[float]:
    """Let the lowest priority number pass, ties by id."""
    return _only(demands, min(demands, key=lambda demand: (view.priorities[demand.strategy_id], demand.strategy_id)))


def cancel_both(demands: Sequence[ConflictDemand], _view: ConflictView) -> Sequence[float]:
    """Refuse all where some buy and some sell."""
    return [0.0] * len(demands) if are_opposite(demands) else [demand.quantity for demand in demands]


def are_opposite(demands: Sequence[ConflictDemand]) -> bool:
    """Return whether some buy and some sell."""
    return len({demand.quantity > 0 for demand in demands}) > 1


def _only(demands: Sequence[ConflictDemand], winner: ConflictDemand) -> Sequence[float]:
    return [demand.quantity if demand is winner else 0.0 for demand in demands]
