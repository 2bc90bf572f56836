"""What each symbol of a run has gained, in money: all its fills, borrow, and what is still held at the last close."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrate.domain.books import Accrual, Book, Flow, Handover
from orchestrate.domain.orders.order import Fill
from orchestrate.domain.results import Holding, RunResult, StrategyResult


def gains_of_symbols(result: RunResult, last: int = -1) -> dict[str, float]:
    """Return the gain of each symbol that a strategy trades; handovers between books, at cost, gain nothing.

    What is held is worth the closes of the step `last`, after which none of these symbols has a bar.
    """
    gains = {symbol: 0.0 for one in result.strategies.values() for symbol in (*one.symbols, *one.holdings)}
    fills: dict[str, list[Fill]] = {name: [] for name in result.strategies}
    for record in result.fills:
        fills[record.fill.strategy_id].append(record.fill)
    for name, strategy in sorted(result.strategies.items()):  # the order in the file changes no digit
        for symbol, gain in _gains(strategy, fills[name], last):
            gains[symbol] = gains.get(symbol, 0.0) + gain
    return gains


def _gains(strategy: StrategyResult, fills: Sequence[Fill], last: int) -> Iterator[tuple[str, float]]:
    """Yield gains by symbol, some symbols in parts."""
    converted = {
        symbol: holding
        for symbol, holding in strategy.holdings.items()
        if holding.rates is not None and not holding.instrument.moves_cash_by_notional
    }
    multipliers = {symbol: holding.instrument.multiplier for symbol, holding in strategy.holdings.items()}
    for symbol, holding in converted.items():
        yield symbol, _replayed(strategy, fills, symbol, holding, last)
    for fill in fills:
        if fill.symbol not in converted:
            paid = fill.quantity * fill.price * multipliers.get(fill.symbol, 1.0) * fill.rate
            yield fill.symbol, -paid - fill.fee
    for symbol, holding in strategy.holdings.items():
        if symbol not in converted:
            yield symbol, _worth(holding, last)
    for move in strategy.moves:
        if isinstance(move.what, Accrual) and move.what.symbol not in converted:
            yield move.what.symbol, -move.what.cost


def _worth(holding: Holding, last: int) -> float:
    """Return the worth of what is held, at the closes of that step."""
    quantity = float(holding.quantity.values[-1])
    if not quantity:
        return 0.0
    rate = 1.0 if holding.rates is None else float(holding.rates.closes[last])
    return quantity * float(holding.closes[last]) * holding.instrument.multiplier * rate


def _replayed(strategy: StrategyResult, fills: Sequence[Fill], symbol: str, holding: Holding, last: int) -> float:
    """Return the gain where only profit moves cash and is converted when it is made: a book of this symbol alone."""
    book = Book(strategy.id, 0.0)
    own = [move for move in strategy.moves if not isinstance(move.what, Flow) and move.what.symbol == symbol]
    for number, fill in enumerate(fills):
        while own and own[0].fills <= number:
            _move(book, own.pop(0).what)
        if fill.symbol == symbol:
            book.apply(fill, holding.instrument)
    for move in own:
        _move(book, move.what)
    rate = 1.0 if holding.rates is None else float(holding.rates.closes[last])
    position = book.positions.get(symbol)
    return book.cash + (0.0 if position is None else position.worth(float(holding.closes[last]), rate))


def _move(book: Book, what: Flow | Handover | Accrual) -> None:
    if isinstance(what, Handover):
        book.move(what)
    elif isinstance(what, Accrual):
        book.accrue(what)
