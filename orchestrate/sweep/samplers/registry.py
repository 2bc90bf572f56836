"""The samplers, by the name that a configuration writes. Their modules are imported where they are used."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from orchestrate.domain.sweeps import Point
    from orchestrate.sweep.space import Space

#: The objectives of a point, None where it has none: infeasible, failed, without trades.
Score: TypeAlias = tuple[float, ...] | None
#: Yields points; one that learns is sent the scores of each batch, in its order, before it yields the next.
Batches: TypeAlias = Generator[Sequence["Point"], Sequence[Score], None]


@dataclass(frozen=True, slots=True)
class Sampler:
    """One way to choose points: a function from a space and the number of its first trial to batches.

    `ranges`: it draws from ranges, too. `learns`: what it yields depends on the scores of earlier batches.
    """

    description: str
    function: str
    ranges: bool = True
    learns: bool = False

    def batches(self, space: Space, first: int = 0) -> Batches:
        """Return the points of a sweep, whose first trial has the number `first`."""
        module, _, name = self.function.partition(":")
        propose: Callable[[Any, int], Batches] = getattr(import_module(module), name)
        return propose(space, first)


SAMPLERS: Final[dict[str, Sampler]] = {
    "grid": Sampler("every point", "orchestrate.sweep.samplers.draws:grid", ranges=False),
    "random": Sampler(
        "points drawn at random, none twice where all can be counted", "orchestrate.sweep.samplers.draws:random"
    ),
    "halton": Sampler("points spread evenly, a scrambled Halton sequence", "orchestrate.sweep.samplers.draws:halton"),
    "tpe": Sampler(
        "points near good ones, by Optuna's estimator", "orchestrate.sweep.samplers.learned:tpe", learns=True
    ),
}
