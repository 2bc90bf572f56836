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
from nautilus_trader.model.enums import TimeInForce, TriggerType
from nautilus_trader.model.events import OrderCanceled, OrderDenied, OrderUpdated
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order as NativeOrder

from orchestrate.engines.nautilus.hosting_guard import NotHostedError
from orchestrate.engines.nautilus.hosting_stepping import NativeStepper

_AUCTIONS = (TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE)


class Gate:
    """Orders that the strategy has submitted and the engine doesn't have yet, by id, in the order they came.

    `wanted` is called for each new one. While `open`, commands pass: those are the orchestrator's own. `sent` is set
    when something has passed, which then lies in the exchange's queue.
    """

    def __init__(self, stepper: NativeStepper, wanted: Callable[[NativeOrder], None]) -> None:
        self._stepper = stepper
        self._cache: CacheFacade = stepper.engine.cache
        self._wanted = wanted
        self.open = False
        self.sent = False
        self.parked: dict[str, SubmitOrder] = {}
        self._risk = stepper.gate("RiskEngine.execute", self._submitted)
        self._execution = stepper.gate("ExecEngine.execute", self._cancelled)

    def _pass(self, onward: Callable[[Command], None], command: Command) -> None:
        self.sent = True
        onward(command)

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
            self._modify(command, onward)
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
        _require_hosted(order)
        reason = self._unfit(order)
        if reason:
            self._deny(order, reason)
            return
        self.parked[order.client_order_id.value] = command
        self._wanted(order)

    def _unfit(self, order: NativeOrder) -> str:
        """Why the exchange would not take the order; "" where it would."""
        native = self._cache.instrument(order.instrument_id)
        if native is None:
            return f"no instrument {order.instrument_id} here"
        if order.quantity.precision != native.size_precision:
            return f"quantity {order.quantity} has not the size precision of {native.id}, {native.size_precision}"
        for name in ("price", "trigger_price", "activation_price"):
            price = getattr(order, name, None)
            if price is not None and price.precision != native.price_precision:
                return f"{name} {price} has not the price precision of {native.id}, {native.price_precision}"
        return ""

    def _modify(self, command: ModifyOrder, onward: Callable[[Command], None]) -> None:
        waiting = self.parked.get(command.client_order_id.value)
        order = self._cache.order(command.client_order_id)
        if _costs_more(order, command):
            raise NotHostedError(
                f"modify_order({command.client_order_id}): a change that costs more can't be hosted; "
                "cancel the order and submit another"
            )
        if waiting is None:
            self._pass(onward, command)
        else:
            quantity = command.quantity or order.quantity
            self._stepper.report(self._update(order, quantity, command.price, command.trigger_price))

    def _cancelled(self, command: Command, onward: Callable[[Command], None]) -> None:
        if isinstance(command, CancelOrder):
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
        """A parked order is taken back by its strategy; False for an order that isn't parked."""
        command = self.parked.pop(client_order_id.value, None)
        if command is None:
            return False
        order, now = command.order, self._stepper.now
        self._stepper.report(
            OrderCanceled(
                order.trader_id,
                order.strategy_id,
                order.instrument_id,
                order.client_order_id,
                None,
                None,
                UUID4(),
                now,
                now,
            )
        )
        for child in self.children(order):
            self.withdraw(child.client_order_id)
        return True

    def refuse(self, native_order: str, reason: str) -> list[NativeOrder]:
        """The strategy hears `OrderDenied`; so it does for what hangs on the order, which is returned."""
        command = self.parked.pop(native_order, None)
        if command is None:
            return []
        self._deny(command.order, reason)
        orphans = self.children(command.order)
        for orphan in orphans:
            if self.parked.pop(orphan.client_order_id.value, None) is not None:
                self._deny(orphan, f"its parent {native_order} was refused: {reason}")
        return orphans

    def _deny(self, order: NativeOrder, reason: str) -> None:
        now = self._stepper.now
        self._stepper.report(
            OrderDenied(
                order.trader_id,
                order.strategy_id,
                order.instrument_id,
                order.client_order_id,
                reason,
                UUID4(),
                now,
            )
        )

    def cut(self, native_order: str, quantity: float) -> None:
        """The parked order gets a smaller quantity, and so do its children; the strategy hears `OrderUpdated`."""
        command = self.parked.get(native_order)
        if command is None:
            return
        for order in (command.order, *self.children(command.order)):
            less = Quantity(quantity, order.quantity.precision)
            if less < order.quantity:
                self._stepper.report(self._update(order, less, None, None))

    def children(self, order: NativeOrder) -> list[NativeOrder]:
        """The exits of a bracket whose entry this is, as long as they are parked."""
        return [
            command.order for command in self.parked.values() if parent_of(command.order) == order.client_order_id.value
        ]

    def release(self, native_order: str) -> None:
        """The order goes to the exchange's queue."""
        command = self.parked.pop(native_order, None)
        if command is not None:
            self._pass(self._risk, command)

    def cancel(self, command: Command) -> None:
        """A cancellation of the orchestrator's goes to the exchange's queue."""
        self._pass(self._execution, command)

    def waiting(self) -> Iterator[NativeOrder]:
        """Every parked order."""
        return (command.order for command in self.parked.values())

    def _update(self, order: NativeOrder, quantity: Quantity, price: Any, trigger_price: Any) -> OrderUpdated:
        now = self._stepper.now
        return OrderUpdated(
            order.trader_id,
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            None,
            None,
            quantity,
            price,
            trigger_price,
            UUID4(),
            now,
            now,
        )


def parent_of(order: NativeOrder) -> str:
    """The entry of the bracket to which the order belongs, "" for any other order."""
    return "" if order.parent_order_id is None else str(order.parent_order_id.value)


def _require_hosted(order: NativeOrder) -> None:
    """NotHostedError for an order that would not do what it says."""
    name = order.client_order_id.value
    if order.emulation_trigger != TriggerType.NO_TRIGGER:
        raise NotHostedError(f"order {name}: emulated orders can't be hosted")
    if order.exec_algorithm_id is not None:
        raise NotHostedError(f"order {name}: execution algorithms ({order.exec_algorithm_id}) can't be hosted")
    if order.is_quote_quantity:
        raise NotHostedError(f"order {name}: quantities in the quote currency can't be hosted")
    if order.time_in_force in _AUCTIONS:
        raise NotHostedError(
            f"order {name}: Nautilus simulates no auctions; at the open and at the close can't be hosted"
        )


def _costs_more(order: NativeOrder, command: ModifyOrder) -> bool:
    """True where the changed order could take more money than the one that was approved."""
    if order.is_reduce_only or parent_of(order):
        return False
    if command.quantity is not None and command.quantity > order.quantity:
        return True
    for name in ("price", "trigger_price"):
        new, old = getattr(command, name), getattr(order, name, None)
        if new is not None and old is not None and new > old:
            return True
    return False
