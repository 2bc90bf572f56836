"""What is known of this engine and its adapter that explains differences from others; imports no engine."""

from __future__ import annotations

from typing import Final

from orchestrate.domain.engines import AMOUNTS, Difference, EngineProperty, Side

#: Of a figure: no further apart than the roundings of its last digit can come to.
_LAST_DIGITS: Final = 1e-12


def _in_last_digits(difference: Difference) -> bool:
    """Return whether both sides say the same but for last digits, those of amounts as the largest of them has."""
    one, other = difference.sides.values()
    if one is None or other is None or difference.kind == "status":
        return False
    largest = max((abs(fact) for side in (one, other) for fact in _amounts(side)), default=0.0)
    return all(_close(fact, other.get(key), largest if key in AMOUNTS else 0.0) for key, fact in one.items())


def _amounts(side: Side) -> list[float]:
    return [fact for key, fact in side.items() if key in AMOUNTS and isinstance(fact, float)]


def _close(one: object, other: object, size: float) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= _LAST_DIGITS * (size or abs(one))
    return one == other


PROPERTIES: Final = (
    EngineProperty(
        "fixed_point",
        "nautilus counts in fixed-point numbers; read as floats, large amounts can differ in the last digit",
        _in_last_digits,
    ),
)
