"""Structures of options: what strategies say of them becomes intents, and what they hold of them ends by expiring.

A contract becomes a series of the run when it is first ordered; from then on books, marks and engines know it as any
other symbol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import isnan, nan
from typing import NamedTuple

import numpy as np

from orchestrate.domain.books import Position
from orchestrate.domain.instruments.instrument import MAX_PRECISION, Instrument
from orchestrate.domain.market.timeline import Floats, Market, MarketEvent
from orchestrate.domain.options.chain import Chain, contract_series
from orchestrate.domain.options.contract import OptionContract
from orchestrate.domain.options.holding import HeldStructure, liquidation_price, without_leg
from orchestrate.domain.options.margin.requirement import margin_rule
from orchestrate.domain.options.settings import AccountType
from orchestrate.domain.options.settlement import settle
from orchestrate.domain.options.structure import Leg, Structure
from orchestrate.domain.options.view import ChainView
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent, IntentLeg
from orchestrate.domain.orders.order import OrderGroup, Reason
from orchestrate.domain.results import Finding
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.loop.decision_log import DecisionLog, Emit
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.loop.options.assignments import EarlyAssignments
from orchestrate.orchestration.loop.options.expiries import Expiries
from orchestrate.orchestration.loop.options.quotes import LegPrices
from orchestrate.orchestration.loop.options.valuation import Valuation
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.strategies.registry import StrategyEntry


class _Listed(NamedTuple):
    """A contract that has joined the run, and its chain."""

    contract: OptionContract
    chain: Chain


class Fills(NamedTuple):
    """What legs fill at, by symbol, and the price of one structure of them."""

    prices: dict[str, float]
    net: float


class Structures:
    """All structures of a run; `open_symbol` lets an engine trade a contract."""

    def __init__(
        self,
        market: Market,
        marks: Marks,
        log: DecisionLog,
        blotter: Blotter,
        rules: ExecutionRules,
        emit: Emit,
        account: AccountType,
    ) -> None:
        self._market, self._marks, self._log, self._blotter = market, marks, log, blotter
        self._prices, self._max_age, self._account = LegPrices(market, marks, rules), rules.options.oldest, account
        self._expiries = Expiries(market, marks, blotter, log, emit)
        self._early = EarlyAssignments(rules.options.early_assignment, market, marks, self._prices)
        self.valuation = Valuation(market, marks, self._prices.chains, self._max_age)
        self._quotes = rules.options.quotes
        #: intents whose structures are ordered and not over
        self.ordered: list[Intent] = []
        self._given_up: dict[str, int] = {}
        #: by strategy id, how many trims of structures had no quote to trade at
        self.untrimmed: dict[str, int] = {}
        self._listed: dict[str, _Listed] = {}
        self._held: dict[str, list[HeldStructure]] = {}
        self._groups = 0
        self.open_symbol: Callable[[str, str], None]

    # ---- what strategies see

    def has(self, symbol: str) -> bool:
        """Return True for the symbol of a chain."""
        return symbol in self._market.chains

    def chain(self, symbol: str, t: int) -> ChainView:
        """Return a chain at `t`, or now where that is earlier; KeyError for a symbol without one."""
        chain = self._market.chains.get(symbol)
        if chain is None:
            raise KeyError(f"{symbol!r} is no chain of options; there is {', '.join(self._market.chains) or 'none'}")
        moment, spot = min(t, self._market.timeline.moments[self._marks.step]), self._marks[chain.terms.underlying]
        return chain.at(moment, spot, self._max_age)

    # ---- what strategies say

    def intent(self, entry: StrategyEntry, signal: Signal, event: MarketEvent) -> Intent | None:
        """Return the intent of a structure that is to be opened, closed or rolled; None for one that waits already."""
        structure, closes = self._named(signal.legs), signal.closes and self._named(signal.closes)
        if signal.kind == "structure" and self._waits(entry.id, structure):
            return None
        traded = structure if closes is None else closes.rolled_to(structure)
        quantity = float(traded.quantity)
        intent = Intent(entry.id, traded.symbol, signal.kind == "close", quantity, True, 0.0, event.step, event.t)
        intent.group, intent.terms = self.new_group(), signal.terms
        intent.structure, intent.closes = structure, closes
        unknown = self._list_all(entry, traded)
        if unknown:
            intent.size(quantity)
            intent.refuse(
                "size", Reason.NOT_TRADABLE, f"{unknown} is no contract of a chain, and no symbol of the data"
            )
        elif not intent.closing and (unsettled := self._without_settlement(structure)):
            intent.size(quantity)
            intent.refuse("size", Reason.NO_SETTLEMENT, f"{unsettled} has no settlement price")
        elif self.lacks(intent):
            intent.size(quantity)
            intent.refuse("size", Reason.NOTHING_TO_CLOSE, "no such structure is held, or it is being closed")
        else:
            self._estimate(intent, traded, event)
        return intent

    def new_group(self) -> OrderGroup:
        """Return the tie of the legs of one more intent."""
        self._groups += 1
        return OrderGroup("legs", f"legs-{self._groups}")

    def _without_settlement(self, structure: Structure) -> str:
        """Return the first contract that would be settled at a price which nobody knows, or nothing."""
        settlements = {option.symbol: self._expiries.settlement(option) for option in structure.options}
        return next((symbol for symbol, one in settlements.items() if one is not None and isnan(one.price)), "")

    def _estimate(self, intent: Intent, traded: Structure, event: MarketEvent) -> None:
        """Give an intent the prices that it is funded at: those of now, or its limit where that is worse."""
        intent.legs = tuple(IntentLeg(leg.symbol, leg.ratio, nan) for leg in traded.legs)
        prices, net = self.price(intent, event.t)
        limit, next_ones = intent.terms.limit, self._quotes == "next"
        waits = next_ones or any(leg.symbol not in event.rows for leg in traded.legs)
        unquoted = [symbol for symbol, price in prices.items() if isnan(price)]
        if unquoted and limit is None and not waits:
            intent.size(intent.units or 0.0)
            intent.refuse("size", Reason.NO_QUOTE, f"{unquoted[0]} has no quote to trade at")
        for symbol in unquoted:
            prices[symbol] = self._marks[symbol]
        if unquoted:
            net = traded.net(prices)
        if limit is not None and (waits or unquoted or net > limit):
            leg = next((leg for leg in traded.legs if leg.option is not None), traded.legs[0])
            prices[leg.symbol] += (limit - net) * traded.multiplier / leg.units
            net = limit
        intent.price = net
        intent.legs = tuple(leg._replace(price=prices[leg.symbol]) for leg in intent.legs)
        if intent.refused:
            intent.demand = replace(intent.demand, price=net)

    def price(self, intent: Intent, t: int) -> Fills:
        """Return what the legs of an intent fill at now, and the price of one; NaN where one can't be traded.

        What is closed may be given up where nobody buys it.
        """
        traded = intent.traded
        assert traded is not None
        closed = intent.structure if intent.closing else intent.closes
        prices = self._prices.fills(traded.legs, t, [leg.symbol for leg in closed.legs] if closed else ())
        return Fills(prices, traded.net(prices))

    def lacks(self, intent: Intent, *, at_fill: bool = False) -> bool:
        """Return whether an intent closes what its strategy does not hold, or, before its fill, closes already."""
        closed = _closed(intent)
        if closed is None:
            return False
        held = sum(
            one.quantity for one in self._held.get(intent.strategy_id, ()) if one.structure.parts == closed.parts
        )
        for other in () if at_fill else self.ordered:
            ending = _closed(other) if other.strategy_id == intent.strategy_id else None
            if ending is not None and ending.parts == closed.parts:
                held -= ending.quantity
        return held < closed.quantity

    def waiting(self, strategy_id: str) -> tuple[Structure, ...]:
        """Return the structures that a strategy has ordered and that are not filled yet."""
        own = (intent for intent in self.ordered if intent.strategy_id == strategy_id)
        return tuple(intent.structure.times(int(intent.quantity)) for intent in own if intent.structure is not None)

    def _waits(self, strategy_id: str, structure: Structure) -> bool:
        return any(
            one.strategy_id == strategy_id
            and not one.closing
            and one.structure
            and one.structure.parts == structure.parts
            for one in self.ordered
        )

    def filled(self, intent: Intent, t: int) -> None:
        """Note the structures that a fill has opened and closed."""
        assert intent.structure is not None
        own, closed = self._held.setdefault(intent.strategy_id, []), _closed(intent)
        if closed is not None:
            self._take(own, closed, int(intent.quantity))
            given_up = sum(price == 0.0 for price in self.price(intent, t).prices.values())
            self._given_up[intent.strategy_id] = self._given_up.get(intent.strategy_id, 0) + given_up
        if not intent.closing:
            prices = self._prices.fills(intent.structure.legs, t)
            net = intent.structure.net({name: self._marks[name] if isnan(at) else at for name, at in prices.items()})
            own.append(HeldStructure(intent.structure.times(int(intent.quantity)), t, net, t))

    @staticmethod
    def _take(own: list[HeldStructure], closed: Structure, quantity: int) -> None:
        """Take a quantity off what is held, of its own tag first."""
        same = [one for one in own if one.structure.parts == closed.parts]
        for one in sorted(same, key=lambda one: one.tag != closed.tag):
            taken = min(quantity, one.quantity)
            quantity -= taken
            place = own.index(one)
            left = one.quantity - taken
            own[place : place + 1] = [replace(one, structure=one.structure.times(left))] if left else []

    def findings(self) -> list[Finding]:
        """Return a finding for each strategy that gave up legs which nobody bought, or kept what nobody quoted."""
        given_up = "legs that nobody bought were given up at 0 as their structures were closed"
        untrimmed = "structures without quotes were left alone as a rebalance trimmed the strategy"
        counts = [(self._given_up, given_up), (self.untrimmed, untrimmed)]
        return [
            Finding("warning", f"strategies.{name}", message, count)
            for counted, message in counts
            for name, count in counted.items()
            if count
        ]

    def units(self, strategy_id: str) -> dict[str, float]:
        """Return what a strategy holds in structures, by symbol."""
        units: dict[str, float] = {}
        for one in self._held.get(strategy_id, ()):
            for leg in one.legs:
                units[leg.symbol] = units.get(leg.symbol, 0.0) + leg.units * one.quantity
        return units

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
            if listed is not None and order.price is None and order.group is None:
                leg = Leg(listed.contract, 1 if order.quantity > 0 else -1)
                price = self._prices.fill(leg, event.t, gives_up=order.closing)
                order.price = None if isnan(price) else price
                own = self._held.get(order.strategy_id, [])
                own[:] = [one for one in own if all(leg.symbol != order.symbol for leg in one.legs)]
        return any(order.price is not None for order in waiting)

    # ---- contracts

    def _named(self, structure: Structure | None) -> Structure:
        """Return a structure with contracts in place of their symbols."""
        assert structure is not None
        named = {leg.symbol: self._contract(leg.symbol) for leg in structure.legs if leg.option is None}
        return structure.resolved({symbol: one for symbol, one in named.items() if one is not None})

    def _contract(self, symbol: str) -> OptionContract | None:
        listed, chain = self._listed.get(symbol), self._prices.chains.get(symbol.split(" ", maxsplit=1)[0])
        if listed is not None or chain is None:
            return listed and listed.contract
        return chain.named(symbol)

    def _list_all(self, entry: StrategyEntry, structure: Structure) -> str:
        """Let a strategy trade all legs; return the first that can't be traded, or nothing."""
        for leg in structure.legs:
            series = self._market.series.get(leg.symbol)
            shares = series is not None and series.tradable
            if not (shares if leg.option is None else leg.option.root in self._prices.chains):
                return leg.symbol
        for option in structure.options:
            self._list(entry, option)
        return ""

    def _list(self, entry: StrategyEntry, contract: OptionContract) -> None:
        """Let a strategy trade a contract, which joins the run if it is the first one."""
        if contract.symbol not in self._listed:
            self._join(contract)
        self.open_symbol(entry.framework, contract.symbol)

    def _join(self, contract: OptionContract) -> None:
        symbol, chain = contract.symbol, self._prices.chains[contract.root]
        settlement = self._expiries.settlement(contract)
        self._listed[symbol] = _Listed(contract, chain)
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
            margin_rate=margin_rule(underlying.asset_class, self._account).rate,
            option=contract,
        )

    def _spots(self, chain: Chain) -> Floats:
        """Return the price of the underlying at each moment of a chain."""
        series = self._market.series[chain.terms.underlying]
        rows = np.searchsorted(series.available_at, chain.moments, side="right") - 1
        return series.close[np.maximum(rows, 0)]

    # ---- expiry

    def settle(self, entry: StrategyEntry, position: Position) -> bool:
        """Place the orders that an expired option comes to; return whether the position is one."""
        if not self._expiries.settle(entry, position):
            return False
        self.leave(entry.id, position)
        return True

    def note_held(self) -> None:
        """Note what is held at the end of the step under way."""
        for name, own in self._held.items():
            self.valuation.note(name, [held.structure for held in own])

    def assign(self, entries: Iterable[StrategyEntry], event: MarketEvent) -> bool:
        """Place the orders of shorts that are assigned early; return whether there are any."""
        due = [] if self._early.rule == "off" else list(self._early.due(entries, event))
        for entry, position, contract, price in due:
            self._expiries.end(entry, settle(contract, position.quantity, price), price, self._early.rule)
            self.leave(entry.id, position)
        return bool(due)

    def leave(self, strategy_id: str, position: Position) -> None:
        """Take an option that is no longer held out of the structures of its strategy, which keep their other legs."""
        symbol, price = position.symbol, position.average_price
        own = self._held.get(strategy_id, [])
        own[:] = [rest for one in own if (rest := without_leg(one, symbol, price)) is not None]


def _closed(intent: Intent) -> Structure | None:
    """Return what an intent closes, as it is held."""
    if intent.closing and intent.structure is not None:
        return intent.structure.reversed()
    return intent.closes
