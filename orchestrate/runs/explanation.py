"""Questions about the orders of a stored run, and their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrate.domain.market.stamps import label_text
from orchestrate.runs.decisions import OrderHistory, StoredStage
from orchestrate.runs.manifest import SCHEMA_VERSION
from orchestrate.runs.reading import Document


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be explained: everything, or what the names given leave of it.

    `at` is a label of bars as reports show it, or its beginning: a day, a month, a year.
    """

    strategy: str | None = None
    symbol: str | None = None
    at: str | None = None
    order: str | None = None

    @property
    def is_open(self) -> bool:
        """True where nothing is named."""
        return self == Question()


@dataclass(frozen=True, slots=True)
class StrategyState:
    """A strategy at the close of a bar on which it had no demand.

    `reason` is `no_signal`, `no_bar`, or why it was not called: `failed`, `waiting`, `removed`, `ruined`, `stopped`,
    `unmanaged`; `detail` says since when. `touched` has the orders that something happened to on that bar.
    """

    strategy_id: str
    t: int
    reason: str
    held: Mapping[str, float]
    waiting: tuple[OrderHistory, ...]
    touched: tuple[OrderHistory, ...]
    symbol: str | None = None
    detail: str = ""

    def document(self) -> Document:
        """Return the state as JSON shows it: as a demand for nothing."""
        figures = {f"held.{symbol}": quantity for symbol, quantity in self.held.items()}
        figures |= {f"waiting.{order.order_id}": order.placed for order in self.waiting}
        stage = StoredStage("signal", 0.0, 0.0, self.reason, self.detail, figures)
        return {
            "strategy_id": self.strategy_id,
            "symbol": self.symbol,
            "bar": label_text(self.t),
            "wanted": 0.0,
            "granted": 0.0,
            "outcome": "none",
            "reason": self.reason,
            "order_id": None,
            "order_type": None,
            "terms": None,
            "engine": None,
            "fill": None,
            "stages": [stage._asdict()],
        }


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often something was cut or refused for one reason, and the money that it would have been worth."""

    reason: str
    count: int
    money: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The orders that a question is about; of a whole run its reasons and the costliest cuts, with their money.

    `demands` is how many the run has in all.
    `states` say what strategies did where there is no demand at the moment in question.
    """

    run_id: str
    question: Question
    demands: int
    orders: tuple[OrderHistory, ...]
    states: tuple[StrategyState, ...] = ()
    reasons: tuple[ReasonCount, ...] = ()
    costliest: tuple[tuple[OrderHistory, float], ...] = ()

    def document(self) -> Document:
        """Return the explanation as JSON shows it (contracts, portfolio, section 8)."""
        orders = [order.document() for order in self.orders] + [state.document() for state in self.states]
        document: Document = {"schema_version": SCHEMA_VERSION, "orders": orders}
        if self.question.is_open:
            counts = [{"reason": one.reason, "count": one.count, "money": one.money} for one in self.reasons]
            document |= {"reasons": counts}
            document |= {"costliest": [order.document() | {"money": money} for order, money in self.costliest]}
        return document
