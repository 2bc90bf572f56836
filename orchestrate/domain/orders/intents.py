"""What somebody wants traded, on its way through the stages that decide on it, with the trail that they leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from orchestrate.domain.orders.order import Decision, Demand, Order, Outcome, Reason, StageOutcome

#: a name of this module is found several times as fast as a member of an enumeration
_APPROVED: Final = Outcome.APPROVED


@dataclass(slots=True, eq=False)
class Intent:
    """A wish to trade, from its producer to the order that comes of it.

    `units` is the signed quantity that was asked for, None where the plan's sizing decides; the first stage makes
    `demand` of it. `quantity` is what the stages so far have left of the demand, `reserve` the money to hold back for
    its order, `producer` who wants it. `trail` has the stages that cut or refused it; a stage that it doesn't name let
    it pass.
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
    producer: str = "strategy"
    demand: Demand = field(init=False)
    quantity: float = 0.0
    refused: bool = False
    reserve: float = 0.0
    trail: tuple[StageOutcome, ...] = ()
    order: Order | None = None

    @classmethod
    def of(cls, demand: Demand) -> Intent:
        """The intent of a demand that comes with its quantity, as those of natives do."""
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

    def size(self, quantity: float) -> None:
        """Ask for that much."""
        self.demand = Demand(self.strategy_id, self.symbol, quantity, self.closing, self.price, self.step, self.t)
        self.quantity = quantity
        self.sized = True

    def cut(self, stage: str, quantity: float, reason: Reason, detail: str = "") -> None:
        """Leave only `quantity` of it."""
        self.trail += (StageOutcome(stage, self.quantity, quantity, reason, detail),)
        self.quantity = quantity

    def refuse(self, stage: str, reason: Reason, detail: str = "") -> None:
        """Leave nothing of it."""
        self.cut(stage, 0.0, reason, detail)
        self.refused = True

    def decision(self) -> Decision:
        """How it ends; the last stage that cut it gives the reason."""
        if not self.trail:
            return Decision(self.demand, _APPROVED, self.quantity)
        last = self.trail[-1]
        outcome = Outcome.REJECTED if self.refused else Outcome.RESIZED
        return Decision(self.demand, outcome, self.quantity, last.reason, last.detail, self.trail)
