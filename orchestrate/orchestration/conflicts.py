"""Several strategies want one symbol on one bar: finding it, and settling it by policy.

A policy is a function from the demands on one symbol to a `Settlement`. It never sees capital; that comes after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrate.domain.orders import Demand


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a policy makes of a conflict: the quantity each demand may go on with (0: refused), and why in words."""

    quantities: tuple[float, ...]
    outcome: str


ConflictPolicy = Callable[[Sequence[Demand]], Settlement]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A conflict as it was found and settled; `demands` as they came."""

    symbol: str
    demands: tuple[Demand, ...]
    settlement: Settlement

    @property
    def strategy_ids(self) -> tuple[str, ...]:
        """Who took part, in the order of the demands, each once."""
        return tuple(dict.fromkeys(demand.strategy_id for demand in self.demands))

    @property
    def kind(self) -> str:
        """`opposite` when some buy and some sell, else `same_side`."""
        return "opposite" if len({demand.quantity > 0 for demand in self.demands}) > 1 else "same_side"


def independent(demands: Sequence[Demand]) -> Settlement:
    """Each book trades its own; the conflict is reported only."""
    return Settlement(tuple(demand.quantity for demand in demands), "each book trades its own")


CONFLICT_POLICIES: Final[Mapping[str, ConflictPolicy]] = {"independent": independent}


def find_conflicts(demands: Sequence[Demand], policy: ConflictPolicy) -> list[Conflict]:
    """One conflict for each symbol that two or more strategies want now, in the order of the demands."""
    by_symbol: dict[str, list[Demand]] = {}
    for demand in demands:
        by_symbol.setdefault(demand.symbol, []).append(demand)
    return [
        Conflict(symbol, tuple(wanting), policy(wanting))
        for symbol, wanting in by_symbol.items()
        if len({demand.strategy_id for demand in wanting}) > 1
    ]
