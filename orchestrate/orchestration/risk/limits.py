"""Limits of risk: each is a function from a demand to what is left of it, by its name in the configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from orchestrate.domain.orders.order import Demand


class LimitVerdict(NamedTuple):
    """A limit is reached: so much still fits (0: nothing does), with the figures in words."""

    quantity: float
    detail: str


#: What a limit makes of so much of a demand; None where it is not reached.
Limit = Callable[[Demand, float], LimitVerdict | None]
LIMITS: Final[dict[str, Callable[..., Limit]]] = {}
