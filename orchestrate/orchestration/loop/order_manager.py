"""The life of orders: released, filled, cancelled. The one path from the blotter to the engines and back."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Final

from orchestrate.domain.books import Position
from orchestrate.domain.market.stamps import last_of_day
from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.orders.execution import ExecutionRules, rounded
from orchestrate.domain.orders.order import (
    Decision,
    Demand,
    Ended,
    Fill,
    Order,
    OrderGroup,
    OrderStatus,
    Outcome,
    Reason,
    StageOutcome,
    StrategyCommand,
)
from orchestrate.domain.orders.resting import Match, RestingOrder, in_order_of_filling
from orchestrate.domain.orders.terms import Child, OrderTerms, rounded_level
from orchestrate.domain.orders.ties import ended_by
from orchestrate.domain.results import Finding
from orchestrate.orchestration.loop.decision_log import DecisionLog
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.orders.blotter import Blotter, Due
from orchestrate.orchestration.orders.requests import replaced_quantity
from orchestrate.orchestration.risk.buying_power import BuyingPower
from orchestrate.orchestration.risk.payable import Released, demand_of, whole_or_none
from orchestrate.orchestration.risk.reached import ReachedOrders
from orchestrate.orchestration.strategies.registry import StrategyEntry

Send = Callable[[Iterable[StrategyCommand]], None]
#: The status of an order that is refused at its release, where it is another than rejected.
_REFUSED: Final = {Reason.CANCELLED: OrderStatus.CANCELLED}
_ENDS_OF_DATA: Final = frozenset({Reason.SERIES_ENDED, Reason.UNFILLED_AT_END})
_STATUSES: Final = {Reason.EXPIRED: OrderStatus.EXPIRED}
#: a name of this module is found several times as fast as a member of an enumeration
_RELEASED: Final = OrderStatus.RELEASED
_NO_REASON: Final = Reason.NONE
#: What a trail calls a replacement of an open order.
_CHANGE: Final = "change"
#: Money closer than this is equal.
_CENT_GRAIN: Final = 1e-9


class OrderManager:
    """Releases, cancels and ends the orders of a blotter; `send` hands commands to the engines."""

    def __init__(
        self,
        blotter: Blotter,
        buying_power: BuyingPower,
        log: DecisionLog,
        marks: Marks,
        market: Market,
        rules: ExecutionRules,
        held: Callable[[str, str], float],
    ) -> None:
        self.blotter = blotter
        self.send: Send = _to_nobody
        self._buying_power, self._log, self._marks, self._moments = buying_power, log, marks, market.timeline.moments
        self._market, self._rules, self._held = market, rules, held
        #: by strategy id, how many entries filled on a bar that touched their stop_loss
        self.touched: dict[str, int] = {}

    # ---- placed by the orchestrator itself

    def flatten(self, entry: StrategyEntry, reason: Reason, detail: str = "") -> None:
        """Close all positions of a strategy that nothing closes yet, by orders of the orchestrator; `detail`: why."""
        closing = {order.symbol for order in self.blotter.pending(entry.id) if order.closing and not order.rests}
        for position in list(entry.book.positions.values()):
            if position.symbol not in closing:
                self.close_position(entry, position, reason, detail)

    def close_position(self, entry: StrategyEntry, position: Position, reason: Reason, detail: str = "") -> None:
        """Place an order that closes the position at its symbol's next bar."""
        self.reduce_position(entry, position, -position.quantity, reason, detail)

    def reduce_position(
        self, entry: StrategyEntry, position: Position, quantity: float, reason: Reason, detail: str = ""
    ) -> Order:
        """Place an order that takes `quantity`, signed against the position, off it at its symbol's next bar."""
        step, symbol = self._marks.step, position.symbol
        t, price = self._moments[step], self._marks[symbol]
        demand = Demand(entry.id, symbol, quantity, True, price, step, t, signalled=False)
        order = self.blotter.place(demand, quantity, 0.0, reason)
        self._log.note(Decision(demand, Outcome.APPROVED, quantity, reason, detail), order.id)
        return order

    # ---- released

    def release(
        self, event: MarketEvent, *, at_open: bool, which: Due = "all", symbols: Container[str] | None = None
    ) -> list[Released]:
        """Release the orders whose symbol has a bar now, cut to what they cost at its open (or close).

        `symbols` and `which` restrict it to these. The orders that remain go to the engines by `submit`.
        """
        due = self.blotter.release(event.rows if symbols is None else symbols, which)
        if not due:
            return []
        self._marks.step = event.step
        prices = self._marks.opens if at_open else self._marks
        released = self._buying_power.release(due, prices, event.step, event.t)
        for result in released:
            order, decision = result.order, result.decision
            if decision is not None:
                self._log.record(decision, order.id)
            if not result.quantity:
                reason = Reason.NONE if decision is None else decision.reason
                self.blotter.end(order, _REFUSED.get(reason, OrderStatus.REJECTED), reason)
            elif result.quantity != order.quantity:
                self.blotter.resize(order, result.quantity)
        return released

    def _end_with_closings(self, released: Iterable[Released]) -> None:
        """End what belongs to positions that released market orders close: they fill before the bar reaches any."""
        holdings: dict[tuple[str, str], float] = {}
        for result in released:
            order = result.order
            if order.rests or order.native_order or order.is_over:
                continue
            key = (order.strategy_id, order.symbol)
            holdings[key] = held = rounded(holdings.get(key, self._held(*key)) + result.quantity)
            self._end_tied(order, held)

    def _end_tied(self, filled: Order, held: float, *, tell_engine: bool = True) -> None:
        others = self.blotter.conditional(filled.strategy_id, filled.symbol)
        for other, reason in list(ended_by(filled, held, others)) if others else ():
            ends = Reason.EXPIRED if self._has_expired(other) else reason
            self.cancel_orders([other], ends, tell_engine=tell_engine)

    def cut_reached(self, event: MarketEvent) -> list[Released]:
        """Cut entries and adds that the bar reaches to what can be paid there: prices, rates and equity have moved."""
        self._marks.step = event.step
        opens = self._marks.opens
        matches = self._matches(event)
        if not matches:
            return []
        moment = self._buying_power.moment(opens, event.step, event.t)
        instruments = self._market.instruments
        reached = ReachedOrders(self.blotter, self._buying_power, instruments, self._rules, moment)
        cut = [whole_or_none(result) for result in reached.cut(matches)]
        for result in cut:
            order = result.order
            if result.decision is not None:
                self._log.record(result.decision, order.id)
            if result.quantity:
                cost = self._buying_power.cost_of(order, result.quantity, order.limit, order.trigger, opens)
                self.blotter.change(order, result.quantity, cost, order.limit, order.trigger)
                self.tell_change(order)
            else:
                reason = Reason.BELOW_ONE_LOT if result.decision is None else result.decision.reason
                self.blotter.end(order, OrderStatus.REJECTED, reason)
                self.send([StrategyCommand(order.strategy_id, "cancel", order, reason)])
        return cut

    def _matches(self, event: MarketEvent) -> list[Match]:
        """Return what the bar reaches of strategies with an opening that it reaches, in the order in which it fills."""
        resting = self.blotter.resting()
        openings = [match for order in resting if not order.closing and (match := self._match(order, event))]
        if not openings:
            return []
        owners = self._buying_power.sharing_with({match.order.strategy_id for match in openings})
        exits = [order for order in resting if order.closing and order.strategy_id in owners]
        reached = {match.order.id: match for match in openings}
        reached |= {order.id: match for order in exits if (match := self._match(order, event))}
        return in_order_of_filling([reached[order.id] for order in resting if order.id in reached])

    def _may_fill(self, order: Order, event: MarketEvent) -> bool:
        """Return whether its symbol has a bar; a part of an opening is paid for, a native's exits wait."""
        here = order.symbol in event.rows and (order.closing or not order.filled)
        return here and not (order.native_order and order.group) and not self._has_expired(order)

    def _match(self, order: Order, event: MarketEvent) -> Match | None:
        """Return where the bar fills an order; None where it doesn't."""
        if not self._may_fill(order, event):
            return None
        series, row = self._market.series[order.symbol], event.rows[order.symbol]
        resting = RestingOrder.of(order, self._market.instruments[order.symbol].precision)
        reached = resting.reached_after(series, order.first_row, row)
        return None if reached is None else Match(order, reached, series.bar(row))

    def _has_expired(self, order: Order) -> bool:
        """Return True for an order whose lifetime ended before the bar that has begun."""
        return order.until is not None and order.until < self._log.label(order.symbol)

    def submit(self, released: Iterable[Released]) -> list[StrategyCommand]:
        """Return the commands for released orders; a native is notified of its refused one."""
        commands: list[StrategyCommand] = []
        if self.blotter.conditionals:
            released = list(released)
            self._end_with_closings(released)
        for result in released:
            order, decision = result.order, result.decision
            reason, detail = (decision.reason, decision.detail) if decision else (_NO_REASON, "")
            if order.status is _RELEASED:
                if order.rests:
                    day_ends = last_of_day(self._log.label(order.symbol)) if order.day else None
                    self.blotter.rest(order, day_ends, self._marks.row(order.symbol))
                commands.append(StrategyCommand(order.strategy_id, "submit", order, reason, detail))
            elif order.native_order and order.status is OrderStatus.REJECTED:
                commands.append(StrategyCommand(order.strategy_id, "reject", order, reason, detail))
        return commands

    # ---- changed by its strategy

    def replace(self, order: Order, quantity: float | None, terms: OrderTerms) -> float:
        """Change an order as far as that needs no decision; the signed quantity by which it is to grow.

        New prices that cost more than the strategy has, or leave its stop no price, are refused; the order stays as it
        was.
        """
        limit = order.limit if terms.limit is None else terms.limit
        triggered = self._was_triggered(order)
        trigger = order.trigger if terms.stop is None or triggered else terms.stop
        power, now, bracket = self._buying_power, order.quantity, order.bracket
        cost = power.cost_of(order, now, limit, trigger)
        if bracket is not None:
            bracket = bracket.followed(order.trigger or order.limit, trigger or limit)
        if self._refuses(order, cost, lacks_stop=bracket is None and order.bracket is not None):
            limit, trigger, cost, bracket = order.limit, order.trigger, order.reserve, order.bracket
        if order.trail is None and not triggered:
            self.blotter.rests_anew(order, self._marks.row(order.symbol) + 1)
        whole = now if quantity is None else self._whole(order, float(quantity))
        more = 0.0 if order.closing or abs(whole) <= abs(now) else rounded(whole - now)
        if not whole:
            self._note_refusal(order, Reason.BELOW_ONE_LOT, f"its new quantity, {quantity:g}, is less than one lot")
        if whole and not more and whole != now:
            now, cost = whole, power.cost_of(order, whole, limit, trigger)
            if order.closing and not order.rests:  # what was to follow it no longer finds the strategy out
                self.blotter.require_flat(order.strategy_id, order.symbol)
        self.blotter.change(order, now, cost, limit, trigger)
        self.blotter.protect(order, bracket)
        self.tell_change(order)
        return more

    def _was_triggered(self, order: Order) -> bool:
        """Return whether a bar has triggered a stop-limit, which is a limit from then on."""
        if order.limit is None or order.trigger is None or order.status is not OrderStatus.RESTING:
            return False
        resting = RestingOrder.of(order, self._market.instruments[order.symbol].precision)
        end = self._marks.row(order.symbol) + 1
        return resting.first_reach(self._market.series[order.symbol], order.first_row, end) < end

    def _whole(self, order: Order, quantity: float) -> float:
        units = self._rules.lot(quantity, self._market.instruments[order.symbol])
        return replaced_quantity(order, units, self._held(order.strategy_id, order.symbol))

    def tell_change(self, order: Order) -> None:
        """Let the engine know that an order that rests there has changed."""
        if order.status is not OrderStatus.PENDING:
            self.send([StrategyCommand(order.strategy_id, "replace", order)])

    def _refuses(self, order: Order, cost: float, *, lacks_stop: bool) -> bool:
        """Return whether new prices that make the order cost so much are refused, and record it."""
        more, room = cost - order.reserve, self._buying_power.room(order.strategy_id)
        if lacks_stop:
            reason, detail = Reason.NO_STOP, "its stop would be no price"
        elif more > room + _CENT_GRAIN and more > 0:
            reason, detail = Reason.CAPITAL, f"its new price costs {more:.2f} more, {room:.2f} is available"
        else:
            return False
        self._note_refusal(order, reason, detail)
        return True

    def _note_refusal(self, order: Order, reason: Reason, detail: str) -> None:
        """Record that a change of an open order is refused."""
        step = self._marks.step
        demand = demand_of(order, self._marks[order.symbol], step, self._moments[step])
        trail = (StageOutcome(_CHANGE, demand.quantity, 0.0, reason, detail),)
        self._log.record(Decision(demand, Outcome.REJECTED, 0.0, reason, detail, trail), order.id)

    # ---- after a fill

    def filled(self, entry: StrategyEntry, order: Order, fill: Fill) -> None:
        """A fill of a portable order is booked: orders that end with it end, its bracket's exits are placed."""
        held = entry.book.quantity(order.symbol)
        self._end_tied(order, held, tell_engine=not order.rests)  # there it has ended them itself
        if order.bracket is not None:
            children = order.bracket.children(fill.price, buys=order.quantity > 0)
            self._protect(order, children, fill)
            if children and children[0].trigger is not None:
                self._note_touched(order, children[0].trigger)

    def _protect(self, parent: Order, children: Iterable[Child], fill: Fill) -> None:
        step, symbol = self._marks.step, parent.symbol
        t, quantity = self._moments[step], -fill.quantity
        group = OrderGroup.bracket(parent.id)
        for child in children:
            tag = f"{parent.tag}.{child.name}" if parent.tag else ""
            demand = Demand(
                parent.strategy_id,
                symbol,
                quantity,
                True,
                fill.price,
                step,
                t,
                signalled=False,
                limit=child.limit,
                trigger=child.trigger,
                trail=child.trail,
                group=group,
                tag=tag,
            )
            order = self.blotter.place(demand, quantity, 0.0, Reason.BRACKET)
            self._log.note(Decision(demand, Outcome.APPROVED, quantity, Reason.BRACKET), order.id)

    def findings(self) -> list[Finding]:
        """Return a finding for each strategy with entries whose own bar touched their stop_loss."""
        message = "entries filled on a bar that also touched their stop_loss, which acts from the next bar on"
        return [Finding("warning", f"strategies.{name}", message, count) for name, count in self.touched.items()]

    def _note_touched(self, order: Order, level: float) -> None:
        """Count an entry whose own bar touches its stop_loss, which acts from the next bar on only."""
        if not order.rests and self._rules.fill == "close":
            return
        series, row = self._market.series[order.symbol], self._marks.row(order.symbol)
        level = rounded_level(level, self._market.instruments[order.symbol].precision)
        if series.low[row] <= level if order.quantity > 0 else series.high[row] >= level:
            self.touched[order.strategy_id] = self.touched.get(order.strategy_id, 0) + 1

    # ---- over without a fill

    def cancel(self, wanted: Callable[[Order], bool], reason: Reason, *, tell_engine: bool = True) -> None:
        """End the open orders that `wanted` names, and take back those that an engine has."""
        self.cancel_orders(self.blotter.where(wanted), reason, tell_engine=tell_engine)

    def cancel_orders(self, orders: Iterable[Order], reason: Reason, *, tell_engine: bool = True) -> None:
        """End these orders, and take back those that an engine has.

        What an account has to close ends only with its series.
        """
        if self.blotter.forced and reason not in _ENDS_OF_DATA:
            orders = [order for order in orders if order.id not in self.blotter.forced]
        commands = []
        for order in orders:
            with_engine = bool(order.native_order) or order.status is not OrderStatus.PENDING
            self.end(order, reason)
            if with_engine and tell_engine:
                commands.append(StrategyCommand(order.strategy_id, "cancel", order, reason))
        if commands:
            self.send(commands)

    def end(self, order: Order, reason: Reason) -> None:
        """End an order that its strategy, its engine or the run has ended."""
        self.blotter.end(order, _STATUSES.get(reason, OrderStatus.CANCELLED), reason)
        step = self._marks.step
        demand = demand_of(order, self._marks[order.symbol], step, self._moments[step])
        self._log.note(Decision(demand, Outcome.REJECTED, 0.0, reason), order.id)

    def expire(self, ended: Iterable[Ended]) -> None:
        """End the portable orders that have expired: they were over before the bar could fill any."""
        for one in ended:
            if one.reason is Reason.EXPIRED:
                for order in self.blotter.named(one.strategy_id, one.name):
                    if not order.native_order:
                        self.end(order, Reason.EXPIRED)

    def ended_by_engine(self, ended: Ended) -> None:
        """End in the blotter an order that is over in its engine."""
        for order in self.blotter.named(ended.strategy_id, ended.name):
            self.end(order, ended.reason)


def _to_nobody(_commands: Iterable[StrategyCommand]) -> None:
    """Send nothing: a run without engines has nobody to take commands."""
