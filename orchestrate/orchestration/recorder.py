"""Remembering a run: only what changes is written down at each step; curves are drawn from that at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from orchestrate.domain.books import Book
from orchestrate.domain.market import Flags, Floats, Market
from orchestrate.orchestration.marks import Marks


@dataclass(slots=True)
class _Holding:
    steps: list[int] = field(default_factory=list)
    quantities: list[float] = field(default_factory=list)
    averages: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _History:
    steps: list[int] = field(default_factory=list)
    cash: list[float] = field(default_factory=list)
    holdings: dict[str, _Holding] = field(default_factory=dict)


class Recorder:
    """Follows every book; `equity` and `exposed` are the books marked at every close."""

    def __init__(self, market: Market, marks: Marks) -> None:
        self._market, self._marks = market, marks
        self._histories: dict[str, _History] = {}

    def note(self, book: Book, symbol: str, step: int) -> None:
        """The book has just changed in `symbol`."""
        history = self._histories.get(book.strategy_id)
        if history is None:
            history = self._histories[book.strategy_id] = _History()
        holding = history.holdings.get(symbol)
        if holding is None:
            holding = history.holdings[symbol] = _Holding()
        history.steps.append(step)
        history.cash.append(book.cash)
        holding.steps.append(step)
        position = book.positions.get(symbol)
        if position is None:
            holding.quantities.append(0.0)
            holding.averages.append(0.0)
        else:
            holding.quantities.append(position.quantity)
            holding.averages.append(position.average_price)

    def equity(self, book: Book, steps: int) -> Floats:
        """Cash and positions at each of the first `steps` closes."""
        history = self._histories.get(book.strategy_id, _History())
        curve = _held(history.steps, history.cash, steps, before=book.initial)
        for symbol, holding in history.holdings.items():
            quantities = _held(holding.steps, holding.quantities, steps)
            prices = np.where(quantities != 0.0, self._marks.path(symbol, steps), 0.0)
            instrument = self._market.instruments[symbol]
            if instrument.moves_cash_by_notional:
                curve += quantities * prices * instrument.multiplier
            else:
                averages = _held(holding.steps, holding.averages, steps)
                curve += quantities * (prices - averages) * instrument.multiplier
        return curve

    def exposed(self, strategy_id: str, steps: int) -> Flags:
        """The closes at which the strategy held something."""
        exposed = np.zeros(steps, dtype=np.bool_)
        history = self._histories.get(strategy_id, _History())
        for holding in history.holdings.values():
            exposed |= _held(holding.steps, holding.quantities, steps) != 0.0
        return exposed

    def own(self, symbols: tuple[str, ...], steps: int) -> Flags:
        """The steps at which one of `symbols` has a bar."""
        rows: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = self._market.timeline.rows
        own = np.zeros(steps, dtype=np.bool_)
        for symbol in symbols:
            own |= rows[symbol][:steps] >= 0
        return own


def _held(at: list[int], values: list[float], steps: int, before: float = 0.0) -> Floats:
    """A value that changes at the steps `at` (the last change of a step counts), as one element a step."""
    latest = np.searchsorted(np.asarray(at, dtype=np.int64), np.arange(steps), side="right")
    column: Floats = np.concatenate(([before], values))[latest]
    return column
