"""The stages between an intent and an order: size → conflicts → capital → limits → orders.

Each stage goes over all intents of a step before the next one begins, and leaves in an intent's trail what it changed.
Intents come from strategies, natives and all others that may trade; the stages treat them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import ExecutionRules, rounded
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Order, Reason
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.risk.buying_power import BuyingPower
from orchestrate.orchestration.risk.exposure import Exposure
from orchestrate.orchestration.risk.sizing import SIZINGS, Sizeable, protect, size
from orchestrate.orchestration.strategies.registry import StrategyEntry

#: The producer of intents that belong to a rebalance; no conflict policy sees them.
REBALANCE: Final = "rebalance"
#: a name of this module is found several times as fast as a member of an enumeration
_NO_REASON: Final = Reason.NONE


class Stage(Protocol):
    """One stage. It may cut or refuse intents, and leaves alone those that are refused already."""

    name: str

    def __call__(self, intents: list[Intent]) -> None:
        """Go over all intents of a step."""


def _no_volatility(_symbol: str, _lookback: int) -> float:
    return 0.0


def _no_range(_symbol: str, _period: int) -> float | None:
    return None


@dataclass(frozen=True, slots=True)
class Resources:
    """The books, prices and orders that the stages of a run decide on."""

    entries: Mapping[str, StrategyEntry]
    marks: Mapping[str, float]
    instruments: Mapping[str, Instrument]
    blotter: Blotter
    buying_power: BuyingPower
    exposure: Callable[[], Exposure]
    rules: ExecutionRules
    volatility: Callable[[str, int], float] = _no_volatility
    average_range: Callable[[str, int], float | None] = _no_range


class SizeEntries:
    """The stage that sizes entries without a quantity by the plan, and protects those of strategies sized by risk."""

    name = "size"

    def __init__(self, resources: Resources) -> None:
        self._entries, self._marks, self._instruments = resources.entries, resources.marks, resources.instruments
        self._volatility, self._average_range = resources.volatility, resources.average_range
        self._protected = {name for name, entry in self._entries.items() if _protects(entry)}

    def join(self, entry: StrategyEntry) -> None:
        """Protect the entries of a strategy that joins the run, where its sizing says so."""
        if _protects(entry):
            self._protected.add(entry.id)

    def __call__(self, intents: list[Intent]) -> None:
        """See `Stage`."""
        for intent in intents:
            if not intent.sized:
                if self._protected and intent.strategy_id in self._protected and _enters(intent):
                    self._protect(intent)
                else:
                    intent.size(self._units(intent) if intent.units is None else intent.units)

    def _protect(self, intent: Intent) -> None:
        sizing = self._entries[intent.strategy_id].allocation.sizing
        precision = self._instruments[intent.symbol].precision
        average = partial(self._average_range, intent.symbol, sizing.period)
        found = protect(intent.terms, intent.price, sizing, precision, average, buys=intent.buys)
        intent.terms = found.terms
        intent.size(self._units(intent, found.distance) if intent.units is None else intent.units)
        if found.lacking:
            intent.refuse(self.name, Reason.NO_STOP, found.lacking)

    def _units(self, intent: Intent, stop: float = 0.0) -> float:
        entry = self._entries[intent.strategy_id]
        instrument = self._instruments[intent.symbol]
        capital = entry.account.sized_on(entry.book, self._marks)
        sizing = entry.allocation.sizing
        moves = partial(self._volatility, intent.symbol, sizing.lookback)
        units = size(sizing, Sizeable(capital, intent.price, instrument, len(entry.symbols), moves, stop))
        return units if intent.buys else -units


def _protects(entry: StrategyEntry) -> bool:
    return SIZINGS[entry.allocation.sizing.method].protects


def _enters(intent: Intent) -> bool:
    """Return whether it is an entry of a strategy, not an add, a larger quantity of an open order, or a rebalance."""
    opens = not intent.closing and intent.requires != "position" and intent.changes is None
    return opens and intent.producer == "strategy"


class ReserveCapital:
    """The stage that cuts openings to what their strategies can pay; closings first, because their proceeds count."""

    name = "capital"

    def __init__(self, buying_power: BuyingPower) -> None:
        self._buying_power = buying_power

    def __call__(self, intents: list[Intent]) -> None:
        """See `Stage`."""
        if len(intents) > 1:
            intents.sort(key=lambda intent: not intent.closing)
        self._buying_power.fund(intents, self.name)


class PlaceOrders:
    """The stage that places an order in the blotter for each intent with a quantity left."""

    name = "orders"

    def __init__(self, blotter: Blotter) -> None:
        self._blotter = blotter

    def __call__(self, intents: list[Intent]) -> None:
        """See `Stage`."""
        for intent in intents:
            if intent.refused:
                continue
            if intent.legs:
                self._place_legs(intent)
            elif intent.changes is not None:
                self._enlarge(intent.changes, intent)
            else:
                reason = Reason.REBALANCE if intent.producer == REBALANCE else _NO_REASON
                intent.order = self._blotter.place(intent.demand, intent.quantity, intent.reserve, reason)

    def _place_legs(self, intent: Intent) -> None:
        """Place an order for each leg, which waits for its price; the first one holds the reserve."""
        reserve, reason = intent.reserve, _NO_REASON if intent.closes is None else Reason.ROLL
        if intent.producer == REBALANCE:
            reason = Reason.REBALANCE
        for leg in intent.legs:
            quantity, price = leg.units * abs(intent.quantity), leg.price
            demand = replace(intent.demand, symbol=leg.symbol, quantity=quantity, price=price, group=intent.group)
            demand = replace(demand, limit=None, until=None, day=False)
            order = self._blotter.place(demand, quantity, reserve, reason)
            intent.order, reserve = intent.order or order, 0.0

    def _enlarge(self, order: Order, intent: Intent) -> None:
        whole, reserve = rounded(order.quantity + intent.quantity), order.reserve + intent.reserve
        self._blotter.change(order, whole, reserve, order.limit, order.trigger)
        intent.order = order
