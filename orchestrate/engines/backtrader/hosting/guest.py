"""One native strategy under the orchestrator: its environment, its broker, a guard around every call of its code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from orchestrate.domain.errors import UserInterrupt
from orchestrate.domain.execution import ExecutionRules
from orchestrate.domain.market import Market
from orchestrate.domain.orders import StrategyCommand
from orchestrate.engines.backtrader.hosting.broker import Moment, ParkingBroker
from orchestrate.engines.backtrader.hosting.cerebro import SteppedCerebro
from orchestrate.engines.backtrader.hosting.demands import News
from orchestrate.engines.backtrader.hosting.money import PlanSizer
from orchestrate.engines.backtrader.hosting.refusals import refuse_cheating_on_open
from orchestrate.orchestration.ports import Account


class Guest:
    """A strategy that raises, wherever it does, takes no further part, and `news` has what it raised.

    Its broker goes on: what the orchestrator orders for it is still executed.
    """

    def __init__(
        self, account: Account, native: type, market: Market, rules: ExecutionRules, moment: Moment, news: News
    ) -> None:
        instruments = {symbol: market.instruments[symbol] for symbol in account.symbols}
        self.broker = ParkingBroker(account.strategy_id, account.cash, instruments, rules, moment, news)
        self._account, self._native, self._rules, self._news = account, native, rules, news
        self._cerebro = SteppedCerebro(
            [market.series[symbol] for symbol in account.symbols], self.broker, account.asking
        )
        self._feeds = self._cerebro.feeds_by_symbol
        self._strategy: Any = None
        self._guard(nullcontext(), self._prepare)

    def _prepare(self) -> None:
        refuse_cheating_on_open(self._native)
        sizer = PlanSizer(self._account.sizing, len(self._account.symbols), self._rules)
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
            self._news.failures.append((self._account.strategy_id, error))
            self._strategy = None
            self.broker.abandon()

    # ---- what happens to it

    def live(self, rows: Mapping[str, int]) -> None:
        """Its bars of one moment: fills at the open, resting orders, then whatever the strategy does."""
        moved = [symbol for symbol in self._feeds if symbol in rows]
        if not moved:
            return
        feeds = self._feeds
        for symbol in moved:
            feeds[symbol].seek(rows[symbol])
        self.broker.live(moved)
        if self._strategy is not None:
            now = feeds[moved[0]].datetime[0]
            self._ask(self._next, now if len(moved) == 1 else max(feeds[symbol].datetime[0] for symbol in moved))

    def _next(self, day_number: float) -> None:
        if self.broker.notifs:
            self._hand_out()
        self._cerebro.ask(self._strategy, day_number)
        if self._cerebro.wants_to_stop:
            self.broker.withdraw()
            self._leave()

    def hear(self) -> None:
        """Tell the strategy at once what has become of its orders."""
        if self._strategy is not None and self.broker.notifs:
            self._ask(self._notify)

    def _notify(self) -> None:
        self._hand_out()
        strategy = self._strategy
        strategy._notify(qorders=list(strategy._orderspending))
        strategy.clear()

    def _hand_out(self) -> None:
        while (order := self.broker.get_notification()) is not None:
            self._strategy._addnotification(order)

    def stop(self) -> None:
        """The run is over."""
        if self._strategy is not None:
            self._ask(self._leave)

    def _leave(self) -> None:
        strategy, self._strategy = self._strategy, None
        strategy._stop()

    # ---- commands

    def obey(self, command: StrategyCommand) -> bool:
        """Carry a command out; True where the strategy has to hear of it at once."""
        order, broker = command.order, self.broker
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
