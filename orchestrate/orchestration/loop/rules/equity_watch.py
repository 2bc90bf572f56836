"""Equity at every step, also at those that a clock jumps: drawdowns, daily losses, and the first step that matters.

Between fills positions are constant, so a stretch of steps is one numpy pass over its closes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

import numpy as np

from orchestrate.domain.books import Book
from orchestrate.domain.market.timeline import Flags, Floats, Market, Stamps
from orchestrate.orchestration.loop.marks import Marks

_DAY: Final = 86_400 * 10**9
Figures = TypeVar("Figures", Floats, Flags)
#: The steps of one pass.
_CHUNK: Final = 4096


class Detector(Protocol):
    """A rule that must see the steps with a certain equity.

    `equity` has a row for each book and a last one for the portfolio, a column for each step of a stretch; `days`
    the UTC day of each step.
    """

    def first_hit(self, equity: Floats, days: Stamps) -> int:
        """Return the first column at which something happens; the number of columns where nothing does."""

    def commit(self, equity: Floats, days: Stamps) -> None:
        """Take in these steps, which are over."""

    def add_row(self) -> None:
        """Take in an empty book, in the row before the portfolio's."""


def with_row(figures: Figures, initial: float) -> Figures:
    """Return figures of rows with one more, before the portfolio's."""
    return np.insert(figures, -1, initial)


class _Held(NamedTuple):
    """A position: its row and symbol, its worth for each point of price, what is added to that, prices and currency."""

    row: int
    symbol: str
    units: float
    offset: float
    newest: memoryview
    closes: memoryview
    fx: str


class EquityWatch:
    """Marks all books at every step; `detectors` decide which steps matter.

    `books` are all that make up the portfolio, the reserve's last. The steps of a run are settled one after another.
    """

    def __init__(self, books: Sequence[Book], marks: Marks, market: Market) -> None:
        self.books = list(books)
        self.detectors: list[Detector] = []
        self._marks, self._market = marks, market
        self._labels = market.timeline.labels
        self._settled = -1
        self._rows = self.rows()
        self._cash = [0.0] * len(self.books)
        self._held: list[list[_Held]] = [[] for _ in self.books]
        self._stale = dict.fromkeys(self._rows)
        self._now: Floats | None = None
        self._now_at = -1

    def watch_also(self, book: Book) -> None:
        """Watch an empty book that joins the run after the step that is over."""
        self.books.insert(-1, book)
        self._rows, self._now = self.rows(), None
        self._cash, self._held = [0.0] * len(self.books), [[] for _ in self.books]
        self._stale = dict.fromkeys(self._rows)
        if not self.detectors:  # no detector needed the steps so far
            self._settled = self._marks.step
        for one in self.detectors:
            one.add_row()

    def rows(self) -> Mapping[str, int]:
        """Return each book's row in `equity`; the portfolio is the last row, by the name of the reserve."""
        return {book.strategy_id: row for row, book in enumerate(self.books)}

    def changed(self, name: str) -> None:
        """Note that the book of this name has changed."""
        self._stale[name] = None
        self._now = None

    def first_hit(self, step: int, bound: int) -> int:
        """Return the first step after `step` and before `bound` that a detector must see; else `bound`.

        Nothing fills in between. Settle the steps before it.
        """
        start = step + 1 if self.detectors else bound
        while start < bound:
            stop = min(bound, start + _CHUNK)
            equity, days = self._equity(start, stop), self._days(start, stop)
            hit = min((one.first_hit(equity, days) for one in self.detectors), default=stop - start)
            if hit:
                self._commit(equity[:, :hit], days[:hit])
            self._settled = start + hit - 1
            if hit < stop - start:
                return start + hit
            start = stop
        return bound

    def settle(self, step: int) -> None:
        """Settle a step that is over and whose fills are booked."""
        if step > self._settled + 1:  # steps that were jumped and are not settled yet
            self.first_hit(self._settled, step)
        self._commit(self.now(step)[:, None], self._days(step, step + 1))
        self._settled = step

    def now(self, step: int) -> Floats:
        """Return the equity of every row at a step that isn't over; the same until a book changes."""
        if self._now is None or self._now_at != step:
            self._now, self._now_at = np.asarray(self._equity(step, step + 1)[:, 0]), step
        return self._now

    @property
    def next_step(self) -> int:
        """The first step that isn't settled: the first column that detectors get belongs to it."""
        return self._settled + 1

    def exposure(self, start: int, stop: int) -> Floats:
        """Return the gross worth of each book's positions at each step from `start` up to `stop`."""
        exposure = np.zeros((len(self.books), stop - start))
        for row, symbol, units, *_, fx in self._positions():
            worth = np.abs(units * self._marks.closes(symbol, start, stop))
            exposure[row] += worth * self._marks.closes(fx, start, stop) if fx else worth
        return exposure

    def day(self, step: int) -> int:
        """Return the UTC day of a step."""
        return int(self._labels[step]) // _DAY

    def _days(self, start: int, stop: int) -> Stamps:
        return self._labels[start:stop] // _DAY

    def _commit(self, equity: Floats, days: Stamps) -> None:
        for one in self.detectors:
            one.commit(equity, days)

    def _equity(self, start: int, stop: int) -> Floats:
        if stop == start + 1 == self._marks.step + 1:
            return self._equity_now()
        equity = np.empty((len(self.books), stop - start))
        equity[:] = np.array([book.cash for book in self.books])[:, None]
        for row, symbol, units, offset, *_, fx in self._positions():
            worth = units * self._marks.closes(symbol, start, stop) + offset
            equity[row] += worth * self._marks.closes(fx, start, stop) if fx else worth
        for own in equity[:-1]:  # one after another, as `_equity_now` adds them
            equity[-1] += own
        return equity

    def _refresh(self) -> None:
        """Look again at the books that have changed."""
        for name in self._stale:
            row = self._rows[name]
            self._cash[row], self._held[row] = self.books[row].cash, self._held_in(row)
        self._stale.clear()

    def _positions(self) -> list[_Held]:
        """Return all positions, row by row."""
        self._refresh()
        return [position for own in self._held for position in own]

    def _held_in(self, row: int) -> list[_Held]:
        held = []
        for symbol, position in self.books[row].positions.items():
            units = position.quantity * position.instrument.multiplier
            offset = 0.0 if position.instrument.moves_cash_by_notional else -units * position.average_price
            held.append(_Held(row, symbol, units, offset, *self._marks.columns(symbol), position.instrument.fx))
        return held

    def _equity_now(self) -> Floats:
        """Return the equity of one step, which needs no arrays of closes."""
        self._refresh()
        equity, step = self._cash.copy(), self._marks.step
        total = equity.pop()
        for row, own in enumerate(self._held[:-1]):
            for _, _, units, offset, newest, closes, fx in own:
                worth = units * closes[newest[step]] + offset
                equity[row] += worth * self._marks[fx] if fx else worth
            total += equity[row]  # not `sum`, which rounds in another way from Python 3.12 on
        equity.append(total)
        return np.array(equity)[:, None]
