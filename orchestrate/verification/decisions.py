"""Do the decisions fit the data and the fills that came of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from orchestrate.verification.facts import Difference, Row, Run, same
from orchestrate.verification.options.structures import Structures, is_structure, legs_of


def check_decisions(run: Run) -> Iterator[Difference]:
    """Yield decisions on bars, prices and sizes that cannot have been, and statuses that the fills contradict."""
    fills, rows, structures = _Fills(run), run.rows("decisions"), Structures(run)
    placed: set[str] = set()
    last = {row["order_id"]: number for number, row in enumerate(rows) if row["granted"]}
    for number, row in enumerate(rows):
        where = f"decisions, row {number}"
        structure = is_structure(run, row["symbol"])
        if row["strategy_id"] not in run.strategies or (row["symbol"] not in run.bars and not structure):
            yield Difference(
                "decisions", where, (row["strategy_id"], row["symbol"]), "a strategy, a symbol of the data"
            )
            return
        yield from _check_size(row, where)
        if structure:
            yield from _check_structure(run, row, where, structures)
        else:
            yield from _check_price(run, row, where, fills, is_first=row["order_id"] not in placed)
        done = fills.quantities.get(row["order_id"])
        yield from _check_status(row, where, done)
        if last.get(row["order_id"]) == number and not structure:
            yield from _check_granted(run, row, where, done)
        if row["order_id"]:
            placed.add(row["order_id"])


class _Fills:
    """How much of each order was filled, and at which prices each symbol was on each bar."""

    def __init__(self, run: Run) -> None:
        self.quantities: dict[str, float] = {}
        self.prices: dict[tuple[str, int], set[float]] = {}
        for fill in run.rows("fills"):
            order = fill["order_id"]
            self.quantities[order] = self.quantities.get(order, 0.0) + fill["quantity"]
            self.prices.setdefault((fill["symbol"], fill["label"]), set()).add(fill["price"])


def _check_size(row: Row, where: str) -> Iterator[Difference]:
    wanted, granted = row["wanted"], row["granted"]
    if granted * wanted < 0 or abs(granted) > abs(wanted) + 1e-9:
        yield Difference("decisions", f"{where}: granted", granted, f"at most {wanted}")
    if row["outcome"] == "approved" and row["closing"] and not same(granted, wanted):
        yield Difference("decisions", f"{where}: granted", granted, wanted)
    if row["side"] != ("buy" if wanted > 0 else "sell") or (row["outcome"] == "rejected") is not (granted == 0.0):
        yield Difference("decisions", f"{where}: outcome", f"{row['side']}, {row['outcome']}", f"{granted} of {wanted}")


def _check_granted(run: Run, row: Row, where: str, done: float | None) -> Iterator[Difference]:
    """Yield the last cut of an order that filled with more than it allowed, or as a plain one with less."""
    granted = row["granted"]
    is_plain = row["order_type"] == "market" and not run.strategies[row["strategy_id"]].is_native
    if row["status"] != "filled" or done is None:
        return
    if abs(done) > abs(granted) + 1e-9 or (is_plain and not same(granted, done)):
        yield Difference("decisions", f"{where}: granted", granted, done)


def _check_price(run: Run, row: Row, where: str, fills: _Fills, *, is_first: bool) -> Iterator[Difference]:
    """Yield a decision at another price than the close; an order that was placed is cut at a price of its bar."""
    bars = run.bars[row["symbol"]]
    place = int(np.searchsorted(bars.stamps, row["t"], side="right")) - 1
    if run.step(row["t"]) < 0 or place < 0:
        yield Difference("decisions", f"{where}: t", row["t"], "a step after the first bar")
        return
    label = run.label(row["symbol"], run.step(row["t"]))
    if row["label"] != label:
        yield Difference("decisions", f"{where}: label", row["label"], label)
    close = float(bars.close[place])
    low, high = (close, close) if is_first else (float(bars.low[place]), float(bars.high[place]))
    known = fills.prices.get((row["symbol"], row["label"]), ())
    if not low - 1e-6 <= row["price"] <= high + 1e-6 and not any(same(row["price"], one, one) for one in known):
        yield Difference("decisions", f"{where}: price", row["price"], close)


def _check_structure(run: Run, row: Row, where: str, structures: Structures) -> Iterator[Difference]:
    """Yield a structure that filled when it was decided on, at another price than its legs make in points."""
    fills = structures.fills.get(row["group"], [])
    if not fills or fills[0]["t"] != row["t"]:
        return
    legs, prices = legs_of(row["symbol"]), {fill["symbol"]: fill["price"] for fill in fills}
    points = min((run.contracts[leg].multiplier for leg in legs if leg in run.contracts), default=1.0)
    units = {leg: ratio * run.terms[leg].multiplier for leg, ratio in legs.items()}
    net = sum(units[leg] * prices.get(leg, np.nan) for leg in legs) / points
    if not same(row["price"], net):
        yield Difference("decisions", f"{where}: price", row["price"], net)


def _check_status(row: Row, where: str, done: float | None) -> Iterator[Difference]:
    if row["status"] == "filled" and done is None:
        yield Difference("decisions", f"{where}: status", "filled", "there is no fill of it")
    elif row["status"] in ("rejected", "pending", "released", "resting") and done is not None:
        yield Difference("decisions", f"{where}: status", row["status"], "there is a fill of it")
