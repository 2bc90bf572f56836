"""What legs can be traded at now: quotes of options that are not stale, and closes of shares."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from math import isnan

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.options.chain import Chain
from orchestrate.domain.options.quote import Quote
from orchestrate.domain.options.structure import Leg
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.terms import rounded_level
from orchestrate.orchestration.loop.marks import Marks


class LegPrices:
    """The quotes and prices of legs at one moment after another; contracts have joined the market."""

    def __init__(self, market: Market, marks: Marks, rules: ExecutionRules) -> None:
        self._market, self._marks, self._rules = market, marks, rules
        #: by the root of their contracts
        self.chains: Mapping[str, Chain] = {chain.terms.root: chain for chain in market.chains.values()}

    def quotes(self, legs: Iterable[Leg], t: int) -> dict[str, Quote]:
        """Return the quotes of legs by symbol."""
        return {leg.symbol: self._quote(leg, t) for leg in legs}

    def fills(self, legs: Iterable[Leg], t: int, gives_up: Container[str] = ()) -> dict[str, float]:
        """Return what each leg fills at, by symbol; NaN for one without a usable quote.

        What nobody buys of the symbols in `gives_up` is sold at 0.
        """
        return {leg.symbol: self.fill(leg, t, gives_up=leg.symbol in gives_up) for leg in legs}

    def fill(self, leg: Leg, t: int, *, gives_up: bool = False) -> float:
        """Return what a leg fills at, rounded to its precision; shares slip as a market order does."""
        buys, instrument = leg.ratio > 0, self._market.instruments[leg.symbol]
        if leg.option is None:
            return self._rules.fill_price(self._marks[leg.symbol], leg.ratio, instrument)
        price = self._quote(leg, t).price(buys=buys, cross=self._rules.options.cross, gives_up=gives_up)
        return price if isnan(price) else rounded_level(price, instrument.precision)

    def _quote(self, leg: Leg, t: int) -> Quote:
        """Return the quote of an option that is not stale; shares have their close on both sides."""
        if leg.option is None:
            close = self._marks[leg.symbol]
            return Quote(close, close)
        chain = self.chains[leg.option.root]
        quote, oldest = chain.quote(leg.option, t), self._rules.options.oldest
        return Quote() if quote is None or quote.is_stale(chain.max_age if oldest is None else oldest) else quote
