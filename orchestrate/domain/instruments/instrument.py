"""An instrument: asset class, margin, lot, tick, multiplier. Imports no numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from orchestrate.domain.options.contract import OptionContract

LotRule = Literal["integer", "fractional"]


@dataclass(frozen=True, slots=True)
class AssetClass:
    """How instruments of one class behave; each of them may say otherwise.

    `by_notional`: a trade moves cash by the notional, otherwise only by profit and fees. `below_zero`: prices may be
    negative. `maintenance` is a fraction of the value of a short, and where only profit moves cash, of `margin_rate`.
    `lot` is empty where the run's rules decide; `decimals` are the fewest of a price. `week` is the number of days on
    which its markets trade.
    """

    by_notional: bool = True
    below_zero: bool = False
    tradable: bool = True
    margin_rate: float = 1.0
    maintenance: float = 0.3
    lot: LotRule | Literal[""] = ""
    decimals: int = 2
    week: Literal[5, 7] = 5


_MARGINED: Final = AssetClass(by_notional=False, maintenance=0.8)
ASSET_CLASSES: Final[dict[str, AssetClass]] = {
    "equity": AssetClass(),
    "etf": AssetClass(),
    "crypto": AssetClass(lot="fractional", week=7),
    "bond": AssetClass(),
    "index": AssetClass(tradable=False),
    "future": AssetClass(by_notional=False, maintenance=0.8, below_zero=True),
    "fx": _MARGINED,
    "cfd": _MARGINED,
}
MAX_PRECISION: Final = 8
#: The decimals of a quantity.
FRACTION_DIGITS: Final = 6
SMALLEST_LOT: Final = 10.0**-FRACTION_DIGITS
#: The step of quantities by each rule.
LOT_STEPS: Final[dict[str, float]] = {"integer": 1.0, "fractional": SMALLEST_LOT}


@dataclass(frozen=True, slots=True)
class Instrument:
    """The properties of one symbol: precision, tick, multiplier, margin, lot, currency, asset class.

    `margin_rate` is the share of the notional that a position holds back from spending, `maintenance_rate` the share
    that its account must keep; None is what the asset class says. Quantities are multiples of `lot`; 0 leaves that to
    the run's rules.
    """

    symbol: str
    precision: int = 2
    tick_size: float = 0.0
    multiplier: float = 1.0
    margin_rate: float = 1.0
    currency: str = "USD"
    asset_class: str = "equity"
    maintenance_rate: float | None = None
    lot: float = 0.0
    #: the symbol whose close is the worth of one unit of `currency` in the capital's; empty where that is the same
    fx: str = ""
    #: the share of its value that a short costs a year
    borrow: float = 0.0
    #: the contract that it is, of an option
    option: OptionContract | None = None
    #: True for equity-like instruments; False where only profit and fees move cash
    moves_cash_by_notional: bool = field(init=False, repr=False, compare=False)
    _long_margin: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.asset_class not in ASSET_CLASSES:
            raise ValueError(f"{self.symbol}: unknown asset class {self.asset_class!r}")
        if not 0 <= self.precision <= MAX_PRECISION:
            raise ValueError(f"{self.symbol}: precision must lie in 0..{MAX_PRECISION}, not {self.precision}")
        for name in ("multiplier", "margin_rate"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{self.symbol}: {name} must be positive, not {value}")
        for name in ("tick_size", "maintenance_rate", "lot", "borrow"):
            value = getattr(self, name) or 0.0
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{self.symbol}: {name} must not be negative, not {value}")
        by_notional = ASSET_CLASSES[self.asset_class].by_notional  # looked up once: each fill asks for it
        object.__setattr__(self, "moves_cash_by_notional", by_notional)
        object.__setattr__(self, "_long_margin", 1.0 if by_notional else self.margin_rate)

    def at(self, rate: float) -> Instrument:
        """Return the instrument in the capital's currency, at that rate."""
        return replace(self, multiplier=self.multiplier * rate, fx="")

    @property
    def is_tradable(self) -> bool:
        """False for what can only be looked at."""
        return ASSET_CLASSES[self.asset_class].tradable

    @property
    def tick(self) -> float:
        """The smallest price step: `tick_size` where given, else one unit of the last decimal."""
        return self.tick_size or 10.0**-self.precision

    def initial_rate(self, quantity: float) -> float:
        """Return the share of the notional that an opening of signed `quantity` needs; a long pays for all of it."""
        return self._long_margin if quantity > 0 else self.margin_rate

    def maintenance(self, quantity: float) -> float:
        """Return the share of its value that a position of signed `quantity` needs as equity."""
        if self.maintenance_rate is not None:
            return self.maintenance_rate
        share = ASSET_CLASSES[self.asset_class].maintenance
        if not self.moves_cash_by_notional:
            return share * self.margin_rate
        return share if quantity < 0 else 0.0
