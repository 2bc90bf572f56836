"""What is known of a stored run: its tables, the rules that it kept, the bars that it saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Stamps = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
#: Columns by name: lists, or arrays.
Table = Mapping[str, Any]
Row = Mapping[str, Any]
#: Before every moment.
EARLIEST: Final = -(2**63)


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """The bars of one symbol: their labels, the moments at which they are known, their nominal length."""

    labels: Stamps
    stamps: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    length: int
    tradable: bool = True


@dataclass(frozen=True, slots=True)
class Terms:
    """How one symbol is traded. Margins are shares of its value: of a long, of a short."""

    multiplier: float
    tick: float
    precision: int
    by_notional: bool
    initial: tuple[float, float]
    maintenance: tuple[float, float]
    fx: str = ""
    borrow: float = 0.0
    week: int = 5


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """An option, the moments of its chain with the instants that they stand for, and its own quotes by moment.

    `precision` are the decimals of its prices. A quote counts for `max_age`. `settles_at` is the settlement price that
    the data gives, if it does; the underlying's close is made `lag` after the moment of its bar.
    """

    underlying: str
    is_call: bool
    strike: float
    expiry: int
    delivers: bool
    multiplier: float
    moments: Stamps
    instants: Stamps
    length: int
    max_age: int
    precision: int
    quoted: Stamps
    bid: Floats
    ask: Floats
    is_american: bool = True
    settles_at: float | None = None
    lag: int = 0
    #: the share of the underlying that a short needs which nothing covers; 1 where it must be covered
    rate: float = 0.2


@dataclass(frozen=True, slots=True)
class Commission:
    """A share of the notional in percent, or an amount a unit, and at least a minimum."""

    percent: float = 0.0
    per_share: float = 0.0
    minimum: float = 0.0


@dataclass(frozen=True, slots=True)
class Rules:
    """When and how orders fill; commissions are by symbol where they differ."""

    at_close: bool
    commission: Commission
    commissions: Mapping[str, Commission] = field(default_factory=dict)
    slip_percent: float = 0.0
    slip_ticks: float = 0.0
    periods_per_year: float | None = None
    #: how far across the spread options are filled; what a contract costs, where commissions don't count, and at least
    cross: float = 1.0
    per_contract: float | None = None
    contract_minimum: float = 0.0
    #: which options are assigned before they expire: `off`, `dividend`, `deep`
    early_assignment: str = "off"


@dataclass(frozen=True, slots=True)
class Strategy:
    """One strategy as `metrics.json` has it."""

    id: str
    framework: str
    symbols: tuple[str, ...]
    allocated: float
    is_native: bool
    is_unmanaged: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition of the plan on a figure; `baseline` is what the figure was elsewhere, and part of the bound."""

    text: str
    metric: str
    operator: str
    bound: float
    baseline: float | None = None


@dataclass(frozen=True)
class Run:
    """All that is known of a run. `figures` is its metrics.json, `benchmark` a symbol, "" where there is none."""

    capital: float
    pooled: bool
    rules: Rules
    strategies: Mapping[str, Strategy]
    bars: Mapping[str, Bars]
    terms: Mapping[str, Terms]
    tables: Mapping[str, Table]
    figures: Mapping[str, Any]
    benchmark: str = ""
    gates: Sequence[Gate] = ()
    #: closes before the first bar, of rates that are needed before it
    earlier_rates: Mapping[str, float] = field(default_factory=dict)
    #: the options that were traded, which have bars and terms as well
    contracts: Mapping[str, Contract] = field(default_factory=dict)

    @cached_property
    def stamps(self) -> Stamps:
        """The moments of the steps that were done."""
        union = np.unique(np.concatenate([bars.stamps for bars in self.bars.values()]))
        return union[: len(self.tables["equity"]["t"])]

    @cached_property
    def labels(self) -> Stamps:
        """The newest label among the bars of each step."""
        labels = np.full(len(self.stamps), np.iinfo(np.int64).min)
        for bars in self.bars.values():
            steps = np.searchsorted(self.stamps, bars.stamps)
            there = steps < len(labels)
            np.maximum.at(labels, steps[there], bars.labels[there])
        return labels

    def label(self, symbol: str, step: int) -> int:
        """Return the label of the symbol's bar at a step, or of the step where it has none."""
        bars = self.bars[symbol]
        row = int(np.searchsorted(bars.stamps, self.stamps[step]))
        there = row < len(bars.stamps) and bars.stamps[row] == self.stamps[step]
        return int(bars.labels[row] if there else self.labels[step])

    def rows(self, table: str) -> list[Row]:
        """Return the rows of a table."""
        if table not in self._rows:
            columns = self.tables[table]
            cells = zip(*columns.values(), strict=True)
            self._rows[table] = [dict(zip(columns, row, strict=True)) for row in cells]
        return self._rows[table]

    @cached_property
    def _rows(self) -> dict[str, list[Row]]:
        return {}

    def step(self, moment: int) -> int:
        """Return the step at a moment, -1 where there is none."""
        place = int(np.searchsorted(self.stamps, moment))
        return place if place < len(self.stamps) and self.stamps[place] == moment else -1

    def closes(self, symbol: str) -> Floats:
        """Return the close that counts at each step, NaN before the first bar; 1 for no symbol."""
        if not symbol:
            return np.ones(len(self.stamps))
        bars = self.bars[symbol]
        rows = np.searchsorted(bars.stamps, self.stamps, side="right") - 1
        return np.where(rows >= 0, bars.close[rows], np.nan)

    def rates(self, symbol: str) -> Floats:
        """Return the rate that counts at each step; 1 for no symbol."""
        closes = self.closes(symbol)
        return np.where(np.isnan(closes), self.earlier_rates.get(symbol, np.nan), closes)

    def has_bar(self, symbols: Sequence[str]) -> Flags:
        """Return the steps at which one of the symbols has a bar."""
        there = np.zeros(len(self.stamps), dtype=np.bool_)
        for symbol in symbols:
            there |= np.isin(self.stamps, self.bars[symbol].stamps)
        return there


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that is not as it should be: in which table, at which place, what is stored and what is right."""

    check: str
    where: str
    stored: Any
    computed: Any


def same(stored: object, computed: float, scale: float = 1.0) -> bool:
    """Return whether a stored number is the computed one, to what floats of that scale carry."""
    if not isinstance(stored, int | float):
        return False
    if np.isnan(stored) or np.isnan(computed):
        return bool(np.isnan(stored) and np.isnan(computed))
    return abs(stored - computed) <= 1e-6 + 1e-11 * max(abs(scale), abs(computed))
