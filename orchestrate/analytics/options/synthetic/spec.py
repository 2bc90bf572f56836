"""What a synthetic chain should look like: the `synthetic:` mapping of a chain, key by key."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any, Final

from orchestrate.domain.values import value

MAX_STRIKES: Final = 1000
MAX_EXPIRIES: Final = 60
MAX_DAYS: Final = 1100


@value
class Surface:
    """The volatility of every strike and expiry (docs/options.md has the formula).

    `level` is that of an option at the money which expires soon. `skew` tilts: below 0, low strikes are dearer.
    `term` is by which share of the level the volatility is higher far out; half of it is there in a year.
    """

    level: float = 0.2
    skew: float = -0.5
    term: float = 0.0

    def __post_init__(self) -> None:
        _require(0.01 <= self.level <= 3, f"surface.level must lie in 0.01..3 a year, not {self.level}")
        _require(-0.95 <= self.skew <= 0.95, f"surface.skew must lie in -0.95..0.95, not {self.skew}")
        _require(-0.5 <= self.term <= 2, f"surface.term must lie in -0.5..2, not {self.term}")


@value
class SyntheticChain:
    """A chain on `underlying`; the same specification and closes give the same quotes.

    `seed` left out comes from the underlying's name. `rate` and `dividend` are continuous, a year. `strikes` is how
    many an expiry has when it is listed. `expiries` is how many of the next Fridays are listed, or a list of days: the
    Friday on or after each. `spread` is from bid to ask, as a share of their middle.
    """

    underlying: str
    seed: int | None = None
    rate: float = 0.0
    dividend: float = 0.0
    surface: Surface = field(default_factory=Surface)
    strikes: int = 60
    expiries: int | tuple[int, ...] = 8
    spread: float = 0.02

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> SyntheticChain:
        """Return what a mapping of a configuration says; ValueError for keys and values that can't be."""
        given = dict(settings)
        given["surface"] = Surface(**_known(Surface, given.get("surface", {}), "surface."))
        if isinstance(given.get("expiries"), list):
            given["expiries"] = tuple(given["expiries"])
        return cls(**_known(cls, given, ""))

    def __post_init__(self) -> None:
        _require(bool(self.underlying), "underlying must name a symbol")
        _require(self.seed is None or self.seed >= 0, f"seed must not be negative, not {self.seed}")
        for name in ("rate", "dividend"):
            worth = getattr(self, name)
            _require(math.isfinite(worth) and abs(worth) <= 0.5, f"{name} must lie in -0.5..0.5 a year, not {worth}")
        _require(2 <= self.strikes <= MAX_STRIKES, f"strikes must lie in 2..{MAX_STRIKES}, not {self.strikes}")
        _require(0 <= self.spread < 1, f"spread must lie in 0..1, below 1, not {self.spread}")
        if isinstance(self.expiries, int):
            _require(1 <= self.expiries <= MAX_EXPIRIES, f"expiries must lie in 1..{MAX_EXPIRIES}, not {self.expiries}")
        else:
            right = 1 <= len(self.expiries) <= MAX_EXPIRIES and all(0 <= day <= MAX_DAYS for day in self.expiries)
            _require(right, f"expiries must be a count, or days in 0..{MAX_DAYS}, not {list(self.expiries)}")


def _known(kind: type, settings: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    names = [each.name for each in fields(kind)]
    for name in settings:
        _require(name in names, f"there is no key {prefix}{name}: choose from {', '.join(names)}")
    return dict(settings)


def _require(right: bool, message: str) -> None:
    if not right:
        raise ValueError(message)
