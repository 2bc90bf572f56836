"""What became of a run's demands: cuts and refusals by reason, conflicts, open positions; and a sketch of equity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from orchestrate.domain.books import Position
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.orders.order import ENDS_OF_ITSELF, Decision, Demand, Outcome, Reason
from orchestrate.domain.results import DecisionRecord, RunResult, StrategyResult

Document = dict[str, object]
#: So many points of the equity are enough to draw it in one line of text.
_POINTS: Final = 120


def blotter_summary(result: RunResult) -> Document:
    """Return demands, conflicts, open positions and the sketch of equity, each under its key of the document."""
    return {
        "demands": _demands(result),
        "conflicts": _conflicts(result),
        "open_positions": [
            _position(strategy, position)
            for strategy in result.strategies.values()
            for position in strategy.open_positions
        ],
        "equity_sketch": _sketch(result.portfolio_equity, result.labels),
    }


# ---- demands


def _demands(result: RunResult) -> Document:
    strategies = result.strategies.values()
    reasons = cuts_by_reason(result)
    ranked = sorted(reasons, key=lambda reason: (-reasons[reason][0], -reasons[reason][1], reason))
    return {
        "count": _count(_demanded(result)),
        "resized": sum(one.resized for one in strategies),
        "blocked": sum(one.blocked for one in strategies),
        "reasons": [{"reason": str(name), "count": reasons[name][0], "money": reasons[name][1]} for name in ranked],
        "limits": _limits(result.decisions),
    }


def _limits(records: Iterable[DecisionRecord]) -> dict[str, int]:
    """Return how often each limit cut or refused something, by its name, the most frequent first."""
    trails = (record.decision.trail for record in records)
    stages = (stage for trail in trails for stage in trail if stage.reason is Reason.LIMIT)
    return dict(Counter(stage.detail.partition(":")[0] for stage in stages).most_common())


def _count(records: Iterable[DecisionRecord]) -> int:
    """Return the number of demands; later decisions on an order are on the demand that it came from."""
    orders: set[str] = set()
    alone = 0
    for record in records:
        if record.order_id:
            orders.add(record.order_id)
        else:
            alone += 1
    return alone + len(orders)


def _demanded(result: RunResult) -> Sequence[DecisionRecord]:
    """Return the decisions on demands: of the orders of a structure's legs, that of the first stands for all."""
    if not result.plan.chains:
        return result.decisions
    groups: set[str] = set()
    first: set[str] = set()
    for record in result.decisions:
        group = record.decision.demand.group
        if group is not None and group.kind == "legs" and group.id not in groups:
            groups.add(group.id)
            first.add(record.order_id)
    return [one for one in result.decisions if not _is_leg(one) or one.order_id in first]


def _is_leg(record: DecisionRecord) -> bool:
    group = record.decision.demand.group
    return group is not None and group.kind == "legs"


def cuts_by_reason(result: RunResult) -> dict[Reason, tuple[int, float]]:
    """Return how often each reason cut or refused something, and the money that it took, at the closes decided on."""
    counts: Counter[Reason] = Counter()
    money: dict[Reason, float] = {}
    prices: dict[str, float] = {}
    for record in _demanded(result):
        decision, demand = record.decision, record.decision.demand
        price = prices.setdefault(record.order_id, demand.price) if record.order_id else demand.price
        if decision.outcome is Outcome.APPROVED:
            continue
        point = abs(price) * _multiplier(result, demand)
        for reason, taken in _cuts(decision):
            counts[reason] += 1
            money[reason] = money.get(reason, 0.0) + taken * point
    return {reason: (count, money[reason]) for reason, count in counts.items()}


def _multiplier(result: RunResult, demand: Demand) -> float:
    """Return the money of a point; of a structure that of its price."""
    legs = (demand.symbol, *(leg.partition(" ")[2] for leg in demand.symbol.split(", ")))
    points = [result.multipliers[leg] for leg in legs if leg in result.multipliers] if result.multipliers else ()
    if points:
        return min(points)
    instrument = result.plan.instruments.get(demand.symbol)
    return float(instrument.multiplier or 1.0) if instrument is not None else 1.0


def _cuts(decision: Decision) -> list[tuple[Reason, float]]:
    """Return each reason of a decision with the quantity that it took away."""
    if decision.trail:
        return [(stage.reason, abs(stage.before) - abs(stage.after)) for stage in decision.trail if stage.reason]
    if decision.reason in ENDS_OF_ITSELF:
        return []
    return [(decision.reason, abs(decision.demand.quantity) - abs(decision.quantity))]


# ---- conflicts


def _conflicts(result: RunResult) -> Document:
    symbols: Counter[str] = Counter(conflict.symbol for conflict in result.conflicts)
    return {
        "count": len(result.conflicts),
        "opposite": sum(conflict.conflict_type == "opposite" for conflict in result.conflicts),
        "policy": result.plan.portfolio.conflicts,
        "symbols": dict(symbols.most_common()),
    }


# ---- what is held


def _position(strategy: StrategyResult, position: Position) -> Document:
    """Return a position that is open at the end, marked at the last close of its symbol."""
    holding = strategy.holdings[position.symbol]
    price, rate = float(holding.closes[-1]), 1.0 if holding.rates is None else float(holding.rates.closes[-1])
    return {
        "strategy_id": strategy.id,
        "symbol": position.symbol,
        "quantity": position.quantity,
        "opened": label_text(position.opened_at),
        "average_price": position.average_price,
        "price": price,
        "worth": position.notional(price, rate),
        "open_profit": position.open_profit(price, rate),
    }


# ---- equity


def _sketch(equity: Floats, labels: Stamps) -> Document:
    """Return equity at evenly spread closes, the last one included, and where it was lowest and highest."""
    size = len(equity)
    if not size:
        return {"values": [], "lowest": None, "highest": None}
    places = np.unique(np.linspace(0, size - 1, min(size, _POINTS)).round().astype(np.int64))
    extremes = {"lowest": int(np.argmin(equity)), "highest": int(np.argmax(equity))}
    at = {name: {"value": float(equity[t]), "label": label_text(int(labels[t]))} for name, t in extremes.items()}
    return {"values": [float(value) for value in equity[places]], **at}
