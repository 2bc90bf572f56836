"""The points of a whole sweep, in parts: one for all strategies together, or one for each alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrate.domain.strategies.relations import Relation
from orchestrate.domain.sweeps import Axis, SweepPlan
from orchestrate.sweep.space import SHUFFLED, Space, broken

#: Points of a grid are counted one by one up to so many.
_COUNTED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Part:
    """The parameters that vary together; `strategy` is whose they are, "" where they are of the whole portfolio."""

    strategy: str
    axes: tuple[Axis, ...]


def parts(plan: SweepPlan) -> tuple[Part, ...]:
    """Return one part, or with `each: strategy` one for every strategy that has a parameter."""
    owners = dict.fromkeys(owner_of(axis) for axis in plan.axes)
    if plan.each == "portfolio":
        return (Part("", plan.axes),)
    return tuple(Part(owner, tuple(axis for axis in plan.axes if owner_of(axis) == owner)) for owner in owners)


def owner_of(axis: Axis) -> str:
    """Return the id of the strategy that a parameter is of; "" for one of the portfolio, or of a single strategy."""
    return axis.path[1] if axis.path[0] == "strategies" else ""


def relations_of(plan: SweepPlan, part: Part) -> tuple[Relation, ...]:
    """Return the relations among the parameters of a part."""
    names = {axis.name for axis in part.axes}
    return tuple(relation for relation in plan.where if names.issuperset(relation.names))


def extent(plan: SweepPlan) -> str:
    """Return how many trials a sweep has, in words."""
    spaces = [(part, Space.of(plan, part.axes)) for part in parts(plan)]
    together = int(len(spaces) > 1)
    total = sum(trials(plan.method, space) for _, space in spaces) + together
    text = f"{total} trials ({plan.method}, {len(plan.axes)} parameter{'s' if len(plan.axes) > 1 else ''})"
    if not plan.where or plan.method != "grid" or total > _COUNTED:
        return text
    allowed = sum(
        not broken(relations_of(plan, part), space.point(number))
        for part, space in spaces
        for number in range(space.size)
    )
    return f"{text}, {allowed + together} of them allowed by 'where'"


def trials(method: str, space: Space) -> int:
    """Return how many trials a space gets."""
    if method == "grid":
        return space.size
    return min(space.trials, space.size) if method == "random" and 0 < space.size <= SHUFFLED else space.trials
