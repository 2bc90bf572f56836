"""Several strategies want one symbol on one bar: finding it, and settling it by policy.

A policy is a function from the demands on one symbol to a `Settlement`. It never sees capital; that comes after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Demand


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a policy makes of a conflict: the quantity each demand may go on with (0: refused), and why in words."""

    quantities: tuple[float, ...]
    outcome: str


ConflictPolicy = Callable[[Sequence[Demand]], Settlement]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A conflict as it was found and settled; `intents` as they came."""

    symbol: str
    intents: tuple[Intent, ...]
    settlement: Settlement

    @property
    def demands(self) -> tuple[Demand, ...]:
        """What was wanted, by all of them."""
        return tuple(intent.demand for intent in self.intents)

    @property
    def strategy_ids(self) -> tuple[str, ...]:
        """Who took part, in the order of the demands, each once."""
        return tuple(dict.fromkeys(intent.strategy_id for intent in self.intents))

    @property
    def kind(self) -> str:
        """`opposite` when some buy and some sell, else `same_side`."""
        return "opposite" if len({demand.quantity > 0 for demand in self.demands}) > 1 else "same_side"


def independent(demands: Sequence[Demand]) -> Settlement:
    """Each book trades its own; the conflict is reported only."""
    return Settlement(tuple(demand.quantity for demand in demands), "each book trades its own")


CONFLICT_POLICIES: Final[dict[str, ConflictPolicy]] = {"independent": independent}


def find_conflicts(intents: Sequence[Intent], policy: ConflictPolicy) -> list[Conflict]:
    """One conflict for each symbol that two or more strategies want now, in the order of the intents."""
    by_symbol: dict[str, list[Intent]] = {}
    for intent in intents:
        by_symbol.setdefault(intent.symbol, []).append(intent)
    return [
        Conflict(symbol, tuple(wanting), policy([intent.demand for intent in wanting]))
        for symbol, wanting in by_symbol.items()
        if len({intent.strategy_id for intent in wanting}) > 1
    ]
