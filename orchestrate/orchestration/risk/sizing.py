"""The quantity of an entry, before any stage cuts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.plan import Sizing


@dataclass(frozen=True, slots=True)
class Sizeable:
    """The facts that a sizing rule may read: the strategy's capital and the price at the decision's close."""

    capital: float
    price: float
    instrument: Instrument
    symbols: int


def percent(value: float, of: Sizeable) -> float:
    """Return the units for `value` percent of the strategy's capital, shared by its symbols."""
    return of.capital * value / 100.0 / of.symbols / (abs(of.price) * of.instrument.multiplier)


def fixed(value: float, _of: Sizeable) -> float:
    """Return `value` units."""
    return value


def notional(value: float, of: Sizeable) -> float:
    """Return as many units as `value` of money is worth."""
    return value / (abs(of.price) * of.instrument.multiplier)


@dataclass(frozen=True, slots=True)
class SizingMethod:
    """A rule: the units from its figure and the facts; `figure` is the key under `sizing:` that has it."""

    units: Callable[[float, Sizeable], float]
    figure: Literal["percent", "quantity", "amount"]


SIZINGS: Final[dict[str, SizingMethod]] = {
    "percent": SizingMethod(percent, "percent"),
    "fixed": SizingMethod(fixed, "quantity"),
    "notional": SizingMethod(notional, "amount"),
}


def size(sizing: Sizing, of: Sizeable) -> float:
    """Return the units, not yet rounded to lots; 0.0 where capital or price allow none."""
    if not of.price or of.capital <= 0:
        return 0.0
    return max(0.0, SIZINGS[sizing.method].units(float(sizing.value), of))
