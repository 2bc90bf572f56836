"""A policy of one's own: `portfolio: {conflicts: policies/calmer.py:calmer}`."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate import ConflictDemand, ConflictView


def calmer(demands: Sequence[ConflictDemand], view: ConflictView) -> Sequence[float]:
    """Let the side with more money behind it trade half of what it wants, and refuse the other."""
    behind = {True: 0.0, False: 0.0}
    for demand in demands:
        behind[demand.quantity > 0] += abs(demand.quantity) * demand.price * view.weights[demand.strategy_id]
    buys = behind[True] >= behind[False]
    return [demand.quantity / 2 if (demand.quantity > 0) is buys else 0.0 for demand in demands]
