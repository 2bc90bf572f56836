"""An intent to trade on its way through the stages of the pipeline, with the trail that they leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from orchestrate.domain.orders.order import (
    NO_FIGURES,
    Decision,
    Demand,
    Figures,
    Order,
    OrderGroup,
    Outcome,
    Reason,
    Requires,
    StageOutcome,
)
from orchestrate.domain.orders.terms import NO_TERMS, OrderTerms

if TYPE_CHECKING:
    from orchestrate.domain.options.structure import Structure

#: a name of this module is found several times as fast as a member of an enumeration
_APPROVED: Final = Outcome.APPROVED
#: Who wants to trade: a strategy (portable or native), the rebalancer, a stop of the portfolio, a person.
Producer = Literal["strategy", "rebalance", "stop", "operator"]


class IntentLeg(NamedTuple):
    """A part of an intent for a structure: the signed units of one structure, and what they trade at."""

    symbol: str
    units: float
    price: float


@dataclass(slots=True, eq=False)
class Intent:
    """An intent to trade, from its producer to the resulting order.

    `units` is the signed quantity that was asked for, None where the plan's sizing decides; the first stage makes
    `demand` of it. `quantity` is what the stages so far have left of the demand, `available` the money that its
    strategy could spend on it, `reserve` the money to hold back for its order, `trail` the stages that cut or refused
    it; a stage that the trail doesn't name let it pass. What has another `producer` than a strategy is no party to
    conflicts. `terms`, `group` and `requires` are those of its order; `changes` is the order that it enlarges instead.
    Of a structure, `legs` are what one of it trades, `structure` is what it opens or closes, `closes` what it rolls.
    """

    strategy_id: str
    symbol: str
    closing: bool
    units: float | None
    buys: bool
    price: float
    step: int
    t: int
    sized: bool = False
    producer: Producer = "strategy"
    demand: Demand = field(init=False)
    quantity: float = 0.0
    refused: bool = False
    available: float | None = None
    reserve: float = 0.0
    trail: tuple[StageOutcome, ...] = ()
    order: Order | None = None
    terms: OrderTerms = NO_TERMS
    group: OrderGroup | None = None
    requires: Requires = ""
    changes: Order | None = None
    legs: tuple[IntentLeg, ...] = ()
    structure: Structure | None = None
    closes: Structure | None = None

    @classmethod
    def of(cls, demand: Demand) -> Intent:
        """Return the intent of a demand that comes with its quantity, as those of natives do."""
        quantity = demand.quantity
        intent = cls(
            demand.strategy_id,
            demand.symbol,
            demand.closing,
            quantity,
            quantity > 0,
            demand.price,
            demand.step,
            demand.t,
            sized=True,
        )
        intent.demand, intent.quantity = demand, quantity
        return intent

    @property
    def traded(self) -> Structure | None:
        """The structure that it trades: of a roll what closes one and opens the other."""
        return self.structure if self.closes is None or not self.structure else self.closes.rolled_to(self.structure)

    @property
    def lot(self) -> float:
        """The structures that it is cut by; a roll is traded whole."""
        return 1.0 if self.closes is None else abs(self.quantity)

    def size(self, quantity: float) -> None:
        """Ask for that much."""
        if self.terms is NO_TERMS and not self.requires and self.group is None:
            self.demand = Demand(self.strategy_id, self.symbol, quantity, self.closing, self.price, self.step, self.t)
        else:
            self.demand = self._demand(quantity, self.terms)
        self.quantity = quantity
        self.sized = True

    def _demand(self, quantity: float, terms: OrderTerms) -> Demand:
        return Demand(
            self.strategy_id,
            self.symbol,
            quantity,
            self.closing,
            self.price,
            self.step,
            self.t,
            limit=terms.limit,
            trigger=terms.stop,
            trail=terms.trail,
            until=terms.until,
            group=self.group,
            day=terms.tif == "day",
            tag=terms.tag if self.structure is None else self.structure.tag,
            requires=self.requires,
            bracket=terms.bracket,
        )

    def cut(self, stage: str, quantity: float, reason: Reason, detail: str = "", figures: Figures = NO_FIGURES) -> None:
        """Leave only `quantity` of it."""
        self.trail += (StageOutcome(stage, self.quantity, quantity, reason, detail, figures),)
        self.quantity = quantity

    def refuse(self, stage: str, reason: Reason, detail: str = "", figures: Figures = NO_FIGURES) -> None:
        """Leave nothing of it."""
        self.cut(stage, 0.0, reason, detail, figures)
        self.refused = True

    def decision(self) -> Decision:
        """How it ends; the last stage that cut it gives the reason."""
        sized = self.units is None
        if not self.trail:
            available, reserve = self.available, self.reserve
            return Decision(self.demand, _APPROVED, self.quantity, available=available, reserve=reserve, sized=sized)
        last = self.trail[-1]
        outcome, reserve = (Outcome.REJECTED, 0.0) if self.refused else (Outcome.RESIZED, self.reserve)
        found = (self.demand, outcome, self.quantity, last.reason, last.detail, self.trail)
        return Decision(*found, self.available, reserve, sized)
