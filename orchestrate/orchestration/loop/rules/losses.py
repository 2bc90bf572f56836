"""Drawdowns and daily losses of every book and of the portfolio; implements `LossRecord` and a detector."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from orchestrate.domain.market.timeline import Flags, Floats, Stamps
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.loop.rules.equity_watch import EquityWatch, with_row
from orchestrate.orchestration.risk.limits.losses import GRAIN


class Losses:
    """Peaks, and the last equity before each UTC day, of all rows of an `EquityWatch`.

    `down` and `lost_today` are the rows at their bound or beyond; the step at which a row gets there is a hit.
    `own_bars` counts the bars of a strategy after a step.
    """

    def __init__(
        self,
        watch: EquityWatch,
        marks: Marks,
        own_bars: Callable[[str, int], int],
    ) -> None:
        self._watch, self._marks, self._own_bars = watch, marks, own_bars
        self._rows = watch.rows()
        initial = np.array([book.initial for book in watch.books])
        initial[-1] = initial.sum()
        self._peaks: Floats = initial
        self._last: Floats = initial.copy()
        self._day_start: Floats = initial.copy()
        self._worst: Floats = np.zeros(len(initial))
        self._day = -1
        self._bounds: Floats = np.full(len(initial), np.inf)
        self._daily: Floats = np.full(len(initial), np.inf)
        self.down: Flags = np.zeros(len(initial), dtype=np.bool_)
        self.lost_today: Flags = np.zeros(len(initial), dtype=np.bool_)
        self._was_down, self._had_lost = self.down, self.lost_today
        self._losing_exits: dict[str, int] = {}

    def newly_down(self) -> list[str]:
        """Return the rows whose drawdown reached its bound at the last step."""
        return self._named(self.down & ~self._was_down)

    def newly_lost(self) -> list[str]:
        """Return the rows whose loss of the day has reached its bound at the last step."""
        return self._named(self.lost_today & ~self._had_lost)

    def _named(self, flags: Flags) -> list[str]:
        return [name for name, row in self._rows.items() if flags[row]] if flags.any() else []

    def bound(self, name: str, drawdown: float, daily: float) -> None:
        """Watch the bounds of a strategy, or of the portfolio by the name of the reserve; infinite: none."""
        row = self._rows[name]
        self._bounds[row], self._daily[row] = drawdown, daily
        if self not in self._watch.detectors and min(drawdown, daily) < np.inf:
            self._watch.detectors.append(self)

    # ---- a detector

    def add_row(self) -> None:
        """See `Detector`."""
        self._rows = self._watch.rows()
        self._peaks, self._last = with_row(self._peaks, 0.0), with_row(self._last, 0.0)
        self._day_start, self._worst = with_row(self._day_start, 0.0), with_row(self._worst, 0.0)
        self._bounds, self._daily = with_row(self._bounds, np.inf), with_row(self._daily, np.inf)
        self.down, self._was_down = with_row(self.down, False), with_row(self._was_down, False)
        self.lost_today, self._had_lost = with_row(self.lost_today, False), with_row(self._had_lost, False)

    def first_hit(self, equity: Floats, days: Stamps) -> int:
        """See `Detector`."""
        beyond = self._drawdowns(equity) >= self._bounds[:, None] - GRAIN
        before = np.concatenate([self.down[:, None], beyond[:, :-1]], axis=1)
        lost = self._daily_losses(equity, days) >= self._daily[:, None] - GRAIN
        lost[self.lost_today] &= days != self._day
        hits = (beyond & ~before).any(axis=0) | lost.any(axis=0)
        return int(hits.argmax()) if hits.any() else len(days)

    def commit(self, equity: Floats, days: Stamps) -> None:
        """See `Detector`."""
        if len(days) == 1:
            self._commit_one(equity[:, 0], int(days[0]))
            return
        drawdowns, losses = self._drawdowns(equity), self._daily_losses(equity, days)
        beyond = drawdowns >= self._bounds[:, None] - GRAIN
        self._was_down = beyond[:, -2]
        self.down = beyond[:, -1]
        self._had_lost = self.lost_today & (days[-1] == self._day)
        if days[-1] != self._day:
            first = int(np.searchsorted(days, days[-1]))
            self._day_start = self._last.copy() if first == 0 else equity[:, first - 1].copy()
            self._worst = losses[:, first:].max(axis=1)
            self._day = int(days[-1])
        else:
            self._worst = np.maximum(self._worst, losses.max(axis=1))
        self.lost_today = self._worst >= self._daily - GRAIN
        self._peaks = np.maximum(self._peaks, equity.max(axis=1))
        self._last = equity[:, -1].copy()

    def _commit_one(self, equity: Floats, day: int) -> None:
        """Take in one step, as most are; the same digits with a tenth of the passes."""
        self._was_down, self._had_lost = self.down, self.lost_today & (day == self._day)
        self._peaks = np.maximum(self._peaks, equity)
        self.down = _loss(equity, self._peaks) >= self._bounds - GRAIN
        if day == self._day:
            self._worst = np.maximum(self._worst, _loss(equity, self._day_start))
        else:
            self._day, self._day_start, self._worst = day, self._last, _loss(equity, self._last)
        self.lost_today = self._worst >= self._daily - GRAIN
        self._last = equity.copy()

    def _drawdowns(self, equity: Floats) -> Floats:
        peaks = np.maximum(np.maximum.accumulate(equity, axis=1), self._peaks[:, None])
        return _loss(equity, peaks)

    def _daily_losses(self, equity: Floats, days: Stamps) -> Floats:
        """Return the loss of each step from the last equity before its day."""
        if days[0] == days[-1]:
            return _loss(equity, (self._day_start if days[0] == self._day else self._last)[:, None])
        columns = np.arange(len(days))
        new = np.concatenate([[days[0] != self._day], days[1:] != days[:-1]])
        first = np.maximum.accumulate(np.where(new, columns, -1))
        earlier = np.concatenate([self._last[:, None], equity], axis=1)
        return _loss(equity, np.where(first < 0, self._day_start[:, None], earlier[:, np.maximum(first, 0)]))

    # ---- for limits, at a step that isn't over

    def equity(self, name: str) -> float:
        """See `LossRecord`."""
        return float(self._watch.now(self._marks.step).item(self._rows[name]))

    def drawdown(self, name: str) -> float:
        """See `LossRecord`."""
        row, equity = self._rows[name], self.equity(name)
        return _lost(equity, max(self._peaks.item(row), equity))

    def daily_loss(self, name: str) -> float:
        """See `LossRecord`."""
        row, equity = self._rows[name], self.equity(name)
        if self._watch.day(self._marks.step) != self._day:
            return _lost(equity, self._last.item(row))
        return max(self._worst.item(row), _lost(equity, self._day_start.item(row)))

    def bars_since_loss(self, name: str) -> int | None:
        """See `LossRecord`."""
        lost = self._losing_exits.get(name)
        return None if lost is None else self._own_bars(name, lost)

    # ---- changes of books

    def losing_exit(self, name: str, step: int) -> None:
        """Note that an exit of the strategy has filled at a loss."""
        self._losing_exits[name] = step

    def moved(self, name: str, amount: float) -> None:
        """Take in money that came to a book, or (negative) left it: its losses stay the same."""
        row = self._rows[name]
        if not self._last[row]:  # nothing was there, so nothing is lost
            self._peaks[row] = self._day_start[row] = amount
        elif self._last[row] > 0:
            factor = (self._last[row] + amount) / self._last[row]
            for figures in (self._peaks, self._day_start):
                figures[row] *= factor
        self._last[row] += amount

    def is_down(self, name: str) -> bool:
        """Return whether the drawdown of a row is at its bound or beyond."""
        return bool(self.down[self._rows[name]])

    def new_peak(self, name: str) -> None:
        """Begin the drawdown of a row anew."""
        row = self._rows[name]
        self._peaks[row] = self._last[row]
        self.down[row] = False


def _lost(equity: float, reference: float) -> float:
    if reference > 0:
        return 1 - equity / reference
    return 0.0 if equity == reference == 0 else 1.0


def _loss(equity: Floats, reference: Floats) -> Floats:
    """Return 1 − equity ÷ reference; without a positive reference 0 where both are 0, else 1."""
    if reference.min() > 0:
        return np.asarray(1 - equity / reference)
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = 1 - equity / reference
    return np.asarray(np.where(reference > 0, loss, np.where((equity == 0) & (reference == 0), 0.0, 1.0)))
