"""Decisions on structures: what their legs are, and whether all of them were filled, or none."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrate.verification.facts import Difference, Row, Run, same


def legs_of(symbol: str) -> dict[str, float]:
    """Return the ratio of each leg, by symbol, from `+1 SPXW 2018-02-28 P 2680, -1 SPXW 2018-02-28 P 2700`."""
    legs = (part.partition(" ") for part in symbol.split(", "))
    return {name: float(ratio) for ratio, _, name in legs}


def is_structure(run: Run, symbol: str) -> bool:
    """Return whether a decision's symbol is that of a structure, all of whose legs are known."""
    if symbol in run.bars or not symbol.startswith(("+", "-")):
        return False
    try:
        return all(leg in run.bars for leg in legs_of(symbol))
    except ValueError:
        return False


class Structures:
    """The structures that were filled, by the group of their orders."""

    def __init__(self, run: Run) -> None:
        self._run = run
        rows = [row for row in run.rows("decisions") if row["group"].startswith("legs:")]
        self.groups = {row["order_id"]: row["group"] for row in rows if row["order_id"]}
        self._decided = {row["group"]: row for row in rows if is_structure(run, row["symbol"])}
        self.fills: dict[str, list[Row]] = {}
        for fill in run.rows("fills"):
            if fill["order_id"] in self.groups:
                self.fills.setdefault(self.groups[fill["order_id"]], []).append(fill)

    def check_whole(self) -> Iterator[Difference]:
        """Yield a structure of which a leg was filled at another time or with another quantity, and one at a price.

        All legs fill at one moment or none does, and the price of the decision is that of the fills unless it waited.
        """
        yield from self._check_alone()
        for group, row in self._decided.items():
            fills = self.fills.get(group, [])
            if row["status"] != "filled" and not fills:
                continue
            done: dict[str, float] = {}
            for fill in fills:
                done[fill["symbol"]] = done.get(fill["symbol"], 0.0) + fill["quantity"]
            due = {leg: ratio * abs(row["granted"]) for leg, ratio in legs_of(row["symbol"]).items()}
            where = f"fills of {row['strategy_id']}: {row['symbol']} at {row['t']}"
            if any(not same(done.get(leg, 0.0), due.get(leg, 0.0)) for leg in (*due, *done)):
                yield Difference("fills", where, done, due)
            moments = sorted({fill["t"] for fill in fills})
            if len(moments) > 1:
                yield Difference("fills", f"{where}: t", moments, "one moment for all legs")

    def _check_alone(self) -> Iterator[Difference]:
        """Yield fills of options that no structure, no rule and no expiry led to."""
        for number, fill in enumerate(self._run.rows("fills")):
            if fill["symbol"] in self._run.contracts and not fill["reason"] and fill["order_id"] not in self.groups:
                yield Difference("fills", f"fills, row {number}: order_id", fill["order_id"], "an order of a structure")
