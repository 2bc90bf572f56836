"""How an order is filled: at which price, for which fee, in which lots. Both engines fill by these rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from orchestrate.domain.instruments.instrument import FRACTION_DIGITS, LOT_STEPS, Instrument, LotRule
from orchestrate.domain.orders.option_rules import OptionRules

#: Two prices or quantities closer than this count as equal when a tick or lot is counted.
_GRAIN: Final = 1e-9
#: What a count of ticks may be off by for each tick: several roundings of a float's last digit.
_BLUR: Final = 1e-15
#: A float this large has no digits left to round.
_WHOLE: Final = 2.0**53
_MOST: Final = 1e300
#: Engines keep money to so many decimals; fees are rounded to them before any engine can, hence alike everywhere.
MONEY_DIGITS: Final = 8
#: The least seconds for one decision: a shorter limit would say more about the machine than about the strategy.
LEAST_TIMEOUT: Final = 0.01


FillRule = Literal["next_open", "close"]
#: What the ruin of an account does to a run.
RuinRule = Literal["degrade", "allow"]


def rounded(quantity: float) -> float:
    """Return a quantity to the digits that it has, so that what was bought in parts can be sold as a whole."""
    return round(quantity, FRACTION_DIGITS) if quantity % 1 else quantity


@dataclass(frozen=True, slots=True)
class Commission:
    """The fee of an order: `percent` of its notional or `per_share`, and at least `minimum`."""

    percent: float = 0.0
    per_share: float = 0.0
    minimum: float = 0.0

    def __post_init__(self) -> None:
        if min(self.percent, self.per_share, self.minimum) < 0:
            raise ValueError("a commission is never negative")
        if self.percent and self.per_share:
            raise ValueError("a commission is a percentage or an amount per share, not both")

    def fee(self, quantity: float, notional: float) -> float:
        """Return the fee of one order of `quantity` units worth `notional`; signs don't matter."""
        if not quantity:
            return 0.0
        fee = abs(notional) * self.percent / 100.0 + abs(quantity) * self.per_share
        return round(fee if fee > self.minimum else self.minimum, MONEY_DIGITS)


@dataclass(frozen=True, slots=True)
class Slippage:
    """The distance by which the price of a market or stop order moves against the trader."""

    percent: float = 0.0
    ticks: float = 0.0

    def __post_init__(self) -> None:
        if min(self.percent, self.ticks) < 0:
            raise ValueError("slippage is never negative")
        if self.percent and self.ticks:
            raise ValueError("slippage is a percentage or a number of ticks, not both")

    def price(self, raw: float, quantity: float, instrument: Instrument) -> float:
        """Return `raw` after slippage for a buy (`quantity` > 0) or a sell, rounded to the tick against the trader."""
        if not self.percent and not self.ticks:
            return raw
        sign = 1.0 if quantity > 0 else -1.0
        tick = instrument.tick
        moved = raw + sign * (abs(raw) * self.percent / 100.0 + self.ticks * tick)
        count = moved / tick
        grain = max(_GRAIN, abs(count) * _BLUR)
        whole = math.ceil(count - grain) if sign > 0 else math.floor(count + grain)
        price = round(whole * tick, instrument.precision)
        if price <= 0 < raw and instrument.moves_cash_by_notional:  # a share's price is never negative
            return round(tick, instrument.precision)
        return price


@dataclass(frozen=True, slots=True)
class ExecutionRules:
    """The rules by which orders are filled: the `execution:` section.

    `commissions` overrides `commission` by symbol; `options` are those of contracts.
    """

    fill: FillRule = "next_open"
    commission: Commission = field(default_factory=Commission)
    slippage: Slippage = field(default_factory=Slippage)
    lots: LotRule = "integer"
    close_at_end: bool = False
    ruin: RuinRule = "degrade"
    strategy_timeout: float = 5.0
    commissions: Mapping[str, Commission] = field(default_factory=dict)
    options: OptionRules = field(default_factory=OptionRules)

    def __post_init__(self) -> None:
        if not self.strategy_timeout >= LEAST_TIMEOUT:
            raise ValueError(f"strategy_timeout must be at least {LEAST_TIMEOUT} seconds, not {self.strategy_timeout}")

    def fill_price(self, raw: float, quantity: float, instrument: Instrument) -> float:
        """Return the price at which a market order of signed `quantity` fills when the market stands at `raw`."""
        return self.slippage.price(raw, quantity, instrument)

    def fee(self, quantity: float, price: float, instrument: Instrument) -> float:
        """Return the fee of an order that fills `quantity` at `price`."""
        if instrument.option is not None and quantity:
            fee = self.options.fee(quantity)
            if fee is not None:
                return round(fee, MONEY_DIGITS)
        own = self.commissions
        commission = own.get(instrument.symbol, self.commission) if own else self.commission
        return commission.fee(quantity, quantity * price * instrument.multiplier)

    def lot_step(self, instrument: Instrument) -> float:
        """Return the step of legal quantities: the instrument's own, or that of the run."""
        return instrument.lot or LOT_STEPS[self.lots]

    def lot(self, quantity: float, instrument: Instrument | None = None) -> float:
        """Return `quantity` rounded towards zero to a legal lot; the one place where quantities are rounded."""
        if instrument is not None and instrument.lot:
            return _in_steps(quantity, instrument.lot)
        if not quantity % 1:
            return float(quantity)
        scale = 1.0 if self.lots == "integer" else 10.0**FRACTION_DIGITS
        if abs(quantity) * scale >= _WHOLE:
            return quantity
        if self.lots == "integer":
            return float(math.trunc(quantity + math.copysign(_GRAIN, quantity)))
        parts = quantity * scale
        blur = max(_GRAIN, abs(parts) * _BLUR)
        return round(math.trunc(parts + math.copysign(blur, quantity)) / scale, FRACTION_DIGITS)

    def cost(self, quantity: float, price: float, instrument: Instrument) -> float:
        """Return how much of its strategy's buying power an opening of `quantity` at `price` takes: margin plus fee."""
        held = abs(quantity * price) * instrument.multiplier * instrument.initial_rate(quantity)
        return held + self.fee(quantity, price, instrument)

    def affordable(self, money: float, wanted: float, price: float, instrument: Instrument) -> tuple[float, float]:
        """Return the largest legal part of signed `wanted` that costs at most `money`, and its cost.

        0.0 where no lot does.
        """
        quantity = self.lot(wanted, instrument)
        cost = self.cost(quantity, price, instrument) if quantity else 0.0
        if cost <= money + _GRAIN:
            return quantity, cost
        step, sign = self.lot_step(instrument), math.copysign(1.0, quantity)
        most = _largest(abs(quantity), lambda q: self.cost(sign * q, price, instrument) <= money + _GRAIN, step)
        paid = sign * most if most else 0.0
        return paid, self.cost(paid, price, instrument) if paid else 0.0


def _in_steps(quantity: float, step: float) -> float:
    """Return `quantity` rounded towards zero to a multiple of `step`."""
    steps = abs(quantity) / step
    whole = math.floor(steps + max(_GRAIN, steps * _BLUR))
    return math.copysign(round(whole * step, FRACTION_DIGITS), quantity) if whole else 0.0


def _largest(quantity: float, fits: Callable[[float], bool], step: float) -> float:
    """Return the largest multiple of `step` below `quantity`, which doesn't fit, by bisection."""
    low, high = 0, round(min(quantity / step, _MOST))
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle * step):
            low = middle
        else:
            high = middle
    return round(low * step, FRACTION_DIGITS)
