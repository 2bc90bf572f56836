"""Backtrader behind the port: a broker for each strategy, fed only with the bars that matter.

Native strategies live in a host of their own (see `hosting`), which is fed with every bar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from orchestrate.domain.errors import EngineError
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.order import Ended, Fill, Order
from orchestrate.engines.backtrader.lazy_import import bt, load_all_parts
from orchestrate.engines.backtrader.settings import BacktraderSettings
from orchestrate.engines.backtrader.stepping import ColumnFeed, StrategyBroker
from orchestrate.engines.hosting.adapter import HostingAdapter
from orchestrate.engines.pending_fills import DueFill, raise_broken
from orchestrate.orchestration.orders.ports import EngineReport, StrategySeat

if TYPE_CHECKING:
    from orchestrate.engines.hosting.host import NativeHost

_COMPLETED: Final = bt.Order.Completed


class BacktraderOrchestrationAdapter(HostingAdapter):
    """The adapter of Backtrader; it implements `OrchestrationPort` and `NativeHostPort`."""

    framework = "backtrader"

    def __init__(self, settings: BacktraderSettings | None = None) -> None:
        super().__init__()
        load_all_parts()
        self._full = (settings or BacktraderSettings()).feed == "full"
        self._feeds: dict[str, ColumnFeed] = {}
        self._brokers: dict[str, StrategyBroker] = {}

    def _open_host(self, seats: Sequence[StrategySeat]) -> NativeHost[Any]:
        from orchestrate.engines.backtrader.hosting.host import BacktraderHost

        return BacktraderHost(self._market, seats, self._rules)

    def _take_in(self, seats: Sequence[StrategySeat]) -> None:
        """Open a broker for each portable strategy, and feeds for the symbols that these trade."""
        for seat in seats:
            broker = self._brokers[seat.strategy_id] = StrategyBroker(self._rules)
            for symbol in seat.symbols:
                self._open(symbol, [broker])

    def _open(self, symbol: str, brokers: Iterable[StrategyBroker]) -> None:
        for broker in brokers:
            broker.trade(self._market.instruments[symbol])
        if symbol not in self._feeds:
            self._feeds[symbol] = ColumnFeed(self._market.series[symbol])

    def open_symbol(self, symbol: str) -> None:
        """Open a feed of one more symbol, which all portable strategies may trade."""
        self._open(symbol, self._brokers.values())

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        """Move the feeds to their rows; fill at the open, then what the bars reach."""
        fills = self._fill(self._pending.advance(t, rows), t, at_close=False)
        ended: tuple[Ended, ...] = ()
        if self._pending.resting:
            fills += self._fill_reached(t)
            ended = self._pending.ended()
        if self._full:
            self._live_through(rows)
        return self._advance_natives(t, rows, fills, ended)

    def _live_through(self, rows: Mapping[str, int]) -> None:
        """Go through the whole bar, for `feed: full`."""
        for symbol, feed in self._feeds.items():
            if symbol in rows:
                feed.seek(rows[symbol])
        try:
            for broker in self._brokers.values():
                broker.next()
        except Exception as error:
            raise_broken(self.framework, self._feeds, error)

    def close(self, t: int) -> tuple[Fill, ...]:
        """Fill at the close of the bars of the last `advance`."""
        return self._close_natives(t, self._fill(self._pending.close(t), t, at_close=True))

    def _fill(self, due: list[Order], t: int, *, at_close: bool) -> tuple[Fill, ...]:
        if not due:
            return ()
        try:
            fills = tuple([self._fill_one(order, t, at_close) for order in due])
        except Exception as error:
            raise_broken(self.framework, [order.id for order in due], error)
        self._messages += len(fills)
        return fills

    def _size(self, strategy_id: str, symbol: str) -> float:
        size: float = self._brokers[strategy_id].positions[self._feeds[symbol]].size
        return size

    def _fill_due(self, due: DueFill, t: int) -> Fill:
        return self._fill_one(due.order, t, at_close=False, reached=due)

    def _fill_one(self, order: Order, t: int, at_close: bool, reached: DueFill | None = None) -> Fill:
        """Fill a market order, or what a bar has `reached` of one that rests."""
        symbol, broker = order.symbol, self._brokers[order.strategy_id]
        feed = self._feeds[symbol]
        feed.seek(self._pending.rows[symbol])
        position = broker.positions[feed]
        before = position.size
        if reached is not None:
            native = broker.fill_at(feed, reached.quantity, reached.price, slips=order.limit is None)
        elif order.price is not None:
            native = broker.fill_quoted(feed, order.quantity, order.price, order.fee)
        elif at_close and not order.slips:
            native = broker.fill_at(feed, order.quantity, feed.close.now, slips=False)
        else:
            native = broker.fill(feed, order.quantity, at_close=at_close)
        if native.status != _COMPLETED:
            raise EngineError(f"backtrader did not fill order {order.id}: {native.getstatusname()}")
        self._held[symbol] = rounded(self._held.get(symbol, 0.0) + position.size - before)
        executed = native.executed
        self._realised += executed.pnl - executed.comm
        price = executed.exbits[0].price  # `executed.price` is an average, and off by a last digit
        part = 0 if reached is None else reached.part
        return Fill(order.id, order.strategy_id, symbol, executed.size, price, executed.comm, t, part)

    def end(self) -> None:
        """Let go of natives, feeds and brokers; Backtrader keeps nothing else."""
        self._feeds.clear()
        self._brokers.clear()
        super().end()
