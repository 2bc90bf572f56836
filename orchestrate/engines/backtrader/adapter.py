"""Backtrader behind the port: a broker for each strategy, fed only with the bars that matter.

Native strategies live in a host of their own (see `hosting`), which is fed with every bar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from orchestrate.domain.errors import EngineError
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules, rounded
from orchestrate.domain.orders.order import Ended, Fill, Order, StrategyCommand
from orchestrate.engines.backtrader.parts import bt, come_together
from orchestrate.engines.backtrader.settings import BacktraderSettings
from orchestrate.engines.backtrader.stepping import ColumnFeed, StrategyBroker
from orchestrate.engines.pending_fills import DueFill, PendingFills, raise_broken
from orchestrate.orchestration.orders.ports import EngineReport, FrameworkPortfolioState, StrategySeat

if TYPE_CHECKING:
    from orchestrate.engines.backtrader.hosting.host import NativeHost

_NOTHING: Final = EngineReport()
_COMPLETED: Final = bt.Order.Completed


class BacktraderOrchestrationAdapter:
    """The adapter of Backtrader; it implements `OrchestrationPort` and `NativeHostPort`."""

    framework = "backtrader"

    def __init__(self, settings: BacktraderSettings | None = None) -> None:
        come_together()
        self._full = (settings or BacktraderSettings()).feed == "full"
        self._pending = PendingFills(self.framework)
        self._feeds: dict[str, ColumnFeed] = {}
        self._brokers: dict[str, StrategyBroker] = {}
        self._host: NativeHost | None = None
        self._held: dict[str, float] = {}  # by symbol, what the positions of all brokers add up to
        self._realised = 0.0
        self._messages = 0

    def begin(self, market: Market, accounts: Sequence[StrategySeat], rules: ExecutionRules) -> None:
        """Fill the feeds of all symbols that portable strategies trade, open a broker for each, and let natives in."""
        natives = [account for account in accounts if account.native is not None]
        if natives:
            from orchestrate.engines.backtrader.hosting.host import NativeHost

            self._host = NativeHost(market, natives, rules)
        self._pending.begin(market)
        for account in accounts:
            if account.native is not None:
                continue
            broker = self._brokers[account.strategy_id] = StrategyBroker(rules)
            for symbol in account.symbols:
                broker.trade(market.instruments[symbol])
                if symbol not in self._feeds:
                    self._feeds[symbol] = ColumnFeed(market.series[symbol])

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        """Hand over orders for the next open or close; natives hear what became of theirs."""
        self._messages += len(commands)
        if self._host is not None:
            self._host.execute([command for command in commands if command.strategy_id in self._host])
            commands = [command for command in commands if command.strategy_id not in self._host]
        self._pending.take(commands)

    def wake(self, _t: int) -> EngineReport:
        """Backtrader's timers fire with bars, never between them: only what natives wanted since the start."""
        return self._host.listen() if self._host is not None else _NOTHING

    def listen(self) -> EngineReport:
        """What natives did since anything was last told."""
        return self._host.listen() if self._host is not None else _NOTHING

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        """Move the feeds to their rows; fill at the open, then what the bars reach."""
        fills = self._fill(self._pending.advance(t, rows), t, at_close=False)
        ended: tuple[Ended, ...] = ()
        if self._pending.resting:
            fills += self._fill_reached(t)
            ended = self._pending.ended()
        if self._full:
            self._live_through(rows)
        if self._host is None:
            return EngineReport(fills, ended=ended)
        stepped = self._host.advance(t, rows)
        if not fills and not ended:
            return stepped
        return replace(stepped, fills=fills + stepped.fills, ended=ended + stepped.ended)

    def _live_through(self, rows: Mapping[str, int]) -> None:
        """The whole bar, for an engine that is to see every one."""
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
        fills = self._fill(self._pending.close(t), t, at_close=True)
        return fills + self._host.close() if self._host is not None else fills

    def _fill(self, due: list[Order], t: int, *, at_close: bool) -> tuple[Fill, ...]:
        if not due:
            return ()
        try:
            fills = tuple([self._fill_one(order, t, at_close) for order in due])
        except Exception as error:
            raise_broken(self.framework, [order.id for order in due], error)
        self._messages += len(fills)
        return fills

    def _fill_reached(self, t: int) -> tuple[Fill, ...]:
        fills = []
        for due in self._pending.reached(self._size):
            try:
                fills.append(self._fill_one(due.order, t, at_close=False, reached=due))
            except Exception as error:
                raise_broken(self.framework, [due.order.id], error)
        self._messages += len(fills)
        return tuple(fills)

    def _size(self, strategy_id: str, symbol: str) -> float:
        size: float = self._brokers[strategy_id].positions[self._feeds[symbol]].size
        return size

    def _fill_one(self, order: Order, t: int, at_close: bool, reached: DueFill | None = None) -> Fill:
        """Fill a market order, or what a bar has `reached` of one that rests."""
        symbol, broker = order.symbol, self._brokers[order.strategy_id]
        feed = self._feeds[symbol]
        feed.seek(self._pending.rows[symbol])
        position = broker.positions[feed]
        before = position.size
        if reached is None:
            native = broker.fill(feed, order.quantity, at_close=at_close)
        else:
            native = broker.fill_at(feed, reached.quantity, reached.price, slips=order.limit is None)
        if native.status != _COMPLETED:
            raise EngineError(f"backtrader did not fill order {order.id}: {native.getstatusname()}")
        self._held[symbol] = rounded(self._held.get(symbol, 0.0) + position.size - before)
        executed = native.executed
        self._realised += executed.pnl - executed.comm
        price = executed.exbits[0].price  # `executed.price` is an average, and off by a last digit
        part = 0 if reached is None else reached.part
        return Fill(order.id, order.strategy_id, symbol, executed.size, price, executed.comm, t, part)

    def get_portfolio_state(self) -> FrameworkPortfolioState:
        """The brokers' positions, and the profit that their executions realised."""
        held, realised = self._held.copy(), self._realised
        if self._host is not None:
            realised += self._host.realised
            for symbol, size in self._host.held().items():
                held[symbol] = rounded(held.get(symbol, 0.0) + size)
        return FrameworkPortfolioState(self.framework, held, realised, self._messages)

    def state_of(self, strategy_id: str) -> FrameworkPortfolioState:
        """One native's own broker."""
        held, realised = self._hosted.state_of(strategy_id)
        return FrameworkPortfolioState(self.framework, held, realised)

    def drop(self, strategy_id: str) -> None:
        """Let go of one native's broker."""
        self._hosted.drop(strategy_id)

    @property
    def _hosted(self) -> NativeHost:
        if self._host is None:
            raise EngineError("backtrader: no native is hosted")
        return self._host

    def end(self) -> None:
        """Let go of natives, feeds and brokers; Backtrader keeps nothing else."""
        host, self._host = self._host, None
        if host is not None:
            host.end()
        self._feeds.clear()
        self._brokers.clear()
        self._held.clear()
        self._pending = PendingFills(self.framework)
