"""The facts of a run that engines must agree on: orders, trades, and how each strategy ended."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from orchestrate.domain.books import Trade
from orchestrate.domain.engines import AMOUNTS, Side
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.orders.order import Outcome
from orchestrate.domain.results import DecisionRecord, FillRecord, RunResult, StrategyResult

#: Amounts of money that are not further apart are equal.
TOLERANCE: Final = 1e-6
#: Relative: floats that are not further apart stand for the same price or quantity.
_SAME_NUMBER: Final = 1e-12
#: An order's id is a name: another one for the same order is no difference.
_NAME: Final = "order_id"
_OPEN: Final = "open"


class Fact(NamedTuple):
    """An order or a trade, at the bar with label `t`.

    `place` is what identifies it in another run; where nothing has that place, `name` does.
    """

    t: int
    place: tuple[object, ...]
    name: tuple[object, ...]
    side: Side


def orders_of(result: RunResult) -> Mapping[str, list[Fact]]:
    """Return the orders of each strategy by its id: fills, and orders that ended, or stay open, without one."""
    orders: dict[str, list[Fact]] = {}
    for fill in result.fills:
        orders.setdefault(fill.fill.strategy_id, []).append(_filled(fill))
    filled = {record.fill.order_id for record in result.fills}
    last = {record.order_id: record for record in result.decisions if record.order_id}
    for order_id, record in last.items():
        if order_id not in filled:
            orders.setdefault(record.decision.demand.strategy_id, []).append(_unfilled(record))
    return orders


def _filled(record: FillRecord) -> Fact:
    fill = record.fill
    return _order(record.t, fill.order_id, fill.symbol, fill.quantity, price=fill.price, fee=fill.fee, ended="filled")


def _unfilled(record: DecisionRecord) -> Fact:
    decision, demand = record.decision, record.decision.demand
    ended = str(decision.reason) if decision.outcome is Outcome.REJECTED else _OPEN
    return _order(record.t, record.order_id, demand.symbol, demand.quantity, price=None, fee=0.0, ended=ended)


def _order(t: int, order_id: str, symbol: str, quantity: float, *, price: float | None, fee: float, ended: str) -> Fact:
    side = "buy" if quantity > 0 else "sell"
    figures = {"quantity": abs(quantity), "price": price, "fee": fee, "ended": ended}
    facts = {_NAME: order_id, "t": label_text(t), "symbol": symbol, "side": side, **figures}
    return Fact(t, (t, symbol, side, ended == "filled"), (order_id, symbol, side), facts)


def trades_of(strategy: StrategyResult | None) -> list[Fact]:
    """Return the closed round trips of a strategy; none where a run doesn't have it."""
    return [] if strategy is None else [_trade(trade) for trade in strategy.trades]


def _trade(trade: Trade) -> Fact:
    facts = {
        "symbol": trade.symbol,
        "quantity": trade.quantity,
        "entered": label_text(trade.entered),
        "exited": label_text(trade.exited),
        "entry_price": trade.entry_price,
        "exit_price": trade.exit_price,
        "profit": trade.profit,
        "fees": trade.fees,
    }
    opened = (trade.symbol, trade.entered, trade.quantity > 0)
    return Fact(trade.exited, (*opened, trade.exited), opened, facts)


def status_of(result: RunResult, name: str) -> tuple[int | None, Side]:
    """Return how a strategy ended, or with "" the run, and the label of the bar at which it failed."""
    strategy = result.strategies.get(name)
    error = strategy.error if strategy else None if name else result.error
    status = strategy.status if strategy else "absent" if name else result.status
    if error is None:
        return None, {"status": status, "t": None, "error": None}
    t = None if error.t is None else label_text(error.t)
    return error.t, {"status": status, "t": t, "error": f"{error.type}: {error.message}"}


def paired(one: Iterable[Fact], other: Iterable[Fact]) -> list[tuple[Fact | None, Fact | None]]:
    """Return what belongs together: the same place, else the same name, else alone."""
    pairs, rest, others = _matched(one, other, by="place")
    more, alone, others = _matched(rest, others, by="name")
    return [*pairs, *more, *((fact, None) for fact in alone), *((None, fact) for fact in others)]


def _matched(
    one: Iterable[Fact], other: Iterable[Fact], by: str
) -> tuple[list[tuple[Fact | None, Fact | None]], list[Fact], list[Fact]]:
    """Return the pairs of facts with the same place or name, in order, and what is left on both sides."""
    waiting: dict[object, list[Fact]] = {}
    for fact in other:
        waiting.setdefault(getattr(fact, by), []).append(fact)
    pairs: list[tuple[Fact | None, Fact | None]] = []
    left = []
    for queue in waiting.values():
        queue.reverse()
    for fact in one:
        queue = waiting.get(getattr(fact, by), [])
        if queue:
            pairs.append((fact, queue.pop()))
        else:
            left.append(fact)
    return pairs, left, [fact for queue in waiting.values() for fact in reversed(queue)]


def agree(one: Side, other: Side) -> bool:
    """Return whether two sides say the same, money to 1e-6."""
    return all(_same(key, fact, other.get(key)) for key, fact in one.items() if key != _NAME)


def _same(key: str, one: object, other: object) -> bool:
    if not isinstance(one, float) or not isinstance(other, float):
        return one == other
    if key in AMOUNTS:
        return abs(one - other) <= TOLERANCE
    return math.isclose(one, other, rel_tol=_SAME_NUMBER)
