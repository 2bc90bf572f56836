"""Strategies that could not trade: all their orders were refused, or from some day on all those that cost money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.orders.order import Decision, Outcome, Reason
from orchestrate.domain.results import Finding, RunResult, StrategyResult

_MONEY: Final = frozenset({Reason.CAPITAL, Reason.OPEN_GAP, Reason.BELOW_ONE_LOT})
#: So many refusals in a row are no accident.
_SEVERAL: Final = 2


class _Opening(NamedTuple):
    """A demand that opens or adds, and whether all of it was refused."""

    t: int
    decision: Decision
    refused: bool


def unable_to_trade(result: RunResult) -> list[Finding]:
    """Return a warning for each strategy that asked for positions in vain, in the order of the file."""
    blocked = [strategy for strategy in result.strategies.values() if strategy.blocked]
    if not blocked:
        return []
    openings, last_fills = _openings(result), _last_fills(result)
    findings = []
    for strategy in blocked:
        message = _complaint(strategy, openings.get(strategy.id, []), last_fills.get(strategy.id))
        if message:
            findings.append(Finding("warning", f"strategies.{strategy.id}", message))
    return findings


def _complaint(strategy: StrategyResult, openings: Sequence[_Opening], last_fill: int | None) -> str:
    refused = _trailing_refusals(openings)
    if last_fill is None and refused and len(refused) == len(openings):
        return f"{_all(len(refused))} refused, the last at {label_text(refused[-1].t)} ({_why(refused[-1])})"
    since = [one for one in refused if last_fill is not None and one.t >= last_fill]
    held = bool(strategy.open_positions)
    if held or len(since) < _SEVERAL or not all(one.decision.reason in _MONEY for one in since):
        return ""
    entries = f"{len(since)} entries were refused ({_why(since[-1])})"
    return f"holds nothing and can't pay for one lot since {label_text(since[0].t)}: {entries}"


def _all(count: int) -> str:
    return "the only order was" if count == 1 else f"all {count} orders were"


def _why(opening: _Opening) -> str:
    reason, detail = opening.decision.reason, opening.decision.detail
    return f"{reason}: {detail}" if detail else str(reason)


def _openings(result: RunResult) -> dict[str, list[_Opening]]:
    """Return the openings of each strategy, each with the last decision on it."""
    openings: dict[str, dict[str, _Opening]] = {}
    for place, record in enumerate(result.decisions):
        decision = record.decision
        demand = decision.demand
        if not demand.closing:
            refused = decision.outcome is Outcome.REJECTED and bool(decision.trail)  # else it ended by itself
            key = record.order_id or f"refused {place}"
            openings.setdefault(demand.strategy_id, {})[key] = _Opening(record.t, decision, refused)
    return {name: list(own.values()) for name, own in openings.items()}


def _last_fills(result: RunResult) -> dict[str, int]:
    """Return the time of each strategy's last fill."""
    last: dict[str, int] = {}
    for record in result.fills:
        name = record.fill.strategy_id
        last[name] = max(record.t, last.get(name, record.t))
    return last


def _trailing_refusals(openings: Sequence[_Opening]) -> list[_Opening]:
    """Return the openings after the last one that was not refused."""
    refused: list[_Opening] = []
    for one in reversed(openings):
        if not one.refused:
            break
        refused.append(one)
    return refused[::-1]
