"""The orders of a rebalance: trims, which belong to the orchestrator, and top-ups, which go through the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from orchestrate.domain.books import Position
from orchestrate.domain.instruments.rates import converted
from orchestrate.domain.market.timeline import Timeline
from orchestrate.domain.options.structure import Structure
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent, IntentLeg
from orchestrate.domain.orders.order import Decision, Order, Reason, StageOutcome
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.loop.options.structures import Structures
from orchestrate.orchestration.loop.order_manager import OrderManager
from orchestrate.orchestration.risk.pipeline import REBALANCE
from orchestrate.orchestration.strategies.registry import StrategyEntry

#: Takes intents through the pipeline.
Coordinate = Callable[[list[Intent]], object]
#: A whole number less by so little is meant.
_GRAIN = 1e-9


@dataclass(slots=True, eq=False)
class TopUp(Intent):
    """An intent of a rebalance; its decision says so, as its reason or, where a stage cut it, at the trail's start."""

    why: str = ""

    def decision(self) -> Decision:
        """See `Intent`."""
        decision = Intent.decision(self)
        if not self.trail:
            return replace(decision, reason=Reason.REBALANCE, detail=self.why)
        wanted = decision.demand.quantity
        return replace(decision, trail=(StageOutcome("rule", wanted, wanted, Reason.NONE, self.why), *self.trail))


class RebalanceOrders:
    """The orders of the step under way. Positions that an open order closes, or whose series has ended, are left."""

    def __init__(
        self,
        orders: OrderManager,
        marks: Marks,
        timeline: Timeline,
        rules: ExecutionRules,
        coordinate: Coordinate,
        structures: Structures,
    ) -> None:
        self._orders, self._marks, self._rules, self._coordinate = orders, marks, rules, coordinate
        self._structures, self._moments = structures, timeline.moments
        self._ends = timeline.ends.steps

    def trim(self, entry: StrategyEntry, fraction: float, why: str) -> list[str]:
        """Sell so much of each position and close so much of each structure, rounded down; return the orders' ids."""
        placed = []
        for position, units in self._left_alone(entry):
            quantity = self._rules.lot(units * min(1.0, fraction), position.instrument)
            if quantity:
                order = self._orders.reduce_position(entry, position, -quantity, Reason.REBALANCE, f"due by {why}")
                placed.append(order.id)
        return placed + self._trim_structures(entry, min(1.0, fraction), why)

    def _trim_structures(self, entry: StrategyEntry, fraction: float, why: str) -> list[str]:
        """Close whole structures at their next quotes; return the ids of the orders of all legs."""
        step, intents = self._marks.step, list[Intent]()
        for held in self._structures.held(entry.id, self._moments[step]):
            quantity = int(held.quantity * fraction + _GRAIN)
            if quantity and all(self._ends[leg.symbol] > step for leg in held.legs):
                intents.append(self._closing(entry, held.structure.reversed().times(quantity), why))
        intents = [intent for intent in intents if not self._structures.lacks(intent)]
        if intents:
            self._coordinate(intents)
        groups = {intent.group for intent in intents}
        return [order.id for order in self._orders.blotter.pending(entry.id) if order.group and order.group in groups]

    def _closing(self, entry: StrategyEntry, structure: Structure, why: str) -> Intent:
        """Return an intent that trades what closes a structure, at the marks of now until it has quotes."""
        step, quantity = self._marks.step, float(structure.quantity)
        prices = {leg.symbol: self._marks[leg.symbol] for leg in structure.legs}
        place = (entry.id, structure.symbol, True, quantity, True, structure.net(prices), step, self._moments[step])
        intent = TopUp(*place, producer=REBALANCE, why=f"due by {why}")
        intent.group, intent.structure = self._structures.new_group(), structure
        intent.legs = tuple(IntentLeg(leg.symbol, leg.ratio, prices[leg.symbol]) for leg in structure.legs)
        return intent

    def are_open(self, order_ids: Collection[str]) -> bool:
        """Return whether one of the orders may still fill."""
        return any(order.id in order_ids for order in self._orders.blotter.open_orders())

    def enlargements(self, entry: StrategyEntry, fraction: float, why: str) -> Iterable[Intent]:
        """Return the intents that enlarge each position by a fraction of it, rounded down."""
        step = self._marks.step
        for position, units in self._left_alone(entry):
            quantity = self._rules.lot(units * fraction, position.instrument)
            if quantity:
                symbol, price, t = position.symbol, self._marks[position.symbol], self._moments[step]
                place = (entry.id, symbol, False, quantity, quantity > 0, price, step, t)
                yield TopUp(*place, producer=REBALANCE, why=f"due by {why}")

    def is_affordable(self, entry: StrategyEntry, intent: Intent) -> bool:
        """Return whether its strategy can pay for a lot of it now."""
        reserved = self._orders.blotter.reserved(entry.id)
        money = entry.account.money_for_openings(entry.book, reserved, self._marks)
        instrument = converted(entry.book.positions[intent.symbol].instrument, self._marks)
        price = self._rules.fill_price(intent.price, float(intent.units or 0.0), instrument)
        return self._rules.affordable(money, float(intent.units or 0.0), price, instrument)[0] != 0

    def top_up(self, intents: list[Intent]) -> None:
        """Send them through the pipeline."""
        self._coordinate(intents)

    def _left_alone(self, entry: StrategyEntry) -> list[tuple[Position, float]]:
        """Return the positions that no order closes and that can still be traded, and how much is in no structure."""
        blotter = self._orders.blotter
        own = [*blotter.pending(entry.id), *(order for order in blotter.resting() if order.strategy_id == entry.id)]
        bound = self._structures.units(entry.id)
        return [
            (position, position.quantity - bound.get(position.symbol, 0.0))
            for position in entry.book.positions.values()
            if position.instrument.option is None
            and position.quantity * (position.quantity - bound.get(position.symbol, 0.0)) > 0
            and self._ends[position.symbol] > self._marks.step
            and not any(_closes(order, position) for order in own)
        ]


def _closes(order: Order, position: Position) -> bool:
    return order.symbol == position.symbol and (order.closing or order.quantity * position.quantity < 0)


def fractions(received: Mapping[str, float], sizes: Mapping[str, float]) -> dict[str, float]:
    """Return the fraction by which each receiver grows; none where it had nothing."""
    return {name: amount / sizes[name] for name, amount in received.items() if sizes.get(name, 0.0) > 0}
