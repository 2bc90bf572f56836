"""Parts that add up to their total to the last bit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from orchestrate.analytics.metrics import NoFigureError

#: Returns are multiples of this part of 1 as a rule: sums of such parts, below 1, are exact in any order.
_BITS: Final = 53


def adding_up(parts: Mapping[str, float], total: float) -> dict[str, float]:
    """Return the parts, of which one takes what their rounding has left of the total: the largest that can hold it.

    NoFigureError where one is no finite number.
    """
    if not all(math.isfinite(one) for one in (total, *parts.values())):
        raise NoFigureError("the figures are too large or too small to be represented")
    scale = max(2**_BITS, Fraction(total).denominator)
    units = {name: round(Fraction(part) * scale) for name, part in parts.items()}
    rest = round(Fraction(total) * scale) - sum(units.values())
    by_size = sorted(units, key=lambda name: (-abs(units[name]), name))
    if rest and by_size:
        taker = next((name for name in by_size if _is_exact(units[name] + rest)), by_size[0])
        units[taker] += rest
    return {name: float(Fraction(count, scale)) for name, count in units.items()}


def _is_exact(count: int) -> bool:
    return int(float(count)) == count
