"""The volatility of each strike and expiry: a surface without arbitrage (SSVI of Gatheral and Jacquier, 2014)."""

from __future__ import annotations

import hashlib
import math
from typing import Final

import numpy as np

from orchestrate.analytics.options.synthetic.spec import Surface, SyntheticChain
from orchestrate.domain.market.timeline import Floats, Stamps

#: The level moves by about a tenth, with the chance of so many days.
_TENTH: Final = 0.1
_DAYS: Final = 21
#: Days from long before the first stamp are counted from 0.
_PAST: Final = 2**40


def volatilities(surface: Surface, level: Floats, log_moneyness: Floats, years: Floats) -> Floats:
    """Return the volatility of each strike; `log_moneyness` is log(strike ÷ forward), `level` that of each moment.

    With θ the variance at the money until the expiry, φ = 1 ÷ √(θ (1 + θ)) and ρ the skew, the variance of a strike is
    θ/2 (1 + ρφk + √((φk + ρ)² + 1 − ρ²)): for every ρ, no butterfly and no calendar spread is worth less than nothing.
    """
    at_the_money = level * (1.0 + surface.term * years / (1.0 + years))
    theta = np.maximum(at_the_money**2 * years, 1e-12)
    tilted = log_moneyness / np.sqrt(theta * (1.0 + theta))
    rest = 1.0 - surface.skew**2
    bend = 0.5 * (1.0 + surface.skew * tilted + np.sqrt((tilted + surface.skew) ** 2 + rest))
    return np.asarray(at_the_money * np.sqrt(bend))


def levels(spec: SyntheticChain, day: Stamps) -> Floats:
    """Return the level of each day, which belongs to the day, whatever the days before it are."""
    number = int.from_bytes(hashlib.sha256(spec.underlying.encode()).digest()[:8], "big")
    first, last = int(day[0]) - _DAYS + 1, int(day[-1])
    chance = np.random.PCG64(number if spec.seed is None else spec.seed)
    chance.advance(first + _PAST)
    words = chance.random_raw(last - first + 1)
    shocks = sum(((words >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64) for shift in (0, 16, 32, 48))
    until = np.concatenate([[0], np.cumsum(shocks - 2 * 65535)])
    months = (until[_DAYS:] - until[:-_DAYS]) / 65536.0
    return np.asarray(spec.surface.level * (1.0 + _TENTH * math.sqrt(3.0 / _DAYS) * months[day - day[0]]))
