"""Structures that are ordered: each fills whole at a step at which all of its legs are quoted, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import isnan
from typing import TYPE_CHECKING, Final

from orchestrate.domain.market.stamps import last_of_day
from orchestrate.domain.market.timeline import MarketEvent
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Order, OrderStatus, Reason, StrategyCommand
from orchestrate.orchestration.orders.priced import price_leg
from orchestrate.orchestration.risk.buying_power import BuyingPower
from orchestrate.orchestration.risk.pipeline import REBALANCE

if TYPE_CHECKING:
    from orchestrate.orchestration.loop.session import Session

#: What a trail calls the moment at which a structure fills.
_RELEASE: Final = "release"
#: Prices closer than this are equal.
_GRAIN: Final = 1e-9


@dataclass(slots=True, eq=False)
class Waiting:
    """An approved intent of a structure, and the orders of its legs; `until` is its last moment, once that is known."""

    intent: Intent
    orders: list[Order]
    until: int | None


class WaitingStructures:
    """All structures of a run that are ordered and not over, in the order in which they were approved."""

    def __init__(self, session: Session, buying_power: BuyingPower, *, at_next: bool) -> None:
        self._session, self._buying_power, self._at_next = session, buying_power, at_next
        self._waiting: list[Waiting] = []

    def take(self, intents: Iterable[Intent]) -> None:
        """Take in the approved intents of a step."""
        for intent in intents:
            if intent.structure is not None and not intent.refused:
                pending = self._session.blotter.pending(intent.strategy_id)
                own = [order for order in pending if order.group == intent.group]
                self._waiting.append(Waiting(intent, own, intent.terms.until))
                self._session.structures.ordered.append(intent)

    def commands(self, event: MarketEvent) -> Iterator[list[StrategyCommand]]:
        """Price what is traded at the quotes of this step; yield its commands, one structure after another."""
        session = self._session
        if session.structures.quote(event):
            yield session.release(event, at_open=False, which="quoted")
        for one in list(self._waiting):
            if self._prices(one, event):
                yield session.release(event, at_open=False, which="quoted")
                if all(order.status is OrderStatus.FILLED for order in one.orders):
                    session.structures.filled(one.intent, event.t)
            if all(order.is_over for order in one.orders):
                self._waiting.remove(one)
                session.structures.ordered.remove(one.intent)
        if session.structures.assign(session.in_order, event):
            yield session.release(event, at_open=False, which="quoted")
        session.structures.note_held()

    def _prices(self, one: Waiting, event: MarketEvent) -> bool:
        """Give the orders of a structure their prices; return whether it fills now."""
        intent, broken = one.intent, next((order for order in one.orders if order.is_over), None)
        if broken is not None:
            self._end(one, broken.reason)
            return False
        quoted = all(order.symbol in event.rows for order in one.orders)
        if not quoted or (self._at_next and event.step == intent.step) or self._is_late(one):
            return False
        fills = self._session.structures.price(intent, event.t)
        if intent.terms.limit is not None and not fills.net <= intent.terms.limit + _GRAIN:
            return False
        if not self._approves(one, fills.prices, event):
            return False
        book = self._session.entries[intent.strategy_id].book
        for order in one.orders:
            price_leg(self._session.blotter, book, order, fills.prices[order.symbol])
        return True

    def _is_late(self, one: Waiting) -> bool:
        """Return whether its lifetime is over, which ends it."""
        label = self._session.log.label(one.orders[0].symbol)
        if one.until is None and one.intent.terms.tif == "day":
            one.until = last_of_day(label)
        late = one.until is not None and one.until < label
        if late:
            self._end(one, Reason.EXPIRED)
        return late

    def _approves(self, one: Waiting, prices: dict[str, float], event: MarketEvent) -> bool:
        """Decide anew at the prices of its fill: it may cost more by now, or can't be traded any more."""
        before, reserve = one.intent, sum(order.reserve for order in one.orders)
        again = Intent.of(replace(before.demand, quantity=before.quantity, step=event.step, t=event.t))
        again.structure, again.closes = before.structure, before.closes
        again.legs = tuple(leg._replace(price=prices[leg.symbol]) for leg in before.legs)
        missing = next((symbol for symbol, price in prices.items() if isnan(price)), None)
        if missing is not None:
            again.refuse(_RELEASE, Reason.NO_QUOTE, f"{missing} has no quote to trade at")
        elif self._session.structures.lacks(before, at_fill=True):
            again.refuse(_RELEASE, Reason.NOTHING_TO_CLOSE, "the structure is closed already")
        elif not again.closing and event.step > before.step:
            self._buying_power.refund(again, _RELEASE, reserve)
        if again.trail:
            self._apply(one, again)
        return not again.refused

    def _apply(self, one: Waiting, again: Intent) -> None:
        """Record what is left of a structure that has waited, and change its orders to it."""
        decision, session, blotter = again.decision(), self._session, self._session.blotter
        session.log.record(decision, one.orders[0].id)
        for order, leg in zip(one.orders, again.legs, strict=True):
            if again.refused:
                blotter.end(order, OrderStatus.REJECTED, decision.reason)
            else:
                blotter.resize(order, leg.units * again.quantity)
        one.intent.quantity = again.quantity
        if again.refused and one.intent.producer == REBALANCE:
            untrimmed = session.structures.untrimmed
            untrimmed[again.strategy_id] = untrimmed.get(again.strategy_id, 0) + 1
        elif again.refused:
            session.runner.notify(session.entries[again.strategy_id], "on_rejected", decision)

    def _end(self, one: Waiting, reason: Reason) -> None:
        self._session.orders.cancel_orders([order for order in one.orders if not order.is_over], reason)
