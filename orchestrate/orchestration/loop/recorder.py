"""The record of a run: each step adds only changes; curves are computed from them at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from orchestrate.domain.books import Book, Flow, Handover
from orchestrate.domain.market.timeline import Flags, Floats, Market
from orchestrate.domain.orders.order import Fill
from orchestrate.domain.results import FillRecord, StrategyResult, Transfers
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.orders.reconciliation import require_rebuilt
from orchestrate.orchestration.strategies.registry import StrategyEntry


class _Change(NamedTuple):
    """The holding of a book in one symbol, and its cash, after a change."""

    step: int
    symbol: str
    cash: float
    quantity: float
    average: float


class Move(NamedTuple):
    """A transfer or handover, the step at which it counts, and how many fills of its book came before it."""

    step: int
    fills: int
    what: Flow | Handover


class Recorder:
    """The changes of every book; `equity` and `exposed` are the books marked at every close."""

    def __init__(self, market: Market, marks: Marks) -> None:
        self._market, self._marks = market, marks
        self._changes: dict[str, list[_Change]] = {}
        self._moves: dict[str, list[Move]] = {}
        self._handed: Counter[str] = Counter()

    def note(self, book: Book, symbol: str, step: int) -> None:
        """Note that the book has just changed in `symbol`."""
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

    def note_flow(self, strategy_id: str, flow: Flow) -> None:
        """Note money that was just moved to the strategy's book, or (negative) away from it."""
        self._note_move(strategy_id, flow)

    def note_handover(self, book: Book, handover: Handover) -> None:
        """Note a position that the book just gave away or took; the close of this step still was the giver's."""
        self._note_move(book.strategy_id, handover)
        self._handed[book.strategy_id] += 1
        self.note(book, handover.symbol, self._marks.step + 1)

    def _note_move(self, strategy_id: str, what: Flow | Handover) -> None:
        fills = len(self._changes.get(strategy_id, ())) - self._handed[strategy_id]
        self._moves.setdefault(strategy_id, []).append(Move(self._marks.step, fills, what))

    def _handovers(self, strategy_id: str) -> list[tuple[int, Handover]]:
        """Return the book's handovers so far, each with the number of fills before it."""
        moves = self._moves.get(strategy_id, ())
        return [(move.fills, move.what) for move in moves if isinstance(move.what, Handover)]

    def _flows(self, strategy_id: str) -> list[tuple[int, Flow]]:
        """Return the book's transfers so far, each with its step."""
        moves = self._moves.get(strategy_id, ())
        return [(move.step, move.what) for move in moves if isinstance(move.what, Flow)]

    def require_rebuilt(self, entry: StrategyEntry, fills: Iterable[Fill]) -> None:
        """Require that the strategy's book equals a new one with its capital, fills, transfers and handovers."""
        instruments = self._market.instruments
        moves = [(move.fills, move.what) for move in self._moves.get(entry.id, ())]
        require_rebuilt(entry.book, float(entry.allocated), [(fill, instruments[fill.symbol]) for fill in fills], moves)

    def result(self, entry: StrategyEntry, fills: Iterable[Fill], steps: int) -> StrategyResult:
        """Return a strategy's facts over the first `steps` steps; `fills` are its own."""
        transfers = self._transfers(entry.book, fills, steps) if self._flows(entry.id) else None
        return StrategyResult(
            id=entry.id,
            name=entry.metadata.name or entry.id,
            framework=entry.framework,
            status="completed" if entry.status == "active" else entry.status,
            symbols=entry.symbols,
            allocated=entry.allocated,
            equity=self.equity(entry.book, steps) if transfers is None else transfers.earned + transfers.so_far,
            has_bar=self.has_bar(entry.symbols, steps),
            exposed=self.exposed(entry.id, steps),
            trades=tuple(entry.book.trades),
            open_positions=tuple(position.copy() for position in entry.book.positions.values()),
            fees=entry.book.fees,
            blocked=entry.blocked,
            resized=entry.resized,
            error=entry.error,
            transfers=transfers,
            status_changes=tuple(entry.status_changes),
        )

    def _transfers(self, book: Book, fills: Iterable[Fill], steps: int) -> Transfers:
        flows = np.zeros(steps, dtype=np.float64)
        for step, flow in self._flows(book.strategy_id):
            if step < steps:
                flows[step] += flow.amount
        changes = self._changes.get(book.strategy_id, [])
        replayed = Book(book.strategy_id, book.initial)
        earned = []
        causes: list[Fill | Handover] = list(fills)
        for done, (before, handover) in enumerate(self._handovers(book.strategy_id)):
            causes.insert(before + done, handover)
        for change, cause in zip(changes, causes, strict=True):
            if isinstance(cause, Handover):
                replayed.move(cause)
            else:
                replayed.apply(cause, self._market.instruments[cause.symbol])
            earned.append(_Change(change.step, change.symbol, replayed.cash, change.quantity, change.average))
        return Transfers(np.round(flows, 2), self._marked(earned, book.initial, steps))

    def equity(self, book: Book, steps: int) -> Floats:
        """Return cash and positions at each of the first `steps` closes, as long as no money was moved."""
        return self._marked(self._changes.get(book.strategy_id, []), book.initial, steps)

    def _marked(self, all_changes: Sequence[_Change], initial: float, steps: int) -> Floats:
        curve = _held(all_changes, "cash", steps, before=initial)
        for symbol, changes in _by_symbol(all_changes).items():
            quantities = _held(changes, "quantity", steps)
            prices = np.where(quantities != 0.0, self._marks.path(symbol, steps), 0.0)
            instrument = self._market.instruments[symbol]
            if instrument.moves_cash_by_notional:
                curve += quantities * prices * instrument.multiplier
            else:
                curve += quantities * (prices - _held(changes, "average", steps)) * instrument.multiplier
        return curve

    def exposed(self, strategy_id: str, steps: int) -> Flags:
        """Return the closes at which the strategy held something."""
        exposed = np.zeros(steps, dtype=np.bool_)
        for changes in _by_symbol(self._changes.get(strategy_id, ())).values():
            exposed |= _held(changes, "quantity", steps) != 0.0
        return exposed

    def has_bar(self, symbols: tuple[str, ...], steps: int) -> Flags:
        """Return the steps at which one of `symbols` has a bar."""
        rows: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = self._market.timeline.rows
        own = np.zeros(steps, dtype=np.bool_)
        for symbol in symbols:
            own |= rows[symbol][:steps] >= 0
        return own


def fills_by_strategy(records: Iterable[FillRecord], strategy_ids: Iterable[str]) -> dict[str, list[Fill]]:
    """Return the fills of each strategy, in order."""
    fills: dict[str, list[Fill]] = {name: [] for name in strategy_ids}
    for record in records:
        fills[record.fill.strategy_id].append(record.fill)
    return fills


def _by_symbol(changes: Iterable[_Change]) -> dict[str, list[_Change]]:
    found: dict[str, list[_Change]] = {}
    for change in changes:
        found.setdefault(change.symbol, []).append(change)
    return found


def _held(changes: Sequence[_Change], name: str, steps: int, before: float = 0.0) -> Floats:
    """Return the value of `name` at each step: that of the last change so far, and `before` any."""
    at = [change.step for change in changes]
    place = _Change._fields.index(name)
    lasts = np.subtract([*at, steps], [0, *at])
    return np.repeat(np.array([before, *(change[place] for change in changes)], dtype=np.float64), lasts)
