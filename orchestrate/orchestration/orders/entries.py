"""Sizes and brackets that vectorised and stateless strategies give their entries."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.orders.terms import EXITS, NO_TERMS, Bracket, OrderTerms, is_number, positive
from orchestrate.domain.strategies.protocols import Side, Signal, Signals
from orchestrate.orchestration.orders.requests import Standing

#: All that `Signals` may say of entries, by the names of its fields.
FIGURES: Final = ("size", *EXITS)


@dataclass(frozen=True, slots=True)
class EntryColumns:
    """What `Signals` say about entries beside the flags: a size and three exits, one figure a bar; NaN for none."""

    size: Floats | None
    exits: tuple[Floats | None, ...]
    absolute: bool

    def figures(self, name: str, rows: npt.NDArray[np.int64]) -> Floats:
        """Return the size or an exit, by its name, at these bars."""
        column = dict(zip(FIGURES, (self.size, *self.exits), strict=True))[name]
        return np.full(len(rows), np.nan) if column is None else column[rows]

    def applied(self, signals: Iterable[Signal], row: int, standing: Standing) -> list[Signal]:
        """Return the signals of a bar, its entries with their size and bracket."""
        return [signal if signal.kind != "entry" else self.entry(signal, row, standing.close) for signal in signals]

    def entry(self, signal: Signal, row: int, close: Callable[[str], float]) -> Signal:
        """Return an entry with its size and bracket; ValueError for prices on the wrong side of the close."""
        exits = tuple([_figure(column, row) for column in self.exits])
        entry = _entry(signal.symbol, signal.side, _figure(self.size, row), exits, self.absolute)
        if self.absolute:
            entry.terms.require_sides(close(signal.symbol), buys=signal.side == "long")
        return entry


@lru_cache(maxsize=1_000)
def _entry(symbol: str, side: Side, size: float | None, exits: tuple[float | None, ...], absolute: bool) -> Signal:
    """Return an entry as strategies say it again and again; exits that are prices are still to compare with a close."""
    terms = bracketed(exits, 0.0 if absolute else 1.0, buys=side == "long", absolute=absolute)
    return Signal("entry", symbol, side, None if size is None else positive("size", size), terms)


def entry_columns(said: Signals, size: int, symbol: str) -> EntryColumns | None:
    """Return what `said` has about entries, None where it is nothing; an error that names the field for nonsense."""
    columns = [_numbers(getattr(said, name), name, size, symbol) for name in FIGURES]
    if all(column is None for column in columns):
        return None
    return EntryColumns(columns[0], tuple(columns[1:]), bool(said.absolute))


def bracketed(exits: Sequence[object], close: float, *, buys: bool, absolute: bool) -> OrderTerms:
    """Return the terms of a market entry with these exits; ValueError for one on the wrong side of a close there is."""
    if all(one is None for one in exits):
        return NO_TERMS
    loss, profit, trail = (None if one is None else positive(name, one) for name, one in zip(EXITS, exits, strict=True))
    terms = OrderTerms(bracket=Bracket(loss, profit, trail, () if absolute else EXITS))
    terms.require_sides(close, buys=buys)
    return terms


def _figure(column: Floats | None, row: int) -> float | None:
    if column is None:
        return None
    figure = float(column[row])
    return None if math.isnan(figure) else figure


def _numbers(values: npt.ArrayLike | None, name: str, size: int, symbol: str) -> Floats | None:
    """Return one number a bar; a single one counts for all."""
    if values is None:
        return None
    column = np.asarray(values)
    if column.dtype.kind == "O":
        column = _floats(column, name, symbol)
    if column.dtype.kind not in "iuf":
        raise TypeError(f"{name} of {symbol} must hold numbers, not {column.dtype}")
    if column.shape == ():
        return np.broadcast_to(np.float64(column), (size,))
    if column.shape != (size,):
        raise ValueError(f"{name} of {symbol} has shape {column.shape}, there are {size} bars")
    return column.astype(np.float64)


def _floats(column: npt.NDArray[np.object_], name: str, symbol: str) -> Floats:
    """Return objects that are numbers, such as Decimals, as floats."""
    for one in column.flat:
        if not is_number(one):
            raise TypeError(f"{name} of {symbol} must hold numbers, not {one!r}")
    return column.astype(np.float64)
