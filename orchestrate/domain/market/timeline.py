"""Bars, series and the one timeline of a run.

Stamps are int64 nanoseconds since 1970, UTC. A bar's `timestamp` is the stamp its file gives it;
`available_at` is the moment from which it may be acted upon (docs/reference/steps.md).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.values import value

if TYPE_CHECKING:
    from orchestrate.domain.options.chain import Chain

#: The step of what does not happen, or of which nobody knows yet.
NEVER: Final = 2**62
Floats = npt.NDArray[np.float64]
Stamps = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class HistoricalDataBar:
    """One bar, as a strategy sees it; `timestamp` is the stamp its file gives it."""

    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0
    symbol: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class BarSeries:
    """One symbol's history in columns, oldest first, shared by all, in memory that is read-only.

    `length` is a bar's nominal length in nanoseconds; `available_at` is when each bar may be acted upon. A resampled
    series is not `tradable`: strategies may read it, orders on it are refused. While a series is not complete, its
    columns are longer than what has arrived (see `arriving`); `len` counts what has.
    """

    is_complete: ClassVar[bool] = True

    symbol: str
    timestamp: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    available_at: Stamps
    length: int
    tradable: bool = True

    def __post_init__(self) -> None:
        size, timestamp = len(self.timestamp), self.timestamp
        if not size:
            raise ValueError(f"{self.symbol}: a series needs at least one bar")
        for name in ("timestamp", "open", "high", "low", "close", "volume", "available_at"):
            column = getattr(self, name)
            if len(column) != size:
                raise ValueError(f"{self.symbol}: column {name} has {len(column)} rows, timestamp has {size}")
            if column is timestamp:  # `available_at` too, as a rule: one piece of memory
                column = self.timestamp
            kind = np.int64 if name in ("timestamp", "available_at") else np.float64
            object.__setattr__(self, name, sealed(np.asarray(column, dtype=kind)))
        if size > 1 and not bool(np.all(self.timestamp[1:] > self.timestamp[:-1])):
            raise ValueError(f"{self.symbol}: timestamps must rise strictly")

    def __len__(self) -> int:
        return len(self.timestamp)

    @property
    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """What strategies see: timestamp, open, high, low, close, volume."""
        return (self.timestamp, self.open, self.high, self.low, self.close, self.volume)

    def bar(self, row: int) -> HistoricalDataBar:
        """Return the bar at `row` as one value."""
        return HistoricalDataBar(
            int(self.timestamp[row]),
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
    """Return the column on top of `bytes`, which can't be written to; no copy where it lies there already."""
    base: Any = column.base
    if isinstance(base, bytes) and len(base) == column.nbytes and column.flags.c_contiguous:
        return column
    return np.frombuffer(column.tobytes(), dtype=column.dtype)


def writable(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a way to write what everybody else can only read; valid while the column lives."""
    memory: Any = (ctypes.c_char * column.nbytes).from_address(column.ctypes.data)
    return np.frombuffer(memory, column.dtype)


@value
class MarketEvent:
    """One step of the timeline: each symbol that has a bar now, with the row of that bar in its series."""

    step: int
    t: int
    rows: Mapping[str, int]

    def __str__(self) -> str:
        return f"step {self.step}, t={self.t}"


class StepRows(Mapping[str, int]):
    """The bars of one step: symbol → row, for symbols that have one then. Looked up lazily."""

    __slots__ = ("_columns", "_step")

    def __init__(self, columns: Mapping[str, memoryview], step: int) -> None:
        self._columns, self._step = columns, step

    def __getitem__(self, symbol: str) -> int:
        row = self._columns[symbol][self._step]
        if row < 0:
            raise KeyError(symbol)
        return row

    def get(self, symbol: str, default: Any = None) -> Any:
        """Return the row, or `default`.

        Not left to `Mapping`, which would raise and catch for each symbol without a bar.
        """
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


class SeriesEnds:
    """The step of each symbol's last bar, and the `first` and `last` of these; `NEVER` while more may come."""

    __slots__ = ("first", "last", "steps")

    def __init__(self, steps: Mapping[str, int]) -> None:
        self.steps = dict(steps)
        self._compare()

    def put(self, symbol: str, step: int) -> None:
        """Note that the symbol had its last bar at `step`; called by the feed alone."""
        self.steps[symbol] = step
        self._compare()

    def _compare(self) -> None:
        self.first = min(self.steps.values(), default=NEVER)
        self.last = max(self.steps.values(), default=NEVER)


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The union of all series' stamps, one step each.

    `stamps[i]` is the moment t of step i, `labels[i]` the newest label among its bars. `rows[symbol][i]` is the row of
    that symbol's bar at step i, or -1 where it has none. While it is not complete, steps are still to come (see
    `arriving`); `len` counts those that are there.
    """

    is_complete: ClassVar[bool] = True

    stamps: Stamps
    labels: Stamps
    rows: Mapping[str, npt.NDArray[np.int64]]
    #: the same as `rows` and `stamps`; one element of a memoryview is read several times as fast as one of an array
    columns: Mapping[str, memoryview] = field(init=False, repr=False)
    moments: memoryview = field(init=False, repr=False)
    ends: SeriesEnds = field(init=False, repr=False)

    def __len__(self) -> int:
        return len(self.stamps)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", {symbol: rows.data for symbol, rows in self.rows.items()})
        object.__setattr__(self, "moments", self.stamps.data)
        object.__setattr__(self, "ends", self._ends())

    def __reduce__(self) -> tuple[object, ...]:
        """Leave out what is made of the rest: no other process can have a memoryview."""
        return type(self), (self.stamps, self.labels, self.rows)

    def _ends(self) -> SeriesEnds:
        return SeriesEnds({symbol: _last_place(rows) for symbol, rows in self.rows.items()})

    def events(self) -> Iterator[MarketEvent]:
        """Yield every step in order."""
        columns = self.columns
        for step, t in enumerate(self.moments):
            yield MarketEvent(step, t, StepRows(columns, step))

    def event(self, step: int) -> MarketEvent:
        """Return the step at `step`."""
        return MarketEvent(step, self.moments[step], StepRows(self.columns, step))

    @property
    def begins(self) -> int:
        """The moment before which nothing happens."""
        return int(self.stamps[0])

    def stamps_of(self, symbol: str) -> Stamps:
        """Return the moment of each of the symbol's rows."""
        stamps: Stamps = self.stamps[self.rows[symbol] >= 0]
        return stamps

    def first_stamp(self, symbol: str) -> int:
        """Return the moment before which the symbol has no bar."""
        return int(self.stamps_of(symbol)[0])

    def last_stamp(self, symbols: Iterable[str]) -> int | None:
        """Return the moment of the last bar of any of `symbols`; None while more may come, or where there is none."""
        step = max(self.ends.steps[symbol] for symbol in symbols)
        return self.moments[step] if 0 <= step < NEVER else None

    def latest_rows(self, symbol: str) -> npt.NDArray[np.int64]:
        """Return for each step the row of the symbol's newest bar so far, -1 before the first."""
        return np.maximum.accumulate(self.rows[symbol])

    def with_room(self) -> Timeline:
        """Return the same steps, for series of its own to join."""
        return Timeline(self.stamps, self.labels, dict(self.rows))

    def join(self, symbol: str, rows: npt.NDArray[np.int64]) -> None:
        """Take in one more symbol, with bars at steps that are there."""
        assert isinstance(self.rows, dict)
        assert isinstance(self.columns, dict)
        self.rows[symbol], self.columns[symbol] = rows, rows.data
        self.ends.put(symbol, _last_place(rows))


def _last_place(rows: npt.NDArray[np.int64]) -> int:
    """Return the last step with a bar, -1 where there is none."""
    found = rows[::-1] >= 0
    return len(rows) - 1 - int(np.argmax(found)) if found.any() else -1


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """The data of a run: series and instruments by symbol, and the timeline that joins them."""

    series: Mapping[str, BarSeries]
    instruments: Mapping[str, Instrument]
    timeline: Timeline
    data_hash: str = ""
    periods_per_year: Mapping[str, float] = field(default_factory=dict)
    #: the date of each future that expires within these data, at whose last close its positions end
    settlements: Mapping[str, str] = field(default_factory=dict)
    #: that of the capital
    currency: str = "USD"
    #: the last close before `start` of rates that symbols need before their own first bar
    earlier_rates: Mapping[str, float] = field(default_factory=dict)
    #: chains of options by symbol; the series of that symbol has the underlying's price at each quote
    chains: Mapping[str, Chain] = field(default_factory=dict)

    def with_room(self) -> Market:
        """Return the same market for one run, in which further series may join."""
        series, instruments, periods = dict(self.series), dict(self.instruments), dict(self.periods_per_year)
        return replace(
            self,
            series=series,
            instruments=instruments,
            timeline=self.timeline.with_room(),
            periods_per_year=periods,
            settlements=dict(self.settlements),
        )

    def join(self, series: BarSeries, instrument: Instrument) -> None:
        """Take in a series whose bars are known at steps that are there."""
        assert isinstance(self.series, dict)
        assert isinstance(self.instruments, dict)
        rows = np.full(len(self.timeline), -1, dtype=np.int64)
        rows[np.searchsorted(self.timeline.stamps, series.available_at)] = np.arange(len(series))
        self.series[series.symbol], self.instruments[series.symbol] = series, instrument
        self.timeline.join(series.symbol, sealed(rows))

    def rate_before(self, symbol: str) -> float:
        """Return the rate that counts before the first bar of `symbol`; 1.0 where nothing is priced in it by then."""
        return self.earlier_rates.get(symbol, 1.0)
