"""The gate where a native's orders wait for their verdict: between the strategy and its engine's risk engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from nautilus_trader.cache.base import CacheFacade
from nautilus_trader.core.message import Command
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelOrder,
    ModifyOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, PositionId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order as NativeOrder
from nautilus_trader.model.orders import OrderList
from nautilus_trader.trading.strategy import Strategy

from orchestrate.engines.nautilus.hosting.orders.order_events import cancelled, denied, updated
from orchestrate.engines.nautilus.hosting.refusals import require_hosted, unfit
from orchestrate.engines.nautilus.hosting.stepping import NativeStepper


class OrderGate:
    """Orders that the strategy has submitted and the engine doesn't have yet, by id, in the order they came.

    `submitted` is called for each new one, `takes_over` for each change of an order; it returns True for one that
    somebody else carries out. While `open`, commands pass: those are the orchestrator's own. `sent` is set when
    something has passed, which is then in the exchange's queue.
    """

    def __init__(
        self,
        stepper: NativeStepper,
        submitted: Callable[[NativeOrder], None],
        takes_over: Callable[[NativeOrder, ModifyOrder], bool],
    ) -> None:
        self._stepper = stepper
        self._cache: CacheFacade = stepper.engine.cache
        self._on_submit, self._takes_over = submitted, takes_over
        self.open = False
        self.sent = False
        self._passing = False
        self.parked: dict[str, SubmitOrder] = {}
        self._risk = stepper.gate("RiskEngine.execute", self._submitted)
        stepper.gate("ExecEngine.execute", self._cancelled)

    def attend(self, strategy: Strategy) -> None:
        """Check what the strategy submits before Nautilus does, and let `cancel_all_orders` reach what is parked.

        As in Nautilus it doesn't reach what was submitted at this very moment: strategies close first, then cancel.
        """
        submit, submit_list, cancel_all = strategy.submit_order, strategy.submit_order_list, strategy.cancel_all_orders

        def submit_order(order: NativeOrder, position_id: PositionId | None = None, *others: Any, **named: Any) -> None:
            require_hosted(strategy, order, position_id)
            submit(order, position_id, *others, **named)

        def submit_order_list(
            orders: OrderList, position_id: PositionId | None = None, *others: Any, **named: Any
        ) -> None:
            for order in orders.orders:
                require_hosted(strategy, order, position_id)
            submit_list(orders, position_id, *others, **named)

        def cancel_all_orders(
            instrument_id: InstrumentId, order_side: OrderSide = OrderSide.NO_ORDER_SIDE, *others: Any, **named: Any
        ) -> None:
            cancel_all(instrument_id, order_side, *others, **named)
            for order in list(self.waiting()):
                meant = order.instrument_id == instrument_id and order_side in (OrderSide.NO_ORDER_SIDE, order.side)
                if meant and order.ts_init < self._stepper.now:
                    self.withdraw(order.client_order_id)

        strategy.submit_order, strategy.submit_order_list = submit_order, submit_order_list
        strategy.cancel_all_orders = cancel_all_orders

    def _pass(self, onward: Callable[[Command], None], command: Command) -> None:
        self.sent = self._passing = True
        try:
            onward(command)
        finally:
            self._passing = False

    # ---- what the strategy sends

    def _submitted(self, command: Command, onward: Callable[[Command], None]) -> None:
        if self.open:
            self._pass(onward, command)
        elif isinstance(command, SubmitOrder):
            self._park(command)
        elif isinstance(command, SubmitOrderList):
            for order in command.order_list.orders:
                self._park(self._single(command, order))
        elif isinstance(command, ModifyOrder):
            if not self._takes_over(self._cache.order(command.client_order_id), command):
                self.change(command)
        else:
            self._pass(onward, command)

    def _single(self, command: SubmitOrderList, order: NativeOrder) -> SubmitOrder:
        return SubmitOrder(
            trader_id=command.trader_id,
            strategy_id=command.strategy_id,
            order=order,
            command_id=UUID4(),
            ts_init=command.ts_init,
            position_id=command.position_id,
            client_id=command.client_id,
            params=command.params,
        )

    def _park(self, command: SubmitOrder) -> None:
        order = command.order
        reason = unfit(order, self._cache.instrument(order.instrument_id))
        if reason:
            self._deny(order, reason)
            return
        self.parked[order.client_order_id.value] = command
        self._on_submit(order)

    def change(self, command: ModifyOrder) -> None:
        """Change an order where it is: in here, or at the exchange."""
        if command.client_order_id.value in self.parked:
            order = self._cache.order(command.client_order_id)
            quantity = command.quantity or order.quantity
            self._stepper.report(updated(order, quantity, command.price, command.trigger_price, self._stepper.now))
        else:
            self._pass(self._risk, command)

    def _cancelled(self, command: Command, onward: Callable[[Command], None]) -> None:
        if self._passing:
            onward(command)
        elif isinstance(command, (SubmitOrder, SubmitOrderList, ModifyOrder)):  # sent past the risk engine
            self._submitted(command, self._risk)
        elif isinstance(command, CancelOrder):
            if not self.withdraw(command.client_order_id):
                self._pass(onward, command)
        elif isinstance(command, BatchCancelOrders):
            rest = [cancel for cancel in command.cancels if not self.withdraw(cancel.client_order_id)]
            for cancel in rest:
                self._pass(onward, cancel)
        else:
            self._pass(onward, command)

    # ---- what becomes of them

    def withdraw(self, client_order_id: ClientOrderId) -> bool:
        """Cancel a parked order for its strategy; False for an order that isn't parked."""
        command = self.parked.pop(client_order_id.value, None)
        if command is None:
            return False
        order = command.order
        self._stepper.report(cancelled(order, self._stepper.now))
        for child in self.children(order):
            self.withdraw(child.client_order_id)
        return True

    def refuse(self, native_order: str, reason: str) -> None:
        """Send the strategy `OrderDenied`, also for the exits that hang on the order."""
        command = self.parked.pop(native_order, None)
        if command is None:
            return
        self._deny(command.order, reason)
        for orphan in self.children(command.order):
            del self.parked[orphan.client_order_id.value]
            self._deny(orphan, f"its parent {native_order} was refused: {reason}")

    def _deny(self, order: NativeOrder, reason: str) -> None:
        self._stepper.report(denied(order, reason, self._stepper.now))

    def cut(self, native_order: str, quantity: float) -> None:
        """Reduce the parked order and its children, and send the strategy `OrderUpdated`."""
        command = self.parked.get(native_order)
        if command is None:
            return
        for order in (command.order, *self.children(command.order)):
            less = Quantity(quantity, order.quantity.precision)
            if less < order.quantity:
                self._stepper.report(updated(order, less, None, None, self._stepper.now))

    def children(self, order: NativeOrder) -> list[NativeOrder]:
        """Return the exits of a bracket whose entry this is, as long as they are parked."""
        return [
            command.order for command in self.parked.values() if parent_of(command.order) == order.client_order_id.value
        ]

    def release(self, native_order: str) -> None:
        """Send the order to the exchange's queue."""
        command = self.parked.pop(native_order, None)
        if command is not None:
            self._pass(self._risk, command)

    def waiting(self) -> Iterator[NativeOrder]:
        """Return every parked order."""
        return (command.order for command in self.parked.values())


def parent_of(order: NativeOrder) -> str:
    """Return the entry of the bracket to which the order belongs, "" for any other order."""
    return "" if order.parent_order_id is None else str(order.parent_order_id.value)
