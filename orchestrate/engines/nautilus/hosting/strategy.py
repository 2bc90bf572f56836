"""One native Nautilus strategy under the orchestrator, in an engine of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nautilus_trader.core.message import Event
from nautilus_trader.model.data import Bar
from nautilus_trader.model.events import (
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    PositionEvent,
)
from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.errors import EngineError, NativeError, OrchestrateError
from orchestrate.domain.instruments.rates import has_rates
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Order, Reason
from orchestrate.engines.hosting.book import NativeBook
from orchestrate.engines.hosting.guard import CodeGuard
from orchestrate.engines.hosting.host import Moment
from orchestrate.engines.hosting.strategy import HostedStrategy, Verdict
from orchestrate.engines.nautilus.fees import RuleFee
from orchestrate.engines.nautilus.hosting.account import OwnAccount, OwnPortfolio
from orchestrate.engines.nautilus.hosting.bars import BarShelf
from orchestrate.engines.nautilus.hosting.configuration import Listing, build, listings
from orchestrate.engines.nautilus.hosting.fills import NativeFill
from orchestrate.engines.nautilus.hosting.orders.demands import Demands
from orchestrate.engines.nautilus.hosting.orders.order_manager import OrderManager
from orchestrate.engines.nautilus.hosting.profit import RealisedProfit
from orchestrate.engines.nautilus.hosting.refusals import refuse_flood, refuse_unknown_data
from orchestrate.engines.nautilus.hosting.stepping import NativeStepper
from orchestrate.engines.nautilus.instruments import exact_currency, explained, native_instrument
from orchestrate.orchestration.orders.ports import EngineReport, StrategySeat

#: How an order ends without a fill.
_ENDS = {
    OrderCanceled: Reason.CANCELLED,
    OrderDenied: Reason.CANCELLED,
    OrderRejected: Reason.CANCELLED,
    OrderExpired: Reason.EXPIRED,
}
_LIFE = ("on_start", "on_stop", "on_resume", "on_reset", "on_dispose", "on_degrade", "on_fault")


class NautilusStrategy(HostedStrategy[str]):
    """See `HostedStrategy`. A strategy that can't be made has no engine."""

    framework = "nautilus"

    def __init__(
        self, seat: StrategySeat, market: Market, rules: ExecutionRules, moment: Moment, notify: Callable[[str], None]
    ) -> None:
        super().__init__(seat, notify)
        self._market, self._rules, self._moment = market, rules, moment
        self._profit = RealisedProfit()
        self._bars: list[Bar] = []
        self._stepper: NativeStepper | None = None
        listed = self._code.call(self._listings)
        strategy = self._code.call(build, seat.native, seat.config, listed, seat.strategy_id)
        if strategy is not None:
            try:
                self._build_engine(strategy, listed)
            except OrchestrateError:
                raise
            except Exception as error:
                known = self.explain(error, seat.strategy_id)
                raise known if known is not error else EngineError(self.describe(error, seat.strategy_id)) from error

    def _listings(self) -> tuple[Listing, ...]:
        return listings(
            {symbol: self._market.series[symbol].length for symbol in self._seat.symbols}, self._seat.config
        )

    def _build_engine(self, strategy: Strategy, listed: tuple[Listing, ...]) -> None:
        instruments = {each.symbol: self._market.instruments[each.symbol] for each in listed}
        by_name = {each.instrument_id.symbol.value: instruments[each.symbol] for each in listed}
        natives = {
            each.symbol: native_instrument(
                each.instrument_id.symbol, instruments[each.symbol], self._rules, each.instrument_id.venue
            )
            for each in listed
        }
        self._strategy = strategy
        self._bar_types = tuple(each.bar_type for each in listed)
        self._symbols = {each.instrument_id: each.symbol for each in listed}
        self._shelf = BarShelf(self._market, {each.symbol: each.bar_type for each in listed}, natives)
        book = self._book = NativeBook(self._seat, self._market, self._shelf.closes)
        foreign = exact_currency(self._market.currency) if has_rates(instruments) else None
        fills = NativeFill(self._rules, by_name)
        fee = RuleFee(self._rules, lambda name: book.fee_instrument(by_name[name].symbol), foreign)
        currency = foreign or next(iter(natives.values())).quote_currency
        stepper = NativeStepper(list(natives.values()), self._seat.cash, currency, fills, fee)
        self._stepper = stepper
        demands = Demands(self.strategy_id, self.orders, self._moment, self._symbols, self._shelf.closes)
        native_ids = {each.symbol: each.instrument_id for each in listed}
        self._manager = OrderManager(strategy, stepper, self.orders, demands, native_ids)
        self._own = OwnAccount(stepper, book)

    @classmethod
    def explain(cls, error: BaseException, strategy_id: str) -> BaseException:
        """Return the error as a DataError where it says that a figure is beyond what Nautilus can count."""
        return explained(error, [strategy_id]) if isinstance(error, Exception) else error

    def start(self) -> None:
        """Register the strategy with its engine and start both."""
        stepper = self._stepper
        if stepper is None:
            return
        _protect(self._strategy, self._code)
        refuse_unknown_data(self._strategy, self._bar_types)
        self._manager.start()
        portfolio = OwnPortfolio(stepper.engine.portfolio, self._own.equity)
        stepper.host(self._strategy, portfolio, self._receive)
        stepper.begin(self._shelf.first, int(self._market.timeline.stamps[-1]))

    # ---- the step

    def wake(self, t: int) -> None:
        """Let time pass until just before `t`."""
        stepper = self._stepper
        if stepper is not None and stepper.has_alarms and t > self._shelf.first:
            self._fire_timers(stepper, t - 1)

    def _fire_timers(self, stepper: NativeStepper, until: int) -> None:
        self._code.call(refuse_flood, stepper.due(until))
        for alarm in stepper.alarms(until):
            self.orders.sort_ended()
            self._code.call(alarm)

    def advance(self, t: int, rows: Mapping[str, int]) -> None:
        """Fill released orders at the open and resting ones in the range, then show the strategy its bars."""
        stepper = self._stepper
        if stepper is None:
            return
        bars = self._bars = self._shelf.take(rows)
        if not bars:
            return
        stepper.at(t)
        manager = self._manager
        self._book.in_bar = True
        if manager.released or manager.has_live:
            self._go_through(stepper, bars, t)
        self._own.accrue(rows, t)
        for bar in bars:
            stepper.show(bar)
            manager.settle_if_sent(t)
        if stepper.has_alarms:
            self._fire_timers(stepper, t)
        manager.renew_exits()
        self._book.in_bar = False

    def _go_through(self, stepper: NativeStepper, bars: list[Bar], t: int) -> None:
        for bar in bars:
            stepper.stand(bar, bar.open, t)
        self._send_released(t)
        if self._manager.has_live:
            for bar in bars:
                stepper.live_through(bar, t)
            self._manager.settle(t)

    def close(self, t: int) -> None:
        """Fill released orders at the close of the last `advance`."""
        stepper = self._stepper
        if stepper is None or not self._manager.released:
            return
        for bar in self._bars:
            stepper.stand(bar, bar.close, t)
        self._send_released(t)

    def _send_released(self, t: int) -> None:
        self._manager.send_released(t)
        if self._code.failure is not None:
            self._manager.cancel_live()
            self._manager.settle(t)

    # ---- verdicts

    def _release(self, order: Order, verdict: Verdict) -> None:
        self._manager.release(order, verdict)

    def _trade(self, order: Order) -> None:
        self._manager.released.append(order)

    def _resize(self, verdict: Verdict) -> None:
        self._manager.resize(verdict)

    def _end(self, verdict: Verdict, *, refused: bool) -> None:
        self._manager.end(verdict, refused=refused)

    # ---- events of the engine

    def _receive(self, event: Event) -> None:
        """Take in a change of an order or a position, before the strategy receives it."""
        if isinstance(event, PositionEvent):
            self._profit.change(event)
        elif isinstance(event, OrderFilled):
            self._fill(event)
        elif type(event) in _ENDS:
            self.orders.end(event.client_order_id.value, _ENDS[type(event)])
            self._manager.forget(event.client_order_id.value)

    def _fill(self, event: OrderFilled) -> None:
        if self._code.inside:
            raise NativeError(f"the strategy itself reports a fill of order {event.client_order_id}")
        name, symbol = event.client_order_id.value, self._symbols[event.instrument_id]
        size = round(event.last_qty.as_double(), event.last_qty.precision)
        price = round(event.last_px.as_double(), event.last_px.precision)
        quantity = size if event.is_buy else -size
        self._profit.fill(event, self._own.quantity(symbol), quantity)
        fill = self.orders.fill(name, symbol, quantity, price, event.commission.as_double(), self._moment.t)
        self._own.apply(fill)
        self._manager.forget(name)

    # ---- state and end

    def report(self) -> EngineReport:
        """See `HostedStrategy`; what ended at one moment is reported in the order of the demands."""
        self.orders.sort_ended()
        return super().report()

    def _realised(self) -> float:
        return self._profit.total

    def _held(self) -> dict[str, float]:
        if self._stepper is None:
            return {}
        positions = self._stepper.engine.cache.positions_open()
        return {self._symbols[position.instrument_id]: position.signed_qty for position in positions}

    def _abandon(self) -> None:
        if self._stepper is not None:
            self._stepper.silence()
            self._manager.abandon()

    def stop(self) -> None:
        """Stop the strategy, if it runs."""
        if self._stepper is not None:
            self._stepper.stop()

    def end(self) -> None:
        """Stop the strategy and dispose of its engine."""
        stepper, self._stepper = self._stepper, None
        if stepper is not None:
            stepper.end()


def _protect(strategy: Strategy, code: CodeGuard) -> None:
    """Lead every way by which Nautilus enters the strategy through its guard; to be called before it registers."""
    entries = [name for name in dir(strategy) if name.startswith("handle_")]
    for name in (*entries, *_LIFE):
        setattr(strategy, name, code.guarded(getattr(strategy, name)))
