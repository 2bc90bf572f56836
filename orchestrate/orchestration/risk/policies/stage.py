"""The stage of the pipeline that finds conflicts and settles each by the policy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestrate.domain.books import closing_and_opening
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.conflicts import ConflictDemand, Exits, Settle
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Demand, Reason
from orchestrate.orchestration.risk.pipeline import Resources
from orchestrate.orchestration.risk.policies.sides import independent
from orchestrate.orchestration.risk.policies.view import view_of

#: Quantities closer than this fraction are equal: they differ by several roundings of floats.
_BLUR: Final = 1e-9
#: Structures are cut to whole ones.
_WHOLE: Final = Instrument("structure", lot=1.0)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A conflict that was settled: the `demands` as they came, and the `outcome` in words.

    `kind` is `opposite` where some of those that take part buy and some sell, else `same_side`.
    """

    symbol: str
    strategy_ids: tuple[str, ...]
    demands: tuple[Demand, ...]
    kind: str
    outcome: str


class _Stake(NamedTuple):
    """An intent in a conflict: one part passes under any policy, the other takes part."""

    intent: Intent
    safe: float
    open: float


class SettleConflicts:
    """The stage that settles by the policy each symbol that several strategies demand at one step.

    `conflicts` has those of the last step. Only demands of strategies count, and of these no exits of brackets and
    stops. Closing demands take part where `exits` are included.
    """

    name = "conflicts"

    def __init__(self, settle: Settle, mode: str, exits: Exits, resources: Resources) -> None:
        self._settle_by, self._mode, self._exits = settle, mode, exits
        self._entries, self._blotter, self._rules = resources.entries, resources.blotter, resources.rules
        self._instruments = resources.instruments
        self._view = view_of(resources.entries, resources.marks, resources.instruments)
        self.conflicts: Sequence[Conflict] = ()

    def __call__(self, intents: list[Intent]) -> None:
        """See `Stage`."""
        self.conflicts = ()
        if len(intents) > 1:
            self.conflicts = [self._settle(symbol, wanting) for symbol, wanting in _contested(intents)]

    def _settle(self, symbol: str, intents: Sequence[Intent]) -> Conflict:
        paused = [intent for intent in intents if self._is_paused(intent)]
        if self._settle_by is independent and not paused and len({_signed(intent) > 0 for intent in intents}) == 1:
            return self._conflict(symbol, intents, "same_side", self._passing(intents))
        stakes = self._stakes([intent for intent in intents if intent not in paused] if paused else intents)
        demands = self._demands(symbol, stakes)
        requested = [demand.quantity for demand in demands]
        granted = self._granted(demands, requested) if len(demands) > 1 else requested
        outcome = self._passing(intents, "" if granted == requested else _outcome(demands, granted))
        outcome += _named("paused", paused)
        for demand, left in zip(demands, granted, strict=True):
            if left != demand.quantity:
                self._cut(stakes[demand.strategy_id], left, outcome)
        return self._conflict(symbol, intents, _kind(requested, intents), outcome)

    def _conflict(self, symbol: str, intents: Sequence[Intent], kind: str, outcome: str) -> Conflict:
        names = tuple(dict.fromkeys([intent.strategy_id for intent in intents]))
        return Conflict(symbol, names, tuple([intent.demand for intent in intents]), kind, outcome)

    def _passing(self, intents: Sequence[Intent], outcome: str = "") -> str:
        """Return the outcome, by default that all pass, with the exits that pass in any case."""
        closing = [intent for intent in intents if intent.closing] if self._exits == "protected" else ()
        return (outcome or "each book trades its own") + _named("protected", closing)

    # ---- parties

    def _is_paused(self, intent: Intent) -> bool:
        """Return whether it is an opening that is refused in any case, so that it takes nothing from others."""
        return self._entries[intent.strategy_id].status == "paused" and not intent.closing

    def _stakes(self, intents: Sequence[Intent]) -> dict[str, list[_Stake]]:
        """Return the stakes by strategy; a part that closes takes no part where exits are protected."""
        stakes: dict[str, list[_Stake]] = {}
        for intent in intents:
            own = stakes.setdefault(intent.strategy_id, [])
            safe = self._closing_part(intent, own) if self._exits == "protected" else 0.0
            wanted = _signed(intent)
            own.append(_Stake(intent, safe, rounded(wanted - safe) if safe else wanted))
        return stakes

    def _closing_part(self, intent: Intent, before: Sequence[_Stake]) -> float:
        """Return the part of the intent that closes, once open orders and earlier closings have filled."""
        if intent.closing:
            return _signed(intent)
        if intent.structure is not None:
            return 0.0
        owner, symbol = intent.strategy_id, intent.symbol
        held = self._entries[owner].book.quantity(symbol)
        for order in self._blotter.pending(owner):
            held += order.quantity if order.symbol == symbol and not order.rests else 0.0
        for stake in before:
            held += stake.safe
        return closing_and_opening(held, intent.quantity)[0]

    def _demands(self, symbol: str, stakes: Mapping[str, Sequence[_Stake]]) -> list[ConflictDemand]:
        """Return one demand for each strategy that has any, in the order of the file."""
        demands = []
        for name in [name for name in self._entries if name in stakes]:
            demand = _demand(symbol, stakes[name])
            if demand.quantity:
                demands.append(demand)
        return demands

    # ---- outcomes

    def _granted(self, demands: Sequence[ConflictDemand], requested: list[float]) -> list[float]:
        """Return what the policy leaves of each demand: all of it, or whole lots."""
        answers = list(self._settle_by(demands, self._view))
        if answers == requested:
            return requested
        each = zip(demands, requested, answers, strict=True)
        return [self._whole_lots(demand.symbol, quantity, answer) for demand, quantity, answer in each]

    def _whole_lots(self, symbol: str, requested: float, answer: float) -> float:
        if abs(answer) >= abs(requested) * (1 - _BLUR):
            return requested
        return self._rules.lot(answer * (1 + _BLUR), self._instruments.get(symbol, _WHOLE))

    def _cut(self, stakes: Sequence[_Stake], granted: float, outcome: str) -> None:
        """Serve one strategy's intents with what it is granted: those against its side first, then its closings."""
        side, left = math.fsum(stake.open for stake in stakes), granted
        against = [stake for stake in stakes if stake.open * side < 0] if granted else []
        left -= math.fsum(stake.open for stake in against)
        for stake in sorted(stakes, key=lambda stake: not stake.intent.closing):
            if stake not in against:
                served = stake.open if abs(left) >= abs(stake.open) else left
                left = rounded(left - served)
                self._leave(stake, served, outcome)

    def _leave(self, stake: _Stake, served: float, outcome: str) -> None:
        if served == stake.open:
            return
        intent, quantity = stake.intent, rounded(stake.safe + served) * _way(stake.intent)
        if intent.closes is not None:  # a roll is never cut
            quantity = 0.0
        detail = f"{self._mode}: {outcome}"
        if quantity:
            intent.cut(self.name, quantity, Reason.CONFLICT, detail)
        else:
            intent.refuse(self.name, Reason.CONFLICT, detail)


def _contested(intents: Sequence[Intent]) -> Iterator[tuple[str, list[Intent]]]:
    """Return each symbol that two or more strategies demand now, with their intents, in the order of the intents."""
    by_symbol: dict[str, list[Intent]] = {}
    for intent in intents:
        if intent.producer == "strategy" and not intent.refused and not (intent.closing and _is_exempt(intent.demand)):
            by_symbol.setdefault(_contested_symbol(intent), []).append(intent)
    for symbol, wanting in by_symbol.items():
        if len({intent.strategy_id for intent in wanting}) > 1:
            yield symbol, wanting


def _contested_symbol(intent: Intent) -> str:
    """Return what an intent is for: of structures the legs that it has in common with its opposite."""
    return intent.symbol if intent.traded is None else intent.traded.canonical


def _way(intent: Intent) -> float:
    """Return -1 for a structure that sells what its canonical form buys."""
    return -1.0 if intent.traded is not None and intent.traded.is_opposite else 1.0


def _signed(intent: Intent) -> float:
    """Return how much of the contested symbol an intent buys or (negative) sells."""
    return intent.quantity if intent.structure is None else intent.quantity * _way(intent)


def _is_exempt(exit_demand: Demand) -> bool:
    """Return whether it is an exit of a bracket or stop, which is subject to no policy."""
    grouped = exit_demand.group is not None and exit_demand.group.kind != "legs"
    return grouped or exit_demand.trigger is not None or exit_demand.trail is not None


def _demand(symbol: str, stakes: Sequence[_Stake]) -> ConflictDemand:
    """Return the parts of one strategy's intents that take part, as one demand."""
    first = stakes[0].intent
    if len(stakes) == 1:
        price = first.price * _way(first)
        return ConflictDemand(first.strategy_id, symbol, stakes[0].open, first.closing, price)
    quantity = rounded(math.fsum(stake.open for stake in stakes))
    closing = all(stake.intent.closing for stake in stakes if stake.open)
    return ConflictDemand(first.strategy_id, symbol, quantity, closing, first.price * _way(first))


def _kind(taking_part: Sequence[float], intents: Sequence[Intent]) -> str:
    """Return the kind, by the quantities that take part, or by all where fewer than two do."""
    if len(taking_part) > 1:
        totals = taking_part
    else:
        by_strategy = dict.fromkeys([intent.strategy_id for intent in intents], 0.0)
        for intent in intents:
            by_strategy[intent.strategy_id] += _signed(intent)
        totals = [total for total in by_strategy.values() if total]
    return "opposite" if totals and min(totals) < 0 < max(totals) else "same_side"


def _outcome(demands: Sequence[ConflictDemand], granted: Sequence[float]) -> str:
    """Return in words what is left of the demands."""
    if not any(granted):
        return "all refused"
    return ", ".join(
        f"{demand.strategy_id} {_left(demand.quantity, left)}" for demand, left in zip(demands, granted, strict=True)
    )


def _named(word: str, intents: Sequence[Intent]) -> str:
    """Return in words whose intents don't take part, and why."""
    return f"; {word}: {', '.join(dict.fromkeys(intent.strategy_id for intent in intents))}" if intents else ""


def _left(requested: float, granted: float) -> str:
    if granted == requested:
        return f"passes {requested:g}"
    return f"{granted:g} of {requested:g}" if granted else "refused"
