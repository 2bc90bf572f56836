"""Capital goes back to its targets: trims are ordered, then cash moves, then positions of receivers are enlarged.

All of it happens after a close. A rebalance decided at one step ends at the next one at which its trims are done; that
of common capital, which moves no cash, once its top-ups are done, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from orchestrate.domain.events import CapitalRebalancedEvent
from orchestrate.domain.market.timeline import MarketEvent
from orchestrate.domain.orders.intents import Intent
from orchestrate.orchestration.loop.decision_log import DecisionLog, Emit
from orchestrate.orchestration.loop.rebalancing.periods import Calendar
from orchestrate.orchestration.loop.rebalancing.standings import Standings, ThresholdWatch
from orchestrate.orchestration.loop.rebalancing.targets import Targets
from orchestrate.orchestration.loop.rebalancing.trading import RebalanceOrders, fractions
from orchestrate.orchestration.risk.capital import RESERVE, MoveCapital
from orchestrate.orchestration.risk.rebalancing import FLOOR, Imbalance, Transfer, settle
from orchestrate.orchestration.strategies.registry import StrategyEntry


@dataclass(frozen=True, slots=True)
class When:
    """The triggers of a rebalance: the first steps of periods, and a share that is off its target."""

    calendar: Calendar
    threshold: ThresholdWatch | None


@dataclass(frozen=True, slots=True)
class _Underway:
    """A rebalance between its decision and its end; `orders` are the ids of its trims, or of its top-ups."""

    why: str
    step: int
    label: int
    imbalance: Imbalance
    orders: frozenset[str]
    is_topped_up: bool = False


class Rebalancer:
    """A rule of the portfolio; see `PortfolioRule`."""

    def __init__(
        self,
        standings: Standings,
        targets: Targets,
        when: When,
        orders: RebalanceOrders,
        top_up: bool,
        move: MoveCapital,
        log: DecisionLog,
        emit: Emit,
    ) -> None:
        self.targets = targets
        self._standings, self._when, self._orders, self._top_up = standings, when, orders, top_up
        self._move, self._log, self._emit = move, log, emit
        self._requested = ""
        self._underway: _Underway | None = None

    def join(self, in_order: Sequence[StrategyEntry]) -> None:
        """Take in a strategy that joins the run; its weight comes with its capital."""
        self._standings.join(in_order)

    def rebalance_now(self, why: str, targets: Mapping[str, Decimal]) -> None:
        """Set these target weights (0..1, all others keep theirs) and rebalance after the close of this step.

        One that is under way is ended first.
        """
        self.aim_at(targets)
        self._requested = why

    def aim_at(self, targets: Mapping[str, Decimal]) -> None:
        """Put these weights (0..1) in force without moving capital; all others keep theirs."""
        self.targets.change(targets)
        self._aim()

    def before_open(self, event: MarketEvent) -> None:
        """See `PortfolioRule`."""

    def next_event(self, step: int) -> int:
        """See `PortfolioRule`."""
        if self._underway is not None or self._requested:
            return step + 1
        return self._when.calendar.next_event(step)

    def after_close(self, event: MarketEvent) -> None:
        """See `PortfolioRule`."""
        underway = self._underway
        if underway is not None and event.step > underway.step and not self._orders.are_open(underway.orders):
            self._underway = None
            if not underway.is_topped_up:
                self._finish(underway, event.step)
        if self._underway is None:
            why = self._reason(event.step)
            if why:
                self._begin(why, event.step)

    def _reason(self, step: int) -> str:
        """Return why a rebalance is due at this step; "" where none is."""
        if self._requested:
            why, self._requested = self._requested, ""
            return why
        period = self._when.calendar.at(step)
        if period:
            self.targets.renew(self._standings.taking_part())
            self._aim()
            return period
        threshold = self._when.threshold
        return "threshold" if threshold is not None and threshold.is_hit(step) else ""

    def _aim(self) -> None:
        weights = self.targets.weights
        self._standings.reweigh(weights)
        if self._when.threshold is not None:
            self._when.threshold.aim_at(weights)

    def _begin(self, why: str, step: int) -> None:
        """Decide which amounts move, and order the trims."""
        standings = self._standings
        imbalance = standings.imbalance(self.targets.weights)
        if not imbalance.moved or imbalance.moved < FLOOR * standings.total():
            return
        trims: list[str] = []
        for name, fraction in fractions(imbalance.excesses, standings.sizes()).items():
            if name != RESERVE:
                trims += self._orders.trim(standings.entries[name], fraction, why)
        if standings.pooled and not trims and not self._affordable(imbalance, why):
            return
        self._underway = _Underway(why, step, self._log.step_label(), imbalance, frozenset(trims))

    def _finish(self, underway: _Underway, step: int) -> None:
        """Move the cash, and order the top-ups of those who have received it."""
        standings = self._standings
        left = underway.imbalance.among([*standings.taking_part(), RESERVE])
        if standings.pooled:
            self._finish_pooled(replace(underway, imbalance=left), step)
            return
        sizes, before = standings.sizes(), standings.equities()
        transfers = self._transfer(left)
        if not transfers:
            return
        intents = self._enlargements(fractions(_sums(transfers), sizes), underway.why) if self._top_up else []
        self._report(underway, before, transfers)
        if intents:
            self._orders.top_up(intents)

    def _finish_pooled(self, underway: _Underway, step: int) -> None:
        """Order the top-ups that can be paid; nothing else starts before they have filled."""
        intents = self._affordable(underway.imbalance, underway.why)
        if intents:
            self._orders.top_up(intents)
        placed = frozenset(intent.order.id for intent in intents if intent.order is not None)
        if underway.orders or placed:
            self._report(underway, self._standings.equities(), [])
        if placed:
            self._underway = replace(underway, step=step, orders=placed, is_topped_up=True)

    def _affordable(self, imbalance: Imbalance, why: str) -> list[Intent]:
        """Return the top-ups of common capital of which a lot can be paid now."""
        if not self._top_up:
            return []
        orders, entries = self._orders, self._standings.entries
        intents = self._enlargements(fractions(imbalance.shortages, self._standings.sizes()), why)
        return [intent for intent in intents if orders.is_affordable(entries[intent.strategy_id], intent)]

    def _transfer(self, imbalance: Imbalance) -> list[Transfer]:
        free = self._standings.free_cash
        gives = {name: max(0.0, min(excess, free(name))) for name, excess in imbalance.excesses.items()}
        transfers = settle(gives, imbalance.shortages)
        for transfer in transfers:
            self._move(*transfer)
        return transfers

    def _enlargements(self, fractions: Mapping[str, float], why: str) -> list[Intent]:
        intents: list[Intent] = []
        for name, entry in self._standings.entries.items():
            if name in fractions and entry.status == "active":
                intents += self._orders.enlargements(entry, fractions[name], why)
        return intents

    def _report(self, underway: _Underway, equities: Mapping[str, float], transfers: list[Transfer]) -> None:
        before = {name: Decimal(f"{equity:.2f}") for name, equity in equities.items()}
        after = dict(before)
        for source, target, amount in transfers:
            after[source] -= amount
            after[target] += amount
        self._emit(CapitalRebalancedEvent(after, underway.label, before, underway.why))


def _sums(transfers: list[Transfer]) -> dict[str, float]:
    """Return the sum that each has received."""
    received: dict[str, Decimal] = {}
    for _, target, amount in transfers:
        received[target] = received.get(target, Decimal(0)) + amount
    return {name: float(amount) for name, amount in received.items()}
