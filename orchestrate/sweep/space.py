"""The space of a sweep: its points by number, by draw, and whether its relations allow one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrate.domain.sweeps import Axis, Objective, Point, SweepPlan

if TYPE_CHECKING:
    from orchestrate.domain.strategies.relations import Relation

#: Random points of a space of at most so many are that space shuffled; from a larger one they are drawn one by one.
SHUFFLED: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Space:
    """What a sampler needs to know of a sweep: parameters, how many points to draw, the seed, what is sought."""

    axes: tuple[Axis, ...]
    trials: int
    seed: int
    batch: int = 16
    objectives: tuple[Objective, ...] = (Objective("sharpe"),)

    @classmethod
    def of(cls, plan: SweepPlan, axes: Sequence[Axis]) -> Space:
        """Return the space of some parameters of a sweep."""
        return cls(tuple(axes), plan.trials, plan.seed, plan.batch, plan.objectives)

    @property
    def size(self) -> int:
        """The number of its points; 0 where a range makes them countless."""
        return 0 if any(axis.bounds for axis in self.axes) else math.prod(len(axis.values) for axis in self.axes)

    def point(self, number: int) -> Point:
        """Return a point by its number, the last parameter varying fastest."""
        indices = []
        for axis in reversed(self.axes):
            number, index = divmod(number, len(axis.values))
            indices.append(index)
        return {axis.name: axis.values[index] for axis, index in zip(self.axes, reversed(indices), strict=True)}

    def drawn(self, draws: Sequence[float]) -> Point:
        """Return the point at `draws`, one of 0 ≤ u < 1 for each parameter."""
        return {axis.name: _value(axis, u) for axis, u in zip(self.axes, draws, strict=True)}


def _value(axis: Axis, u: float) -> object:
    if axis.bounds is None:
        return axis.values[int(u * len(axis.values))]
    low, high = axis.bounds
    return low + (high - low) * u


def broken(where: Sequence[Relation], point: Point) -> str:
    """Return the reason why relations forbid a point; "" where they allow it."""
    for relation in where:
        try:
            if relation.holds(point):
                continue
        except (TypeError, ArithmeticError) as error:
            return f"{relation.text} can't be decided: {error}"
        values = ", ".join(f"{name} is {_shown(point, name)}" for name in relation.names)
        return f"{relation.text} must hold, but {values}"
    return ""


def _shown(point: Mapping[str, object], name: str) -> str:
    value = point[name]
    return f"{value:g}" if isinstance(value, float) else str(value)
