"""Margin by plain arithmetic on the fills of a run; shares no code with what it checks."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.results import FillRecord

CASH_CLASSES = ("equity", "etf", "crypto", "bond")


def maintenance_rate(instrument: Instrument, quantity: float) -> float:
    """The share of a position's value that its account must keep."""
    if instrument.maintenance_rate is not None:
        return instrument.maintenance_rate
    if instrument.asset_class in CASH_CLASSES:
        return 0.3 if quantity < 0 else 0.0
    return 0.8 * instrument.margin_rate


def initial_rate(instrument: Instrument, quantity: float) -> float:
    """The share of a position's value that it holds back."""
    return 1.0 if instrument.asset_class in CASH_CLASSES and quantity > 0 else instrument.margin_rate


def rate_of(instrument: Instrument, prices: Mapping[str, float]) -> float:
    """What one unit of its currency is worth."""
    return prices[instrument.fx] if instrument.fx else 1.0


@dataclass
class PlainAccount:
    """Cash and positions of the strategies on one account."""

    market: Market
    cash: float
    held: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def take(self, record: FillRecord, prices: Mapping[str, float] = MappingProxyType({})) -> None:
        """Book a fill, at the rates among `prices`."""
        fill, instrument = record.fill, self.market.instruments[record.fill.symbol]
        place = (fill.strategy_id, fill.symbol)
        quantity, average = self.held.pop(place, (0.0, 0.0))
        self.cash -= fill.fee
        point = instrument.multiplier * rate_of(instrument, prices)
        if instrument.asset_class in CASH_CLASSES:
            self.cash -= fill.quantity * fill.price * point
        elif quantity * fill.quantity < 0:
            self.cash -= fill.quantity * (fill.price - average) * point
        left = round(quantity + fill.quantity, 6)
        if left and quantity * fill.quantity >= 0:
            average = (quantity * average + fill.quantity * fill.price) / left
        if left:
            self.held[place] = left, average

    def equity(self, prices: dict[str, float]) -> float:
        """What the account is worth."""
        total = self.cash
        for (_, symbol), (quantity, average) in self.held.items():
            instrument = self.market.instruments[symbol]
            paid = 0.0 if instrument.asset_class in CASH_CLASSES else average
            total += quantity * (prices[symbol] - paid) * instrument.multiplier * rate_of(instrument, prices)
        return total

    def required(self, prices: dict[str, float], without: Container[tuple[str, str]] = ()) -> float:
        """What it must keep for its positions, but those `without`."""
        counted = [place for place in self.held if place not in without]
        return sum(self._value(place, prices) * maintenance_rate(*self._of(place)) for place in counted)

    def free(self, prices: dict[str, float]) -> float:
        """What it may spend on openings."""
        return self.equity(prices) - sum(
            self._value(place, prices) * initial_rate(*self._of(place)) for place in self.held
        )

    def _of(self, place: tuple[str, str]) -> tuple[Instrument, float]:
        return self.market.instruments[place[1]], self.held[place][0]

    def _value(self, place: tuple[str, str], prices: dict[str, float]) -> float:
        instrument, quantity = self._of(place)
        return abs(quantity * prices[place[1]]) * instrument.multiplier * rate_of(instrument, prices)


@dataclass
class Moment:
    """One step: its prices before and at the close, and the fills in between. Rates have closes only."""

    step: int
    label: int
    opens: dict[str, float]
    closes: dict[str, float]
    fills: list[FillRecord]


def moments(market: Market, fills: list[FillRecord]) -> Iterator[Moment]:
    """The steps of a run, in order."""
    closes: dict[str, float] = {}
    rates = {instrument.fx for instrument in market.instruments.values()}
    for step, label in enumerate(market.timeline.labels.tolist()):
        rows = {symbol: int(column[step]) for symbol, column in market.timeline.rows.items() if column[step] >= 0}
        traded = {symbol: row for symbol, row in rows.items() if symbol not in rates}
        opens = closes | {symbol: float(market.series[symbol].open[row]) for symbol, row in traded.items()}
        closes = closes | {symbol: float(market.series[symbol].close[row]) for symbol, row in rows.items()}
        yield Moment(step, label, opens, closes, [record for record in fills if record.t == label])
