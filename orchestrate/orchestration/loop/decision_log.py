"""The decisions of a run, in order, and the events about money and its lack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from orchestrate.domain.accounts import allocation
from orchestrate.domain.events import DomainEvent, SignalBlockedEvent, SignalResizedEvent
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.order import Decision, Outcome, Reason
from orchestrate.domain.results import DecisionRecord
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.strategies.registry import StrategyEntry

Emit = Callable[[DomainEvent], None]
_MONEY: Final = frozenset({Reason.CAPITAL, Reason.OPEN_GAP, Reason.BELOW_ONE_LOT})
#: a name of this module is found several times as fast as a member of an enumeration
_REJECTED: Final = Outcome.REJECTED
_APPROVED: Final = Outcome.APPROVED


class DecisionLog:
    """Decisions under the labels of their bars, and the number of demands that were cut and refused."""

    def __init__(self, entries: Mapping[str, StrategyEntry], market: Market, marks: Marks, emit: Emit) -> None:
        self.decisions: list[DecisionRecord] = []
        self._entries, self._marks, self._emit = entries, marks, emit
        self._market, self._step_labels = market, market.timeline.labels.data
        self._labels: dict[str, tuple[memoryview, memoryview]] = {}
        for symbol in market.timeline.columns:
            self.join(symbol)

    def join(self, symbol: str) -> None:
        """Take in one more symbol of the market."""
        self._labels[symbol] = self._market.timeline.columns[symbol], self._market.series[symbol].timestamp.data

    def step_label(self) -> int:
        """Return the label of this step."""
        return self._step_labels[self._marks.step]

    def label(self, symbol: str) -> int:
        """Return the label of the symbol's bar at this step, or of the step where it has none."""
        step, own = self._marks.step, self._labels.get(symbol)
        if own is None:  # a structure has no bars
            return self._step_labels[step]
        rows, labels = own
        row = rows[step]
        return labels[row] if row >= 0 else self._step_labels[step]

    def record(self, decision: Decision, order_id: str = "") -> None:
        """Record a decision and count it; emit an event where money, or its lack, changed a demand."""
        t = self.note(decision, order_id)
        if decision.outcome is _APPROVED:
            return
        entry, rejected = self._entries[decision.demand.strategy_id], decision.outcome is _REJECTED
        entry.blocked += rejected
        entry.resized += not rejected
        if decision.reason in _MONEY:
            now = allocation(entry.account, entry.book, 0.0, self._marks)
            used, limit = float(now.used_capital), float(now.allocated_capital)
            changed = SignalBlockedEvent if rejected else SignalResizedEvent
            self._emit(changed(decision, used, limit, t))

    def note(self, decision: Decision, order_id: str) -> int:
        """Record a decision on no new demand, such as the end of an order; return the label of its bar."""
        t = self.label(decision.demand.symbol)
        self.decisions.append(DecisionRecord(t, decision, order_id))
        return t
