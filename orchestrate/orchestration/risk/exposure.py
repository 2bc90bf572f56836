"""The holdings of strategies and portfolio once open orders and the step's approved demands have filled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import fsum
from typing import Protocol

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import rounded
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.strategies.registry import StrategyEntry

#: The id of the whole portfolio.
PORTFOLIO = ""


class LossRecord(Protocol):
    """The losses so far, of strategies by id and of the whole portfolio by `PORTFOLIO`."""

    def equity(self, name: str) -> float:
        """Return the equity at the closes of this step."""

    def drawdown(self, name: str) -> float:
        """Return the loss from the highest equity so far, as a fraction of it."""

    def daily_loss(self, name: str) -> float:
        """Return the largest loss of the UTC day so far, as a fraction of the last equity before it."""

    def bars_since_loss(self, name: str) -> int | None:
        """Return the number of bars of a strategy since its last losing exit; None without one."""


@dataclass(slots=True)
class Totals:
    """Worths over all strategies: absolute ones by symbol, by framework and in all, and the signed sum."""

    symbols: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    frameworks: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    gross: float = 0.0
    net: float = 0.0

    def change(self, symbol: str, framework: str, before: float, after: float) -> None:
        """Take in a change of one strategy's worth in a symbol."""
        size = abs(after) - abs(before)
        self.symbols[symbol] += size
        self.frameworks[framework] += size
        self.gross += size
        self.net += after - before


def _always(_symbol: str) -> bool:
    return True


class Exposure:
    """Quantities by strategy and symbol, open orders included; demands are added as they are approved.

    `goes_on` says whether a symbol has a further bar, at which orders can fill.
    """

    def __init__(
        self,
        entries: Mapping[str, StrategyEntry],
        blotter: Blotter,
        marks: Mapping[str, float],
        instruments: Mapping[str, Instrument],
        losses: LossRecord,
        goes_on: Callable[[str], bool] = _always,
    ) -> None:
        self.entries, self.marks, self.instruments, self.losses = entries, marks, instruments, losses
        self.goes_on = goes_on
        self._own: dict[str, dict[str, float]] = {}
        self._units: dict[str, float] = {}
        self._totals: Totals | None = None
        for order in blotter.open_orders():
            if not (order.closing and order.rests):  # an exit that rests may never fill
                self.add(order.strategy_id, order.symbol, order.remaining)

    def add(self, strategy_id: str, symbol: str, quantity: float) -> None:
        """Count `quantity` as traded."""
        own = self.quantities(strategy_id)
        before = own.get(symbol, 0.0)
        own[symbol] = after = rounded(before + quantity)
        if not after:
            del own[symbol]
        if self._totals is not None:
            unit, framework = self.unit(symbol), self.entries[strategy_id].framework
            self._totals.change(symbol, framework, before * unit, after * unit)

    def quantities(self, strategy_id: str) -> dict[str, float]:
        """Return the signed quantities of one strategy, by symbol."""
        own = self._own.get(strategy_id)
        if own is None:
            positions = self.entries[strategy_id].book.positions
            own = self._own[strategy_id] = {symbol: held.quantity for symbol, held in positions.items()}
        return own

    @property
    def totals(self) -> Totals:
        """Return the sums over all strategies, kept along with each addition."""
        if self._totals is None:
            self._totals = self._summed()
        return self._totals

    def _summed(self) -> Totals:
        totals, net = Totals(), 0.0
        symbols, units = totals.symbols, self._units
        for name, entry in self.entries.items():
            if not entry.book.positions and name not in self._own:
                continue
            gross = 0.0
            for symbol, quantity in self.quantities(name).items():
                worth = quantity * (units.get(symbol) or self.unit(symbol))
                size = abs(worth)
                symbols[symbol] += size
                gross += size
                net += worth
            totals.frameworks[entry.framework] += gross
            totals.gross += gross
        totals.net = net
        return totals

    def unit(self, symbol: str) -> float:
        """Return the worth of one unit at the marks."""
        unit = self._units.get(symbol)
        if unit is None:
            unit = self._units[symbol] = self.marks[symbol] * self.instruments[symbol].multiplier
        return unit

    def quantity(self, strategy_id: str, symbol: str) -> float:
        """Return the signed quantity of one strategy in one symbol."""
        return self.quantities(strategy_id).get(symbol, 0.0)

    def worths(self, strategy_id: str) -> list[tuple[str, float]]:
        """Return the signed worth of each position of one strategy."""
        return [(symbol, quantity * self.unit(symbol)) for symbol, quantity in self.quantities(strategy_id).items()]


@dataclass(frozen=True, slots=True)
class StrategyExposure:
    """One strategy of an `Exposure`; implements `StrategyState` of the limits."""

    exposure: Exposure
    entry: StrategyEntry

    @property
    def equity(self) -> float:
        """See `StrategyState`."""
        return self.entry.book.equity(self.exposure.marks)

    @property
    def capital(self) -> float:
        """See `StrategyState`."""
        return self.entry.account.sized_on(self.entry.book, self.exposure.marks)

    @property
    def gross(self) -> float:
        """See `StrategyState`."""
        return fsum(abs(worth) for _, worth in self.exposure.worths(self.entry.id))

    @property
    def positions(self) -> int:
        """See `StrategyState`."""
        return len(self.exposure.quantities(self.entry.id))

    @property
    def drawdown(self) -> float:
        """See `StrategyState`."""
        return self.exposure.losses.drawdown(self.entry.id)

    @property
    def daily_loss(self) -> float:
        """See `StrategyState`."""
        return self.exposure.losses.daily_loss(self.entry.id)

    @property
    def bars_since_loss(self) -> int | None:
        """See `StrategyState`."""
        return self.exposure.losses.bars_since_loss(self.entry.id)

    def size(self, symbol: str) -> float:
        """See `StrategyState`."""
        quantity = self.exposure.quantity(self.entry.id, symbol)
        return quantity * self.exposure.unit(symbol) if quantity else 0.0


@dataclass(frozen=True)
class PortfolioExposure:
    """The whole of an `Exposure`; implements `PortfolioState` of the limits. No demand changes equity and losses."""

    exposure: Exposure

    @cached_property
    def equity(self) -> float:
        """See `PortfolioState`."""
        return self.exposure.losses.equity(PORTFOLIO)

    @property
    def gross(self) -> float:
        """See `PortfolioState`."""
        return self.exposure.totals.gross

    @property
    def net(self) -> float:
        """See `PortfolioState`."""
        return self.exposure.totals.net

    @cached_property
    def drawdown(self) -> float:
        """See `PortfolioState`."""
        return self.exposure.losses.drawdown(PORTFOLIO)

    @cached_property
    def daily_loss(self) -> float:
        """See `PortfolioState`."""
        return self.exposure.losses.daily_loss(PORTFOLIO)

    def size(self, symbol: str) -> float:
        """See `PortfolioState`."""
        return self.exposure.totals.symbols.get(symbol, 0.0)

    def framework(self, name: str) -> float:
        """See `PortfolioState`."""
        return self.exposure.totals.frameworks.get(name, 0.0)
