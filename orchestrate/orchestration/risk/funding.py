"""Shares of money that several strategies request at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import NamedTuple


class Want(NamedTuple):
    """The most that a strategy can use, and the weight of its share."""

    most: float
    weight: float


def water_fill(free: float, wants: Sequence[Want]) -> list[float]:
    """Return what each gets of `free`: its weighted share, at most what it can use; the rest is shared again.

    Either all get the most that they can use, or nothing is left. The order of `wants` changes no digit.
    """
    grants = [0.0] * len(wants)
    unmet = [place for place, want in enumerate(wants) if want.most > 0 and want.weight > 0]
    while unmet:
        per_weight = max(0.0, free - fsum(grants)) / fsum(wants[place].weight for place in unmet)
        met = [place for place in unmet if wants[place].most <= per_weight * wants[place].weight]
        for place in met:
            grants[place] = wants[place].most
        if not met:
            for place in unmet:
                grants[place] = per_weight * wants[place].weight
            break
        unmet = [place for place in unmet if not grants[place]]
    return grants
