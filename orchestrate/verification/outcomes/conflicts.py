"""How often strategies demanded one symbol at one step.

Demands of portable strategies of a step are decided together, hence each such meeting is a conflict. Natives may also
order between bars; whether theirs met others is not stored, so that counts are only bounded where they take part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from orchestrate.verification.facts import Difference, Run
from orchestrate.verification.options.structures import is_structure, legs_of
from orchestrate.verification.outcomes.trails import Decided, decided

Bounds = tuple[int, int]


def check_conflicts(run: Run) -> Iterator[Difference]:
    """Yield counts that the decisions can't have led to."""
    stored, groups = run.figures.get("conflicts"), list(_groups(run))
    if stored is None:
        return
    symbols = {_contested(run, group[0])[0] for group in groups}
    for symbol in sorted({*symbols, *stored["symbols"]}):
        bounds = _bounds(run, [group for group in groups if _contested(run, group[0])[0] == symbol])
        yield from _outside(f"symbols.{symbol}", stored["symbols"].get(symbol, 0), bounds)
    total = sum(stored["symbols"].values())
    yield from _outside("count", stored["count"], (total, total))
    both = sum(_has_two_sides(run, group) for group in groups if len(_names(group)) > 1)
    yield from _outside("opposite", stored["opposite"], (0, min(total, both)))


def _outside(where: str, stored: Any, bounds: Bounds) -> Iterator[Difference]:
    low, high = bounds
    if not low <= stored <= high:
        due = low if low == high else f"{low} to {high}"
        yield Difference("conflicts", f"metrics.json: conflicts.{where}", stored, due)


def _groups(run: Run) -> Iterator[Sequence[Decided]]:
    """Yield the demands that may have met: of strategies, on one symbol at one step."""
    groups: dict[tuple[int, str], list[Decided]] = {}
    for one in decided(run):
        if _takes_part(run, one):
            groups.setdefault((one.row["t"], _contested(run, one)[0]), []).append(one)
    yield from groups.values()


def _has_two_sides(run: Run, group: Iterable[Decided]) -> bool:
    return len({one.row["wanted"] * _contested(run, one)[1] > 0 for one in group}) > 1


def _contested(run: Run, one: Decided) -> tuple[str, int]:
    """Return what a demand is for, and its sign: a structure and its opposite are for the same legs."""
    symbol = one.row["symbol"]
    if not is_structure(run, symbol):
        return symbol, 1
    legs = sorted(legs_of(symbol).items())
    sign = 1 if legs[0][1] > 0 else -1
    return ", ".join(f"{sign * ratio:+.0f} {name}" for name, ratio in legs), sign


def _takes_part(run: Run, one: Decided) -> bool:
    """Return whether a policy may see it: no exits of brackets and stops, nothing that was refused before."""
    row, is_native = one.row, run.strategies[one.row["strategy_id"]].is_native
    rests = (row["group"] and not row["group"].startswith("legs:")) or row["order_type"] not in ("market", "limit")
    has_no_size = bool(one.stages) and one.stages[0]["stage"] == "size" and one.stages[0]["after"] == 0.0
    is_new = one.is_first or is_native  # a native may demand more of an order that it has placed
    return is_new and not (one.is_of_a_rule or one.has_ended or has_no_size or (row["closing"] and rests))


def _bounds(run: Run, groups: Iterable[Sequence[Decided]]) -> Bounds:
    """Return the least and the greatest number of conflicts among these."""
    counts: Counter[str] = Counter()
    for group in groups:
        names = _names(group)
        counts["surely"] += sum(not run.strategies[name].is_native for name in names) > 1
        counts["perhaps"] += len(names) > 1
    return counts["surely"], counts["perhaps"]


def _names(group: Iterable[Decided]) -> set[str]:
    return {one.row["strategy_id"] for one in group}
