"""The record of a run: each step adds only changes; curves are computed from them at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from orchestrate.domain.books import Accrual, Book, Flow, Handover
from orchestrate.domain.market.timeline import Flags, Floats, Market
from orchestrate.domain.orders.order import Fill
from orchestrate.domain.results import Changes, FillRecord, Holding, Move, Rates, StrategyResult, Transfers
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.loop.options.valuation import Valuation
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.orders.reconciliation import require_rebuilt
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.strategies.registry import StrategyEntry


class _Change(NamedTuple):
    """The holding of a book in one symbol, and its cash, after a change."""

    step: int
    symbol: str
    cash: float
    quantity: float
    average: float
    rate: float


class _Closes:
    """The closes of the first `steps` steps, of each symbol once."""

    def __init__(self, marks: Marks, steps: int) -> None:
        self.steps, self._marks = steps, marks
        self._known: dict[str, Floats] = {}
        self._rates: dict[str, Floats] = {}

    def of(self, symbol: str) -> Floats:
        """Return the close that counts at each step."""
        if symbol not in self._known:
            self._known[symbol] = self._marks.path(symbol, self.steps)
        return self._known[symbol]

    def rates(self, symbol: str) -> Floats:
        """Return the rate that counts at each step."""
        if symbol not in self._rates:
            self._rates[symbol] = self._marks.rates(symbol, 0, self.steps)
        return self._rates[symbol]


class Recorder:
    """The changes of every book, of reserves and of weights; `equity` is a book marked at every close."""

    def __init__(self, market: Market, marks: Marks, capital: PortfolioCapitalManager, valuation: Valuation) -> None:
        self._market, self._marks, self._valuation = market, marks, valuation
        self._reserves: dict[tuple[str, str], tuple[list[int], list[float]]] = {}
        self._shares = dict(capital.weights)
        self._weights: dict[str, list[tuple[int, float]]] = {name: [] for name in self._shares}
        if capital.pooled:
            capital.reweighed = self._note_weights
        self._changes: dict[str, list[_Change]] = {}
        self._moves: dict[str, list[Move]] = {}
        #: changes of books that are no fills
        self._others: Counter[str] = Counter()

    def note(self, book: Book, symbol: str, step: int) -> None:
        """Note that the book has just changed in `symbol`."""
        position = book.positions.get(symbol)
        if position is None:
            change = _Change(step, symbol, book.cash, 0.0, 0.0, 1.0)
        else:
            quantity, average = position.quantity, position.average_price
            change = _Change(step, symbol, book.cash, quantity, average, position.rate)
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
        self._others[book.strategy_id] += 1
        self.note(book, handover.symbol, self._marks.step + 1)

    def note_accrual(self, book: Book, accrual: Accrual) -> None:
        """Note what the book has just paid for a short."""
        self._note_move(book.strategy_id, accrual)
        self._others[book.strategy_id] += 1
        self.note(book, accrual.symbol, self._marks.step)

    def note_reserves(self, blotter: Blotter) -> None:
        """Note the money held for open orders at the end of the step under way, where that may have changed."""
        step, reserves, reserved_on = self._marks.step, self._reserves, blotter.reserved_on
        for place in blotter.reserving:
            noted = reserves.get(place)
            if noted is None:
                noted = reserves[place] = ([], [])
            noted[0].append(step)
            noted[1].append(reserved_on(place))
        blotter.reserving.clear()

    def _note_weights(self, weights: Mapping[str, float]) -> None:
        for name, weight in weights.items():
            self._weights.setdefault(name, []).append((self._marks.step, weight))

    def _note_move(self, strategy_id: str, what: Flow | Handover | Accrual) -> None:
        fills = len(self._changes.get(strategy_id, ())) - self._others[strategy_id]
        self._moves.setdefault(strategy_id, []).append(Move(self._marks.step, fills, what))

    def _changed_otherwise(self, strategy_id: str) -> list[tuple[int, Handover | Accrual]]:
        """Return the book's handovers and accruals so far, each with the number of fills before it."""
        moves = self._moves.get(strategy_id, ())
        return [(move.fills, move.what) for move in moves if not isinstance(move.what, Flow)]

    def _flows(self, strategy_id: str) -> list[tuple[int, Flow]]:
        """Return the book's transfers so far, each with its step."""
        moves = self._moves.get(strategy_id, ())
        return [(move.step, move.what) for move in moves if isinstance(move.what, Flow)]

    def require_rebuilt(self, entries: Mapping[str, StrategyEntry], records: Iterable[FillRecord]) -> None:
        """Require that every book equals a new one with its capital, fills, transfers and handovers."""
        instruments = self._market.instruments
        for name, own in _by_strategy(records, entries).items():
            fills = [(fill, instruments[fill.symbol]) for fill in own]
            moves = [(move.fills, move.what) for move in self._moves.get(name, ())]
            require_rebuilt(entries[name].book, float(entries[name].allocated), fills, moves)

    def results(
        self, entries: Mapping[str, StrategyEntry], records: Iterable[FillRecord], steps: int
    ) -> dict[str, StrategyResult]:
        """Return every strategy's facts over the first `steps` steps."""
        fills, closes = _by_strategy(records, entries), _Closes(self._marks, steps)
        return {name: self._result(entry, fills[name], closes) for name, entry in entries.items()}

    def _result(self, entry: StrategyEntry, fills: Iterable[Fill], closes: _Closes) -> StrategyResult:
        holdings, steps = self._holdings(entry.id, closes), closes.steps
        transfers = self._transfers(entry.book, fills, holdings, steps) if self._flows(entry.id) else None
        equity = self._equity(entry.book, holdings, steps) if transfers is None else transfers.moved
        return StrategyResult(
            id=entry.id,
            name=entry.metadata.name or entry.id,
            framework=entry.framework,
            status="completed" if entry.status == "active" else entry.status,
            symbols=entry.symbols,
            allocated=entry.allocated,
            equity=equity,
            has_bar=self.has_bar(entry.symbols, steps),
            exposed=_exposed(holdings, steps),
            trades=tuple(entry.book.trades),
            open_positions=tuple(position.copy() for position in entry.book.positions.values()),
            fees=entry.book.fees,
            blocked=entry.blocked,
            resized=entry.resized,
            error=entry.error,
            transfers=transfers,
            status_changes=tuple(entry.status_changes),
            holdings=holdings,
            reserves=self._reserves_of(entry.id),
            weight=self._weight(entry.id),
            moves=tuple(self._moves.get(entry.id, ())),
            liquidation=self._valuation.liquidation(equity, holdings),
            marks=self._valuation.counts(entry.id, holdings, steps),
        )

    def _holdings(self, strategy_id: str, closes: _Closes) -> dict[str, Holding]:
        found: dict[str, list[_Change]] = {}
        for change in self._changes.get(strategy_id, ()):
            found.setdefault(change.symbol, []).append(change)
        holdings = {}
        for symbol, own in found.items():
            quantity = _changes([(change.step, change.quantity) for change in own])
            averages = np.array([change.average for change in own], dtype=np.float64)
            instrument, price = self._market.instruments[symbol], closes.of(symbol)
            rates = None
            if instrument.fx:
                rates = Rates(closes.rates(instrument.fx), np.array([change.rate for change in own], dtype=np.float64))
            under = None if instrument.option is None else closes.of(instrument.option.underlying)
            holdings[symbol] = Holding(instrument, quantity, averages, price, rates, under)
        return holdings

    def _reserves_of(self, strategy_id: str) -> dict[str, Changes]:
        return {
            symbol: Changes(np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64))
            for (owner, symbol), (steps, values) in self._reserves.items()
            if owner == strategy_id
        }

    def _weight(self, strategy_id: str) -> Changes | None:
        noted = self._weights.get(strategy_id)
        return None if noted is None else _changes(noted, self._shares.get(strategy_id, 0.0))

    def _transfers(self, book: Book, fills: Iterable[Fill], holdings: Mapping[str, Holding], steps: int) -> Transfers:
        flows = np.zeros(steps, dtype=np.float64)
        for step, flow in self._flows(book.strategy_id):
            if step < steps:
                flows[step] += flow.amount
        changes = self._changes.get(book.strategy_id, [])
        replayed = Book(book.strategy_id, book.initial)
        cash: list[tuple[int, float]] = []
        causes: list[Fill | Handover | Accrual] = list(fills)
        for done, (before, other) in enumerate(self._changed_otherwise(book.strategy_id)):
            causes.insert(before + done, other)
        for change, cause in zip(changes, causes, strict=True):
            if isinstance(cause, Handover):
                replayed.move(cause)
            elif isinstance(cause, Accrual):
                replayed.accrue(cause)
            else:
                replayed.pay(cause, self._market.instruments[cause.symbol])
            cash.append((change.step, replayed.cash))
        return Transfers(np.round(flows, 2), _marked(_changes(cash, book.initial), holdings, steps))

    def _equity(self, book: Book, holdings: Mapping[str, Holding], steps: int) -> Floats:
        """Return cash and positions at each of the first `steps` closes, as long as no money was moved."""
        changes = self._changes.get(book.strategy_id, ())
        return _marked(_changes([(change.step, change.cash) for change in changes], book.initial), holdings, steps)

    def has_bar(self, symbols: tuple[str, ...], steps: int) -> Flags:
        """Return the steps at which one of `symbols` has a bar."""
        rows: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = self._market.timeline.rows
        own = np.zeros(steps, dtype=np.bool_)
        for symbol in symbols:
            own |= rows[symbol][:steps] >= 0
        return own


def _by_strategy(records: Iterable[FillRecord], strategy_ids: Iterable[str]) -> dict[str, list[Fill]]:
    """Return the fills of each strategy, in order."""
    fills: dict[str, list[Fill]] = {name: [] for name in strategy_ids}
    for record in records:
        fills[record.fill.strategy_id].append(record.fill)
    return fills


def _marked(cash: Changes, holdings: Mapping[str, Holding], steps: int) -> Floats:
    """Return cash and positions at every close."""
    curve = cash.path(steps)
    for holding in holdings.values():
        quantities = holding.quantity.path(steps)
        prices = np.where(quantities != 0.0, holding.closes, 0.0)
        instrument = holding.instrument
        if not instrument.moves_cash_by_notional:
            prices = prices - holding.quantity.path(steps, holding.averages)
        worths = quantities * prices * instrument.multiplier
        curve += worths if holding.rates is None else worths * np.where(quantities != 0.0, holding.rates.closes, 0.0)
    return curve


def _exposed(holdings: Mapping[str, Holding], steps: int) -> Flags:
    """Return the closes at which something was held."""
    exposed = np.zeros(steps, dtype=np.bool_)
    for holding in holdings.values():
        exposed |= holding.quantity.path(steps) != 0.0
    return exposed


def _changes(noted: Sequence[tuple[int, float]], before: float = 0.0) -> Changes:
    """Return a figure from its steps and values; of several at one step the last counts."""
    steps = np.array([step for step, _ in noted], dtype=np.int64)
    return Changes(steps, np.array([value for _, value in noted], dtype=np.float64), before)
