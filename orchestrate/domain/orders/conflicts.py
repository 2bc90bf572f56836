"""What a conflict policy sees and answers: several strategies demand one symbol at one step.

A policy is a function `f(demands, view) -> quantities`, one for each demand; users write theirs in the same form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple


class ConflictDemand(NamedTuple):
    """The demand of one strategy for the symbol at this step: all that it wants of it together.

    `quantity` is signed: positive buys, negative sells. `closing` demands only reduce its position; `price` is the
    close it saw.
    """

    strategy_id: str
    symbol: str
    quantity: float
    closing: bool
    price: float


@dataclass(frozen=True, slots=True)
class ConflictView:
    """The view that a policy has of the portfolio at this step; read only.

    `weights` (0..1), `priorities` and `positions` are by strategy id, in the order of the file; `positions[id]` has
    signed quantities by symbol; `prices` has the last close of each symbol that has had a bar.
    """

    weights: Mapping[str, float]
    priorities: Mapping[str, int]
    positions: Mapping[str, Mapping[str, float]]
    prices: Mapping[str, float]


#: From demands in the order of the file to the quantity with which each may go on: 0 refuses it.
Settle = Callable[[Sequence[ConflictDemand], ConflictView], Sequence[float]]
#: Whether closing demands pass whatever the policy says, or take part.
Exits = Literal["protected", "included"]
