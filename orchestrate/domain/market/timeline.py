"""What is traded and what is known of it: instruments, bars, series and the one timeline.

Stamps are int64 nanoseconds since 1970, UTC. A bar's `label` is the stamp its file gives it; `known` is the moment
at which it may be acted upon (see contracts, "Stamps").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.values import value

Floats = npt.NDArray[np.float64]
Stamps = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class HistoricalDataBar:
    """One bar, as a strategy sees it; `timestamp` is its label."""

    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0
    symbol: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class BarSeries:
    """One symbol's history in columns, oldest first, shared by all, in memory that nobody can write to.

    `length` is a bar's nominal length in nanoseconds; `known` when each bar may be acted upon. A resampled series is
    not `tradable`: strategies may read it, orders on it are refused.
    """

    symbol: str
    label: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    known: Stamps
    length: int
    tradable: bool = True

    def __post_init__(self) -> None:
        size, label = len(self.label), self.label
        if not size:
            raise ValueError(f"{self.symbol}: a series needs at least one bar")
        for name in ("label", "open", "high", "low", "close", "volume", "known"):
            column = getattr(self, name)
            if len(column) != size:
                raise ValueError(f"{self.symbol}: column {name} has {len(column)} rows, label has {size}")
            if column is label:  # `known` too, as a rule: one piece of memory
                column = self.label
            kind = np.int64 if name in ("label", "known") else np.float64
            object.__setattr__(self, name, sealed(np.asarray(column, dtype=kind)))
        if size > 1 and not bool(np.all(self.label[1:] > self.label[:-1])):
            raise ValueError(f"{self.symbol}: labels must rise strictly")

    def __len__(self) -> int:
        return len(self.label)

    @property
    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """What strategies see: label, open, high, low, close, volume."""
        return (self.label, self.open, self.high, self.low, self.close, self.volume)

    def bar(self, row: int) -> HistoricalDataBar:
        """The bar at `row` as one value."""
        return HistoricalDataBar(
            int(self.label[row]),
            float(self.open[row]),
            float(self.high[row]),
            float(self.low[row]),
            float(self.close[row]),
            float(self.volume[row]),
            self.symbol,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Closes:
    """A symbol's closes, oldest first, and the moments at which they are known."""

    stamps: Stamps
    closes: Floats


def sealed(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The column on top of `bytes`, which can't be written to; no copy where it lies there already."""
    base: Any = column.base
    if isinstance(base, bytes) and len(base) == column.nbytes and column.flags.c_contiguous:
        return column
    return np.frombuffer(column.tobytes(), dtype=column.dtype)


@value
class MarketEvent:
    """One step of the timeline: each symbol that has a bar now, with the row of that bar in its series."""

    step: int
    t: int
    rows: Mapping[str, int]

    def __str__(self) -> str:
        return f"step {self.step}, t={self.t}"


class StepRows(Mapping[str, int]):
    """The bars of one step: symbol → row, for symbols that have one then. Looked up only when somebody asks."""

    __slots__ = ("_columns", "_step")

    def __init__(self, columns: Mapping[str, memoryview], step: int) -> None:
        self._columns, self._step = columns, step

    def __getitem__(self, symbol: str) -> int:
        row = self._columns[symbol][self._step]
        if row < 0:
            raise KeyError(symbol)
        return row

    def get(self, symbol: str, default: Any = None) -> Any:
        """The row, or `default`; not left to `Mapping`, which would raise and catch for each symbol without a bar."""
        column = self._columns.get(symbol)
        row = -1 if column is None else column[self._step]
        return row if row >= 0 else default

    def __contains__(self, symbol: object) -> bool:
        column = self._columns.get(symbol)  # type: ignore[call-overload]  # what is no text is in no step
        return column is not None and column[self._step] >= 0

    def __iter__(self) -> Iterator[str]:
        step = self._step
        return (symbol for symbol, column in self._columns.items() if column[step] >= 0)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        for column in self._columns.values():  # noqa: SIM110  # no generator: every step of every engine asks
            if column[self._step] >= 0:
                return True
        return False

    def __repr__(self) -> str:
        return repr(dict(self))


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The union of all series' stamps, one step each.

    `stamps[i]` is the moment t of step i, `labels[i]` the newest label among its bars. `rows[symbol][i]` is the row of
    that symbol's bar at step i, or -1 where it has none.
    """

    stamps: Stamps
    labels: Stamps
    rows: Mapping[str, npt.NDArray[np.int64]]
    #: the same as `rows` and `stamps`; one element of a memoryview is read several times as fast as one of an array
    columns: Mapping[str, memoryview] = field(init=False, repr=False)
    moments: memoryview = field(init=False, repr=False)

    def __len__(self) -> int:
        return len(self.stamps)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", {symbol: rows.data for symbol, rows in self.rows.items()})
        object.__setattr__(self, "moments", self.stamps.data)

    def events(self) -> Iterator[MarketEvent]:
        """Every step in order."""
        columns = self.columns
        for step, t in enumerate(self.moments):
            yield MarketEvent(step, t, StepRows(columns, step))

    def event(self, step: int) -> MarketEvent:
        """The step at `step`."""
        return MarketEvent(step, self.moments[step], StepRows(self.columns, step))

    def last_step(self, symbol: str) -> int:
        """The step of the symbol's last bar, after which its series has ended."""
        return int(np.flatnonzero(self.rows[symbol] >= 0)[-1])


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """The data of a run: series and instruments by symbol, and the timeline that joins them."""

    series: Mapping[str, BarSeries]
    instruments: Mapping[str, Instrument]
    timeline: Timeline
    data_hash: str = ""
    periods_per_year: Mapping[str, float] = field(default_factory=dict)
