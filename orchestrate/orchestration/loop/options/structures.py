"""Structures of options: what strategies say of them becomes intents, and what they hold of them ends by expiring.

A contract becomes a series of the run when it is first ordered; from then on books, marks and engines know it as any
other symbol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import isnan
from typing import NamedTuple

import numpy as np

from orchestrate.domain.books import Position
from orchestrate.domain.instruments.instrument import MAX_PRECISION, Instrument
from orchestrate.domain.market.stamps import DAY, moment_of
from orchestrate.domain.market.timeline import Floats, Market, MarketEvent
from orchestrate.domain.options.chain import Chain, Settlement, contract_series
from orchestrate.domain.options.contract import OptionContract
from orchestrate.domain.options.holding import HeldStructure, liquidation_price
from orchestrate.domain.options.margin.requirement import margin_rule
from orchestrate.domain.options.settlement import settle
from orchestrate.domain.options.structure import Leg
from orchestrate.domain.options.view import ChainView
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent, IntentLeg
from orchestrate.domain.orders.order import Demand, OrderGroup, Reason
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.loop.decision_log import DecisionLog
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.loop.options.quotes import LegPrices
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.orders.priced import place_priced
from orchestrate.orchestration.strategies.registry import StrategyEntry


class _Listed(NamedTuple):
    """A contract that has joined the run, its chain, and when it is settled, if that lies within the data."""

    contract: OptionContract
    chain: Chain
    settlement: Settlement | None


class Structures:
    """All structures of a run; `open_symbol` lets an engine trade a contract."""

    def __init__(self, market: Market, marks: Marks, log: DecisionLog, blotter: Blotter, rules: ExecutionRules) -> None:
        self._market, self._marks, self._log, self._blotter = market, marks, log, blotter
        self._prices, self._max_age = LegPrices(market, marks, rules), rules.options.oldest
        self._listed: dict[str, _Listed] = {}
        self._held: dict[str, list[HeldStructure]] = {}
        self._groups = 0
        self.open_symbol: Callable[[str, str], None]

    # ---- what strategies see

    def chain(self, symbol: str, t: int) -> ChainView:
        """Return a chain at `t`, or now where that is earlier; KeyError for a symbol without one."""
        chain = self._market.chains.get(symbol)
        if chain is None:
            raise KeyError(f"{symbol!r} is no chain of options; there is {', '.join(self._market.chains) or 'none'}")
        moment, spot = min(t, self._market.timeline.moments[self._marks.step]), self._marks[chain.terms.underlying]
        return chain.at(moment, spot, self._max_age)

    # ---- what strategies say

    def intent(self, entry: StrategyEntry, signal: Signal, event: MarketEvent) -> Intent:
        """Return the intent of a structure that is to be opened or closed."""
        structure, closing = signal.legs, signal.kind == "close"
        assert structure is not None
        for option in structure.options:
            self._list(entry, option)
        given_up = {leg.symbol for leg in structure.legs} if closing else ()
        prices = self._prices.fills(structure.legs, event.t, given_up)
        quantity = float(structure.quantity)
        net = structure.net(prices)
        self._groups += 1
        intent = Intent(entry.id, structure.symbol, closing, quantity, True, 0.0 if isnan(net) else net, *_at(event))
        intent.group = OrderGroup("legs", f"legs-{self._groups}")
        intent.legs = tuple(IntentLeg(leg.symbol, leg.ratio, prices[leg.symbol]) for leg in structure.legs)
        intent.structure = structure
        unquoted = [symbol for symbol, price in prices.items() if isnan(price)]
        if unquoted:
            intent.size(quantity)
            intent.refuse("size", Reason.NO_QUOTE, f"{unquoted[0]} has no quote to trade at")
        return intent

    def decided(self, intents: Iterable[Intent]) -> None:
        """Note the structures that are opened and closed by the intents of a step."""
        for intent in intents:
            if intent.structure is None or intent.refused:
                continue
            own = self._held.setdefault(intent.strategy_id, [])
            if intent.closing:
                closed = intent.structure.reversed()
                place = next((n for n, held in enumerate(own) if held.structure == closed), None)
                if place is not None:
                    del own[place]
            else:
                structure = intent.structure.times(int(abs(intent.quantity)))
                own.append(HeldStructure(structure, intent.t, intent.price, intent.t))

    def held(self, strategy_id: str, t: int) -> tuple[HeldStructure, ...]:
        """Return what a strategy holds, at the marks and quotes of now."""
        return tuple(self._now(one, t) for one in self._held.get(strategy_id, ()))

    def _now(self, one: HeldStructure, t: int) -> HeldStructure:
        structure = one.structure
        mark = structure.bounded(structure.net({leg.symbol: self._marks[leg.symbol] for leg in structure.legs}))
        quotes = self._prices.quotes(structure.legs, t)
        return replace(one, t=t, mark=mark, liquidation=liquidation_price(structure, quotes))

    def quote(self, event: MarketEvent) -> bool:
        """Give orders on contracts that wait for a quote its price; return whether some can be traded now."""
        waiting = [order for orders in self._blotter.waiting.values() for order in orders]
        for order in waiting:
            listed = self._listed.get(order.symbol)
            if listed is not None and order.price is None:
                leg = Leg(listed.contract, 1 if order.quantity > 0 else -1)
                price = self._prices.fill(leg, event.t, gives_up=order.closing)
                order.price = None if isnan(price) else price
        return any(order.price is not None for order in waiting)

    # ---- contracts

    def _list(self, entry: StrategyEntry, contract: OptionContract) -> None:
        """Let a strategy trade a contract, which joins the run if it is the first one."""
        if contract.symbol not in self._listed:
            self._join(contract)
        self.open_symbol(entry.framework, contract.symbol)

    def _join(self, contract: OptionContract) -> None:
        symbol, chain, settlement = contract.symbol, self._prices.chains[contract.root], self._settlement(contract)
        self._listed[symbol] = _Listed(contract, chain, settlement)
        if settlement is not None:
            self._market.settlements[symbol] = contract.expires_on  # type: ignore[index]  # a market with room
        series = contract_series(chain, contract, self._spots(chain), settlement, self._max_age)
        self._market.join(series, self._instrument(contract, chain))
        self._marks.join(symbol)
        self._log.join(symbol)
        self._blotter.at_quotes.add(symbol)

    def _instrument(self, contract: OptionContract, chain: Chain) -> Instrument:
        underlying = self._market.instruments[contract.underlying]
        return Instrument(
            contract.symbol,
            precision=min(MAX_PRECISION, max(chain.decimals + 1, underlying.precision)),  # of a mid
            multiplier=contract.multiplier,
            margin_rate=margin_rule(underlying.asset_class).rate,
            option=contract,
        )

    def _spots(self, chain: Chain) -> Floats:
        """Return the price of the underlying at each moment of a chain."""
        series = self._market.series[chain.terms.underlying]
        rows = np.searchsorted(series.available_at, chain.moments, side="right") - 1
        return series.close[np.maximum(rows, 0)]

    def _settlement(self, contract: OptionContract) -> Settlement | None:
        """Return the first bar of the underlying at or after the expiry; one of days counts at the end of its day."""
        series = self._market.series[contract.underlying]
        stamps, expiry = series.available_at, contract.expiry
        if series.length >= DAY:
            stamps, expiry = series.timestamp, moment_of(contract.expires_on)
        row = int(np.searchsorted(stamps, expiry, side="left"))
        return None if row == len(series) else Settlement(int(series.available_at[row]), float(series.close[row]))

    # ---- expiry

    def settle(self, entry: StrategyEntry, position: Position) -> bool:
        """Place the orders that an expired option comes to; return whether the position is one."""
        listed = self._listed.get(position.symbol)
        if listed is None or listed.settlement is None:
            return False
        contract, settled = listed.contract, settle(listed.contract, position.quantity, listed.settlement.price)
        self._place(entry, position.symbol, -position.quantity, settled.price)
        if settled.shares:
            self._blotter.delivered.add((entry.id, contract.underlying))
            self._place(entry, contract.underlying, settled.shares, contract.strike)
        return True

    def expired(self, t: int) -> None:
        """Forget structures whose options have all expired."""
        for own in self._held.values():
            own[:] = [held for held in own if any(option.expiry > t for option in held.structure.options)]

    def _place(self, entry: StrategyEntry, symbol: str, quantity: float, price: float) -> None:
        step = self._marks.step
        t = self._market.timeline.moments[step]
        demand = Demand(entry.id, symbol, quantity, False, price, step, t, signalled=False)
        place_priced(self._blotter, entry.book, demand, fee=0.0, reason=Reason.SETTLEMENT)


def _at(event: MarketEvent) -> tuple[int, int]:
    return event.step, event.t
