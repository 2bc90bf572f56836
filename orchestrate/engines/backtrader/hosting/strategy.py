"""One native Backtrader strategy under the orchestrator, with a Cerebro and a broker of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Order
from orchestrate.engines.backtrader.hosting.broker import ParkingBroker
from orchestrate.engines.backtrader.hosting.cerebro import SteppedCerebro
from orchestrate.engines.backtrader.hosting.money import PlanSizer
from orchestrate.engines.backtrader.hosting.refusals import refuse_cheating_on_open
from orchestrate.engines.hosting.book import NativeBook
from orchestrate.engines.hosting.host import Moment
from orchestrate.engines.hosting.strategy import HostedStrategy, Verdict
from orchestrate.orchestration.orders.ports import StrategySeat


class BacktraderStrategy(HostedStrategy[int]):
    """See `HostedStrategy`. Its `stop` is called with the verdicts on its last orders known.

    Orders that it makes there have no next open; where orders fill at the close they would fill at once, so they are
    not reported.
    """

    framework = "backtrader"

    def __init__(
        self, seat: StrategySeat, market: Market, rules: ExecutionRules, moment: Moment, notify: Callable[[str], None]
    ) -> None:
        super().__init__(seat, notify)
        self._periods = market.periods_per_year
        instruments = {symbol: market.instruments[symbol] for symbol in seat.symbols}
        self._rules = rules
        counted = any(each.fx or each.borrow for each in instruments.values())
        self._book = NativeBook(seat, market, {}) if counted else None
        self._broker = ParkingBroker(seat.strategy_id, seat.cash, instruments, rules, moment, self.orders, self._book)
        self._cerebro = SteppedCerebro([market.series[symbol] for symbol in seat.symbols], self._broker, seat.scope)
        self._feeds = self._broker.feeds = dict(self._cerebro.feeds_by_symbol)
        self._strategy: Any = None
        self._is_stopped = False

    def start(self) -> None:
        """Make and start the strategy; Cerebro enters the scope of its code by itself, part for part."""
        self._code.call_in(nullcontext(), self._prepare)

    def _prepare(self) -> None:
        native: Any = self._seat.native
        refuse_cheating_on_open(native)
        seat = self._seat
        capital = seat.sized_on or self._broker.getvalue
        moves = seat.prices.volatility if seat.prices else None
        sizer = PlanSizer(seat.sizing, len(seat.symbols), self._rules, capital, self._periods, moves)
        self._strategy = self._cerebro.prepare(native, dict(self._seat.config), sizer)

    # ---- the step

    def advance(self, t: int, rows: Mapping[str, int]) -> None:
        """Fill at the open, try resting orders, then call the strategy."""
        moved = [symbol for symbol in self._feeds if symbol in rows]
        if not moved:
            return
        feeds = self._feeds
        for symbol in moved:
            feeds[symbol].seek(rows[symbol])
        if self._book is None:
            self._broker.live(moved)
        else:
            self._count(self._book, moved, rows, t)
        if self._strategy is not None:
            now = feeds[moved[0]].datetime[0]
            newest = now if len(moved) == 1 else max(feeds[symbol].datetime[0] for symbol in moved)
            self._code.call(self._next, newest)

    def _count(self, book: NativeBook, moved: Sequence[str], rows: Mapping[str, int], t: int) -> None:
        """Go through the bars at the rates before their open, then count at those of the close."""
        book.in_bar = True
        self._broker.live(moved)
        book.in_bar = False
        book.accrue(rows, t)
        self._broker.settle()

    def _next(self, day_number: float) -> None:
        if self._broker.notifs:
            self._hand_out()
        self._cerebro.call(self._strategy, day_number)
        if self._cerebro.wants_to_stop:
            self._broker.withdraw()
            self._leave()

    def notify(self) -> None:
        """Notify the strategy at once of what has become of its orders."""
        if self._strategy is not None and self._broker.notifs:
            self._code.call(self._notify_strategy)

    def _notify_strategy(self) -> None:
        self._hand_out()
        strategy = self._strategy
        strategy._notify(qorders=list(strategy._orderspending))
        strategy.clear()

    def _hand_out(self) -> None:
        while (order := self._broker.get_notification()) is not None:
            self._strategy._addnotification(order)

    def close(self, t: int) -> None:  # noqa: ARG002  # as above
        """Fill what is due at the close."""
        self._broker.close()
        self._broker.settle()

    # ---- verdicts

    def _release(self, order: Order, verdict: Verdict) -> None:
        self._broker.release(verdict.name, order, verdict.reason, verdict.detail)

    def _trade(self, order: Order) -> None:
        self._broker.send_own(self._strategy, self._feeds[order.symbol], order)

    def _resize(self, verdict: Verdict) -> None:
        self._broker.resize(verdict.name, verdict.quantity, verdict.reason, verdict.detail)

    def _end(self, verdict: Verdict, *, refused: bool) -> None:
        self._broker.end_order(verdict.name, verdict.reason, verdict.detail, refused=refused)

    # ---- state and end

    def _realised(self) -> float:
        return float(self._broker.realised)

    def _held(self) -> dict[str, float]:
        positions = self._broker.positions
        return {symbol: float(positions[feed].size) for symbol, feed in self._feeds.items() if feed in positions}

    def _abandon(self) -> None:
        self._strategy = None
        self._broker.abandon()

    def stop(self) -> None:
        """Stop the strategy; its last orders are reported if there could be a next open."""
        self._is_stopped = True
        if self._strategy is not None:
            self._code.call(self._leave)
        if self._rules.fill != "next_open":
            self.orders.withdraw_demands()

    def _leave(self) -> None:
        strategy, self._strategy = self._strategy, None
        strategy._stop()

    def end(self) -> None:
        """Stop the strategy if it still runs; Backtrader itself keeps nothing."""
        if not self._is_stopped:
            self.attempt(None, self.stop)
