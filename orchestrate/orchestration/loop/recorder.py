"""Remembering a run: only what changes is written down at each step; curves are drawn from that at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from orchestrate.domain.books import Book
from orchestrate.domain.market import Flags, Floats, Market
from orchestrate.orchestration.loop.marks import Marks


class _Change(NamedTuple):
    """How a book stood in one symbol, and its cash, once something had happened there."""

    step: int
    symbol: str
    cash: float
    quantity: float
    average: float


class Recorder:
    """Follows every book; `equity` and `exposed` are the books marked at every close."""

    def __init__(self, market: Market, marks: Marks) -> None:
        self._market, self._marks = market, marks
        self._changes: dict[str, list[_Change]] = {}

    def note(self, book: Book, symbol: str, step: int) -> None:
        """The book has just changed in `symbol`."""
        position = book.positions.get(symbol)
        if position is None:
            change = _Change(step, symbol, book.cash, 0.0, 0.0)
        else:
            change = _Change(step, symbol, book.cash, position.quantity, position.average_price)
        changes = self._changes.get(book.strategy_id)
        if changes is None:
            self._changes[book.strategy_id] = [change]
        else:
            changes.append(change)

    def _by_symbol(self, strategy_id: str) -> dict[str, list[_Change]]:
        found: dict[str, list[_Change]] = {}
        for change in self._changes.get(strategy_id, ()):
            found.setdefault(change.symbol, []).append(change)
        return found

    def equity(self, book: Book, steps: int) -> Floats:
        """Cash and positions at each of the first `steps` closes."""
        curve = _held(self._changes.get(book.strategy_id, []), "cash", steps, before=book.initial)
        for symbol, changes in self._by_symbol(book.strategy_id).items():
            quantities = _held(changes, "quantity", steps)
            prices = np.where(quantities != 0.0, self._marks.path(symbol, steps), 0.0)
            instrument = self._market.instruments[symbol]
            if instrument.moves_cash_by_notional:
                curve += quantities * prices * instrument.multiplier
            else:
                curve += quantities * (prices - _held(changes, "average", steps)) * instrument.multiplier
        return curve

    def exposed(self, strategy_id: str, steps: int) -> Flags:
        """The closes at which the strategy held something."""
        exposed = np.zeros(steps, dtype=np.bool_)
        for changes in self._by_symbol(strategy_id).values():
            exposed |= _held(changes, "quantity", steps) != 0.0
        return exposed

    def own(self, symbols: tuple[str, ...], steps: int) -> Flags:
        """The steps at which one of `symbols` has a bar."""
        rows: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = self._market.timeline.rows
        own = np.zeros(steps, dtype=np.bool_)
        for symbol in symbols:
            own |= rows[symbol][:steps] >= 0
        return own


def _held(changes: Sequence[_Change], name: str, steps: int, before: float = 0.0) -> Floats:
    """What `name` says at each step: the last change so far, and `before` any."""
    at = [change.step for change in changes]
    place = _Change._fields.index(name)
    lasts = np.subtract([*at, steps], [0, *at])
    return np.repeat(np.array([before, *(change[place] for change in changes)], dtype=np.float64), lasts)
