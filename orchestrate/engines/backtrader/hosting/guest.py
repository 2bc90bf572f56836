"""One native strategy under the orchestrator: its environment, its broker, a guard around every call of its code."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from orchestrate.domain.errors import NativeError, UserInterrupt
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Demand, Ended, Fill, StrategyCommand
from orchestrate.engines.backtrader.hosting.broker import Moment, ParkingBroker
from orchestrate.engines.backtrader.hosting.cerebro import SteppedCerebro
from orchestrate.engines.backtrader.hosting.demands import NOTHING, News
from orchestrate.engines.backtrader.hosting.money import PlanSizer
from orchestrate.engines.backtrader.hosting.refusals import refuse_cheating_on_open
from orchestrate.orchestration.orders.ports import EngineReport, StrategySeat

Answer = TypeVar("Answer")


class Guest:
    """A strategy that raises, wherever it does, takes no further part; `tell` says what it raised.

    Its broker goes on: what the orchestrator orders for it is still executed. Where the broker or Cerebro itself
    raises, it is `broken`, and neither is called again.
    """

    def __init__(
        self, account: StrategySeat, native: type, market: Market, rules: ExecutionRules, moment: Moment
    ) -> None:
        instruments = {symbol: market.instruments[symbol] for symbol in account.symbols}
        self._news, self._failures = News(), list[BaseException]()
        self.broken: NativeError | None = None
        self._broker = ParkingBroker(account.strategy_id, account.cash, instruments, rules, moment, self._news)
        self._account, self._native, self._rules = account, native, rules
        self._cerebro = SteppedCerebro(
            [market.series[symbol] for symbol in account.symbols], self._broker, account.asking
        )
        self._feeds = self._broker.feeds = dict(self._cerebro.feeds_by_symbol)
        self._strategy: Any = None
        self._attempt(None, self._guard, nullcontext(), self._prepare)

    def _prepare(self) -> None:
        refuse_cheating_on_open(self._native)
        seat = self._account
        sizer = PlanSizer(seat.sizing, len(seat.symbols), self._rules, seat.sized_on or self._broker.getvalue)
        self._strategy = self._cerebro.prepare(self._native, dict(self._account.config), sizer)

    def _ask(self, call: Callable[..., None], *arguments: object) -> None:
        """Run the strategy's code."""
        self._guard(self._account.asking, call, *arguments)

    def _guard(self, around: AbstractContextManager[object], call: Callable[..., None], *arguments: object) -> None:
        try:
            with around:
                call(*arguments)
        except UserInterrupt:
            raise
        except BaseException as error:
            self._failures.append(error)
            self._strategy = None
            if isinstance(error, NativeError):
                self.broken = error
            else:
                self._broker.abandon()

    def _attempt(self, otherwise: Answer, call: Callable[..., Answer], *arguments: object) -> Answer:
        """Run Backtrader's code, which the strategy may have damaged: what it raises is the strategy's failure."""
        if self.broken is not None:
            return otherwise
        try:
            return call(*arguments)
        except UserInterrupt:
            raise
        except BaseException as error:
            who, what = self._account.strategy_id, f"{type(error).__name__}: {error}"
            broken = (
                error
                if isinstance(error, NativeError)
                else NativeError(f"backtrader broke in the engine of {who}: {what}")
            )
            broken.__cause__ = None if broken is error else error
            self.broken = broken
            self._failures.append(broken)
            return otherwise

    # ---- what is told

    def tell(self) -> EngineReport:
        """What the strategy wants, and what became of it, once."""
        news = self._news
        if not (news.fills or news.demands or news.ended or self._failures):
            return NOTHING
        told = self._attempt(NOTHING, self._told)
        if not self._failures:
            return told
        failures = tuple((self._account.strategy_id, failure) for failure in self._failures)
        self._failures.clear()
        return EngineReport(told.fills, told.demands, failures, told.ended)

    def _told(self) -> EngineReport:
        told = self._news.tell()
        facts: tuple[Fill | Demand | Ended, ...] = (*told.fills, *told.demands, *told.ended)
        for fact in facts:
            if fact.strategy_id != self._account.strategy_id:
                raise NativeError(f"it reports something of {fact.strategy_id}: {fact}")
        return told

    def realised(self) -> float:
        """Profit net of fees, by its own broker; NaN where that can't say."""
        return self._attempt(math.nan, lambda: float(self._broker.realised))

    def held(self) -> dict[str, float]:
        """Quantity a symbol, by its own broker."""
        return self._attempt({}, self._held)

    def _held(self) -> dict[str, float]:
        positions = self._broker.positions
        return {symbol: float(positions[feed].size) for symbol, feed in self._feeds.items() if feed in positions}

    # ---- what happens to it

    def live(self, rows: Mapping[str, int]) -> None:
        """Its bars of one moment: fills at the open, resting orders, then whatever the strategy does."""
        self._attempt(None, self._live, rows)

    def _live(self, rows: Mapping[str, int]) -> None:
        moved = [symbol for symbol in self._feeds if symbol in rows]
        if not moved:
            return
        feeds = self._feeds
        for symbol in moved:
            feeds[symbol].seek(rows[symbol])
        self._broker.live(moved)
        if self._strategy is not None:
            now = feeds[moved[0]].datetime[0]
            self._ask(self._next, now if len(moved) == 1 else max(feeds[symbol].datetime[0] for symbol in moved))

    def _next(self, day_number: float) -> None:
        if self._broker.notifs:
            self._hand_out()
        self._cerebro.ask(self._strategy, day_number)
        if self._cerebro.wants_to_stop:
            self._broker.withdraw()
            self._leave()

    def hear(self) -> None:
        """Tell the strategy at once what has become of its orders."""
        self._attempt(None, self._hear)

    def _hear(self) -> None:
        if self._strategy is not None and self._broker.notifs:
            self._ask(self._notify)

    def _notify(self) -> None:
        self._hand_out()
        strategy = self._strategy
        strategy._notify(qorders=list(strategy._orderspending))
        strategy.clear()

    def _hand_out(self) -> None:
        while (order := self._broker.get_notification()) is not None:
            self._strategy._addnotification(order)

    def close(self) -> tuple[Fill, ...]:
        """What is due fills at the close."""
        self._attempt(None, self._broker.close)
        return self._attempt((), self._closed)

    def _closed(self) -> tuple[Fill, ...]:
        fills = tuple(self._news.fills)
        self._news.fills.clear()
        return fills

    def stop(self, *, orders_late: bool) -> None:
        """The run is over. Nobody is told of the strategy's last orders unless they are `orders_late`."""
        self._attempt(None, self._stop, orders_late)

    def _stop(self, orders_late: bool) -> None:
        if self._strategy is not None:
            self._ask(self._leave)
        if not orders_late:
            self._broker.wishes.drop()

    def _leave(self) -> None:
        strategy, self._strategy = self._strategy, None
        strategy._stop()

    # ---- commands

    def obey(self, command: StrategyCommand) -> bool:
        """Carry a command out; True where the strategy has to hear of it at once."""
        return self._attempt(False, self._obey, command)

    def _obey(self, command: StrategyCommand) -> bool:
        order, broker = command.order, self._broker
        reason = (command.reason or order.reason).value
        name = order.native_order
        if command.action == "submit":
            if name:
                broker.release(name, order, reason, command.detail)
            else:
                broker.send_own(self._strategy, self._feeds[order.symbol], order)
            return False
        if command.action == "resize":
            broker.resize(name, order.quantity, reason, command.detail)
        else:
            broker.end_order(name, reason, command.detail, refused=command.action == "reject")
        return True
