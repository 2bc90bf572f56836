"""An instrument: asset class, tick, multiplier. Imports no numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class AssetClass:
    """How instruments of one class behave: whether a trade moves cash by the notional, or only by profit and fees.

    `below_zero`: prices may be negative.
    """

    by_notional: bool = True
    below_zero: bool = False


ASSET_CLASSES: Final[dict[str, AssetClass]] = {
    "equity": AssetClass(),
    "etf": AssetClass(),
    "crypto": AssetClass(),
    "bond": AssetClass(),
    "index": AssetClass(),
    "future": AssetClass(by_notional=False, below_zero=True),
    "fx": AssetClass(by_notional=False),
    "cfd": AssetClass(by_notional=False),
}
MAX_PRECISION: Final = 8


@dataclass(frozen=True, slots=True)
class Instrument:
    """The properties of one symbol: precision, tick, multiplier, margin, currency, asset class.

    `margin_rate` is the share of the notional that a position holds back from spending.
    """

    symbol: str
    precision: int = 2
    tick_size: float = 0.0
    multiplier: float = 1.0
    margin_rate: float = 1.0
    currency: str = "USD"
    asset_class: str = "equity"

    def __post_init__(self) -> None:
        if self.asset_class not in ASSET_CLASSES:
            raise ValueError(f"{self.symbol}: unknown asset class {self.asset_class!r}")
        if not 0 <= self.precision <= MAX_PRECISION:
            raise ValueError(f"{self.symbol}: precision must lie in 0..{MAX_PRECISION}, not {self.precision}")
        for name in ("multiplier", "margin_rate"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{self.symbol}: {name} must be positive, not {value}")
        if not (math.isfinite(self.tick_size) and self.tick_size >= 0):
            raise ValueError(f"{self.symbol}: tick_size must not be negative, not {self.tick_size}")

    @property
    def moves_cash_by_notional(self) -> bool:
        """True for equity-like instruments; False where only profit and fees move cash."""
        return ASSET_CLASSES[self.asset_class].by_notional

    @property
    def tick(self) -> float:
        """The smallest price step: `tick_size` where given, else one unit of the last decimal."""
        return self.tick_size or 10.0**-self.precision
