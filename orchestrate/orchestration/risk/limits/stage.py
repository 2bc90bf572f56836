"""The stage of the pipeline that cuts openings to what the limits of strategies and portfolio still allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from orchestrate.domain.books import closing_and_opening
from orchestrate.domain.events import LimitReachedEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import ExecutionRules, rounded
from orchestrate.domain.orders.intents import Intent, IntentLeg
from orchestrate.domain.orders.order import Reason
from orchestrate.domain.portfolio import Limits
from orchestrate.orchestration.risk.buying_power import BuyingPower
from orchestrate.orchestration.risk.exposure import Exposure, PortfolioExposure, StrategyExposure
from orchestrate.orchestration.risk.limits.opening import Opening, Verdict
from orchestrate.orchestration.risk.limits.registry import PORTFOLIO_LIMITS, STRATEGY_LIMITS
from orchestrate.orchestration.strategies.registry import StrategyEntry


class _Cut(NamedTuple):
    quantity: float
    name: str
    verdict: Verdict


class ApplyLimits:
    """The stage that judges openings one after another, in plan order; closings count first, they make room.

    `hits` has what was cut at the last step.
    """

    name = "limits"

    def __init__(
        self,
        limits: Limits,
        strategy_limits: bool,
        exposure: Callable[[], Exposure],
        buying_power: BuyingPower,
        rules: ExecutionRules,
    ) -> None:
        self._limits, self._any_strategy_limits, self._exposure = limits, strategy_limits, exposure
        self._buying_power, self._rules = buying_power, rules
        self._judges_of: dict[str, list[tuple[str, Callable[[Opening], Verdict | None]]]] = {}
        self.hits: Sequence[LimitReachedEvent] = ()

    def join(self, entry: StrategyEntry) -> None:
        """Apply the limits of a strategy that joins the run."""
        self._any_strategy_limits |= bool(entry.allocation.limits)

    def __call__(self, intents: list[Intent]) -> None:
        """See `Stage`."""
        self.hits = ()
        if not self._limits and not self._any_strategy_limits:
            return
        open_intents = [intent for intent in intents if not intent.refused]
        if any(not intent.closing for intent in open_intents):
            self.hits = self._judge(open_intents, self._exposure())

    def _judge(self, intents: Sequence[Intent], exposure: Exposure) -> list[LimitReachedEvent]:
        hits, portfolio = [], PortfolioExposure(exposure)
        for intent in intents:
            if not intent.closing:
                cut = self._cut(intent, exposure, portfolio)
                if cut is not None:
                    hits.append(self._apply(intent, cut))
            if not intent.refused and (not intent.closing or _makes_room(intent, exposure)):
                for leg in intent.legs or (IntentLeg(intent.symbol, 1.0, intent.price),):
                    exposure.add(intent.strategy_id, leg.symbol, leg.units * intent.quantity)
        return hits

    def _cut(self, intent: Intent, exposure: Exposure, portfolio: PortfolioExposure) -> _Cut | None:
        """Return the verdict that leaves least of the intent; None where all of it fits.

        The part of it that closes makes room first.
        """
        owner, symbol = intent.strategy_id, intent.symbol
        if intent.structure is None:
            instrument = exposure.instruments[symbol]
            closing, opening = closing_and_opening(exposure.quantity(owner, symbol), intent.quantity)
            unit = self._rules.fill_price(intent.price, intent.quantity, instrument) * instrument.multiplier
        else:
            instrument, closing, opening = Instrument(symbol, lot=intent.lot), 0.0, intent.quantity
            unit = intent.reserve / intent.quantity
        if not opening or not unit:
            return None
        if closing:
            exposure.add(owner, symbol, closing)
        cuts = [
            _Cut(self._left(closing, opening, verdict.fits / abs(opening * unit), instrument), name, verdict)
            for name, verdict in self._verdicts(intent, opening * unit, exposure, portfolio)
        ]
        if closing:
            exposure.add(owner, symbol, -closing)
        if not cuts:
            return None
        least = min(cuts, key=lambda cut: abs(cut.quantity))
        return None if least.quantity == intent.quantity else least

    def _verdicts(
        self, intent: Intent, worth: float, exposure: Exposure, portfolio: PortfolioExposure
    ) -> list[tuple[str, Verdict]]:
        """Return the limits that an opening of that worth reaches."""
        entry = exposure.entries[intent.strategy_id]
        strategy, at_once = StrategyExposure(exposure, entry), self._rules.fill == "close"
        judged = Opening(entry.id, intent.symbol, entry.framework, worth, at_once, strategy, portfolio)
        verdicts = [(name, judge(judged)) for name, judge in self._judges(entry)]
        return [(name, verdict) for name, verdict in verdicts if verdict is not None]

    def _judges(self, entry: StrategyEntry) -> list[tuple[str, Callable[[Opening], Verdict | None]]]:
        """Return the limits of the strategy, then those of the portfolio, each with its settings."""
        judges = self._judges_of.get(entry.id)
        if judges is None:
            both = (STRATEGY_LIMITS, entry.allocation.limits), (PORTFOLIO_LIMITS, self._limits)
            judges = self._judges_of[entry.id] = [
                (name, partial(known[name].judge, settings))
                for known, limits in both
                for name, settings in limits.items()
            ]
        return judges

    def _left(self, closing: float, opening: float, share: float, instrument: Instrument) -> float:
        """Return the closing part of the intent, and the whole lots in that share of its opening."""
        return rounded(closing + self._rules.lot(opening * min(1.0, share), instrument))

    def _apply(self, intent: Intent, cut: _Cut) -> LimitReachedEvent:
        requested, (quantity, name, verdict) = intent.quantity, cut
        detail = f"{name}: {verdict.figure:.6g}, at most {verdict.bound:g}"
        figures = {"figure": float(verdict.figure), "bound": float(verdict.bound)}
        if quantity:
            intent.cut(self.name, quantity, Reason.LIMIT, detail, figures)
            intent.reserve = self._buying_power.reserve(intent)
        else:
            intent.refuse(self.name, Reason.LIMIT, detail, figures)
        return LimitReachedEvent(
            intent.strategy_id, name, verdict.figure, verdict.bound, intent.symbol, requested, intent.quantity
        )


def _makes_room(exit_intent: Intent, exposure: Exposure) -> bool:
    """Return whether an exit will fill: one that rests may not, one whose series has ended can't."""
    symbols = [leg.symbol for leg in exit_intent.legs] or [exit_intent.symbol]
    return not exit_intent.demand.rests and all(exposure.goes_on(symbol) for symbol in symbols)
