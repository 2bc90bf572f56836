"""The tables that follow from the ledgers: flows, trades, positions, equity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from orchestrate.verification.curves import Curve
from orchestrate.verification.facts import EARLIEST, Difference, Row, Run, Stamps, same
from orchestrate.verification.fills import is_at_close, order_types
from orchestrate.verification.ledger import Holding
from orchestrate.verification.options.fills import OptionFills
from orchestrate.verification.ranges import with_ranges

#: Columns that runs of before they were known do not have.
NEWER: Final = ("mae", "mfe")
_DAY: Final = 86_400 * 10**9
_KINDS: Final = ("transfer", "borrow", "handover")
Curves = Mapping[str, Curve]


def check_flows(run: Run, curves: Curves) -> Iterator[Difference]:
    """Yield what borrow should have cost, and handovers that don't fit."""
    charged = {name: iter(curve.ledger.charged) for name, curve in curves.items()}
    handed = {name: iter(curve.ledger.handed) for name, curve in curves.items()}
    for number, flow in enumerate(run.rows("flows")):
        name, where = flow["strategy_id"], f"flows, row {number}"
        if flow["kind"] == "borrow":
            due: dict[str, float] = {"amount": -_borrow(run, flow, next(charged[name]))}
        elif flow["kind"] == "handover":
            left = next(handed[name])
            due = {"quantity": left.quantity, "average_price": left.average, "rate": left.rate}
            due["amount"] = _worth(run, flow, left)
        else:
            due = {}
        for column, figure in due.items():
            if not same(flow[column], figure, figure):
                yield Difference("flows", f"{where}: {column}", flow[column], figure)


def check_charges(run: Run, curves: Curves) -> Iterator[Difference]:
    """Yield a short that was held over a bar of a symbol with a borrow rate, and was not charged for it."""
    touched: dict[tuple[str, str], set[int]] = {}
    for table in ("fills", "flows"):
        for name, symbol, moment in zip(
            *(run.tables[table][one] for one in ("strategy_id", "symbol", "t")), strict=True
        ):
            touched.setdefault((name, symbol), set()).add(moment)
    for name, curve in curves.items():
        for symbol, place in curve.places.items():
            if run.terms[symbol].borrow:
                short = place.held & (place.worth * run.closes(symbol) < 0)
                over = short & np.concatenate([[False], short[:-1]]) & run.has_bar([symbol])
                moments = set(run.stamps[over].tolist()) - touched.get((name, symbol), set())
                if moments:
                    yield Difference(
                        "flows", f"flows: borrow of {name} for {symbol} at {min(moments)}", None, "a charge"
                    )


def check_places(run: Run) -> Iterator[Difference]:
    """Yield flows that are of no strategy, at no step, or at another place among the fills than they say."""
    places = {name: _Places(run, name) for name in run.strategies}
    before = dict.fromkeys(run.strategies, (EARLIEST, 0.0))
    for number, flow in enumerate(run.rows("flows")):
        name, here = flow["strategy_id"], (flow["t"], flow["fills"])
        if name not in places or not places[name].may_have(flow) or here < before[name]:
            place = f"{flow['kind']} at {flow['t']} after {flow['fills']:g} fills"
            yield Difference(
                "flows", f"flows, row {number}", place, "a flow of a strategy, in order, between its fills"
            )
            return
        before[name] = here


class _Places:
    """Where among a strategy's fills its flows can be: those at a step's close come after the cost of borrow."""

    def __init__(self, run: Run, name: str) -> None:
        types, options = order_types(run), OptionFills(run) if run.contracts else None
        self._run, self._is_native = run, run.strategies[name].is_native
        own = [fill for fill in run.rows("fills") if fill["strategy_id"] == name]
        self._moments: Stamps = np.array([fill["t"] for fill in own], dtype=np.int64)
        self._at_close = [is_at_close(run, fill, types.get(fill["order_id"], "market"), options) for fill in own]

    def may_have(self, flow: Row) -> bool:
        """Return whether a flow is one that there is, and as many fills came before it as it says."""
        step = self._run.step(flow["t"])
        if step < 0 or flow["label"] != self._run.labels[step] or flow["kind"] not in _KINDS:
            return False
        first, last = (int(np.searchsorted(self._moments, flow["t"], side=side)) for side in ("left", "right"))
        if self._is_native:  # its engine fills in an order of its own
            return flow["fills"] in range(first, last + 1)
        later = sum(self._at_close[first:last]) if flow["kind"] == "borrow" else 0
        return bool(flow["fills"] == last - later)


def _borrow(run: Run, flow: Row, held: float) -> float:
    """Return the cost of what was short for the days since the bar before."""
    symbol = flow["symbol"]
    bars, terms = run.bars[symbol], run.terms[symbol]
    row = int(np.searchsorted(bars.stamps, flow["t"]))
    if held >= 0 or row == 0 or row >= len(bars.stamps) or bars.stamps[row] != flow["t"]:
        return 0.0
    days = int(bars.stamps[row] - bars.stamps[row - 1]) / _DAY
    rate = float(run.rates(terms.fx)[run.step(flow["t"])])
    value = abs(held * float(bars.close[row])) * terms.multiplier * rate
    return value * terms.borrow * days / 365.0


def _worth(run: Run, flow: Row, left: Holding) -> float:
    """Return what a position that is handed over is worth to the book's cash: minus what came, or plus what left."""
    terms, step = run.terms[flow["symbol"]], run.step(flow["t"])
    close, rate = float(run.closes(flow["symbol"])[step]), float(run.rates(terms.fx)[step])
    price = close if terms.by_notional else close - left.average
    return -left.quantity * price * terms.multiplier * rate


def check_trades(run: Run, curves: Curves) -> Iterator[Difference]:
    """Yield round trips that are not those of the fills."""
    trades: list[dict[str, Any]] = [
        {"strategy_id": name, "framework": curve.ledger.strategy.framework, **trade}
        for name, curve in curves.items()
        for trade in curve.ledger.trades
    ]
    trades.sort(key=lambda trade: trade["exited"])
    computed = [{**trade, "label": trade["exited"]} for trade in with_ranges(run, trades)]
    yield from _unlike_rows("trades", run.rows("trades"), computed)


def check_positions(run: Run, curves: Curves) -> Iterator[Difference]:
    """Yield open positions that are not those of the fills."""
    computed: list[dict[str, Any]] = []
    for name, curve in curves.items():
        for symbol, held in curve.ledger.holdings.items():
            terms, place = run.terms[symbol], curve.places[symbol]
            computed.append(
                {
                    "strategy_id": name,
                    "framework": curve.ledger.strategy.framework,
                    "symbol": symbol,
                    "quantity": held.quantity,
                    "average_price": held.average,
                    "opened": held.opened,
                    "last_close": float(run.closes(symbol)[-1]),
                    "value": held.quantity * float(run.closes(symbol)[-1] * run.rates(terms.fx)[-1]) * terms.multiplier,
                    "open_profit": float(place.profit[-1]),
                    "entry_fees": held.opened_fees,
                    "t": int(run.stamps[-1]),
                    "label": int(run.labels[-1]),
                }
            )
    stored = sorted(run.rows("positions"), key=_owner)
    yield from _unlike_rows("positions", stored, sorted(computed, key=_owner))


def _owner(row: Row) -> tuple[str, str]:
    return row["strategy_id"], row["symbol"]


def _unlike_rows(table: str, stored: Sequence[Row], computed: Sequence[Row]) -> Iterator[Difference]:
    """Yield the cells that differ; of rows that are missing or too many their number."""
    if len(stored) != len(computed):
        yield Difference(table, f"{table}: rows", len(stored), len(computed))
        return
    for number, (one, other) in enumerate(zip(stored, computed, strict=True)):
        for name, due in other.items():
            if name in NEWER and name not in one:
                continue
            cell = one[name]
            equal = same(cell, due, due) if isinstance(due, float) else cell == due
            if not equal:
                yield Difference(table, f"{table}, row {number}: {name}", cell, due)


# ---- what is known at every step


def check_equity(run: Run, curves: Curves) -> Iterator[Difference]:
    """Yield the first step of each column of equity that does not follow from fills, flows and closes."""
    table, reserve = run.tables["equity"], run.capital - sum(one.allocated for one in run.strategies.values())
    yield from unlike_steps(run, "equity", "t", table["t"], run.stamps)
    yield from unlike_steps(run, "equity", "label", table["label"], run.labels)
    paid = sum((np.cumsum(curve.flows) for curve in curves.values()), np.zeros(len(run.stamps)))
    due: dict[str, Any] = {"reserve": reserve - paid} if "reserve" in table else {}
    for name, curve in curves.items():
        due[f"equity.{name}"] = curve.equity
        due[f"exposed.{name}"] = curve.exposed
        due[f"has_bar.{name}"] = run.has_bar(curve.ledger.strategy.symbols)
        if "reserve" in table:
            due[f"flow.{name}"] = curve.flows
    if run.benchmark and "benchmark" in table:
        due["benchmark"] = run.closes(run.benchmark) * run.rates(run.terms[run.benchmark].fx)
    due["portfolio"] = reserve - paid + sum(curve.equity for curve in curves.values())
    for name, values in due.items():
        yield from unlike_steps(run, "equity", name, table.get(name, ()), values)


def unlike_steps(run: Run, table: str, name: str, stored: Any, due: Any) -> Iterator[Difference]:
    """Yield the first step at which a column is not what it should be."""
    column = np.asarray(stored, dtype=np.asarray(due).dtype)
    if len(column) != len(due):
        yield Difference(table, f"{table}: {name}", len(column), len(due))
    elif column.dtype.kind == "f":
        largest = max(float(np.nanmax(np.abs(due), initial=0.0)), run.capital)
        unlike = ~((np.abs(column - due) <= 1e-6 + 1e-11 * largest) | (np.isnan(column) & np.isnan(due)))
        yield from _first(table, name, column, due, unlike)
    else:
        yield from _first(table, name, column, due, column != due)


def _first(table: str, name: str, column: Any, due: Any, unlike: Any) -> Iterator[Difference]:
    if unlike.any():
        step = int(np.argmax(unlike))
        yield Difference(table, f"{table}, row {step}: {name}", column[step].item(), due[step].item())
