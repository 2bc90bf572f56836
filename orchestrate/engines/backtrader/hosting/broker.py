"""One hosted strategy's own broker: its cash, value and positions, and orders that wait until they are released.

The life of an order:

* the strategy sends it: it is *parked*, and reported as a Demand under a name of its own (1, 2, … for each strategy);
* refused, cut or cancelled while parked: the strategy is notified as of any change of an order;
* released, a market order fills at the open (or close) of that very bar, before anything else; all others go to
  Backtrader's own list of pending orders and are tried by Backtrader itself against bars of their own data.

Other changes of Backtrader's broker: nothing fails for want of cash (the orchestrator has decided that);
price and fee are those of the run's rules; an order demanded as closing never opens a position; sizes are kept to six
decimals.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Mapping
from copy import copy
from math import fsum
from typing import Any, Final

import backtrader as bt
from backtrader import Order as Native
from backtrader.order import OrderData

from orchestrate.domain.errors import NativeError
from orchestrate.domain.instruments.instrument import FRACTION_DIGITS, Instrument
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Order, Reason
from orchestrate.engines.backtrader.hosting.account import Account
from orchestrate.engines.backtrader.hosting.demands import Demands, refuse_order
from orchestrate.engines.backtrader.hosting.money import UnlimitedCash
from orchestrate.engines.backtrader.hosting.terms import Terms, put_in_plain_numbers, refuse_unsendable
from orchestrate.engines.hosting.book import NativeBook
from orchestrate.engines.hosting.host import Moment
from orchestrate.engines.hosting.orders import NativeOrders

_GRAIN: Final = 1e-9
#: Backtrader counts its orders from 1.
_NO_ORDER: Final = 0
_ENDED: Final = frozenset({Native.Canceled, Native.Expired, Native.Margin, Native.Rejected})
_SLIPPING: Final = frozenset({Native.Market, Native.Stop, Native.StopTrail})


class _WholeOrder(OrderData):  # type: ignore[misc]  # Backtrader has no types
    """The executed part of an order; what its parts through zero leave over by rounding is nothing."""

    remsize: float

    def addbit(self, exbit: Any) -> None:
        super().addbit(exbit)
        self.remsize = round(self.remsize, FRACTION_DIGITS)


class ParkingBroker(Account):
    """See above. `native_orders` has all live orders by Backtrader's numbers and reports them to the orchestrator.

    `feeds` are the strategy's datas by symbol; orders on others are refused.
    """

    pending: deque[Native]
    _toactivate: deque[Native]

    def __init__(
        self,
        strategy_id: str,
        cash: float,
        instruments: dict[str, Instrument],
        rules: ExecutionRules,
        moment: Moment,
        orders: NativeOrders[int],
        book: NativeBook | None = None,
    ) -> None:
        super().__init__(cash, instruments, rules, book)
        self.native_orders = orders
        self.realised = 0.0
        self.feeds: Mapping[str, Any] = {}
        self._held: dict[str, float] = {}
        self._terms = Terms()
        self._demands = Demands(strategy_id, orders, moment)
        self._rules, self._moment = rules, moment
        self._parked: dict[int, Native] = {}
        self._unaccepted: list[Native] = []
        self._due: list[Native] = []
        self._later: deque[Native] = deque()
        self._moved: Container[str] = ()
        self._own_order: Order | None = None
        self._unslipped: set[int] = set()
        self._filled = False

    # ---- what the strategy sends

    def transmit(self, order: Native, check: bool = True) -> Native:  # noqa: ARG002  # Backtrader's call
        """Park the order; an order of the orchestrator's own is due at once."""
        refuse_unsendable(order, self._ocos)
        if self._own_order is None:
            put_in_plain_numbers(order)
            refuse_order(order, self.feeds, self._siblings(order))
        order.submit()
        order.executed = _WholeOrder(remsize=order.executed.remsize)
        self._terms.note(order)
        order.place = len(self.orders)
        self.orders.append(order)
        self.notify(order)
        self._unaccepted.append(order)
        if self._own_order is not None:
            self.native_orders.release(order.ref, self._own_order.id)
            if not self._own_order.slips:
                self._unslipped.add(order.ref)
            self._due.append(order)
        else:
            self._park(order, again=False)
        return order

    def _park(self, order: Native, *, again: bool) -> None:
        data = order.data
        self._demands.make(order, self.expected(data), self._live(data), self._ocos, again=again)
        self._parked[order.ref] = order

    def expected(self, data: Any) -> float:
        """Return what will be held once the market orders that wait have filled."""
        self._require_position(data)
        waiting = (*self._parked.values(), *self._due)
        coming = [o.executed.remsize for o in waiting if o.data is data and o.exectype == Native.Market]
        return round(float(self.positions[data].size + fsum(coming)), FRACTION_DIGITS)

    def _require_position(self, data: Any) -> None:
        """NativeError where the strategy has written into its position."""
        symbol, size = data._name, self.positions[data].size
        held = self._held.get(symbol, 0.0)
        if not abs(size - held) < _GRAIN:
            raise NativeError(f"the position of {symbol} was set to {size}; its fills add up to {held:g}")

    def cancel(self, order: Native, bracket: bool = False) -> bool:
        """Cancel an order, parked ones included; a market order that is released can't be cancelled any more."""
        parked = self._parked.pop(order.ref, None)
        if parked is None:
            cancelled: bool = super().cancel(order, bracket)
            return cancelled
        parked.cancel()
        if order is not parked:
            order.cancel()
        self.notify(parked)
        self._ococheck(parked)
        if not bracket:
            self._bracketize(parked, cancel=True)
        return True

    def get_orders_open(self, safe: bool = False) -> list[Native]:
        """Return pending orders and parked ones."""
        opened = [*self.pending, *self._parked.values()]
        return [order.clone() for order in opened] if safe else opened

    def notify(self, order: Native) -> None:
        """Queue the change for the strategy, and report orders that end to the orchestrator."""
        super().notify(order)
        if order.status in _ENDED:
            self._terms.forget(order)
            self.native_orders.end(order.ref, Reason.EXPIRED if order.status == Native.Expired else Reason.CANCELLED)

    def _siblings(self, order: Native) -> list[Native]:
        """Return the parked orders of the same one-cancels-other group."""
        leader = self._ocos.get(self._ocos.get(order.ref))
        return [self._parked[ref] for ref in self._ocol.get(leader, ()) if ref in self._parked and ref != order.ref]

    def _ococheck(self, order: Native) -> None:
        siblings = self._siblings(order)
        super()._ococheck(order)
        for sibling in siblings:
            if self._parked.pop(sibling.ref, None) is not None:
                sibling.cancel()
                self.notify(sibling)

    def _live(self, data: Any) -> list[Native]:
        """Return the orders on `data` that are parked or pending."""
        return [order for order in (*self._parked.values(), *self.pending) if order.data is data]

    # ---- verdicts

    def release(self, name: str, order: Order, reason: str, detail: str) -> None:
        """Let the order go on in the quantity that is left; one that has ended meanwhile stays so."""
        native = self._parked.pop(self._number(name), None)
        if native is None:
            return
        self._terms.require_unchanged(native)
        if abs(order.quantity) < abs(native.created.size):
            self._cut(native, order.quantity, reason or "lots", detail)
        self.native_orders.release(native.ref, order.id)
        if native.exectype == Native.Market:
            self._due.append(native)
        else:
            self.pending.append(native)
            self.pending = deque(sorted(self.pending, key=_place))

    def resize(self, name: str, quantity: float, reason: str, detail: str) -> None:
        """Reduce the order to this quantity, and its bracket with it."""
        native = self._parked.get(self._number(name))
        if native is not None and abs(quantity) < abs(native.created.size):
            self._cut(native, quantity, reason, detail)
            self.notify(native)

    def end_order(self, name: str, reason: str, detail: str, *, refused: bool) -> None:
        """End the order and its bracket; the orchestrator knows of the order, not of the bracket."""
        ref = self._number(name)
        native = self._parked.pop(ref, None) or next((each for each in self.pending if each.ref == ref), None)
        if native is None:
            return
        if native in self.pending:
            self.pending.remove(native)
        self.native_orders.forget(ref)
        self._put_an_end(native, reason, detail, refused=refused)

    def _number(self, name: str) -> int:
        """Return Backtrader's number of the live order with that name, or that of no order."""
        ref = self.native_orders.key(name)
        return _NO_ORDER if ref is None else ref

    def send_own(self, owner: bt.Strategy, data: Any, order: Order) -> None:
        """Send a market order of the orchestrator's, on behalf of the strategy."""
        self._own_order = order
        send = self.buy if order.quantity > 0 else self.sell
        send(owner, data, size=abs(order.quantity), exectype=Native.Market, reason=order.reason.value)
        self._own_order = None

    def withdraw(self) -> None:
        """Cancel all open orders."""
        for order in (*self._parked.values(), *self.pending):
            self.cancel(order)

    def abandon(self) -> None:
        """Forget all open orders without notifying anyone; what is due will still fill."""
        for orders in (self._parked, self._unaccepted, self.pending, self._toactivate, self._later):
            orders.clear()

    def _cut(self, native: Native, quantity: float, reason: str, detail: str) -> None:
        left = abs(quantity / native.created.size)
        self._set_size(native, quantity)
        native.addinfo(reason=reason, detail=detail)
        for child in [each for each in self._pchildren.get(native.ref, ()) if each.ref != native.ref]:
            part = self._rules.lot(child.created.size * left, self.instruments[child.data._name])
            if part:
                self._set_size(child, part)
                child.addinfo(reason=reason, detail=detail)
                self.notify(child)
            else:
                self.cancel(child, bracket=True)

    def _put_an_end(self, native: Native, reason: str, detail: str, *, refused: bool) -> None:
        native.addinfo(reason=reason, detail=detail)
        if refused:
            native.reject(self)
        else:
            native.cancel()
        self.notify(native)
        self._ococheck(native)
        self._bracketize(native, cancel=True)

    # ---- what the bar does

    def live(self, moved: Container[str]) -> None:
        """Go through the bars of the symbols in `moved`: fill what is due at the open, then try what is pending."""
        self._moved = moved
        if self._unaccepted:
            self._accept()
        while self._toactivate:
            self._toactivate.popleft().activate()
        if self._due:
            self._fill_due(at_close=False)
        if self.pending or self.margined:
            self.next()
        if self._filled:
            self._ask_again()
        self._outdated = True
        if self._later:
            self._toactivate.extend(self._later)
            self._later.clear()

    def close(self) -> None:
        """Fill what is due at the close."""
        if self._due:
            self._accept()
            self._fill_due(at_close=True)
            self._ask_again()
            self._outdated = True

    def _accept(self) -> None:
        for order in self._unaccepted:
            if order.status == Native.Submitted:
                order.accept()
                self.notify(order)
        self._unaccepted.clear()

    def _fill_due(self, *, at_close: bool) -> None:
        """Fill what is due; children of these orders act after the next bar's, as after any fill of Backtrader's."""
        due, self._due = sorted(self._due, key=_place), []
        waiting: deque[Native] = self._toactivate
        self._toactivate = deque()
        for order in due:
            self._execute(order, ago=0, price=order.data.close[0] if at_close else order.data.open[0])
            if self._pchildren.get(order.ref):  # its bracket may have been cancelled since its release
                self._bracketize(order)
        self._later.extend(self._toactivate)
        self._toactivate = waiting

    def _ask_again(self) -> None:
        """Demand exits anew to which nothing is left: they would open a position, as they do in Backtrader."""
        self._filled = False
        for order in [order for order in self.pending if order.active() and self.native_orders.is_closing(order.ref)]:
            if self.positions[order.data].size * order.executed.remsize >= 0:
                self.pending.remove(order)
                self.native_orders.end(order.ref, Reason.CANCELLED)
                self._park(order, again=True)

    def _try_exec(self, order: Native) -> None:
        if order.data._name in self._moved:
            super()._try_exec(order)

    def _execute(self, order: Native, ago: int | None = None, price: float | None = None, **rest: Any) -> float | None:
        if price is None:
            return None
        self._require_executable(order)
        position = self.positions[order.data]
        if order.exectype != Native.Market and self.native_orders.is_closing(order.ref):
            if position.size * order.executed.remsize >= 0:
                self.native_orders.end(order.ref, Reason.NOTHING_TO_CLOSE)
                self._put_an_end(order, Reason.NOTHING_TO_CLOSE.value, "the position is closed already", refused=True)
                return None
            if abs(order.executed.remsize) > abs(position.size):
                order.addinfo(reason=Reason.NOTHING_TO_CLOSE.value, detail=f"{abs(position.size):g} are held")
                self._set_size(order, -position.size)
        symbol = order.data._name
        whole = order.executed.remsize
        if order.exectype in _SLIPPING and order.ref not in self._unslipped:
            price = self._rules.fill_price(price, whole, self.instruments[symbol])
        self.convert(symbol)
        paid, scheme = position.price, self.comminfo[symbol]
        scheme.whole, self.cash = whole, UnlimitedCash(self.cash)
        super()._execute(order, ago=ago, price=price, **rest)
        scheme.whole, self.cash = 0.0, float(self.cash)
        position.size = round(position.size, FRACTION_DIGITS)
        self._report(order, symbol, paid)
        return None

    def _require_executable(self, order: Native) -> None:
        """NativeError where the strategy has written into order, bar or position, or executes the order itself."""
        self._terms.require_unchanged(order)
        self.native_orders.require_released(order.ref)
        order.data.require_untouched()
        self._require_position(order.data)

    def _set_size(self, order: Native, quantity: float) -> None:
        """Set the size in a new record of the order; those that the strategy has already received stay as they are."""
        order.created = copy(order.created)
        order.size = order.created.size = order.created.remsize = order.executed.remsize = quantity
        self._terms.note(order)

    def _report(self, order: Native, symbol: str, paid: float) -> None:
        self._filled = True
        self._terms.forget(order)
        executed = order.executed
        bit, instrument = executed.exbits[-1], self.instruments[symbol]
        profit = bit.closed * (paid - bit.price) * instrument.multiplier if instrument.fx else executed.pnl
        self.realised += profit - executed.comm
        quantity = round(float(bit.size), FRACTION_DIGITS)
        self._held[symbol] = round(self._held.get(symbol, 0.0) + quantity, FRACTION_DIGITS)
        fill = self.native_orders.fill(order.ref, symbol, quantity, float(bit.price), executed.comm, self._moment.t)
        if self.book is not None:
            self.book.apply(fill)


def _place(order: Native) -> int:
    place: int = order.place
    return place
