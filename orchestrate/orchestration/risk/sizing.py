"""How much an entry asks for, before anyone cuts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.plan import Sizing


@dataclass(frozen=True, slots=True)
class Sizeable:
    """What a sizing rule may look at: the strategy's capital and the price at the decision's close."""

    capital: float
    price: float
    instrument: Instrument
    symbols: int


def percent(value: float, of: Sizeable) -> float:
    """`value` percent of the strategy's capital, shared by its symbols."""
    return of.capital * value / 100.0 / of.symbols / (abs(of.price) * of.instrument.multiplier)


def fixed(value: float, _of: Sizeable) -> float:
    """Always `value` units."""
    return value


def notional(value: float, of: Sizeable) -> float:
    """As many units as `value` of money is worth."""
    return value / (abs(of.price) * of.instrument.multiplier)


@dataclass(frozen=True, slots=True)
class SizingMethod:
    """A rule: the units from its figure and what it may look at; `figure` is the key under `sizing:` that has it."""

    units: Callable[[float, Sizeable], float]
    figure: Literal["percent", "quantity", "amount"]


SIZINGS: Final[dict[str, SizingMethod]] = {
    "percent": SizingMethod(percent, "percent"),
    "fixed": SizingMethod(fixed, "quantity"),
    "notional": SizingMethod(notional, "amount"),
}


def size(sizing: Sizing, of: Sizeable) -> float:
    """Units to ask for, not yet rounded to lots; 0.0 where capital or price allow none."""
    if not of.price or of.capital <= 0:
        return 0.0
    return max(0.0, SIZINGS[sizing.method].units(float(sizing.value), of))
