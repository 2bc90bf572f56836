"""Strategies and the reserve against their targets: by equity; where capital is pooled, by exposure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import fsum

import numpy as np

from orchestrate.domain.market.timeline import Flags, Floats, Stamps
from orchestrate.domain.results import EntryStatus
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.loop.rules.equity_watch import EquityWatch
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.risk.capital import RESERVE, PortfolioCapitalManager
from orchestrate.orchestration.risk.rebalancing import Imbalance, off_target
from orchestrate.orchestration.strategies.registry import StrategyEntry

#: Failed strategies keep out of it.
_TAKING_PART: tuple[EntryStatus, ...] = ("active", "paused")


class Standings:
    """The state of all books at the step under way. `entries` stand in plan order."""

    def __init__(
        self,
        entries: Sequence[StrategyEntry],
        capital: PortfolioCapitalManager,
        watch: EquityWatch,
        marks: Marks,
        blotter: Blotter,
    ) -> None:
        self.entries = {entry.id: entry for entry in entries}
        self.pooled = capital.pooled
        self._capital, self._watch, self._marks, self._blotter = capital, watch, marks, blotter
        self._rows = watch.rows()

    def join(self, in_order: Sequence[StrategyEntry]) -> None:
        """Take in a strategy that joins the run, at its place in plan order."""
        self.entries = {entry.id: entry for entry in in_order}
        self._rows = self._watch.rows()

    def equities(self) -> dict[str, float]:
        """Return equity by strategy id, and the reserve's."""
        now = self._watch.now(self._marks.step)
        own = {name: float(now[row]) for name, row in self._rows.items() if name in self.entries}
        return own | {RESERVE: self._capital.reserve.cash}

    def total(self) -> float:
        """Return the portfolio's equity."""
        return float(self._watch.now(self._marks.step)[self._rows[RESERVE]])

    def taking_part(self) -> list[str]:
        """Return the strategies that have not failed, in plan order."""
        return [name for name, entry in self.entries.items() if entry.status in _TAKING_PART]

    def sizes(self) -> dict[str, float]:
        """Return the sizes to compare with targets: equities, or pooled exposures above 0; then the reserve's."""
        if not self.pooled:
            equities = self.equities()
            return {name: equities[name] for name in (*self.taking_part(), RESERVE)}
        step = self._marks.step
        exposure = self._watch.exposure(step, step + 1)[:, 0]
        sizes = {name: float(exposure[self._rows[name]]) for name in self.taking_part()}
        held = {name: size for name, size in sizes.items() if size}
        return held | {RESERVE: self.total() - fsum(held.values()) - self._unmanaged()}

    def imbalance(self, weights: Mapping[str, float]) -> Imbalance:
        """Return the amounts above targets, and those below."""
        sizes, total = self.sizes(), self.total()
        counted = weights if not self.pooled else {name: weights[name] for name in sizes if name != RESERVE}
        targets = {name: weight * total for name, weight in counted.items()}
        return Imbalance.between(sizes, targets | {RESERVE: total - fsum(targets.values()) - self._unmanaged()})

    def _unmanaged(self) -> float:
        """Return the equity (pooled: the exposure) that removed strategies left behind and nobody can sell."""
        rows = [self._rows[book.strategy_id] for book in self._capital.unmanaged.values() if book.positions]
        if not rows:
            return 0.0
        step = self._marks.step
        sizes = self._watch.exposure(step, step + 1)[:, 0] if self.pooled else self._watch.now(step)
        return float(sizes[rows].sum())

    def reweigh(self, weights: Mapping[str, float]) -> None:
        """Put these weights in force."""
        self._capital.reweigh(weights)
        for name, weight in weights.items():
            self.entries[name].weight = Decimal(repr(weight))

    def free_cash(self, name: str) -> float:
        """Return the cash that a strategy can give away without what its open orders may cost; or the reserve."""
        if name == RESERVE:
            return self._capital.reserve.cash
        entry = self.entries[name]
        reserved = self._blotter.reserved(name)
        return min(entry.book.cash, entry.account.money_for_openings(entry.book, reserved, self._marks))


class ThresholdWatch:
    """A detector of steps at which a share is off its weight by more than `threshold`."""

    def __init__(
        self, standings: Standings, watch: EquityWatch, weights: Mapping[str, float], threshold: float
    ) -> None:
        self._standings, self._watch, self._threshold = standings, watch, threshold
        self._rows = watch.rows()
        self._weights: Floats
        self.aim_at(weights)
        watch.detectors.append(self)

    def add_row(self) -> None:
        """See `Detector`; what joins has no weight yet."""
        self._rows = self._watch.rows()
        self._weights = np.append(self._weights, 0.0)

    def aim_at(self, weights: Mapping[str, float]) -> None:
        """Compare with these weights."""
        self._weights = np.array([weights.get(name, 0.0) for name in self._rows if name != RESERVE])

    def is_hit(self, step: int) -> bool:
        """Return whether a share is off at this step."""
        return bool(self._off(self._watch.now(step)[:, None], step)[0])

    def first_hit(self, equity: Floats, days: Stamps) -> int:
        """See `Detector`."""
        hits = self._off(equity, self._watch.next_step)
        return int(hits.argmax()) if hits.any() else len(days)

    def commit(self, equity: Floats, days: Stamps) -> None:
        """See `Detector`: it keeps nothing."""

    def _off(self, equity: Floats, start: int) -> Flags:
        sizes = equity[:-1]
        counted = np.isin([name for name in self._rows if name != RESERVE], self._standings.taking_part())[:, None]
        if self._standings.pooled:
            sizes = self._watch.exposure(start, start + equity.shape[1])[:-1]
            counted = counted & (sizes > 0)
        return off_target(sizes, equity[-1], self._weights, counted, self._threshold)
