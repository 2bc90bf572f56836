"""Rates between currencies: what one unit of an instrument's currency is worth in the capital's."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping

from orchestrate.domain.instruments.instrument import Instrument

Prices = Mapping[str, float]


class RatedPrices(Prices):
    """Prices that know the rate which counts at their moment; elsewhere it is the price of the rate's own symbol."""

    @abstractmethod
    def rate(self, instrument: Instrument) -> float:
        """Return the rate of an instrument that has one."""


def rate_at(prices: Prices, instrument: Instrument) -> float:
    """Return the rate of an instrument at these prices; 1.0 where it is in the capital's currency."""
    if not instrument.fx:
        return 1.0
    return prices.rate(instrument) if isinstance(prices, RatedPrices) else prices[instrument.fx]


def converted(instrument: Instrument, prices: Prices) -> Instrument:
    """Return the instrument in the capital's currency: one point of its price is worth that much there."""
    return instrument.at(rate_at(prices, instrument)) if instrument.fx else instrument


class ConvertedInstruments(Mapping[str, Instrument]):
    """Instruments in the capital's currency, at the prices of the moment."""

    def __init__(self, instruments: Mapping[str, Instrument], prices: Prices) -> None:
        self._instruments, self._prices = instruments, prices

    def __getitem__(self, symbol: str) -> Instrument:
        return converted(self._instruments[symbol], self._prices)

    def __iter__(self) -> Iterator[str]:
        return iter(self._instruments)

    def __len__(self) -> int:
        return len(self._instruments)


def has_rates(instruments: Mapping[str, Instrument]) -> bool:
    """Return whether one of the instruments is in another currency than the capital."""
    return any(instrument.fx for instrument in instruments.values())


def at_prices(instruments: Mapping[str, Instrument], prices: Prices) -> Mapping[str, Instrument]:
    """Return instruments in the capital's currency; the same mapping where all of them are."""
    return ConvertedInstruments(instruments, prices) if has_rates(instruments) else instruments
