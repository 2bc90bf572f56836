"""Nautilus behind the port: its exchange for the orders of portable strategies, a position for each round trip.

Native strategies are hosted apart (see `hosting`), each in an engine of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.position import Position

from orchestrate.domain.errors import EngineError
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.order import Ended, Fill, Order
from orchestrate.engines.hosting.adapter import HostingAdapter
from orchestrate.engines.nautilus.bars import BarColumn
from orchestrate.engines.nautilus.exchange import Exchange
from orchestrate.engines.nautilus.instruments import explained
from orchestrate.engines.nautilus.settings import NautilusSettings
from orchestrate.engines.pending_fills import DueFill, raise_broken, refuse_crossing
from orchestrate.orchestration.orders.ports import EngineReport, StrategySeat

if TYPE_CHECKING:
    from orchestrate.engines.hosting.host import NativeHost

Moment = Literal["open", "close"]


class NautilusOrchestrationAdapter(HostingAdapter):
    """The adapter of NautilusTrader; it implements `OrchestrationPort` and `NativeHostPort`."""

    framework = "nautilus"

    def __init__(self, settings: NautilusSettings | None = None) -> None:
        super().__init__()
        self._full = (settings or NautilusSettings()).feed == "full"
        self._exchange: Exchange | None = None
        self._prices: dict[Moment, dict[str, memoryview]] = {"open": {}, "close": {}}
        self._bars: dict[str, BarColumn] = {}
        self._open: dict[tuple[str, str], Position] = {}
        #: what is open, in a quantity's digits: Nautilus's own sum blurs those of 2**32 units
        self._sizes: dict[tuple[str, str], float] = {}

    def _open_host(self, seats: Sequence[StrategySeat]) -> NativeHost[Any]:
        from orchestrate.engines.nautilus.hosting.host import NautilusHost

        return NautilusHost(self._market, seats, self._rules)

    def _take_in(self, seats: Sequence[StrategySeat]) -> None:
        """Open the exchange for all that these strategies trade."""
        if not seats:
            return
        market = self._market
        if self._exchange is None:
            self._exchange = Exchange(self._rules, market.timeline.begins)
        for seat in seats:
            self._exchange.open(seat.strategy_id)
            for symbol in seat.symbols:
                self.open_symbol(symbol)
        if self._full:
            self._bars = self._exchange.bars(market)

    def open_symbol(self, symbol: str) -> None:
        """Open the exchange for one more symbol."""
        series = self._market.series[symbol]
        self._running.list(symbol, self._market.instruments[symbol])
        self._prices["open"][symbol], self._prices["close"][symbol] = series.open.data, series.close.data

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        """Fill at the open, then what the bars reach; with `feed: full` they follow whole, as they do for natives."""
        fills = self._fill(self._pending.advance(t, rows), t, "open")
        ended: tuple[Ended, ...] = ()
        if self._pending.resting:
            fills += self._fill_reached(t)
            ended = self._pending.ended()
        if self._full:
            self._show(t, rows)
        return self._advance_natives(t, rows, fills, ended)

    def _show(self, t: int, rows: Mapping[str, int]) -> None:
        symbols = [symbol for symbol in self._bars if symbol in rows]
        if symbols:
            try:
                self._running.show(t, [(symbol, self._bars[symbol].bar(rows[symbol])) for symbol in symbols])
            except Exception as error:
                raise_broken(self.framework, symbols, explained(error, symbols))

    def close(self, t: int) -> tuple[Fill, ...]:
        """Fill at the close of the bars of the last `advance`."""
        return self._close_natives(t, self._fill(self._pending.close(t), t, "close"))

    @property
    def _running(self) -> Exchange:
        if self._exchange is None:
            raise EngineError("nautilus: no run is under way")
        return self._exchange

    def _fill(self, due: list[Order], t: int, moment: Moment) -> tuple[Fill, ...]:
        if not due:
            return ()
        exchange, prices, rows = self._running, self._prices[moment], self._pending.rows
        try:
            paid = [prices[o.symbol][rows[o.symbol]] if o.price is None else o.price for o in due]
            fills = tuple([self._trade(exchange, DueFill(o, o.quantity, p), t) for o, p in zip(due, paid, strict=True)])
        except Exception as error:
            names = [order.id for order in due]
            raise_broken(self.framework, names, explained(error, names))
        self._messages += len(fills)
        return fills

    def _size(self, strategy_id: str, symbol: str) -> float:
        return self._sizes.get((strategy_id, symbol), 0.0)

    def _explain(self, error: Exception, names: Sequence[str]) -> Exception:
        return explained(error, names)

    def _fill_due(self, due: DueFill, t: int) -> Fill:
        return self._trade(self._running, due, t)

    def _trade(self, exchange: Exchange, due: DueFill, t: int) -> Fill:
        order, symbol = due.order, due.order.symbol
        key = (order.strategy_id, symbol)
        held = self._open.get(key)
        size_before = realised_before = 0.0
        if held is not None:
            size_before, realised_before = self._sizes[key], held.realized_pnl.as_double()
            refuse_crossing(size_before, due.quantity)
        fill, position = exchange.trade(t, due, held)
        self._realised += position.realized_pnl.as_double() - realised_before
        units, paid = fill.last_qty, fill.last_px
        quantity = abs(due.quantity)
        if units != Quantity(quantity, units.precision):  # as_double of what is equal may differ in the last bit
            quantity = round(units.as_double(), units.precision)
        quantity = quantity if fill.is_buy else -quantity
        size = rounded(size_before + quantity)
        self._held[symbol] = rounded(self._held.get(symbol, 0.0) + size - size_before)
        if size:
            self._open[key], self._sizes[key] = position, size
        else:
            self._open.pop(key, None)
            self._sizes.pop(key, None)
        price = round(paid.as_double(), paid.precision)
        fee = fill.commission.as_double()
        return Fill(order.id, order.strategy_id, symbol, quantity, price, fee, t, due.part)

    def end(self) -> None:
        """Let go of natives and the exchange, which holds nothing of the process."""
        self._exchange = None
        self._bars.clear()
        self._open.clear()
        self._sizes.clear()
        super().end()
