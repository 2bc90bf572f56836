"""What slippage cost at each fill: the distance from the price at which the market stood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import MONEY_DIGITS, ExecutionRules
from orchestrate.domain.orders.order import Demand, Fill, Reason
from orchestrate.domain.orders.terms import rounded_level
from orchestrate.domain.results import DecisionRecord, FillRecord


def with_slippage(
    fills: Sequence[FillRecord], decisions: Iterable[DecisionRecord], market: Market, rules: ExecutionRules
) -> tuple[FillRecord, ...]:
    """Return the fills with what slippage cost at each, in the capital's currency; limits and options don't slip."""
    if not rules.slippage.percent and not rules.slippage.ticks:
        return tuple(fills)
    demands: dict[str, Demand] = {}
    for record in decisions:
        demands.setdefault(record.order_id, record.decision.demand)
    return tuple(_slipped(record, demands.get(record.fill.order_id), market, rules) for record in fills)


def _slipped(record: FillRecord, demand: Demand | None, market: Market, rules: ExecutionRules) -> FillRecord:
    fill, instrument = record.fill, market.instruments[record.fill.symbol]
    if record.reason is Reason.SETTLEMENT or instrument.option is not None:
        return record
    if record.group is not None and record.group.kind == "legs":  # shares, at the close
        demand, rules = None, replace(rules, fill="close")
    if demand is not None and demand.limit is not None:
        return record
    prices = _prices(record, demand, market, rules)
    raw = next((price for price in prices if rules.fill_price(price, fill.quantity, instrument) == fill.price), None)
    if raw is None:
        raw = _unslipped(fill, instrument, rules)
    cost = abs(fill.price - raw) * abs(fill.quantity) * instrument.multiplier * fill.rate
    return replace(record, slippage=round(cost, MONEY_DIGITS))


def _prices(record: FillRecord, demand: Demand | None, market: Market, rules: ExecutionRules) -> Iterator[float]:
    """Yield the prices at which an order of that kind may have met the market."""
    series = market.series[record.fill.symbol]
    row = int(np.searchsorted(series.timestamp, record.t))
    if demand is not None and demand.trigger is not None:
        yield rounded_level(demand.trigger, market.instruments[record.fill.symbol].precision)
    yield from (float(series.close[row]), float(series.open[row]))[:: 1 if rules.fill == "close" else -1]


def _unslipped(fill: Fill, instrument: Instrument, rules: ExecutionRules) -> float:
    """Return the price before slippage as its rule has it: of stops that trail or have moved, nothing else is known.

    Of several that the tick rounds to the same price, it is the nearest.
    """
    sign = 1.0 if fill.quantity > 0 else -1.0
    moved = fill.price - sign * rules.slippage.ticks * instrument.tick
    share = sign * rules.slippage.percent / 100.0
    about = round(moved / (1.0 + (share if moved > 0 else -share)), instrument.precision)
    near = (round(about + step * 10.0**-instrument.precision, instrument.precision) for step in (0, 1, -1, 2, -2))
    return next((raw for raw in near if rules.fill_price(raw, fill.quantity, instrument) == fill.price), about)
