"""Fills of instruments in another currency than the capital: engines report them in their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.instruments.rates import Prices, converted, has_rates, rate_at
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Fill
from orchestrate.orchestration.orders.ports import EngineReport


class Conversion:
    """Gives fills their rate, and their fee in the capital's currency.

    That is the rate of `closes` at a close, that of `opens` at an open and in a bar's range.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], rules: ExecutionRules, closes: Prices, opens: Prices
    ) -> None:
        self._instruments, self._rules = instruments, rules
        self._closes, self._opens = closes, opens

    @classmethod
    def of(cls, market: Market, rules: ExecutionRules, closes: Prices, opens: Prices) -> Conversion | None:
        """Return that of a market; None where all of it is in the capital's currency."""
        return cls(market.instruments, rules, closes, opens) if has_rates(market.instruments) else None

    def reports(self, reports: Iterable[EngineReport], *, at_close: bool = False) -> list[EngineReport]:
        """Return reports of a bar, or of what happens between two, with their fills converted."""
        return [replace(one, fills=tuple(self.fills(one.fills, at_close=at_close))) for one in reports]

    def fills(self, fills: Sequence[Fill], *, at_close: bool) -> list[Fill]:
        """Return fills with their rates."""
        return [self._converted(fill, self._closes if at_close else self._opens) for fill in fills]

    def instrument(self, symbol: str, *, at_close: bool) -> Instrument:
        """Return the instrument in the capital's currency."""
        return converted(self._instruments[symbol], self._closes if at_close else self._opens)

    def _converted(self, fill: Fill, prices: Prices) -> Fill:
        instrument = self._instruments[fill.symbol]
        if not instrument.fx:
            return fill
        rate = rate_at(prices, instrument)
        fee = self._rules.fee(fill.quantity, fill.price, instrument.at(rate))
        return replace(fill, fee=fee, rate=rate, engine_fee=fill.fee)
