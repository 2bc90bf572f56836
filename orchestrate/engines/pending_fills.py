"""Orders between the orchestrator and an engine: handed over, not filled yet, in the order in which they came.

Shared by all engines, and no engine's own: it holds no position and no money. Market orders fill at the next open or
close of their symbol, all others rest until a bar reaches them (`domain/orders/resting.py`). The engine makes each
fill.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

import numpy as np

from orchestrate.domain.errors import EngineError, OrchestrateError
from orchestrate.domain.market.timeline import NEVER, BarSeries, HistoricalDataBar, Market, Stamps
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.order import Ended, Order, OrderGroup, OrderType, Reason, StrategyCommand
from orchestrate.domain.orders.resting import Match, RestingOrder, in_order_of_filling
from orchestrate.domain.orders.ties import ended_by, misses

_MARKET = OrderType.MARKET
#: No bar to look at is known yet: the next one of the symbol is looked at.
_UNKNOWN = -1
#: Before every step: the very next one is looked at.
_VERY_NEXT = 0
#: So many bars of an order's future are searched first, four times as many each time that they are over.
_FIRST_SPAN = 16_384


class DueFill(NamedTuple):
    """What an engine is to fill of an order now: at `price`, which slips where the order does."""

    order: Order
    quantity: float
    price: float
    part: int = 0


@dataclass(slots=True, eq=False)
class _Resting:
    """An order that rests, how it does, and what is left of it after so many parts.

    It has followed the bars before row `followed`, and nothing happens to it before row `next_row`.
    """

    order: Order
    rule: RestingOrder
    left: float
    parts: int = 0
    followed: int = _UNKNOWN
    next_row: int = _UNKNOWN
    span: int = _FIRST_SPAN


class PendingFills:
    """A queue of orders, each waiting for the next open or close of a bar of its symbol, or for a bar that reaches it.

    `rows` are the bars of the step under way. `largest_fill` is the most that one bar fills of an order that rests.
    """

    def __init__(self, framework: str, largest_fill: float = math.inf) -> None:
        self._framework, self._largest_fill = framework, largest_fill
        self._waiting: dict[str, Order] = {}
        self._now: int | None = None
        self._market: Market
        self._every_bar = False
        self._ended: list[Ended] = []
        self._steps: dict[str, Stamps] = {}
        #: the group of the order that was looked up last, and the row found for it
        self._last_found: tuple[OrderGroup | None, int] = (None, _UNKNOWN)
        self._next_step: int | None = NEVER
        self.rows: Mapping[str, int] = {}
        #: by id, in the order in which they came
        self.resting: dict[str, _Resting] = {}

    def begin(self, market: Market, *, every_bar: bool = False) -> None:
        """Begin a run on the bars of `market`; orders that rest are tried at `every_bar`, or where one may be reached.

        Both give the same fills.
        """
        self._market, self._every_bar = market, every_bar

    def take(self, commands: Sequence[StrategyCommand]) -> None:
        """Take in orders, changes and cancels. Those of what is filled or was never handed over change nothing."""
        for command in commands:
            order = command.order
            if command.action == "submit":
                if order.id in self._waiting or order.id in self.resting:
                    raise EngineError(f"{self._framework}: order {order.id} was handed over twice")
                if order.type is _MARKET:
                    self._waiting[order.id] = order
                else:
                    rule = RestingOrder.of(order, self._market.instruments[order.symbol].precision)
                    self.resting[order.id] = _Resting(order, rule, order.quantity)
                    self._next_step = _VERY_NEXT
            elif command.action == "cancel":
                if self._waiting.pop(order.id, None) is None and self.resting.pop(order.id, None) is not None:
                    self._next_step = None
            elif command.action == "replace":
                self._change(order)
            else:
                raise EngineError(
                    f"{self._framework}: order {order.id} is no native's own, {command.action} is no answer to it"
                )

    def _change(self, order: Order) -> None:
        resting = self.resting.get(order.id)
        if resting is not None:
            resting.left = order.remaining
            if resting.rule.trail is None:
                resting.rule = resting.rule.changed(order)
                resting.followed = resting.next_row = _UNKNOWN
                self._next_step = _VERY_NEXT

    def advance(self, t: int, rows: Mapping[str, int]) -> list[Order]:
        """Begin the step at t; take out the orders that fill at its opens."""
        self._now, self.rows = t, rows
        return self._due()

    def close(self, t: int) -> list[Order]:
        """Take out the orders that fill at the closes of the step at t, which must be under way."""
        if t != self._now:
            raise EngineError(f"{self._framework}: the step at {t} is to close, but the last that began is {self._now}")
        return self._due()

    def _due(self) -> list[Order]:
        if not self._waiting:
            return []
        rows, waiting = self.rows, self._waiting
        due = [order for order in waiting.values() if order.symbol in rows]
        if len(due) == len(waiting):
            waiting.clear()
        for order in due if waiting else ():
            del waiting[order.id]
        return due

    # ---- when the market may reach what rests

    def next_event(self, step: int) -> int:
        """Return the first step after `step` at which something may happen to an order that rests; `NEVER` for none."""
        if self._next_step is None:
            self._next_step = min([self._step_of(resting) for resting in self.resting.values()], default=NEVER)
        return self._next_step if self._next_step > step else step + 1

    def _step_of(self, resting: _Resting) -> int:
        """Return the step of the next row that matters."""
        symbol, row = resting.order.symbol, resting.next_row
        if row == _UNKNOWN or self._every_bar or not self._market.timeline.is_complete:
            return _VERY_NEXT
        if symbol not in self._steps:
            self._steps[symbol] = np.flatnonzero(self._market.timeline.rows[symbol] >= 0)
        steps = self._steps[symbol]
        return int(steps[row]) if row < len(steps) else NEVER

    def _schedule(self, resting: _Resting, row: int) -> None:
        """Look up the first bar from `row` on that matters: one that may reach the order, end it, or is the last.

        What lies beyond `span` is looked up there: most orders end before, and a search to the end of data takes long.
        """
        order = resting.order
        series = self._market.series[order.symbol]
        resting.followed = resting.next_row = row
        if self._every_bar or not series.is_complete:
            return
        last = len(series) - 1
        if order.until is not None:
            last = min(last, int(np.searchsorted(series.timestamp, order.until, side="right")))
        if row < last:
            end = min(last, row + resting.span)
            group, other = self._last_found
            if other >= row and group is not None and (group is order.group or group == order.group):
                end = min(end, other + 1)  # where the other fills, this one ends
            resting.next_row = resting.rule.first_reach(series, row, end)
            resting.span *= 4
            self._last_found = (order.group, resting.next_row)

    # ---- what the market reaches

    def reached(self, held: Callable[[str, str], float]) -> Iterator[DueFill]:
        """Yield what the bars of the step reach: at their opens, then the rest, each in the order in which they came.

        `held` returns what a strategy holds of a symbol; each fill must be made before the next one is taken. Orders
        that end here without a fill are among `ended`.
        """
        tried = [resting for resting in self.resting.values() if self._is_due(resting)]
        if not tried:
            return
        bars: dict[str, HistoricalDataBar] = {}
        for match in self._reached_by_bars(tried, bars):
            order = match.order
            resting = self.resting.get(order.id)
            if resting is None:
                continue  # ended by a fill before it
            quantity = self._fillable(resting, held(order.strategy_id, order.symbol))
            if quantity:
                yield self._take_part(resting, quantity, match.reached.price)
                self._end_tied(order, held(order.strategy_id, order.symbol))
        for resting in tried:
            if resting.order.id in self.resting:
                symbol = resting.order.symbol
                resting.rule = resting.rule.after(bars[symbol])
                self._schedule(resting, self.rows[symbol] + 1)
        self._next_step = None

    def _is_due(self, resting: _Resting) -> bool:
        """True where the bar of its symbol must be looked at; looks it up where that isn't known yet."""
        row = self.rows.get(resting.order.symbol)
        if row is None:
            return False
        if resting.next_row == _UNKNOWN:
            self._schedule(resting, row)
            self._next_step = None
        return resting.next_row <= row

    def _reached_by_bars(self, tried: Sequence[_Resting], bars: dict[str, HistoricalDataBar]) -> list[Match]:
        """Take orders up to their symbols' `bars`, put in here; return those reached, in their order of filling."""
        matches = []
        for resting in tried:
            symbol = resting.order.symbol
            row, series = self.rows[symbol], self._market.series[symbol]
            if _is_over(resting.order, series, row):
                self._end(resting.order, Reason.EXPIRED)
                continue
            if symbol not in bars:
                bars[symbol] = series.bar(row)
            resting.rule = resting.rule.after_all(series, resting.followed, row)
            reached = resting.rule.reached(bars[symbol])
            if reached is not None:
                matches.append(Match(resting.order, reached, bars[symbol]))
        return in_order_of_filling(matches)

    def _fillable(self, resting: _Resting, held: float) -> float:
        """Return how much of an order fills: an exit closes at most what is held, an entry doesn't go against it."""
        order, quantity = resting.order, math.copysign(min(abs(resting.left), self._largest_fill), resting.left)
        if order.closing:
            if held * quantity >= 0:
                self._end(order, Reason.NOTHING_TO_CLOSE)
                return 0.0
            return quantity if abs(quantity) <= abs(held) else -held
        if misses(order, held):
            self._end(order, Reason.CANCELLED)
            return 0.0
        return quantity

    def _take_part(self, resting: _Resting, quantity: float, price: float) -> DueFill:
        """Return the fill; an exit that is cut to what is held fills as a whole, there is no more to close."""
        order = resting.order
        cut = order.closing and abs(quantity) < min(abs(resting.left), self._largest_fill)
        resting.left = 0.0 if cut else rounded(resting.left - quantity)
        if not resting.left:
            del self.resting[order.id]
        if resting.left or resting.parts:
            resting.parts += 1
        return DueFill(order, quantity, price, resting.parts)

    def _end_tied(self, filled: Order, held: float) -> None:
        own = (filled.strategy_id, filled.symbol)
        others = [one.order for one in self.resting.values() if (one.order.strategy_id, one.order.symbol) == own]
        for order, reason in ended_by(filled, held, others):
            self._end(order, reason)

    def _end(self, order: Order, reason: Reason) -> None:
        del self.resting[order.id]
        self._ended.append(Ended(order.strategy_id, order.name, reason))

    def ended(self) -> tuple[Ended, ...]:
        """Return the orders that ended without a further fill since this was last called."""
        ended, self._ended = self._ended, []
        return tuple(ended)


def _is_over(order: Order, series: BarSeries, row: int) -> bool:
    return order.until is not None and order.until < int(series.timestamp[row])


def raise_broken(framework: str, about: Iterable[str], error: Exception) -> NoReturn:
    """Raise what an engine raised as an EngineError that names the orders or symbols; our own errors as they are.

    A function for an `except` clause, not a context manager: to enter one takes as long as a part of the fill.
    """
    if isinstance(error, OrchestrateError):
        raise error
    raise EngineError(f"{framework} broke at {', '.join(about)}: {type(error).__name__}: {error}") from error


def refuse_crossing(held: float, quantity: float) -> None:
    """ValueError for an order through zero: engines split its fee in ways of their own."""
    if held * quantity < 0 and abs(quantity) > abs(held):
        raise ValueError(f"an order of {quantity:g} would cross zero with {held:g} held; a flip is two orders")
