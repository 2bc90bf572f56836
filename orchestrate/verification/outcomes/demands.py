"""How many demands there were, and what cut and refused them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from orchestrate.verification.documents import unlike
from orchestrate.verification.facts import Difference, Run
from orchestrate.verification.options.structures import is_structure, legs_of
from orchestrate.verification.outcomes.trails import Decided, decided

#: Why orders end of themselves: that takes nothing away.
_OF_ITSELF: Final = ("cancelled", "expired", "oco", "position_closed")


def check_demands(run: Run) -> Iterator[Difference]:
    """Yield counts and money that the decisions do not have."""
    decisions, stored = list(decided(run)), run.figures
    if "demands" in stored:
        yield from unlike("demands", "demands", stored["demands"], _demands(run, decisions))
    for name in run.strategies:
        cut = Counter(one.row["outcome"] for one in decisions if one.is_cut and one.row["strategy_id"] == name)
        for key, outcome in (("blocked", "rejected"), ("resized", "resized")):
            yield from unlike("demands", f"strategies.{name}.{key}", stored["strategies"][name][key], cut[outcome])


def _demands(run: Run, decisions: Sequence[Decided]) -> dict[str, Any]:
    cut = Counter(one.row["outcome"] for one in decisions if one.is_cut)
    stages = [stage for one in decisions for stage in one.stages if stage["reason"] == "limit"]
    return {
        "count": sum(one.is_first for one in decisions),
        "resized": cut["resized"],
        "blocked": cut["rejected"],
        "reasons": _reasons(run, decisions),
        "limits": dict(Counter(stage["detail"].partition(":")[0] for stage in stages)),
    }


def _reasons(run: Run, decisions: Sequence[Decided]) -> list[dict[str, Any]]:
    """Return each reason, how often it cut and how much at the price first decided on; the most frequent first."""
    counts: Counter[str] = Counter()
    money: dict[str, float] = {}
    prices: dict[str, float] = {}
    for one in decisions:
        order, price = one.row["order_id"], one.row["price"]
        price = prices.setdefault(order, price) if order else price
        for reason, quantity in _cuts(one):
            counts[reason] += 1
            worth = quantity * abs(price) * _multiplier(run, one.row["symbol"])
            money[reason] = money.get(reason, 0.0) + worth
    ranked = sorted(counts, key=lambda reason: (-counts[reason], -money[reason], reason))
    return [{"reason": name, "count": counts[name], "money": money[name]} for name in ranked]


def _multiplier(run: Run, symbol: str) -> float:
    """Return the money of a point, of a structure that of its price."""
    legs = legs_of(symbol) if is_structure(run, symbol) else (symbol,)
    return min(run.terms[leg].multiplier for leg in legs if len(legs) == 1 or leg in run.contracts)


def _cuts(one: Decided) -> list[tuple[str, float]]:
    """Return each reason of a decision with the quantity that it took away."""
    row = one.row
    if row["outcome"] == "approved" or (one.has_ended and row["reason"] in _OF_ITSELF):
        return []
    if one.has_ended:
        return [(row["reason"], abs(row["wanted"]) - abs(row["granted"]))]
    return [(stage["reason"], abs(stage["before"]) - abs(stage["after"])) for stage in one.stages if stage["reason"]]
