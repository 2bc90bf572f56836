"""What a synthetic series should look like: the `synthetic:` mapping of a data entry, key by key."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from orchestrate.domain.market.magnitudes import MAX_PRICE
from orchestrate.domain.market.stamps import FIRST_YEAR, LAST_YEAR

MAX_BARS: Final = 20_000_000
_UNITS: Final = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
_LONGEST: Final = 366 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticSpec:
    """A seeded random market; the same specification gives the same bytes everywhere.

    `seed` left out comes from the symbol's name. `frequency` is 1min … 1d; `week` 5 leaves out Saturday and Sunday.
    `volatility` and `drift` are per year. `regimes` is the number of moods between which the market changes (1: none),
    `tails` the share of bars that move four times as far as usual, `gaps` the share of bars that are missing.
    Series of one `group` move together: `correlation` is that of any two of them.
    """

    bars: int = 2520
    seed: int | None = None
    frequency: str = "1d"
    week: Literal[5, 7] = 5
    start: str = "2010-01-04"
    price: float = 100.0
    decimals: int = 2
    volatility: float = 0.2
    drift: float = 0.05
    regimes: int = 1
    tails: float = 0.0
    gaps: float = 0.0
    group: str = ""
    correlation: float = 0.0

    def __post_init__(self) -> None:
        _refuse(not 2 <= self.bars <= MAX_BARS, f"bars must lie in 2..{MAX_BARS}, not {self.bars}")
        _refuse(self.seed is not None and self.seed < 0, f"seed must not be negative, not {self.seed}")
        _refuse(self.week not in (5, 7), f"week must be 5 or 7, not {self.week}")
        _refuse(not (math.isfinite(self.price) and self.price > 0), f"price must be positive, not {self.price}")
        _refuse(self.price > MAX_PRICE, f"price must be at most {MAX_PRICE:g}, not {self.price:g}")
        _refuse(not 0 <= self.decimals <= 8, f"decimals must lie in 0..8, not {self.decimals}")
        shown = f"price {self.price:g} becomes 0 with {self.decimals} decimals; give more decimals, at most 8"
        _refuse(round(self.price * 10**self.decimals) < 1, shown)
        _refuse(not 0 <= self.volatility <= 5, f"volatility must lie in 0..5 a year, not {self.volatility}")
        _refuse(not -5 <= self.drift <= 5, f"drift must lie in -5..5 a year, not {self.drift}")
        _refuse(not 1 <= self.regimes <= 10, f"regimes must lie in 1..10, not {self.regimes}")
        _refuse(not 0 <= self.tails <= 0.5, f"tails must lie in 0..0.5, not {self.tails}")
        _refuse(not 0 <= self.gaps <= 0.9, f"gaps must lie in 0..0.9, not {self.gaps}")
        _refuse(not 0 <= self.correlation <= 1, f"correlation must lie in 0..1, not {self.correlation}")
        _refuse(bool(self.correlation) and not self.group, "correlation needs a group: series of one group are related")
        try:
            first = date.fromisoformat(self.start)
        except ValueError:
            raise ValueError(f"start must be a date like 2010-01-04, not {self.start!r}") from None
        _refuse(first.year < FIRST_YEAR, f"start must lie in the years {FIRST_YEAR} to {LAST_YEAR}, not {self.start}")
        _refuse(86400 % seconds(self.frequency), f"frequency must divide a day, {self.frequency!r} does not")
        days = -(-self.bars * seconds(self.frequency) // 86400)
        last = first.toordinal() + (days * 7 // 5 + 2 if self.week == 5 else days)
        _refuse(
            last > date(LAST_YEAR, 12, 31).toordinal(),
            f"bars from {self.start} on reach beyond the year {LAST_YEAR}: there are {self.bars} of {self.frequency}",
        )


def seconds(frequency: str) -> int:
    """Return the length of `15min`, `1h`, `1d` and the like in seconds; ValueError for anything else."""
    match = re.fullmatch(r"(\d{0,6})\s*([a-z]+)", frequency.strip().lower())
    count = int(match[1] or 1) if match else 0
    if not match or match[2] not in _UNITS or not count:
        raise ValueError(f"frequency must be like 1min, 15min, 1h, 4h or 1d, not {frequency!r}")
    if count * _UNITS[match[2]] > _LONGEST:
        raise ValueError(f"frequency must be a year (366d) at most, not {frequency!r}")
    return count * _UNITS[match[2]]


def _refuse(wrong: object, message: str) -> None:
    if wrong:
        raise ValueError(message)
