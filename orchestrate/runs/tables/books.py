"""`equity.parquet`, `trades.parquet`, `positions.parquet` and `flows.parquet`: what the books of a run went through."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from orchestrate.analytics.tracks.excursions import excursions
from orchestrate.domain.books import Accrual, Flow, Position
from orchestrate.domain.results import Move, RunResult, StrategyResult
from orchestrate.runs.tables.arrow import Kind, Row, column, table_of, types

TRADES: Final[Mapping[str, Kind]] = {
    "t": "stamp",
    "label": "stamp",
    "strategy_id": "text",
    "framework": "text",
    "symbol": "text",
    "quantity": "number",
    "entered": "stamp",
    "exited": "stamp",
    "entry_price": "number",
    "exit_price": "number",
    "profit": "number",
    "fees": "number",
    "mae": "number",
    "mfe": "number",
}
POSITIONS: Final[Mapping[str, Kind]] = {
    "t": "stamp",
    "label": "stamp",
    "strategy_id": "text",
    "framework": "text",
    "symbol": "text",
    "quantity": "number",
    "average_price": "number",
    "opened": "stamp",
    "last_close": "number",
    "value": "number",
    "open_profit": "number",
    "entry_fees": "number",
    "currency": "text",
}
FLOWS: Final[Mapping[str, Kind]] = {
    "t": "stamp",
    "label": "stamp",
    "strategy_id": "text",
    "kind": "text",
    "symbol": "text",
    "amount": "number",
    "quantity": "number",
    "average_price": "number",
    "rate": "number",
    "other": "text",
    "fills": "number",
}


def equity_table(result: RunResult) -> Any:
    """Return one row a step: its moment `t`, its label, the portfolio, and for every strategy three columns.

    `equity.ID` is the value at the close, `exposed.ID` says whether it held a position there, `has_bar.ID` whether one
    of its symbols had a bar. Runs with transfers add `reserve` and `flow.ID` (added at this step, after its result),
    those with a benchmark its closes, those with options `liquidation.ID` of strategies that held some.
    """
    import pyarrow as pa

    kinds = types()
    number, flag = kinds["number"], kinds["flag"]
    columns = {
        "t": column(result.stamps, kinds["stamp"]),
        "label": column(result.labels, kinds["stamp"]),
        "portfolio": column(result.portfolio_equity, number),
    }
    if result.has_transfers:
        columns["reserve"] = column(result.reserve_equity, number)
    if result.benchmark is not None:
        columns["benchmark"] = column(result.benchmark, number)
    for name, strategy in result.strategies.items():
        columns[f"equity.{name}"] = column(strategy.equity, number)
        if strategy.liquidation is not None:
            columns[f"liquidation.{name}"] = column(strategy.liquidation, number)
        columns[f"exposed.{name}"] = column(strategy.exposed, flag)
        columns[f"has_bar.{name}"] = column(strategy.has_bar, flag)
        if result.has_transfers:
            flows = np.zeros(len(result.stamps)) if strategy.transfers is None else strategy.transfers.flows
            columns[f"flow.{name}"] = column(flows, number)
    return pa.table(columns)


def trades_table(result: RunResult) -> Any:
    """Return one row a closed round trip, in the order of exits; `t` and `label` are those of the exit."""
    moments = {(record.fill.symbol, record.t): record.moment for record in result.fills}
    trades = [trade for strategy in result.strategies.values() for trade in strategy.trades]
    ranges = zip(*excursions(trades, result.series, result.plan.execution.fill), strict=True)
    rows = []
    for trade, range_ in sorted(zip(trades, ranges, strict=True), key=lambda one: one[0].exited):
        moment = moments.get((trade.symbol, trade.exited))
        framework = result.strategies[trade.strategy_id].framework
        what = (trade.strategy_id, framework, trade.symbol, trade.quantity, trade.entered, trade.exited)
        money = (trade.entry_price, trade.exit_price, trade.profit, trade.fees)
        known = (None if math.isnan(one) else float(one) for one in range_)
        rows.append((trade.exited if moment is None else moment, trade.exited, *what, *money, *known))
    return table_of(TRADES, rows)


def positions_table(result: RunResult) -> Any:
    """Return one row a position that is open at the end, by strategy and symbol as they were opened."""
    strategies = result.strategies.values()
    rows = [_position(result, one, held) for one in strategies for held in one.open_positions]
    return table_of(POSITIONS, rows)


def _position(result: RunResult, strategy: StrategyResult, held: Position) -> Row:
    holding = strategy.holdings[held.symbol]
    close = float(holding.closes[-1])
    rate = 1.0 if holding.rates is None else float(holding.rates.closes[-1])
    when = (int(result.stamps[-1]), int(result.labels[-1]))
    what = (strategy.id, strategy.framework, held.symbol, held.quantity, held.average_price, held.opened_at)
    money = (close, held.notional(close, rate), held.open_profit(close, rate), held.entry_fees)
    return (*when, *what, *money, held.instrument.currency)


def flows_table(result: RunResult) -> Any:
    """Return one row for each change of a book's money that is no fill, in the order of each strategy's."""
    return table_of(FLOWS, [row for one in result.strategies.values() for row in _flows(result, one)])


def _flows(result: RunResult, strategy: StrategyResult) -> Iterator[Row]:
    for move in strategy.moves:
        if move.step < len(result.stamps):
            when = (int(result.stamps[move.step]), int(result.labels[move.step]))
            yield (*when, strategy.id, *_flow(strategy.id, move), float(move.fills))


def _flow(strategy_id: str, move: Move) -> Row:
    """Return kind, symbol, amount, and of a position that changed its book the rest."""
    what = move.what
    if isinstance(what, Flow):
        return ("transfer", "", what.amount, None, None, None, "")
    if isinstance(what, Accrual):
        return ("borrow", what.symbol, -what.cost, None, None, None, "")
    gives = strategy_id == what.giver
    amount, other = (what.worth, what.taker) if gives else (-what.worth, what.giver)
    held = what.position
    quantity = -held.quantity if gives else held.quantity
    return ("handover", held.symbol, amount, quantity, held.average_price, held.rate, other)
