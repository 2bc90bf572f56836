"""Policies that trade one quantity for all, shared among the strategies on its side.

Sums are exact (`fsum`), so that the order of the file changes no digit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from orchestrate.domain.orders.conflicts import ConflictDemand, ConflictView
from orchestrate.orchestration.risk.policies.sides import are_opposite

#: A sum this small beside its largest part is zero up to the rounding of floats.
_GRAIN: Final = 1e-12


def net_signal(demands: Sequence[ConflictDemand], view: ConflictView) -> Sequence[float]:
    """Trade the sum of opposite demands; all pass where they are on one side."""
    if not are_opposite(demands):
        return [demand.quantity for demand in demands]
    return share(demands, math.fsum(demand.quantity for demand in demands), _weights(demands, view))


def weighted_average(demands: Sequence[ConflictDemand], view: ConflictView) -> Sequence[float]:
    """Trade the average of the demands, weighted by the strategies' weights."""
    weights = _weights(demands, view)
    parts = [weights[demand.strategy_id] * demand.quantity for demand in demands]
    return share(demands, math.fsum(parts) / math.fsum(weights.values()), weights)


def share(demands: Sequence[ConflictDemand], total: float, weights: Mapping[str, float]) -> Sequence[float]:
    """Share the signed `total` by weight among the demands on its side, none above its own; the rest is shared again.

    The other side gets nothing.
    """
    granted = [0.0] * len(demands)
    if abs(total) <= _GRAIN * max(abs(demand.quantity) for demand in demands):
        return granted
    left = total
    open_demands = {place: demand for place, demand in enumerate(demands) if demand.quantity * total > 0}
    while open_demands:
        whole = math.fsum(weights[demand.strategy_id] for demand in open_demands.values())
        shares = {
            place: left * (weights[demand.strategy_id] / whole if whole else 1 / len(open_demands))
            for place, demand in open_demands.items()
        }
        full = [place for place, demand in open_demands.items() if abs(shares[place]) >= abs(demand.quantity)]
        if not full:
            return [shares.get(place, quantity) for place, quantity in enumerate(granted)]
        for place in full:
            granted[place] = open_demands.pop(place).quantity
        left = total - math.fsum(granted)
    return granted


def _weights(demands: Sequence[ConflictDemand], view: ConflictView) -> dict[str, float]:
    """Return the weights of the strategies; equal ones where none has any."""
    weights = {demand.strategy_id: view.weights[demand.strategy_id] for demand in demands}
    return weights if any(weights.values()) else dict.fromkeys(weights, 1.0)
