"""One native strategy in a Nautilus engine of its own, one bar at a time: the only file that reaches inside Nautilus.

Why inside: `run(streaming=True)` for each bar costs as much again as the bar itself (measured: 16 instead of 8 µs in
1.221, 23 instead of 13 in 1.231), and it shows strategies every price that the exchange gets, so that they would see
opening ticks which no market sent. Here each bar goes to the exchange and to the strategies separately: to the exchange
only when an order rests there or arrives with it, to the strategies always, and nothing else does.

Parts that are used: the exchange, through a simulation module; the data engine's `process`; the clocks of kernel and
strategy; the message bus, where the gate stands before the risk and execution engines, and a guard before fills; the
trader's portfolio and the strategy's clock, which are replaced as it registers; and the analyzer's `record_trade` of
1.231, which grows with every trade.

Why an engine for each: in one engine strategies share the account, the netted position that reduce-only orders are
held against, `CancelAllOrders` and the cache. An engine of its own gives each of them a world with nobody else in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
from nautilus_trader.backtest.config import BacktestEngineConfig, SimulationModuleConfig
from nautilus_trader.backtest.models import FeeModel
from nautilus_trader.backtest.modules import SimulationModule
from nautilus_trader.common.component import TestClock, deregister_component_clock, register_component_clock
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.core.message import Command, Event
from nautilus_trader.model.data import Bar
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments.base import Instrument as NativeInstrument
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.model.orders import Order as NativeOrder
from nautilus_trader.portfolio.base import PortfolioFacade
from nautilus_trader.trading.strategy import Strategy

from orchestrate.engines.nautilus.hosting.fills import NativeFill, Phase
from orchestrate.engines.nautilus.hosting.silencing import SilentEngine, pandas_kept_quiet, without_statistics

Route = Callable[[Command, Callable[[Command], None]], None]
_MUCH = 1e9
#: Our books receive an order's events first, then the strategy.
_BEFORE_STRATEGIES = 100


class _Tap(SimulationModule):  # type: ignore[misc]  # Nautilus's compiled classes have no types
    """Knows the exchange, and does nothing."""

    def __init__(self) -> None:
        super().__init__(SimulationModuleConfig())

    def process(self, ts_now: int) -> None:
        """Called by the exchange at each moment."""

    def reset(self) -> None:
        """Called when an engine is reset."""

    def log_diagnostics(self, logger: object) -> None:
        """Called at the end of a run."""


class CountedClock(TestClock):  # type: ignore[misc]  # as above
    """A strategy's clock, which knows how often its timers will fire: Nautilus makes all their events at once."""

    def __init__(self) -> None:
        super().__init__()
        self._repeats: dict[str, tuple[int, int]] = {}
        self._names: set[str] = set()

    def set_timer_ns(
        self, name: str, interval_ns: int, start_time_ns: int, stop_time_ns: int, *others: Any, **named: Any
    ) -> None:
        """See `TestClock`; every timer is set here in the end."""
        self._names.add(name)
        super().set_timer_ns(name, interval_ns, start_time_ns, stop_time_ns, *others, **named)
        self._repeats[name] = interval_ns, stop_time_ns

    def set_time_alert_ns(self, name: str, *others: Any, **named: Any) -> None:
        """See `TestClock`; every alert is set here in the end."""
        self._names.add(name)
        super().set_time_alert_ns(name, *others, **named)
        self._repeats.pop(name, None)

    def let_go(self) -> None:
        """Cancel all timers and replace what they have called, which Nautilus keeps where Python can't see it."""
        self.cancel_timers()
        for name in sorted(self._names):
            super().set_time_alert_ns(name, self.timestamp_ns(), _ignore)
        self.cancel_timers()

    def due(self, until: int) -> dict[str, int]:
        """Return how often each timer fires up to and including `until`."""
        return {name: self._count(name, until) for name in self.timer_names}

    def _count(self, name: str, until: int) -> int:
        first = self.next_time_ns(name)
        interval, stop = self._repeats.get(name, (0, 0))
        last = min(until, stop) if stop else until
        if first > last:
            return int(first <= until)
        return 1 + (last - first) // interval if interval else 1


def _ignore(_event: object) -> None:
    """Do nothing, in the place of a strategy."""


class NativeStepper:
    """An engine with one venue, and the one strategy that is hosted in it."""

    def __init__(
        self,
        instruments: list[NativeInstrument],
        cash: float,
        currency: Currency,
        fill_model: NativeFill,
        fee: FeeModel,
    ) -> None:
        self._fills = fill_model
        self._tap = _Tap()
        self._strategy: Strategy | None = None
        self.engine = SilentEngine(
            BacktestEngineConfig(
                logging=LoggingConfig(bypass_logging=True),
                risk_engine=RiskEngineConfig(bypass=True),
                run_analysis=False,
            )
        )
        self.venue: Venue = instruments[0].id.venue
        self.currency = currency
        balances = {native.quote_currency.code: Money(0.0, native.quote_currency) for native in instruments}
        balances[currency.code] = Money(cash, currency)
        self.engine.add_venue(
            self.venue,
            OmsType.NETTING,
            AccountType.MARGIN,
            list(balances.values()),
            base_currency=currency if len(balances) == 1 else None,
            fill_model=fill_model,
            fee_model=fee,
            modules=[self._tap],
            frozen_account=True,
            reject_stop_orders=False,
        )
        for native in instruments:
            self.engine.add_instrument(native)
        self._kernel = self.engine.kernel
        self._process = self._kernel.data_engine.process
        self._clocks = [self._kernel.clock]
        without_statistics(self.engine)

    # ---- before the run

    def gate(self, endpoint: str, route: Route) -> Callable[[Command], None]:
        """Send commands for `endpoint` to `route` from now on, with the way that they would have gone; return that."""
        owner = self._kernel.risk_engine if endpoint == "RiskEngine.execute" else self._kernel.exec_engine
        onward: Callable[[Command], None] = owner.execute
        self._kernel.msgbus.deregister(endpoint, onward)
        self._kernel.msgbus.register(endpoint, lambda command: route(command, onward))
        return onward

    def guard_fills(self, may_fill: Callable[[NativeOrder], bool]) -> None:
        """Let `may_fill` reduce orders before they trade; what it answers False for does not trade."""
        self._fills.may_fill = may_fill
        bus, onward = self._kernel.msgbus, self._kernel.exec_engine.process
        bus.deregister("ExecEngine.process", onward)
        bus.register("ExecEngine.process", lambda event: None if self._is_withheld(event) else onward(event))

    def _is_withheld(self, event: Event) -> bool:
        return isinstance(event, OrderFilled) and event.client_order_id.value in self._fills.withheld

    def host(self, strategy: Strategy, portfolio: PortfolioFacade, receive: Callable[[Event], None]) -> None:
        """Register the strategy; `receive` gets the events of its orders and positions before it does."""
        trader = self._kernel.trader
        real, trader._portfolio = trader._portfolio, portfolio
        register = strategy.register
        strategy.register = lambda clock, **others: register(clock=self._counted(clock), **others)
        try:
            self.engine.add_strategy(strategy)
        finally:
            trader._portfolio = real
        self._strategy = strategy
        self._clocks.append(strategy.clock)
        for topic in (f"events.order.{strategy.id}", f"events.position.{strategy.id}"):
            self._kernel.msgbus.subscribe(topic=topic, handler=receive, priority=_BEFORE_STRATEGIES)

    def _counted(self, clock: TestClock) -> CountedClock:
        """Return a clock in the place of the one that the trader has made for the strategy."""
        counted = CountedClock()
        deregister_component_clock(self._kernel.instance_id, clock)
        register_component_clock(self._kernel.instance_id, counted)
        return counted

    def begin(self, first: int, last: int) -> None:
        """Start everything, with no bar yet; the clocks stand at `first` and will never pass `last`."""
        start, end = (pd.Timestamp(t, unit="ns", tz="UTC") for t in (first, last))
        with pandas_kept_quiet():
            self.engine.run(start=start, end=end, streaming=True)

    # ---- time

    def at(self, t: int) -> None:
        """Set the time to `t`."""
        for clock in self._clocks:
            clock.set_time(t)

    @property
    def has_alarms(self) -> bool:
        """True while the strategy has a timer set."""
        return bool(self._clocks[-1].timer_count)

    def due(self, until: int) -> dict[str, int]:
        """Return how often each of the strategy's timers fires up to and including `until`."""
        clock = self._clocks[-1]
        return clock.due(until) if isinstance(clock, CountedClock) else {}

    def alarms(self, until: int) -> Iterator[Callable[[], None]]:
        """Yield what timers have due up to and including `until`, in order of time; the clocks stand there for each."""
        for handler in self._clocks[-1].advance_time(until, set_time=False):
            self.at(handler.event.ts_event)
            yield handler.handle
            self.settle(handler.event.ts_event)

    def silence(self) -> None:
        """Cancel all timers of the strategy."""
        if self._strategy is not None:
            self._strategy.clock.cancel_timers()

    # ---- the market

    def stand(self, bar: Bar, price: Price, t: int) -> None:
        """Let the exchange stand at one price of a bar: its open, or its close."""
        self._fills.phase = Phase.AT_A_PRICE
        much = Quantity(_MUCH, self._size_precision(bar))
        self._tap.exchange.process_bar(Bar(bar.bar_type, price, price, price, price, much, t, t))

    def live_through(self, bar: Bar, t: int) -> None:
        """Let the exchange go the bar's way: open, high, low, close."""
        self._fills.phase = Phase.IN_THE_RANGE
        much = Quantity(_MUCH, self._size_precision(bar))
        self._tap.exchange.process_bar(Bar(bar.bar_type, bar.open, bar.high, bar.low, bar.close, much, t, t))
        self._fills.phase = Phase.AT_A_PRICE

    def fill_unslipped(self, order: NativeOrder) -> None:
        """Let an order fill at the market's price, without slippage."""
        self._fills.unslipped.add(order.client_order_id.value)

    def _size_precision(self, bar: Bar) -> int:
        return int(self.engine.cache.instrument(bar.bar_type.instrument_id).size_precision)

    def settle(self, t: int) -> None:
        """Let the exchange carry out what it has been sent."""
        self._tap.exchange.process(t)

    def show(self, bar: Bar) -> None:
        """Show the strategy the bar."""
        self._process(bar)

    # ---- messages

    def report(self, event: Event) -> None:
        """Report an order's event, as the exchange would to the execution engine."""
        self._kernel.msgbus.send("ExecEngine.process", event)

    def announce(self, event: Event) -> None:
        """Report an account's state."""
        self._kernel.msgbus.send("Portfolio.update_account", event)

    @property
    def now(self) -> int:
        """The time on the strategy's clock."""
        return int(self._clocks[-1].timestamp_ns())

    def stop(self) -> None:
        """Stop the strategy, if it runs."""
        if self._kernel.trader.is_running:
            self._kernel.trader.stop()

    def end(self) -> None:
        """Stop and dispose; the process-wide logging clock goes back to real time.

        The strategy stops first: 1.231 would let its timers run on to the end of time.
        """
        try:
            self.stop()
            with pandas_kept_quiet():
                self.engine.end()
        finally:
            self.engine.dispose()
            self._let_go()

    def _let_go(self) -> None:
        """Take out subscriptions and handlers of clocks: the collector can't see them, and all hangs on them."""
        bus = self._kernel.msgbus
        for subscription in bus.subscriptions():
            bus.unsubscribe(subscription.topic, subscription.handler)
        for clock in self._clocks:
            clock.register_default_handler(_ignore)
            if isinstance(clock, CountedClock):
                clock.let_go()
