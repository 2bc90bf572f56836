"""The figures of a rebalance: excesses over targets, shortages, and the transfers between them.

Amounts are by strategy id, those of the unallocated capital by the name of the reserve.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np

from orchestrate.domain.market.timeline import Flags, Floats
from orchestrate.domain.portfolio import VolatilityTarget
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager

#: A rebalance that would move a smaller part of the portfolio's equity does nothing.
FLOOR: Final = 0.001
#: A share this near to the threshold has not passed it: 0.6 − 0.5 is less than 0.1 in floats.
GRAIN: Final = 1e-12
_CENT: Final = 0.01
_CENT_GRAIN: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Excesses over targets, and shortages; both add up to the same."""

    excesses: Mapping[str, float]
    shortages: Mapping[str, float]

    @classmethod
    def between(cls, sizes: Mapping[str, float], targets: Mapping[str, float]) -> Imbalance:
        """Compare `sizes` with `targets`; the larger side counts only as far as the other one reaches."""
        gaps = {name: size - targets[name] for name, size in sizes.items()}
        excesses = {name: gap for name, gap in gaps.items() if gap >= _CENT}
        shortages = {name: -gap for name, gap in gaps.items() if gap <= -_CENT}
        moved = min(math.fsum(excesses.values()), math.fsum(shortages.values()))
        return cls(_scaled(excesses, moved), _scaled(shortages, moved))

    @property
    def moved(self) -> float:
        """The total that a rebalance moves."""
        return math.fsum(self.excesses.values())

    def among(self, names: Collection[str]) -> Imbalance:
        """Return the part of it that concerns these."""
        excesses = {name: amount for name, amount in self.excesses.items() if name in names}
        shortages = {name: amount for name, amount in self.shortages.items() if name in names}
        return Imbalance(excesses, shortages)


def _scaled(amounts: Mapping[str, float], total: float) -> dict[str, float]:
    whole = math.fsum(amounts.values())
    if whole <= total:
        return dict(amounts)
    return {name: amount * (total / whole) for name, amount in amounts.items()} if total else {}


class Transfer(NamedTuple):
    """A transfer of money from one to another."""

    source: str
    target: str
    amount: Decimal


def settle(excesses: Mapping[str, float], shortages: Mapping[str, float]) -> list[Transfer]:
    """Give away `excesses`, each in whole cents, by the shortages; no more than these in all."""
    gives = {name: whole_cents(amount) for name, amount in excesses.items()}
    total = sum(gives.values(), Decimal(0))
    most = whole_cents(math.fsum(shortages.values()))
    if total > most:
        gives, total = split(most, gives), most
    return _pairs(gives, split(total, shortages))


def whole_cents(amount: float) -> Decimal:
    """Return `amount` rounded down to cents, never below 0."""
    return Decimal(max(0, math.floor(amount * 100 + _CENT_GRAIN))) / 100


def split(total: Decimal, parts: Mapping[str, float] | Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Split `total` in proportion to `parts`, to the cent, by the largest remainder."""
    exact = {name: Decimal(part) for name, part in parts.items()}
    whole = sum(exact.values(), Decimal(0))
    if not whole:
        return {}
    return PortfolioCapitalManager().calculate_allocations(total, {name: part / whole for name, part in exact.items()})


def _pairs(gives: Mapping[str, Decimal], takes: Mapping[str, Decimal]) -> list[Transfer]:
    """Return transfers from one giver after another to one taker after another."""
    transfers = []
    left = {name: amount for name, amount in gives.items() if amount}
    for target, requested in takes.items():
        missing = requested
        while missing:
            source = next(iter(left))
            amount = min(missing, left[source])
            transfers.append(Transfer(source, target, amount))
            missing -= amount
            left[source] -= amount
            if not left[source]:
                del left[source]
    return transfers


def off_target(sizes: Floats, total: Floats, weights: Floats, concerned: Flags, threshold: float) -> Flags:
    """Return the steps at which a share is off its weight by more than `threshold`.

    `sizes` have a row for each strategy and a column for each step, `concerned` says which of them count.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.abs(sizes / total - weights[:, None]) > threshold + GRAIN
    return np.asarray((off & concerned).any(axis=0) & (total > 0))


def scaled(scale: float, target: VolatilityTarget, returns: Floats, periods_per_year: float, most: float) -> float:
    """Return the scale at which the volatility of the last `returns` would have been the target, at most `most`."""
    realised = float(returns.std(ddof=1)) * math.sqrt(periods_per_year)
    return min(most, scale * float(target.annual) / realised) if realised > 0 else most
