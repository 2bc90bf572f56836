"""Turn what a strategy says at a step into intents; what acts on its open orders is done at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from orchestrate.domain.events import DomainEvent, StrategySignalledEvent
from orchestrate.domain.market.timeline import MarketEvent
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Order, OrderGroup, Reason
from orchestrate.domain.orders.terms import NO_TERMS, OrderTerms
from orchestrate.domain.strategies.protocols import ORDERS, Signal
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.strategies.registry import StrategyEntry
from orchestrate.orchestration.strategies.views import StrategyView


class OrderActions(Protocol):
    """What happens to open orders at once."""

    def cancel(self, wanted: Callable[[Order], bool], reason: Reason) -> None:
        """End the open orders that `wanted` names."""

    def cancel_orders(self, orders: Iterable[Order], reason: Reason) -> None:
        """End these orders."""

    def replace(self, order: Order, quantity: float | None, terms: OrderTerms) -> float:
        """Change an order as far as that needs no decision; the signed quantity by which it is to grow."""


class StructureIntents(Protocol):
    """What makes intents of structures."""

    def intent(self, entry: StrategyEntry, signal: Signal, event: MarketEvent) -> Intent | None:
        """Return the intent of a structure that is to be opened or closed; None where it is on its way already."""


class Intake:
    """Makes intents of signals. `label` returns that of a symbol's bar."""

    def __init__(
        self,
        views: Mapping[str, StrategyView],
        blotter: Blotter,
        marks: Mapping[str, float],
        orders: OrderActions,
        structures: StructureIntents,
        emit: Callable[[DomainEvent], None],
        label: Callable[[str], int],
    ) -> None:
        self._views, self._blotter, self._marks = views, blotter, marks
        self._orders, self._structures, self._emit, self._label = orders, structures, emit, label
        self._pairs = 0
        #: by strategy and symbol, the last step at which replaced market orders on their way grow, and by how much
        self._growth: dict[tuple[str, str], tuple[int, float]] = {}

    def intents(self, entry: StrategyEntry, signal: Signal, event: MarketEvent) -> list[Intent]:
        """Return what a signal asks for; nothing where it only acts on open orders."""
        if signal.legs is not None:
            whole = self._structures.intent(entry, signal, event)
            return [] if whole is None else [whole]
        if signal.kind == "oco":
            return self.pair(entry, signal, event)
        intent = self.intent(entry, signal, event)
        return [] if intent is None else [intent]

    def intent(self, entry: StrategyEntry, signal: Signal, event: MarketEvent) -> Intent | None:
        """Return what a signal asks for; None where it only acts on open orders."""
        kind, symbol = signal.kind, signal.symbol
        if kind not in ORDERS:
            return self._act(entry, signal, event)
        view = self._views[entry.id]
        side = "exit" if kind == "exit" else "entry"
        self._emit(StrategySignalledEvent(entry.id, side, symbol, view.available(), self._label(symbol)))
        if kind == "exit":
            return self._exit(entry, signal, event)
        buys = signal.side == "long" if kind == "entry" else view.held(symbol) > 0
        units = signal.quantity
        if units is not None:
            units = float(units) if buys else -float(units)
        intent = Intent(entry.id, symbol, False, units, buys, self._marks.get(symbol, 0.0), event.step, event.t)
        intent.terms = terms = signal.terms
        if kind == "add":
            intent.requires = "position"
        elif (terms is not NO_TERMS and terms.rests) or self._blotter.conditional(entry.id, symbol):
            intent.requires = "flat"
        return intent

    def pair(self, entry: StrategyEntry, signal: Signal, event: MarketEvent) -> list[Intent]:
        """Return the two of which the first that fills cancels the other."""
        self._pairs += 1
        intents = []
        for second, leg in enumerate(signal.pair):
            intent = self.intent(entry, leg, event)
            if intent is not None:
                intent.group = OrderGroup("oco", f"oco-{self._pairs}", bool(second))
                intents.append(intent)
        return intents

    def _exit(self, entry: StrategyEntry, signal: Signal, event: MarketEvent) -> Intent | None:
        symbol, view, units = signal.symbol, self._views[entry.id], signal.quantity
        if units is None and entry.id in self._blotter.waiting and not signal.terms.rests:
            self._take_back_entries(entry.id, symbol)
        held = view.held(symbol)  # what is being closed already is not closed twice
        if self._growth:
            held = rounded(held + self._grown(entry.id, symbol, event.step))
        if not held:
            return None
        quantity = -held if units is None else -math.copysign(_part(view, symbol, float(units), abs(held)), held)
        price = self._marks.get(symbol, 0.0)
        intent = Intent(entry.id, symbol, True, quantity, held < 0, price, event.step, event.t)
        intent.terms = signal.terms
        if not quantity:
            intent.size(-math.copysign(float(units or 0.0), held))
            figures = {"price": price, "quantity": intent.quantity}
            intent.refuse("size", Reason.BELOW_ONE_LOT, f"{units:g} is less than one lot", figures)
        return intent

    def _take_back_entries(self, strategy_id: str, symbol: str) -> None:
        def on_its_way(order: Order) -> bool:
            own = order.strategy_id == strategy_id and order.symbol == symbol
            return own and not order.closing and not order.rests

        self._orders.cancel(on_its_way, Reason.CANCELLED)

    def _act(self, entry: StrategyEntry, signal: Signal, event: MarketEvent) -> Intent | None:
        order = self._blotter.tagged(entry.id, signal.name)
        if order is None:
            return None
        if signal.kind == "cancel":
            self._orders.cancel_orders(self._blotter.legs_of(order), Reason.CANCELLED)
            return None
        more = self._orders.replace(order, signal.quantity, signal.terms)
        if not more:
            return None
        price = self._marks.get(order.symbol, 0.0)
        intent = Intent(entry.id, order.symbol, False, more, more > 0, price, event.step, event.t)
        intent.terms, intent.requires = OrderTerms(order.limit, order.trigger), order.requires
        intent.changes = order
        if not order.rests:
            grown = self._grown(entry.id, order.symbol, event.step)
            self._growth[entry.id, order.symbol] = event.step, grown + more
        return intent

    def _grown(self, strategy_id: str, symbol: str, step: int) -> float:
        """Return by how much market orders on their way grow at this step: what is decided only after all signals."""
        at, grown = self._growth.get((strategy_id, symbol), (step, 0.0))
        return grown if at == step else 0.0


def _part(view: StrategyView, symbol: str, units: float, held: float) -> float:
    """Return the lots of a part that is to be closed, 0.0 where it is less than one; all that is `held` is no part."""
    return units if units >= held else view.lot(symbol, units)
