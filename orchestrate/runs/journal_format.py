"""Turn events of the domain into lines of the journal: name, level and flat facts (docs/reference/journal.md)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any, Final

from orchestrate.domain.events import (
    AccountRuinedEvent,
    CapitalRebalancedEvent,
    DomainEvent,
    LimitReachedEvent,
    MarginCalledEvent,
    OppositionEndedEvent,
    OppositionStartedEvent,
    OptionAssignedEvent,
    OptionExercisedEvent,
    OptionExpiredEvent,
    OptionSettledEvent,
    PositionKeptEvent,
    SignalBlockedEvent,
    SignalResizedEvent,
    StrategyAddedEvent,
    StrategyConflictDetectedEvent,
    StrategyFailedEvent,
    StrategyPausedEvent,
    StrategyRemovedEvent,
    StrategyResumedEvent,
    StrategySignalledEvent,
)
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.orders.order import Demand, Reason

#: Reasons for which capital is what stopped or cut a demand.
CAPITAL_REASONS: Final = frozenset({Reason.CAPITAL, Reason.BELOW_ONE_LOT, Reason.OPEN_GAP})

_Change = StrategyAddedEvent | StrategyPausedEvent | StrategyResumedEvent | StrategyRemovedEvent


@dataclass(frozen=True, slots=True)
class Line:
    """One line to be, without the keys that every line has."""

    event: str
    level: str
    facts: Mapping[str, object]


def _signalled(event: StrategySignalledEvent) -> Line:
    facts = {
        "strategy_id": event.strategy_id,
        "signal_type": event.signal_type,
        "symbol": event.symbol,
        "bar_date": _date(event.t),
        "capital_available": event.capital_available,
    }
    return Line("orchestrator.strategy_signal", "info", facts)


def _limited(event: SignalBlockedEvent | SignalResizedEvent) -> Line | None:
    decision = event.decision
    if decision.reason not in CAPITAL_REASONS:
        return None
    demand = decision.demand
    facts = {
        "strategy_id": demand.strategy_id,
        "used_capital": event.used_capital,
        "allocation_limit": event.allocation_limit,
        "rejected_signal": "exit" if demand.closing else "entry",
        "bar_date": _date(event.t),
        "symbol": demand.symbol,
        "quantity": demand.quantity,
        "granted": decision.quantity,
        "outcome": str(decision.outcome),
        "reason": str(decision.reason),
    }
    return Line("orchestrator.capital_limit_hit", "warning", facts)


def _conflicted(event: StrategyConflictDetectedEvent) -> Line:
    facts = {
        "symbol": event.symbol,
        "strategies": event.strategy_ids,
        "conflict_type": event.conflict_type,
        "signals": [_signal(demand) for demand in event.demands],
        "resolution_mode": event.resolution_mode,
        "outcome": event.outcome,
        "bar_date": _date(event.t),
    }
    return Line("orchestrator.conflict_detected", "info", facts)


def _opposed(event: OppositionStartedEvent | OppositionEndedEvent) -> Line:
    word = "started" if isinstance(event, OppositionStartedEvent) else "ended"
    facts = {"symbol": event.symbol, "strategies": event.strategies, "bar_date": _date(event.t)}
    return Line(f"orchestrator.opposition_{word}", "info", facts)


def _limit_reached(event: LimitReachedEvent) -> Line:
    by_demand = bool(event.symbol)
    facts = {
        "strategy_id": event.strategy_id or None,
        "limit": event.limit,
        "symbol": event.symbol or None,
        "wanted": event.wanted if by_demand else None,
        "granted": event.granted if by_demand else None,
        "figure": event.figure,
        "bound": event.bound,
        "bar_date": _date(event.t),
    }
    return Line("orchestrator.limit_hit", "warning", facts)


def _margin_called(event: MarginCalledEvent) -> Line:
    facts = {
        "strategy_id": event.strategy_id,
        "symbol": event.symbol,
        "quantity": event.quantity,
        "equity": event.equity,
        "required": event.required if isfinite(event.required) else None,
        "bar_date": _date(event.t),
    }
    return Line("orchestrator.margin_call", "warning", facts)


def _settled(event: OptionSettledEvent) -> Line:
    facts = {
        "chain": event.chain,
        "underlying": event.underlying,
        "expires_on": event.expires_on,
        "settlement": event.settlement,
        "price": event.price,
        "bar_date": _date(event.t),
    }
    return Line("orchestrator.option_settled", "info", facts)


_Ended = OptionExpiredEvent | OptionExercisedEvent | OptionAssignedEvent


def _option_ended(name: str) -> Callable[[_Ended], Line]:
    """Return the writer of what positions in options come to."""

    def line(event: _Ended) -> Line:
        facts: dict[str, object] = {
            "strategy_id": event.strategy_id,
            "symbol": event.symbol,
            "quantity": event.quantity,
            "price": event.price,
        }
        if not isinstance(event, OptionExpiredEvent):
            facts |= {"cash": event.cash, "shares": event.shares}
        if isinstance(event, OptionAssignedEvent):
            facts["early"] = event.early or None
        return Line(f"orchestrator.option_{name}", "info", {**facts, "bar_date": _date(event.t)})

    return line


def _ruined(event: AccountRuinedEvent) -> Line:
    facts = {"strategy_id": event.strategy_id or None, "equity": event.equity, "bar_date": _date(event.t)}
    return Line("orchestrator.ruined", "error", facts)


def _rebalanced(event: CapitalRebalancedEvent) -> Line:
    before, after = dict(event.before), dict(event.allocations)
    reserve = {"before": before.pop("", None), "after": after.pop("", None)}
    facts = {"before": before, "after": after, "reserve": reserve, "why": event.why, "bar_date": _date(event.t)}
    return Line("orchestrator.rebalanced", "info", facts)


def _changed(name: str) -> Callable[[_Change], Line | None]:
    """Return the writer of changes of strategies during a run; the plan has those of the start."""

    def line(event: _Change) -> Line | None:
        if event.t is None:
            return None
        facts: dict[str, object] = {"strategy_id": event.strategy_id}
        if isinstance(event, StrategyAddedEvent):
            facts["allocation_pct"] = float(event.allocation_pct)
        return Line(f"orchestrator.strategy_{name}", "info", {**facts, "bar_date": _date(event.t)})

    return line


def _kept(event: PositionKeptEvent) -> Line:
    facts = {
        "strategy_id": event.strategy_id,
        "holder": event.holder,
        "symbol": event.symbol,
        "quantity": event.quantity,
        "average_price": event.average_price,
        "bar_date": _date(event.t),
    }
    return Line("orchestrator.position_kept", "info", facts)


def _failed(event: StrategyFailedEvent) -> Line:
    facts = {
        "strategy_id": event.strategy_id,
        "error_type": event.error_type,
        "error_message": event.error_message,
        "bar_date": _date(event.t),
        "file": event.file or None,
        "line": event.line or None,
    }
    return Line("orchestrator.strategy_failed", "error", facts)


def lines_from(root: Path) -> Mapping[type[DomainEvent], Callable[[Any], Line | None]]:
    """Return the makers of lines for a run whose configuration stands in `root`, from where files are named."""

    def failed(event: StrategyFailedEvent) -> Line:
        return _failed(replace(event, file=path_from(root, event.file)) if event.file else event)

    return {**LINES, StrategyFailedEvent: failed}


def path_from(root: Path, file: str) -> str:
    """Return a path as a configuration in `root` names files: from its folder."""
    return Path(os.path.relpath(os.path.realpath(file), os.path.realpath(root))).as_posix()


#: Events that have a line; the others stand in `decisions.parquet`.
LINES: Final[dict[type[DomainEvent], Callable[[Any], Line | None]]] = {
    StrategySignalledEvent: _signalled,
    SignalBlockedEvent: _limited,
    SignalResizedEvent: _limited,
    StrategyConflictDetectedEvent: _conflicted,
    OppositionStartedEvent: _opposed,
    OppositionEndedEvent: _opposed,
    CapitalRebalancedEvent: _rebalanced,
    LimitReachedEvent: _limit_reached,
    MarginCalledEvent: _margin_called,
    AccountRuinedEvent: _ruined,
    OptionSettledEvent: _settled,
    OptionExpiredEvent: _option_ended("expired"),
    OptionExercisedEvent: _option_ended("exercised"),
    OptionAssignedEvent: _option_ended("assigned"),
    StrategyFailedEvent: _failed,
    StrategyAddedEvent: _changed("added"),
    StrategyPausedEvent: _changed("paused"),
    StrategyResumedEvent: _changed("resumed"),
    StrategyRemovedEvent: _changed("removed"),
    PositionKeptEvent: _kept,
}


def _signal(demand: Demand) -> dict[str, object]:
    return {
        "strategy_id": demand.strategy_id,
        "side": "buy" if demand.quantity > 0 else "sell",
        "quantity": demand.quantity,
        "closing": demand.closing,
    }


def _date(t: int | None) -> str | None:
    return None if t is None else label_text(t)
