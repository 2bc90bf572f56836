"""Call a strategy: one small class a kind, all with the same two methods, whose answers are checked.

Held quantities include what market orders on their way will do, so that nothing is requested twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.bars import Bars, PointInTimeBars, full_history
from orchestrate.domain.market.timeline import BarSeries, Flags, MarketEvent
from orchestrate.domain.orders.terms import EXITS, NO_TERMS, OrderTerms
from orchestrate.domain.strategies.protocols import (
    BarStrategy,
    IStrategy,
    Kind,
    Side,
    Signal,
    SignalKind,
    Signals,
    VectorStrategy,
)
from orchestrate.orchestration.orders.entries import EntryColumns, bracketed, entry_columns
from orchestrate.orchestration.orders.requests import resolve
from orchestrate.orchestration.strategies.context import StepContext, View, reach_of


class Decider(Protocol):
    """A strategy of any portable kind. While it `is_answered`, `decide` calls none of its code, and can't fail."""

    is_answered: bool

    def start(self) -> None:
        """Prepare everything that can be done before the first bar."""

    def decide(self, event: MarketEvent, view: View) -> list[Signal]:
        """Return the strategy's signals at this step; exits before entries."""


class VectorDecider:
    """Call `signals` once a symbol, then read its flags. `codes` has one byte a bar: which of the four are set.

    `sized` has the symbols whose entries come with a size or a bracket of their own.
    """

    def __init__(self, strategy: VectorStrategy, series: Mapping[str, BarSeries]) -> None:
        self._strategy = strategy
        self._series = series
        self.codes: dict[str, memoryview] = {}
        self.sized: dict[str, EntryColumns] = {}
        self.is_answered = False

    def start(self) -> None:
        for symbol, series in self._series.items():
            codes, entries = answer_of(self._strategy, full_history(series), symbol)
            self.codes[symbol] = codes.data
            if entries is not None:
                self.sized[symbol] = entries
        self.is_answered = not self.sized

    def acting(self, symbol: str) -> tuple[bytes, ...]:
        """Return one byte a bar: whether its flags act on a strategy that is out, that is long, and (-1) that is short.

        `bytes` are looked up several times as fast as an array.
        """
        codes = self.codes[symbol].tobytes()
        return tuple([codes.translate(acts) for acts in ACTS])

    def decide(self, event: MarketEvent, view: View) -> list[Signal]:
        signals: list[Signal] = []
        for symbol in view.symbols:
            row = event.rows.get(symbol)
            if row is not None:
                code = self.codes[symbol][row]
                if code:
                    now = _signals(code, symbol, view)
                    signals += now if symbol not in self.sized else self.sized[symbol].applied(now, row, view)
        return signals


class StepwiseVectorDecider:
    """Asks `signals` at each bar about the bars so far, and reads the last flags: for bars that are still to come."""

    def __init__(self, strategy: VectorStrategy, past: Mapping[str, PointInTimeBars]) -> None:
        self._strategy, self._past = strategy, past
        self.is_answered = False

    def start(self) -> None:
        """Nothing to prepare: no bar is there."""

    def decide(self, event: MarketEvent, view: View) -> list[Signal]:
        signals: list[Signal] = []
        for symbol in view.symbols:
            row = event.rows.get(symbol)
            if row is not None:
                said = said_by(self._strategy, self._past[symbol].until(row + 1))
                now = _signals(int(_codes(said, row + 1, symbol)[-1]), symbol, view)
                columns = entry_columns(said, row + 1, symbol)
                signals += now if columns is None else columns.applied(now, row, view)
        return signals


def _signals(code: int, symbol: str, view: View) -> list[Signal]:
    """What flags ask for, as the strategy stands."""
    held = view.held(symbol)
    return [_plain_signal(kind, symbol, side) for kind, side in WISHES[(held > 0) - (held < 0)][code]]


@lru_cache(maxsize=10_000)
def _plain_signal(kind: SignalKind, symbol: str, side: Side) -> Signal:
    return Signal(kind, symbol, side)


#: The flags by name, and the bit of a code that stands for each.
SIDES: Final = ("enter_long", "exit_long", "enter_short", "exit_short")
BITS: Final = (1, 2, 4, 8)
Codes = npt.NDArray[np.uint8]
_Wish = tuple[SignalKind, Side]


def _wishes(code: int, held: int) -> tuple[_Wish, ...]:
    """Return what flags request: while in an exit alone; while flat an entry whose side has no exit at once."""
    enter_long, exit_long, enter_short, exit_short = (bool(code & bit) for bit in BITS)
    wants_long, wants_short = enter_long and not exit_long, enter_short and not exit_short
    leave: _Wish = ("exit", "long")
    buy: _Wish = ("entry", "long")
    sell: _Wish = ("entry", "short")
    if held:
        return (leave,) if (exit_long if held > 0 else exit_short) else ()
    return () if wants_long == wants_short else (buy if wants_long else sell,)


#: By what is held (0: nothing, 1: long, -1: short), then by code.
WISHES: Final = tuple(tuple(_wishes(code, held) for code in range(16)) for held in (0, 1, -1))
#: The same as tables of bytes: 1 for a code that acts.
ACTS: Final = tuple(bytes(bool(wish) for wish in wishes).ljust(256, b"\0") for wishes in WISHES)


class Answer(NamedTuple):
    """What a strategy says about a history: its flags, one byte a bar, and what it says about its entries, if so."""

    codes: Codes
    entries: EntryColumns | None


def answer_of(strategy: VectorStrategy, bars: Bars, symbol: str) -> Answer:
    """Return the strategy's answer about `bars`; TypeError or ValueError where it returns nonsense."""
    said, size = said_by(strategy, bars), len(bars)
    return Answer(_codes(said, size, symbol), entry_columns(said, size, symbol))


def said_by(strategy: VectorStrategy, bars: Bars) -> Signals:
    """Return what the strategy says about `bars`; TypeError where that is nonsense."""
    said = strategy.signals(bars)
    if isinstance(said, tuple):
        if len(said) != 2:
            raise TypeError(f"signals must return Signals or (entries, exits), not a tuple of {len(said)}")
        said = Signals(*said)
    if not isinstance(said, Signals):
        raise TypeError(f"signals must return Signals or (entries, exits), not {type(said).__name__}")
    return said


def _codes(said: Signals, size: int, symbol: str) -> Codes:
    codes: Codes = np.zeros(size, dtype=np.uint8)
    for bit, side in zip(BITS, SIDES, strict=True):
        values = getattr(said, side)
        if values is not None:
            codes |= _flags(values, side, size, symbol).view(np.uint8) * np.uint8(bit)
    return codes


def _flags(values: npt.ArrayLike, name: str, size: int, symbol: str) -> Flags:
    column = np.asarray(values)
    if column.shape != (size,):
        raise ValueError(f"{name} of {symbol} has shape {column.shape}, there are {size} bars")
    if column.dtype == np.bool_:
        return np.ascontiguousarray(column)
    if column.dtype.kind not in "iuf" or not bool(np.all((column == 0) | (column == 1))):
        raise TypeError(f"{name} of {symbol} must hold true and false only")
    return column.astype(np.bool_)


class StatelessDecider:
    """Call an `IStrategy` for each of its symbols that has a bar."""

    def __init__(self, strategy: IStrategy, past: Mapping[str, PointInTimeBars]) -> None:
        self._strategy = strategy
        self._past = past
        self._side: Side = "short" if getattr(strategy, "side", "long") == "short" else "long"
        self._protects = False
        self.is_answered = False

    def start(self) -> None:
        side = getattr(self._strategy, "side", "long")
        if side not in ("long", "short"):
            raise ValueError(f"side must be 'long' or 'short', not {side!r}")
        self._protects = any(hasattr(self._strategy, name) for name in EXITS)

    def decide(self, event: MarketEvent, view: View) -> list[Signal]:
        signals = []
        for symbol, past in self._past.items():
            row = event.rows.get(symbol)
            if row is None:
                continue
            bars = past.until(row + 1)
            if view.held(symbol):
                position = view.book.positions.get(symbol)
                if position is not None and _truth(self._strategy.should_exit(position.copy(), bars), "should_exit"):
                    signals.append(Signal.exit(symbol))
            elif _truth(self._strategy.should_enter(bars), "should_enter"):
                signals.append(Signal("entry", symbol, self._side, terms=self._terms(view.close(symbol))))
        return signals

    def _terms(self, close: float) -> OrderTerms:
        """Return the terms of an entry now: a bracket where the strategy has attributes for one."""
        if not self._protects:
            return NO_TERMS
        exits = [getattr(self._strategy, name, None) for name in EXITS]
        return bracketed(exits, close, buys=self._side == "long", absolute=False)


def _truth(answer: object, question: str) -> bool:
    if answer is True or answer is False:
        return answer
    if answer is None or isinstance(answer, (bool, np.bool_)):
        return bool(answer)
    if isinstance(answer, (int, np.integer)) and answer in (0, 1):
        return bool(answer)
    raise TypeError(f"{question} must return True or False, not {answer!r}")


class BarDecider:
    """Call `on_bar` once a step."""

    def __init__(self, strategy: BarStrategy, past: Mapping[str, PointInTimeBars]) -> None:
        self._strategy = strategy
        self._past = past
        self._shown: dict[str, int] = {}
        self._view: View | None = None
        self.is_answered = False

    def start(self) -> None:
        """Do nothing: there is nothing to prepare."""

    def decide(self, event: MarketEvent, view: View) -> list[Signal]:
        if view is not self._view:
            self._view, self._reach = view, reach_of(view, self._past)
        rows, symbols, past = event.rows, view.symbols, self._past
        shown: dict[str, int] = {}
        for symbol in symbols:
            row = rows.get(symbol)
            if row is not None:
                shown[symbol] = past[symbol].limit = row + 1
        updated = symbols
        if len(shown) < len(symbols):
            updated, shown = tuple(shown), {**self._shown, **shown}
        self._shown = shown  # a new one: the context of an earlier step keeps its own
        said = self._strategy.on_bar(StepContext(event.t, view.strategy_id, symbols, self._reach, shown, updated))
        if said is None:
            return []
        signals = _checked(said, symbols)
        return resolve(signals, view) if signals else signals


def _checked(said: object, symbols: tuple[str, ...]) -> list[Signal]:
    if isinstance(said, Signal):
        said = [said]
    if isinstance(said, (str, bytes)) or not isinstance(said, Iterable):
        raise TypeError(f"on_bar must return Signals, not {said!r}")
    signals = []
    for signal in said:  # one by one: an endless iterable breaks at its first nonsense, or at the time limit
        if not isinstance(signal, Signal):
            raise TypeError(f"on_bar must return Signals, not {signal!r}")
        if signal.symbol not in symbols and not signal.name and signal.legs is None:
            raise ValueError(f"{signal.symbol!r} is not one of the strategy's symbols {', '.join(symbols)}")
        signals.append(signal)
    return signals


def decider_for(strategy: object, kind: Kind | None, series: Mapping[str, BarSeries], past: Past) -> Decider:
    """Return the decider of a portable strategy; the kind is found from its methods unless given."""
    if kind is None:
        kind = portable_kind(strategy)
    return DECIDERS[kind](strategy, series, past)


#: By symbol, what strategies have seen that are called at every bar; shared by all of them.
Past = dict[str, PointInTimeBars]


def _vector_decider(strategy: VectorStrategy, series: Mapping[str, BarSeries], past: Past) -> Decider:
    if all(one.is_complete for one in series.values()):
        return VectorDecider(strategy, series)
    return StepwiseVectorDecider(strategy, _begun(past, series))


DECIDERS: Final[dict[str, Callable[..., Decider]]] = {
    "signals": _vector_decider,
    "istrategy": lambda strategy, series, past: StatelessDecider(strategy, _begun(past, series)),
    "on_bar": lambda strategy, series, past: BarDecider(strategy, _begun(past, series)),
}


def _begun(past: Past, series: Mapping[str, BarSeries]) -> Past:
    """Return the past of one strategy's symbols: its own views of what all share."""
    for symbol, columns in series.items():
        if symbol not in past:
            past[symbol] = PointInTimeBars(columns)
    return {symbol: past[symbol].again() for symbol in series}


def portable_kind(strategy: object) -> Kind:
    """Return which of the three portable kinds an object is; TypeError when none."""
    if callable(getattr(strategy, "signals", None)):
        return "signals"
    if callable(getattr(strategy, "should_enter", None)) and callable(getattr(strategy, "should_exit", None)):
        return "istrategy"
    if callable(getattr(strategy, "on_bar", None)):
        return "on_bar"
    raise TypeError(
        f"{type(strategy).__name__} is no strategy: it needs signals(bars), should_enter(bars) and "
        "should_exit(position, bars), or on_bar(context)"
    )
