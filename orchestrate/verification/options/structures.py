"""Decisions on structures: what their legs are, and whether all of them were filled, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrate.verification.facts import Difference, Row, Run, same

#: A leg of a strategy's: its id, the symbol, the moment.
Place = tuple[str, str, int]


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


def is_leg(run: Run, row: Row) -> bool:
    """Return whether a decision is on a leg of a structure, on which there is a decision of its own."""
    return bool(row["group"].startswith("legs:")) and not is_structure(run, row["symbol"])


class Structures:
    """The structures that were filled, and what each place got by them."""

    def __init__(self, run: Run) -> None:
        self._run = run
        rows = [row for row in run.rows("decisions") if is_structure(run, row["symbol"])]
        self._filled = [row for row in rows if row["status"] == "filled" and row["granted"]]
        self.due = self._sums()
        #: shares that were traded beside options, and legs that were closed
        self.shares = {place for place in self.due if place[1] not in run.contracts}
        self.closed = {place for row in self._filled if row["closing"] for place in self._places(row)}

    def _places(self, row: Row) -> list[Place]:
        return [(row["strategy_id"], leg, row["t"]) for leg in legs_of(row["symbol"])]

    def _sums(self) -> Mapping[Place, float]:
        sums: dict[Place, float] = {}
        for row in self._filled:
            for leg, ratio in legs_of(row["symbol"]).items():
                place = row["strategy_id"], leg, row["t"]
                sums[place] = sums.get(place, 0.0) + abs(row["granted"]) * ratio
        return sums

    def check_whole(self) -> Iterator[Difference]:
        """Yield a leg that was filled with another quantity than its structures say."""
        done: dict[Place, float] = {}
        for fill in self._run.rows("fills"):
            place = fill["strategy_id"], fill["symbol"], fill["t"]
            if not fill["reason"] and (place in self.due or fill["symbol"] in self._run.contracts):
                done[place] = done.get(place, 0.0) + fill["quantity"]
        for place in dict.fromkeys((*self.due, *done)):
            if place[1] in self._run.contracts and not same(done.get(place, 0.0), self.due.get(place, 0.0)):
                name, symbol, moment = place
                where = f"fills: {symbol} of {name} at {moment}"
                yield Difference("fills", where, done.get(place, 0.0), self.due.get(place, 0.0))
