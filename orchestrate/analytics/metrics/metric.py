"""The type of a metric: its function, its definition in words, and how it is shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from orchestrate.analytics.tracks.track import Track

#: How a figure is shown: a signed percentage, a percentage, a plain number, a whole number, money, or days.
Format = Literal["change", "share", "ratio", "count", "money", "days"]
Range = tuple[float, float]
ANY: Final = (-math.inf, math.inf)
NOT_NEGATIVE: Final = (0.0, math.inf)
NOT_POSITIVE: Final = (-math.inf, 0.0)
SHARE: Final = (0.0, 1.0)
#: A deviation this small against the largest return is the rounding of floats, not a movement.
NOISE: Final = 1e-12


class NoFigureError(ValueError):
    """A figure has no meaning for this track; the message says why."""


class NoBenchmarkError(NoFigureError):
    """The plan names no benchmark: a reason that holds for all tracks of a run."""

    def __init__(self) -> None:
        super().__init__("no benchmark is named (benchmark: SYMBOL)")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its function, its label, how it is shown, and the range that its values lie in.

    `definition` says in words how it is computed, `libraries` which libraries agree with it. `column` is its heading
    where strategies are compared; "" where it is not. A `headline` figure stands in a short summary. `of_curve`: it
    needs nothing but the curve, so that a benchmark has it too. `of_benchmark`: it compares with the benchmark.
    """

    figure: Callable[[Track], float]
    label: str
    format: Format
    definition: str
    range: Range = ANY
    column: str = ""
    of_curve: bool = False
    of_benchmark: bool = False
    headline: bool = False
    libraries: str = ""
