"""Nautilus, one bar at a time, by its public interface.

`clear_data`, `add_data`, `run(streaming=True)` bring the market to a price; then orders are submitted between two runs
and fill at once, because the venue has no message queue (`use_message_queue=False`). With the queue, orders for one
symbol would be drained on the tick of another, before their own price had come. The account is frozen: nothing is
debited, so nothing can be refused, and an `AccountError`, which would stop every engine of the process, cannot arise.

Three things reach inside: the analyzer's `record_trade` of 1.231, which rebuilds a DataFrame at each closed trade and
so grows with their number, is replaced; what is only put together to be logged, which nobody reads, is left out (14 ms
at the first run, which asks after the machine's memory); and pandas' own deprecation warnings in the first and last
call are silenced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.model.data import Bar, BarSpecification, BarType, QuoteTick
from nautilus_trader.model.enums import AccountType, BarAggregation, OmsType, OrderSide, PriceType
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import PositionId
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.position import Position
from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.execution import ExecutionRules
from orchestrate.domain.instruments import Instrument
from orchestrate.domain.market import BarSeries
from orchestrate.engines.nautilus.instruments import VENUE, native_instrument, native_symbol
from orchestrate.engines.nautilus.models import RuleFee, RuleFill
from orchestrate.engines.nautilus.quiet import pandas_kept_quiet, without_statistics

#: Nothing reads the length of a bar here: the time of each is told.
_ANY_BAR = BarSpecification(1, BarAggregation.DAY, PriceType.LAST)


class _SilentEngine(BacktestEngine):  # type: ignore[misc]  # Nautilus's compiled classes have no types
    """The engine without its reports on itself."""

    def _log_pre_run(self) -> None:
        """Called at the first run."""

    def _log_run(self, *_: object) -> None:
        """Called at every run."""

    def _log_post_run(self) -> None:
        """Called at the end."""


class NautilusStepper:
    """One venue that trades all instruments, one host strategy for each of ours."""

    def __init__(
        self, instruments: Mapping[str, Instrument], strategy_ids: Sequence[str], rules: ExecutionRules, first: int
    ) -> None:
        names = {symbol: native_symbol(symbol, number) for number, symbol in enumerate(instruments)}
        self._natives = {
            symbol: native_instrument(names[symbol], instrument, rules) for symbol, instrument in instruments.items()
        }
        by_name = {names[symbol].value: instrument for symbol, instrument in instruments.items()}
        self._bar_types = {symbol: BarType(native.id, _ANY_BAR) for symbol, native in self._natives.items()}
        self._shift = max(0, 1 - first)  # Nautilus knows no time before 1970
        self._now = 0
        self._positions = 0
        self._started = False
        self._engine = _SilentEngine(
            BacktestEngineConfig(
                logging=LoggingConfig(bypass_logging=True),
                risk_engine=RiskEngineConfig(bypass=True),
                run_analysis=False,
            )
        )
        currencies = {native.quote_currency.code: native.quote_currency for native in self._natives.values()}
        self._engine.add_venue(
            VENUE,
            OmsType.HEDGING,
            AccountType.MARGIN,
            [Money(1_000_000, currency) for currency in currencies.values()],
            fill_model=RuleFill(rules, by_name),
            fee_model=RuleFee(rules, by_name),
            use_message_queue=False,
            frozen_account=True,
        )
        for native in self._natives.values():
            self._engine.add_instrument(native)
        self._hosts = {
            strategy_id: Strategy(StrategyConfig(strategy_id=strategy_id, order_id_tag=f"{number:03d}"))
            for number, strategy_id in enumerate(strategy_ids)
        }
        self._engine.add_strategies(list(self._hosts.values()))
        without_statistics(self._engine)

    def quote(self, t: int, prices: Iterable[tuple[str, float]]) -> None:
        """The time is t, and these symbols stand at these prices."""
        now = self._clock(t)
        self._run([self._quote(symbol, price, now) for symbol, price in prices])

    def _clock(self, t: int) -> int:
        now = t + self._shift
        if now < self._now:
            raise ValueError(f"time goes back to {t}; Nautilus would abort the whole process")
        self._now = now
        return now

    def _quote(self, symbol: str, price: float, now: int) -> QuoteTick:
        native = self._natives[symbol]
        both, size = Price(price, native.price_precision), native.size_increment
        return QuoteTick(native.id, both, both, size, size, now, now)

    def show(self, t: int, bars: Iterable[tuple[BarSeries, int]]) -> None:
        """Whole bars, given as series and row, for an engine that is to see everything."""
        now = self._clock(t)
        self._run([self._bar(series, row, now) for series, row in bars])

    def _bar(self, series: BarSeries, row: int, now: int) -> Bar:
        native = self._natives[series.symbol]
        digits = native.price_precision
        prices = (float(column[row]) for column in (series.open, series.high, series.low, series.close))
        size = Quantity(1e9, native.size_precision)
        return Bar(self._bar_types[series.symbol], *(Price(price, digits) for price in prices), size, now, now)

    def _run(self, data: list[object]) -> None:
        self._engine.clear_data()
        self._engine.add_data(data, validate=False, sort=True)
        if self._started:
            self._engine.run(streaming=True)
        else:
            self._started = True
            with pandas_kept_quiet():
                self._engine.run(streaming=True)

    def trade(self, strategy_id: str, symbol: str, quantity: float, held: Position | None) -> OrderFilled | str:
        """A market order, now, into the position `held` or a new one; the fill, or why there is none."""
        host, native = self._hosts[strategy_id], self._natives[symbol]
        side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
        order = host.order_factory.market(native.id, side, Quantity(abs(quantity), native.size_precision))
        if held is None:
            self._positions += 1
            position_id = PositionId(f"P-{self._positions}")
        else:
            position_id = held.id
        host.submit_order(order, position_id=position_id)
        event = order.last_event
        if isinstance(event, OrderFilled) and order.is_closed:
            self._engine.cache.purge_order(order.client_order_id)
            return event
        return str(getattr(event, "reason", order.status_string()))

    def position(self, position_id: PositionId) -> Position:
        """The engine's own position; the same object as long as it lives."""
        return self._engine.cache.position(position_id)

    def forget(self, position: Position) -> None:
        """A closed position leaves the engine's cache: memory doesn't grow with the number of trades."""
        self._engine.cache.purge_position(position.id)

    def end(self) -> None:
        """Stop and dispose; the process-wide logging clock goes back to real time."""
        try:
            with pandas_kept_quiet():
                self._engine.end()
        finally:
            self._engine.dispose()
