"""One native strategy under the orchestrator: its engine, its gate, its money, and what is to be told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from nautilus_trader.core.message import Event
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.model.data import Bar
from nautilus_trader.model.enums import OrderSide, OrderType
from nautilus_trader.model.events import OrderFilled, PositionEvent
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order as NativeOrder
from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.errors import NativeError
from orchestrate.domain.market.timeline import BarSeries, Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Demand, Order, OrderGroup, Reason, StrategyCommand
from orchestrate.engines.nautilus.fees import RuleFee
from orchestrate.engines.nautilus.hosting.account import OwnAccount, OwnPortfolio
from orchestrate.engines.nautilus.hosting.bars import BarShelf
from orchestrate.engines.nautilus.hosting.changes import Changes
from orchestrate.engines.nautilus.hosting.configuration import Listing, build, listings
from orchestrate.engines.nautilus.hosting.exposure import MARKET_TYPES, closes, only_reduces, opening, price_of, signed
from orchestrate.engines.nautilus.hosting.fills import NativeFill
from orchestrate.engines.nautilus.hosting.gate import Gate, parent_of
from orchestrate.engines.nautilus.hosting.guard import Guard
from orchestrate.engines.nautilus.hosting.ledger import ENDS, Ledger
from orchestrate.engines.nautilus.hosting.refusals import refuse_flood, refuse_unknown_data
from orchestrate.engines.nautilus.hosting.stepping import NativeStepper
from orchestrate.engines.nautilus.instruments import native_instrument
from orchestrate.orchestration.orders.ports import StrategySeat

_TRAILING = (OrderType.TRAILING_STOP_MARKET, OrderType.TRAILING_STOP_LIMIT)
_GRAIN = 1e-9


class HostedNative:
    """See `NativeHostPort`; this is its part for one strategy. `news` is called whenever there is something to tell."""

    def __init__(
        self, account: StrategySeat, market: Market, rules: ExecutionRules, news: Callable[[HostedNative], None]
    ) -> None:
        self.strategy_id = account.strategy_id
        self._account, self._market, self._rules = account, market, rules
        self._series: dict[str, BarSeries] = {symbol: market.series[symbol] for symbol in account.symbols}
        self._guard = Guard(account.asking, self._fell_silent)
        self.broken: NativeError | None = None
        self._told: list[BaseException] = []
        self.ledger = Ledger(self.strategy_id, lambda: news(self))
        self._released: list[Order] = []
        self._live: dict[str, NativeOrder] = {}
        self._covered: dict[str, float] = {}
        self._renewed: dict[str, str] = {}
        self._t = market.timeline.begins
        self._bars: list[Bar] = []
        self._stepper: NativeStepper | None = None
        listed = self._guard.call(self._listings)
        strategy = self._guard.call(build, account.native, account.config, listed, account.strategy_id)
        self._bar_types = () if listed is None else tuple(each.bar_type for each in listed)
        if strategy is not None:
            self._move_in(strategy, listed)

    def _listings(self) -> tuple[Listing, ...]:
        return listings({symbol: series.length for symbol, series in self._series.items()}, self._account.config)

    def _move_in(self, strategy: Strategy, listed: tuple[Listing, ...]) -> None:
        """Build the strategy's engine."""
        instruments = {each.symbol: self._market.instruments[each.symbol] for each in listed}
        by_name = {each.instrument_id.symbol.value: instruments[each.symbol] for each in listed}
        natives = {
            each.symbol: native_instrument(
                each.instrument_id.symbol, instruments[each.symbol], self._rules, each.instrument_id.venue
            )
            for each in listed
        }
        self._symbols = {each.instrument_id: each.symbol for each in listed}
        self._ids = {each.symbol: each.instrument_id for each in listed}
        self._shelf = BarShelf(self._market, {each.symbol: each.bar_type for each in listed}, natives)
        self._stepper = NativeStepper(
            list(natives.values()), self._account.cash, NativeFill(self._rules, by_name), RuleFee(self._rules, by_name)
        )
        self._gate = Gate(self._stepper, self._wanted, self._takes_over)
        self._changes = Changes(self._stepper)
        self._own = OwnAccount(self._stepper, self.strategy_id, self._account.cash, self._shelf.closes)
        self._strategy = strategy
        self._first = self._shelf.first

    def start(self) -> None:
        """Register the strategy with its engine and start both."""
        stepper = self._stepper
        if stepper is None:
            return
        self._guard.protect(self._strategy)
        refuse_unknown_data(self._strategy, self._bar_types)
        self._gate.attend(self._strategy)
        portfolio = OwnPortfolio(stepper.engine.portfolio, self._own.equity)
        stepper.host(self._strategy, portfolio, self._hear)
        stepper.begin(self._first, int(self._market.timeline.stamps[-1]))

    # ---- the step

    def wake(self, t: int) -> None:
        """Time passes until just before `t`."""
        stepper = self._stepper
        if stepper is not None and stepper.has_alarms and t > self._first:
            self._ring(stepper, t - 1)

    def _ring(self, stepper: NativeStepper, until: int) -> None:
        self._guard.call(refuse_flood, stepper.due(until))
        for alarm in stepper.alarms(until):
            self._guard.call(alarm)

    def advance(self, t: int, rows: Mapping[str, int]) -> None:
        """The bars of `t`: orders handed over fill at the open, resting ones in the range, then it sees them."""
        stepper = self._stepper
        if stepper is None:
            return
        self._t = t
        bars = self._bars = self._shelf.take(rows)
        if not bars:
            return
        stepper.at(t)
        if self._released or self._live:
            self._trade(stepper, bars, t)
        for bar in bars:
            stepper.tell(bar)
            if self._gate.sent:
                self._settle(stepper, t)
        if stepper.has_alarms:
            self._ring(stepper, t)
        if self._covered:
            self._ask_anew()

    def _trade(self, stepper: NativeStepper, bars: list[Bar], t: int) -> None:
        for bar in bars:
            stepper.stand(bar, bar.open, t)
        self._release(stepper, t)
        if self._live:
            for bar in bars:
                stepper.live_through(bar, t)
            self._settle(stepper, t)

    def close(self, t: int) -> None:
        """Orders handed over fill at the close of the last `advance`."""
        stepper = self._stepper
        if stepper is None or not self._released:
            return
        for bar in self._bars:
            stepper.stand(bar, bar.close, t)
        self._release(stepper, t)

    def _settle(self, stepper: NativeStepper, t: int) -> None:
        self._gate.sent = False
        stepper.settle(t)

    def _release(self, stepper: NativeStepper, t: int) -> None:
        """What was handed over goes to the exchange: entries before the exits that hang on them."""
        released, self._released = self._released, []
        for order in released:
            if order.native_order in self._changes:
                self._make_change(order.native_order)
        hanging = {order.client_order_id.value for order in self._gate.waiting() if parent_of(order)}
        for order in sorted(released, key=lambda order: order.native_order in hanging):
            if order.native_order:
                command = self._gate.parked.get(order.native_order)
                if command is not None:
                    self._live[order.native_order] = command.order
                    self._gate.release(order.native_order)
            else:
                self._trade_for_the_orchestrator(order)
        self._settle(stepper, t)
        if self._guard.failure is not None:
            self._cancel_all()
            self._settle(stepper, t)

    def _make_change(self, name: str) -> None:
        command = self._changes.make(name)
        if command is None:
            self.ledger.end(name, Reason.CANCELLED)
        else:
            self._covered.pop(command.client_order_id.value, None)
            self._gate.change(command)

    def _trade_for_the_orchestrator(self, order: Order) -> None:
        native_id = self._ids[order.symbol]
        side = OrderSide.BUY if order.quantity > 0 else OrderSide.SELL
        precision = self._strategy.cache.instrument(native_id).size_precision
        native = self._strategy.order_factory.market(native_id, side, Quantity(abs(order.quantity), precision))
        self.ledger.hand_over(native.client_order_id.value, order.id)
        self._gate.open = True
        try:
            self._strategy.submit_order(native)
        finally:
            self._gate.open = False

    # ---- commands

    def execute(self, command: StrategyCommand) -> None:
        """Take a command in; `submit` waits for the next open or close."""
        native_order = command.order.native_order
        reason = f"{command.reason}: {command.detail}" if command.detail else str(command.reason)
        if native_order in self._renewed:
            self._execute_renewed(command)
        elif command.action != "submit" and native_order in self._changes:
            self._end_change(command, reason)
        elif command.action == "submit":
            if native_order:
                self.ledger.hand_over(native_order, command.order.id)
                self._gate.cut(native_order, abs(command.order.quantity))
            self._released.append(command.order)
        elif command.action == "resize":
            self._gate.cut(native_order, abs(command.order.quantity))
        elif command.action == "reject":
            self.ledger.end_unheard(native_order)
            self._gate.refuse(native_order, reason)
        elif native_order:
            self.ledger.end_unheard(native_order)
            self._take_back(native_order)

    def _execute_renewed(self, command: StrategyCommand) -> None:
        """What becomes of an order that lies in the exchange already and was demanded anew."""
        name = command.order.native_order
        native_order = self._renewed[name]
        live = self._live.get(native_order)
        if command.action in ("reject", "cancel"):
            del self._renewed[name]
            self.ledger.end_unheard(name)
            self._take_back(native_order)
        elif live is None:
            self.ledger.end(name, Reason.CANCELLED)
        else:
            left = Quantity(abs(command.order.quantity), live.quantity.precision)
            if left < live.quantity and self._stepper is not None:
                self._strategy.modify_order(live, quantity=left)
                self._settle(self._stepper, self._stepper.now)
            if command.action == "submit":
                self.ledger.hand_over(native_order, command.order.id)

    def _end_change(self, command: StrategyCommand, reason: str) -> None:
        """A change has been refused, cut (which a change can't be), or is of no use any more."""
        name = command.order.native_order
        if command.action == "resize":
            self.ledger.end(name, Reason.CANCELLED)
        else:
            self.ledger.end_unheard(name)
        if command.action == "cancel":
            self._changes.drop(name)
        else:
            self._changes.refuse(name, reason)

    def _take_back(self, native_order: str) -> None:
        live = self._live.get(native_order)
        if live is not None:
            self._strategy.cancel_order(live)
            if self._stepper is not None:
                self._settle(self._stepper, self._stepper.now)
        elif native_order in self._gate.parked:
            self._gate.withdraw(self._gate.parked[native_order].order.client_order_id)

    # ---- what happens in the engine

    def _wanted(self, order: NativeOrder) -> None:
        """The strategy has submitted an order, which is parked now."""
        limit, trigger = price_of(order, "price"), price_of(order, "trigger_price")
        if trigger is None and order.order_type in _TRAILING:
            trigger = self._shelf.closes.get(self._symbols[order.instrument_id], 0.0)
        closing = self._closes(order, signed(order))
        if (limit is not None or trigger is not None) and not only_reduces(order):
            self._covered[order.client_order_id.value] = self._opening(order)
        self._demand(order, order.client_order_id.value, signed(order), limit, trigger, closing=closing)

    def _opening(self, order: NativeOrder) -> float:
        return opening(order, self._held(order), self._gate.waiting())

    def _ask_anew(self) -> None:
        """Exits that rest while what they were to close has gone would open now: they are demanded anew as that."""
        for native_order, order in list(self._live.items()):
            opens = self._opening(order)
            if opens > self._covered.get(native_order, opens) + _GRAIN:
                self._covered[native_order] = opens
                name = f"{native_order}*{len(self._renewed) + 1}"
                self._renewed[name] = native_order
                self.ledger.rename(native_order, name)
                limit, trigger = price_of(order, "price"), price_of(order, "trigger_price")
                self._demand(order, name, signed(order), limit, trigger, closing=False)

    def _takes_over(self, order: NativeOrder, command: ModifyOrder) -> bool:
        """A change that costs more goes through the orchestrator; all others are made at once."""
        quantity = (command.quantity or order.quantity).as_double()
        if self._closes(order, quantity if order.is_buy else -quantity):
            return False
        if order.order_type in MARKET_TYPES:
            self._changes.reject(order, "a market order can't be changed: cancel it and submit another")
            return True
        change = self._changes.ask(order, command)
        if change is not None:
            self._demand(order, change.name, change.units, change.limit, change.trigger, closing=False)
        return change is not None

    def _demand(
        self,
        order: NativeOrder,
        name: str,
        quantity: float,
        limit: float | None,
        trigger: float | None,
        *,
        closing: bool,
    ) -> None:
        symbol = self._symbols[order.instrument_id]
        step = int(np.searchsorted(self._market.timeline.stamps, self._t))
        price = self._shelf.closes.get(symbol, 0.0)
        self.ledger.want(
            Demand(
                self.strategy_id,
                symbol,
                quantity,
                closing,
                price,
                step,
                self._t,
                native_order=name,
                limit=limit,
                trigger=trigger,
                group=OrderGroup.bracket(parent_of(order)),
            )
        )

    def _closes(self, order: NativeOrder, quantity: float) -> bool:
        return closes(order, quantity, self._held(order), (*self._gate.waiting(), *self._live.values()))

    def _held(self, order: NativeOrder) -> float:
        return float(self._strategy.portfolio.net_position(order.instrument_id))

    def _hear(self, event: Event) -> None:
        """An order or a position has changed; the strategy will hear of it after us."""
        if isinstance(event, PositionEvent):
            self.ledger.book(event)
        elif isinstance(event, OrderFilled):
            if self._guard.inside:
                raise NativeError(f"the strategy itself reports a fill of order {event.client_order_id}")
            symbol = self._symbols[event.instrument_id]
            fill = self.ledger.fill(event, symbol, self._t, self._own.quantity(symbol))
            self._own.apply(fill, self._market.instruments[symbol])
            self._over(event.client_order_id.value)
        elif type(event) in ENDS:
            self.ledger.end(event.client_order_id.value, ENDS[type(event)])
            self._over(event.client_order_id.value)

    def _over(self, native_order: str) -> None:
        self._live.pop(native_order, None)
        self._covered.pop(native_order, None)
        for name in self._changes.over(native_order):
            self.ledger.end(name, Reason.CANCELLED)

    def _fell_silent(self) -> None:
        """The strategy has failed: nothing of what it still wanted is wanted any more."""
        self.ledger.fall_silent()
        if self._stepper is None:
            return
        self._stepper.silence()
        handed_over = {order.native_order for order in self._released}
        for native_order in [each for each in self._gate.parked if each not in handed_over]:
            del self._gate.parked[native_order]
        self._cancel_all()

    def _cancel_all(self) -> None:
        for order in list(self._live.values()):
            self._strategy.cancel_order(order)

    # ---- what is told

    def failures(self) -> Iterator[BaseException]:
        """What the strategy, and what its engine has failed with, each once."""
        for failure in (self._guard.failure, self.broken):
            if failure is not None and failure not in self._told:
                self._told.append(failure)
                yield failure

    def holdings(self) -> list[tuple[str, float]]:
        """What the engine itself holds, by symbol."""
        if self._stepper is None:
            return []
        positions = self._stepper.engine.cache.positions_open()
        return [(self._symbols[position.instrument_id], position.signed_qty) for position in positions]

    def stop(self) -> None:
        """Tell the strategy that the run is over."""
        if self._stepper is not None:
            self._stepper.stop()

    def end(self, *, silently: bool = False) -> None:
        """Stop the strategy, whose last wishes nobody can fulfil, unless `silently`, and dispose of its engine."""
        if silently:
            self._guard.close()
        stepper, self._stepper = self._stepper, None
        if stepper is not None:
            stepper.end()
