"""`decisions.parquet` and `fills.parquet`: what was decided on each order, and what came of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrate.domain.orders.order import Demand, OrderGroup, OrderStatus, OrderType, Outcome, StageOutcome
from orchestrate.domain.orders.terms import Tif
from orchestrate.domain.results import DecisionRecord, FillRecord, RunResult
from orchestrate.runs.tables.arrow import Kind, Row, table_of

DECISIONS: Final[Mapping[str, Kind]] = {
    "t": "stamp",
    "label": "stamp",
    "strategy_id": "text",
    "symbol": "text",
    "side": "text",
    "order_type": "text",
    "status": "text",
    "outcome": "text",
    "reason": "text",
    "detail": "text",
    "wanted": "number",
    "granted": "number",
    "price": "number",
    "group": "text",
    "tag": "text",
    "order_id": "text",
    "closing": "flag",
    "available": "number",
    "reserve": "number",
    "sized": "flag",
    "stages": "text",
}
#: What an order that rests waits for as it is placed, and how long. Runs without such orders have no such column.
TERMS: Final[Mapping[str, Kind]] = {
    "limit": "number",
    "stop": "number",
    "trail": "number",
    "tif": "text",
    "until": "stamp",
}
FILLS: Final[Mapping[str, Kind]] = {
    "t": "stamp",
    "label": "stamp",
    "fill_id": "text",
    "order_id": "text",
    "strategy_id": "text",
    "framework": "text",
    "symbol": "text",
    "quantity": "number",
    "price": "number",
    "fee": "number",
    "slippage": "number",
    "reason": "text",
}
_NO_TERMS: Final[Row] = (None, None, None, "", None)


def decisions_table(result: RunResult) -> Any:
    """Return one row a decision, in the order they were made; orders that no decision stands for come last.

    Runs with orders that rest add `TERMS`.
    """
    rests = any(record.decision.demand.rests for record in result.decisions)
    statuses = {record.fill.order_id: OrderStatus.FILLED for record in result.fills} | dict(result.order_statuses)
    first: dict[str, DecisionRecord] = {}
    rows = []
    for record in result.decisions:
        placed = first.setdefault(record.order_id, record) if record.order_id else record
        status = statuses.get(record.order_id, OrderStatus.PENDING) if record.order_id else OrderStatus.REJECTED
        rows.append(_decided(record, placed, status) + (_terms(placed.decision.demand) if rests else ()))
    undecided = {record.fill.order_id: record for record in result.fills if record.fill.order_id not in first}
    no_terms = _NO_TERMS if rests else ()
    rows += [_undecided(record, statuses[order_id]) + no_terms for order_id, record in undecided.items()]
    return table_of({**DECISIONS, **TERMS} if rests else DECISIONS, rows)


def fills_table(result: RunResult) -> Any:
    """Return one row a fill, in the order they were booked. Runs in several currencies add `rate`."""
    rated = any(one.fx for one in result.plan.instruments.values())
    rows = [_filled(record) + ((record.fill.rate,) if rated else ()) for record in result.fills]
    return table_of({**FILLS, "rate": "number"} if rated else FILLS, rows)


def _decided(record: DecisionRecord, placed: DecisionRecord, status: OrderStatus) -> Row:
    """Return the row of a decision; `placed` is the first one on the same order, which knows its kind and names."""
    decision, order = record.decision, placed.decision.demand
    demand, group = decision.demand, order.group
    what = (demand.t, record.t, demand.strategy_id, demand.symbol, _side(demand.quantity), str(order.type))
    end = (str(status), str(decision.outcome), str(decision.reason), decision.detail)
    size = (demand.quantity, decision.quantity, demand.price)
    names = (_named(group), order.tag, record.order_id)
    money = (demand.closing, decision.available, decision.reserve, decision.sized)
    return (*what, *end, *size, *names, *money, _stages(decision.trail) if decision.trail else "")


def _named(group: OrderGroup | None) -> str:
    return "" if group is None else f"{group.kind}:{group.id}"


def _terms(demand: Demand) -> Row:
    """Return what the order of a demand waits for, and how long; nothing of a market order."""
    if not demand.rests:
        return _NO_TERMS
    tif: Tif = "day" if demand.day else "gtc" if demand.until is None else "until"
    return demand.limit, demand.trigger, demand.trail, tif, demand.until


def _stages(trail: Iterable[StageOutcome]) -> str:
    """Return a trail as `explain` shows it; a figure that is no finite number has no JSON and is left out."""
    stages = [
        {**stage._asdict(), "figures": {name: one for name, one in stage.figures.items() if math.isfinite(one)}}
        for stage in trail
    ]
    return json.dumps(stages, separators=(",", ":"), allow_nan=False)


def _undecided(record: FillRecord, status: OrderStatus) -> Row:
    fill = record.fill
    what = (_moment(record), record.t, fill.strategy_id, fill.symbol, _side(fill.quantity), str(OrderType.MARKET))
    end = (str(status), str(Outcome.APPROVED), str(record.reason), "")
    size = (fill.quantity, fill.quantity, fill.price)
    return (*what, *end, *size, _named(record.group), "", fill.order_id, record.closing, None, 0.0, False, "")


def _filled(record: FillRecord) -> Row:
    fill = record.fill
    who = (fill.id, fill.order_id, fill.strategy_id, record.framework, fill.symbol)
    money = (fill.quantity, fill.price, fill.fee, record.slippage)
    return (_moment(record), record.t, *who, *money, str(record.reason))


def _moment(record: FillRecord) -> int:
    return record.t if record.moment is None else record.moment


def _side(quantity: float) -> str:
    return "buy" if quantity > 0 else "sell"
