"""A strategy's place in the orchestrator: what was said of it, how it stands, and what it may know of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from orchestrate.domain.books import Book
from orchestrate.domain.instruments import Instrument
from orchestrate.domain.plan import Sizing
from orchestrate.domain.results import StrategyError
from orchestrate.domain.strategy import PORTABLE_KINDS, Kind
from orchestrate.orchestration.blotter import Blotter
from orchestrate.orchestration.capital import PortfolioCapitalManager
from orchestrate.orchestration.compatibility import StrategyMetadata
from orchestrate.orchestration.deciders import Decider


@dataclass(frozen=True, slots=True)
class AllocationConfig:
    """A strategy's share of the total capital in percent, 0..100, and the sizing of its entries."""

    target_pct: Decimal
    sizing: Sizing = field(default_factory=Sizing)

    def __post_init__(self) -> None:
        # 40 or 12.5 is taken, too, as the figure that its text shows
        object.__setattr__(self, "target_pct", Decimal(str(self.target_pct)))
        if not 0 <= self.target_pct <= 100:
            raise ValueError(f"target_pct must lie in 0..100, not {self.target_pct}")


EntryStatus = Literal["active", "paused", "failed"]


@dataclass(slots=True)
class StrategyEntry:
    """One strategy under the orchestrator. `decider` and `book` come with the run."""

    strategy: object
    metadata: StrategyMetadata
    allocation: AllocationConfig
    framework: str
    kind: Kind | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    status: EntryStatus = "active"
    symbols: tuple[str, ...] = ()
    allocated: Decimal = Decimal(0)
    book: Book = field(default_factory=lambda: Book("", 0.0))
    decider: Decider | None = None
    error: StrategyError | None = None
    blocked: int = 0
    resized: int = 0
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.metadata.id

    @property
    def is_native(self) -> bool:
        """True where the strategy lives in its engine and is asked there."""
        return self.kind is not None and self.kind not in PORTABLE_KINDS

    @property
    def is_active(self) -> bool:
        """True while the strategy is asked."""
        return self.status == "active"


class Standing:
    """What one strategy may know of its own standing; implements deciders.View."""

    def __init__(
        self,
        entry: StrategyEntry,
        blotter: Blotter,
        capital: PortfolioCapitalManager,
        marks: Mapping[str, float],
        instruments: Mapping[str, Instrument],
        facts: dict[tuple[str, str], object],
    ) -> None:
        self.strategy_id = entry.id
        self.symbols = entry.symbols
        self.book = entry.book
        self._depends_on = entry.metadata.depends_on
        self._blotter, self._capital, self._marks, self._facts = blotter, capital, marks, facts
        self._instruments = instruments

    def held(self, symbol: str) -> float:
        """Signed quantity, pending orders included."""
        position = self.book.positions.get(symbol)
        held = position.quantity if position is not None else 0.0
        for order in self._blotter.waiting.get(self.strategy_id, ()):
            if order.symbol == symbol:
                held += order.quantity
        return held

    def equity(self) -> float:
        """The book at the closes of this step."""
        return self.book.equity(self._marks)

    def available(self) -> float:
        """What an opening may cost."""
        return self._capital.money_for_openings(self.book, self._blotter.reserved(self.strategy_id), self._marks)

    def instrument(self, symbol: str) -> Instrument:
        """What a symbol is."""
        return self._instruments[symbol]

    def publish(self, name: str, value: object) -> None:
        """Remember a fact for those who depend on this strategy."""
        self._facts[self.strategy_id, name] = value

    def fact(self, strategy_id: str, name: str, default: object) -> object:
        """A fact of another strategy; KeyError unless `depends_on` names it."""
        if strategy_id not in self._depends_on:
            raise KeyError(f"{self.strategy_id} reads facts of {strategy_id!r}, which its depends_on does not name")
        return self._facts.get((strategy_id, name), default)
