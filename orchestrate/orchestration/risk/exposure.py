"""What strategies and the portfolio would hold once open orders and the step's approved demands have filled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import rounded
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.strategies.registry import StrategyEntry

#: The name under which the whole portfolio is asked for.
PORTFOLIO = ""


class LossRecord(Protocol):
    """What has been lost so far, of strategies by id and of the whole portfolio by `PORTFOLIO`."""

    def equity(self, name: str) -> float:
        """The equity at the closes of this step."""

    def drawdown(self, name: str) -> float:
        """The loss from the highest equity so far, as a fraction of it."""

    def daily_loss(self, name: str) -> float:
        """The largest loss of the UTC day so far, as a fraction of the last equity before it."""

    def bars_since_loss(self, name: str) -> int | None:
        """The bars of a strategy since its last losing exit; None without one."""


class Exposure:
    """Quantities by strategy and symbol, open orders included; demands are added as they are approved."""

    def __init__(
        self,
        entries: Mapping[str, StrategyEntry],
        blotter: Blotter,
        marks: Mapping[str, float],
        instruments: Mapping[str, Instrument],
        losses: LossRecord,
    ) -> None:
        self.entries, self.marks, self.instruments, self.losses = entries, marks, instruments, losses
        self.quantities: dict[str, dict[str, float]] = {}
        for name, entry in entries.items():
            if entry.book.positions:
                self.quantities[name] = {symbol: held.quantity for symbol, held in entry.book.positions.items()}
        for order in blotter.open_orders():
            if not (order.closing and order.rests):  # an exit that rests may never fill
                self.add(order.strategy_id, order.symbol, order.remaining)

    def add(self, strategy_id: str, symbol: str, quantity: float) -> None:
        """Count `quantity` as traded."""
        own = self.quantities.setdefault(strategy_id, {})
        own[symbol] = rounded(own.get(symbol, 0.0) + quantity)
        if not own[symbol]:
            del own[symbol]

    def quantity(self, strategy_id: str, symbol: str) -> float:
        """The signed quantity of one strategy in one symbol."""
        return self.quantities.get(strategy_id, {}).get(symbol, 0.0)

    def worths(self, strategy_id: str) -> Iterator[tuple[str, float]]:
        """The signed worth of each position of one strategy."""
        for symbol, quantity in self.quantities.get(strategy_id, {}).items():
            yield symbol, quantity * self.marks[symbol] * self.instruments[symbol].multiplier


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
        return sum(abs(worth) for _, worth in self.exposure.worths(self.entry.id))

    @property
    def positions(self) -> int:
        """See `StrategyState`."""
        return len(self.exposure.quantities.get(self.entry.id, ()))

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
        return dict(self.exposure.worths(self.entry.id)).get(symbol, 0.0)


@dataclass(frozen=True, slots=True)
class PortfolioExposure:
    """The whole of an `Exposure`; implements `PortfolioState` of the limits."""

    exposure: Exposure

    @property
    def equity(self) -> float:
        """See `PortfolioState`."""
        return self.exposure.losses.equity(PORTFOLIO)

    @property
    def gross(self) -> float:
        """See `PortfolioState`."""
        return sum(abs(worth) for _, _, worth in self._all())

    @property
    def net(self) -> float:
        """See `PortfolioState`."""
        return sum(worth for _, _, worth in self._all())

    @property
    def drawdown(self) -> float:
        """See `PortfolioState`."""
        return self.exposure.losses.drawdown(PORTFOLIO)

    @property
    def daily_loss(self) -> float:
        """See `PortfolioState`."""
        return self.exposure.losses.daily_loss(PORTFOLIO)

    def size(self, symbol: str) -> float:
        """See `PortfolioState`."""
        return sum(abs(worth) for _, held, worth in self._all() if held == symbol)

    def framework(self, name: str) -> float:
        """See `PortfolioState`."""
        entries = self.exposure.entries
        return sum(abs(worth) for owner, _, worth in self._all() if entries[owner].framework == name)

    def _all(self) -> Iterator[tuple[str, str, float]]:
        for owner in self.exposure.quantities:
            for symbol, worth in self.exposure.worths(owner):
                yield owner, symbol, worth
