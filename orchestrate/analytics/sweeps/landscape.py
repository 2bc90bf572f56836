"""The points of a sweep as places on axes, each with a score: what neighbourhoods and heatmaps are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.sweeps import Axis, Point

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
#: A range is shown and sliced in so many equal parts.
PARTS: Final = 12
#: The score of a point that was evaluated and has no figure: worse than any figure.
WORST: Final = -np.inf


@dataclass(frozen=True, slots=True)
class Scale:
    """How the values of one parameter are placed: `ordered` numbers, `unordered` other values, or a `range`.

    `values` are those of a list, numbers in their order; `bounds` are those of a range.
    """

    name: str
    kind: Literal["ordered", "unordered", "range"]
    values: tuple[object, ...] = ()
    bounds: tuple[float, float] = (0.0, 1.0)

    @classmethod
    def of(cls, axis: Axis) -> Scale:
        """Return the scale of a parameter."""
        if axis.bounds is not None:
            return cls(axis.name, "range", bounds=axis.bounds)
        if all(_is_number(value) for value in axis.values):
            return cls(axis.name, "ordered", tuple(sorted(axis.values, key=_number)))
        return cls(axis.name, "unordered", axis.values)

    @property
    def cells(self) -> int:
        """The number of cells that the axis has in a heatmap."""
        return PARTS if self.kind == "range" else len(self.values)

    @property
    def edges(self) -> tuple[float, ...]:
        """The bounds of the cells of a range."""
        return tuple(float(edge) for edge in np.linspace(*self.bounds, PARTS + 1))

    def places(self, values: Sequence[object]) -> Floats:
        """Return the place of each value: its number in the list, or its share of the range, from 0 to 1."""
        if self.kind == "range":
            low, high = self.bounds
            return (np.array([_number(value) for value in values]) - low) / (high - low)
        numbers = {_key(value): place for place, value in enumerate(self.values)}
        return np.array([numbers[_key(value)] for value in values], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """The evaluated points of a sweep: `places` has a row a point and a column an axis, `scores` one value a point.

    More is better; `WORST` for a point without a figure. `grid`: every combination was a point, but for those that
    relations forbid; neighbours are then those of the grid.
    """

    scales: tuple[Scale, ...]
    places: Floats
    scores: Floats
    grid: bool = False

    def __post_init__(self) -> None:
        """Refuse arrays that don't fit."""
        if self.places.shape != (len(self.scores), len(self.scales)):
            raise ValueError(
                f"{len(self.scores)} points on {len(self.scales)} axes can't have {self.places.shape} places"
            )
        if np.isnan(self.scores).any() or not np.isfinite(self.places).all():
            raise ValueError("a score or a place is not a number")

    @property
    def middle(self) -> float:
        """The median of the scores that are figures; NaN for none."""
        figures = self.scores[np.isfinite(self.scores)]
        return float(np.median(figures)) if len(figures) else float("nan")

    def cells(self, axis: int) -> Places:
        """Return the cell of each point on an axis, see `Scale.cells`."""
        places = self.places[:, axis]
        if self.scales[axis].kind == "range":
            places = np.clip(np.floor(places * PARTS), 0, PARTS - 1)
        return places.astype(np.int64)


def landscape(axes: Sequence[Axis], points: Sequence[Point], scores: npt.ArrayLike, *, grid: bool = False) -> Landscape:
    """Return the landscape of evaluated points. A score that is not a number is the worst."""
    scales = tuple(Scale.of(axis) for axis in axes)
    columns = [scale.places([point[scale.name] for point in points]) for scale in scales]
    places = np.column_stack(columns) if columns else np.zeros((len(points), 0))
    given = np.asarray(scores, dtype=np.float64)
    return Landscape(scales, places, np.where(np.isnan(given), WORST, given), grid)


def score(metrics: Mapping[str, float | None], metric: str, *, maximize: bool = True) -> float:
    """Return a figure such that more is better; `WORST` where there is none."""
    figure = metrics.get(metric)
    return WORST if figure is None else figure if maximize else -figure


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _number(value: object) -> float:
    return float(value)  # type: ignore[arg-type]  # only called for what `_is_number` accepts


def _key(value: object) -> tuple[str, object]:
    """Return what distinguishes values: 1 equals 1.0, but neither True nor "1"."""
    return ("number", _number(value)) if _is_number(value) else (type(value).__name__, str(value))
