"""Which points of a sweep lie beside each other, and what their neighbours say about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.sweeps.landscape import Flags, Landscape, Places
from orchestrate.domain.market.timeline import Floats

#: So many nearest points are neighbours, for each axis, where points are no grid.
NEAREST: Final = 4
#: Distances that are held at once.
_AT_ONCE: Final = 2**20
#: A point in this share of a range at either end is at its edge.
_EDGE: Final = 0.02
_LEAST_VALUES: Final = 3


class Neighbourhoods:
    """Of each point of a landscape: itself and its neighbours.

    In a grid these are the points at most one value away on each ordered axis, and with the same value on the others.
    Elsewhere they are the nearest `NEAREST` for each axis, every axis being as long as any other; all at the distance
    of the last one count.
    """

    def __init__(self, landscape: Landscape) -> None:
        self.landscape = landscape

    @cached_property
    def members(self) -> tuple[Places, ...]:
        """The places of each point and its neighbours, in their order."""
        found = self.landscape
        return _in_grid(found) if found.grid else tuple(np.flatnonzero(row) for rows in _nearest(found) for row in rows)

    @cached_property
    def medians(self) -> Floats:
        """The median score of each point and its neighbours."""
        scores = self.landscape.scores
        return np.array([_median(scores[members]) for members in self.members], dtype=np.float64)

    def plateau(self, eligible: Flags | None = None) -> int:
        """Return the point with the best median; of equal ones the best, then the first. NoFigureError for none.

        Points that are not `eligible` can't be chosen, and count as neighbours.
        """
        return _first_best(self.medians, self.landscape.scores, eligible)

    def stability(self, point: int) -> float:
        """Return how much of a point's lead over the middle of all scores its neighbourhood keeps.

        1: its neighbours are as good; 0: they are as good as any point. NoFigureError where it has no lead.
        """
        scores, middle = self.landscape.scores, self.landscape.middle
        lead = float(scores[point]) - middle
        if len(self.members[point]) < 2:
            raise NoFigureError("the point has no neighbour")
        if not lead > 0.0:
            raise NoFigureError("the point is no better than the middle one")
        kept = float(self.medians[point]) - middle
        if not np.isfinite(kept):
            raise NoFigureError("most of its neighbours have no figure")
        return kept / lead

    def modes(self) -> Places:
        """Return the local modes, the best first: points above the middle that none of their neighbours exceeds.

        Of equal neighbours the first one is the mode.
        """
        scores, middle = self.landscape.scores, self.landscape.middle
        found = [
            point
            for point, members in enumerate(self.members)
            if scores[point] > middle and _is_mode(scores, point, members)
        ]
        return np.array(sorted(found, key=lambda point: (-scores[point], point)), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Edge:
    """An axis at whose end a point lies: better values may lie beyond."""

    name: str
    end: Literal["lowest", "highest"]


def edges(landscape: Landscape, point: int) -> tuple[Edge, ...]:
    """Return the axes at whose ends a point lies; an axis of two values or without an order has none."""
    found = []
    for axis, scale in enumerate(landscape.scales):
        place = float(landscape.places[point, axis])
        ranged = scale.kind == "range"
        if scale.kind == "unordered" or (not ranged and len(scale.values) < _LEAST_VALUES):
            continue
        margin, last = (_EDGE, 1.0) if ranged else (0.0, float(len(scale.values) - 1))
        if place <= margin:
            found.append(Edge(scale.name, "lowest"))
        elif place >= last - margin:
            found.append(Edge(scale.name, "highest"))
    return tuple(found)


def best(landscape: Landscape, eligible: Flags | None = None) -> int:
    """Return the point with the best score, the first of equal ones. NoFigureError for none."""
    return _first_best(landscape.scores, landscape.scores, eligible)


def _first_best(values: Floats, scores: Floats, eligible: Flags | None) -> int:
    allowed = np.isfinite(scores) if eligible is None else np.isfinite(scores) & eligible
    candidates = np.flatnonzero(allowed)
    if not len(candidates):
        raise NoFigureError("no trial can be chosen")
    return int(min(candidates, key=lambda point: (-values[point], -scores[point], point)))


def _median(scores: Floats) -> float:
    """Return the median; the worse of the two middle scores where one is no figure."""
    ordered = np.sort(scores)
    low, high = float(ordered[(len(ordered) - 1) // 2]), float(ordered[len(ordered) // 2])
    return low if low == high or not np.isfinite(low) else (low + high) / 2.0


def _is_mode(scores: Floats, point: int, members: Places) -> bool:
    around = scores[members]
    return bool(around.max() == scores[point] and members[int(np.argmax(around))] == point)


def _in_grid(landscape: Landscape) -> tuple[Places, ...]:
    """Return the members of each neighbourhood of a grid.

    Axis by axis, the points with one value go on with those beside them: far points are never compared.
    """
    members: dict[int, Places] = {}
    every = np.arange(len(landscape.scores))
    waiting = [(every, every, 0)]
    while waiting:
        own, near, axis = waiting.pop()
        if axis == len(landscape.scales):
            members.update((int(point), near) for point in own)
            continue
        places, reach = landscape.places[:, axis], float(landscape.scales[axis].kind == "ordered")
        for place in np.unique(places[own]):
            beside = near[np.abs(places[near] - place) <= reach]
            waiting.append((own[places[own] == place], beside, axis + 1))
    return tuple(members[point] for point in range(len(every)))


def _nearest(landscape: Landscape) -> Iterator[Flags]:
    """Yield which points are neighbours of some points, a row a point, itself included."""
    points = len(landscape.scores)
    at_once = max(1, _AT_ONCE // max(points, 1))
    for start in range(0, points, at_once):
        squares = _squares(landscape, slice(start, min(start + at_once, points)))
        last = min(NEAREST * len(landscape.scales), points - 1)
        yield np.asarray(squares <= np.partition(squares, last, axis=1)[:, last : last + 1])


def _squares(landscape: Landscape, some: slice) -> Floats:
    """Return the squared distances of some points from all."""
    squares = np.zeros((some.stop - some.start, len(landscape.scores)))
    for axis, scale in enumerate(landscape.scales):
        places = landscape.places[:, axis]
        apart = places[some, np.newaxis] - places
        if scale.kind == "unordered":
            squares += apart != 0.0
        else:
            squares += (apart / (1.0 if scale.kind == "range" else max(1, len(scale.values) - 1))) ** 2
    return squares
