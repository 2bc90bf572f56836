"""The portfolio of a run: its own rules, the equity that they depend on, the capital that they move."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from orchestrate.domain.books import Book, Flow, Handover
from orchestrate.domain.events import PositionKeptEvent
from orchestrate.domain.instruments.rates import at_prices
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.portfolio import PortfolioPlan
from orchestrate.domain.results import Finding, Moment, PortfolioStop
from orchestrate.orchestration.loop.decision_log import DecisionLog, Emit
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.loop.options.structures import Structures
from orchestrate.orchestration.loop.order_manager import OrderManager
from orchestrate.orchestration.loop.rebalancing.growth import GrowthRecord, growth_record
from orchestrate.orchestration.loop.rebalancing.periods import Calendar
from orchestrate.orchestration.loop.rebalancing.rebalancer import Rebalancer, When
from orchestrate.orchestration.loop.rebalancing.standings import Standings, ThresholdWatch
from orchestrate.orchestration.loop.rebalancing.targets import Estimation, Targets
from orchestrate.orchestration.loop.rebalancing.trading import Coordinate, RebalanceOrders
from orchestrate.orchestration.loop.rules.appointments import Appointments
from orchestrate.orchestration.loop.rules.drawdown_stops import DrawdownStops
from orchestrate.orchestration.loop.rules.equity_watch import EquityWatch
from orchestrate.orchestration.loop.rules.lifecycle import HandOver, Lifecycle, Positions
from orchestrate.orchestration.loop.rules.losses import Losses
from orchestrate.orchestration.loop.rules.margin_calls import MarginCalls
from orchestrate.orchestration.loop.rules.unmanaged import Unmanaged
from orchestrate.orchestration.risk.capital import RESERVE, MoveCapital, PortfolioCapitalManager
from orchestrate.orchestration.risk.exposure import PORTFOLIO, Exposure
from orchestrate.orchestration.strategies.registry import StrategyEntry

if TYPE_CHECKING:
    from orchestrate.domain.portfolio import Limits
    from orchestrate.orchestration.loop.rules.rule import PortfolioRule


@dataclass(frozen=True, slots=True)
class Actions:
    """What rules do to the run.

    `transfer` moves capital in all accounts, `hand_over` positions of a removed strategy, `coordinate` takes intents
    through the pipeline, `retire` lets no code of a native run any more; `structures` are those of options.
    """

    transfer: MoveCapital
    hand_over: HandOver
    coordinate: Coordinate
    retire: Callable[[StrategyEntry], None]
    structures: Structures


class Portfolio:
    """The portfolio's own rules over the books of a run; made once the books are open. `limits` are the portfolio's."""

    def __init__(
        self,
        in_order: Sequence[StrategyEntry],
        capital: PortfolioCapitalManager,
        orders: OrderManager,
        market: Market,
        execution: ExecutionRules,
        marks: Marks,
        log: DecisionLog,
        emit: Emit,
        limits: Limits,
        plan: PortfolioPlan,
        estimation: Estimation,
        actions: Actions,
    ) -> None:
        self._in_order, self._capital, self._orders, self._market = in_order, capital, orders, market
        self._entries = {entry.id: entry for entry in in_order}
        self._instruments = at_prices(market.instruments, marks)
        self._execution, self._marks, self._log, self._emit = execution, marks, log, emit
        self._limits, self._plan, self._estimation = limits, plan, estimation
        self._actions = actions
        self._step_begun = 0
        self._moment: Moment = "close"
        self._trades: dict[str, int] = {}
        self._growth: GrowthRecord | None = None
        self._appointments: Appointments | None = None
        self.findings: list[Finding] = []
        #: what it was by which no strategy is called any more
        self.stopped: PortfolioStop | None = None
        self.watch = EquityWatch(capital.all_books, marks, market)
        self.unmanaged = Unmanaged(capital.unmanaged, marks)
        self.losses = self._losses_watched()
        self.rebalancer = self._rebalancer_of() if plan.moves_capital or estimation.every else None
        self.lifecycle = self._lifecycle_of()
        self.margin = self._margin_of()
        self._margin_acts = False
        #: the portfolio's own rules, in the order in which they act at a step
        self.rules: tuple[PortfolioRule, ...] = tuple(self._rules())

    # ---- assembly

    def _losses_watched(self) -> Losses:
        limits = {entry.id: entry.allocation.limits for entry in self._in_order} | {PORTFOLIO: self._limits}
        losses = Losses(self.watch, self._marks, self._own_bars)
        for name, own in limits.items():
            losses.bound(name, *_bounds(own))
        return losses

    def _own_bars(self, strategy_id: str, since: int) -> int:
        """Return how many steps after `since` have a bar of one of the strategy's symbols."""
        rows, stop = self._market.timeline.rows, self._marks.step + 1
        symbols = self._entries[strategy_id].symbols
        return int(np.logical_or.reduce([rows[symbol][since + 1 : stop] >= 0 for symbol in symbols]).sum())

    def _lifecycle_of(self) -> Lifecycle:
        return Lifecycle(
            self._entries,
            self._capital,
            self._orders,
            self.losses,
            self._now,
            self._emit,
            self._actions.transfer,
            self._reweigh,
            self.unmanaged,
            self._actions.hand_over,
            self._actions.retire,
            self.findings,
        )

    def _margin_of(self) -> MarginCalls:
        return MarginCalls(
            self._in_order,
            self._capital,
            self._orders,
            self._marks,
            self._market,
            self._log,
            self._emit,
            self._actions.retire,
        )

    def _rules(self) -> list[PortfolioRule]:
        rules: list[PortfolioRule] = []
        is_stopped = self.losses in self.watch.detectors
        if self._plan.schedule:
            schedule, timeline = self._plan.schedule, self._market.timeline
            self._appointments = Appointments(schedule, timeline, self.lifecycle, self.reallocate, self.findings)
            rules += [self._appointments, self.lifecycle]
        if self.rebalancer is not None:
            rules.append(self.rebalancer)
        if is_stopped:
            rules.append(self._stops())
        return rules

    def _stops(self) -> DrawdownStops:
        return DrawdownStops(
            self._entries,
            self._limits,
            self.losses,
            self._orders,
            self._log,
            self._emit,
            self.lifecycle.pause,
            self._stop,
        )

    def _rebalancer_of(self) -> Rebalancer:
        timeline, plan = self._market.timeline, self._plan.rebalance
        standings = Standings(self._in_order, self._capital, self.watch, self._marks, self._orders.blotter)
        self._growth = growth_record(self.watch, self._in_order, timeline, self._plan, self._estimation.bars)
        weights = {entry.id: float(entry.weight) for entry in self._in_order}
        most = math.inf if self._capital.pooled else 1.0
        volatility = self._plan.target_volatility
        targets = Targets(weights, most, self._growth, timeline.stamps, self._estimation, volatility)
        coordinate, structures = self._actions.coordinate, self._actions.structures
        orders = RebalanceOrders(self._orders, self._marks, timeline, self._execution, coordinate, structures)
        threshold = None
        if plan.threshold is not None:
            threshold = ThresholdWatch(standings, self.watch, targets.weights, float(plan.threshold))
        periods = [period for period in (self._estimation.every, plan.every) if period is not None]
        when = When(Calendar(timeline, periods), threshold)
        return Rebalancer(standings, targets, when, orders, plan.top_up, self._actions.transfer, self._log, self._emit)

    # ---- for the stages of the pipeline

    def exposure(self) -> Exposure:
        """Return what strategies would hold once their open orders have filled."""
        blotter, entries = self._orders.blotter, self._entries | self.unmanaged.entries
        return Exposure(entries, blotter, self._marks, self._instruments, self.losses, self._goes_on)

    def _goes_on(self, symbol: str) -> bool:
        """Return whether orders can still fill; at the last step of all it makes no difference."""
        ends, step = self._market.timeline.ends, self._marks.step
        return ends.steps[symbol] > step or ends.last == step

    def first_hit(self, step: int, bound: int) -> int:
        """Return the first step after `step` and before `bound` whose equity a rule must see; else `bound`."""
        if self._margin_acts:
            bound = self.margin.first_hit(step, bound)
        return self.watch.first_hit(step, bound)

    # ---- at a step

    def before_open(self, event: MarketEvent) -> None:
        """Let the rules act before the open, with the closes before it."""
        self._step_begun, self._moment = event.step, "open"
        self._marks.step = max(event.step - 1, 0)
        for rule in self.rules:
            rule.before_open(event)
        self._moment = "close"

    def after_close(self, event: MarketEvent) -> None:
        """Judge the equity of the step that is over, then let the rules act."""
        if self.watch.detectors:
            self.watch.settle(event.step)
        for rule in self.rules:
            rule.after_close(event)
        if self._margin_acts and not self.margin.is_needed:
            self._watch_margin(False)

    def end(self) -> None:
        """Note what was scheduled and never came, and what stays open."""
        if self._appointments is not None:
            self._appointments.end()
        self.findings += self.margin.findings()
        if self._execution.close_at_end:
            self.findings += self.unmanaged.left_open()

    def booked(self, entry: StrategyEntry, symbol: str) -> None:
        """Note that a fill has changed the strategy's book."""
        self.watch.changed(entry.id)
        self.margin.booked(entry.book, symbol)
        if not self._margin_acts and self.margin.is_needed:
            self._watch_margin(True)
        if "cooldown" in entry.allocation.limits:
            trades = entry.book.trades
            if len(trades) > self._trades.get(entry.id, 0) and trades[-1].profit < 0:
                self.losses.losing_exit(entry.id, self._marks.step)
            self._trades[entry.id] = len(trades)

    def _watch_margin(self, needed: bool) -> None:
        """Let the margin rule act, before all others, only while an account is at risk."""
        self._margin_acts = needed
        others = tuple(rule for rule in self.rules if rule is not self.margin)
        self.rules = (self.margin, *others) if needed else others

    def _step_label(self) -> int:
        """Return the label of the step under way, also before its open."""
        return int(self._market.timeline.labels[max(self._step_begun, self._marks.step)])

    def _now(self) -> tuple[int, Moment]:
        return self._step_label(), self._moment

    def _stop(self, figure: float, bound: float) -> None:
        """Call no strategy any more; the run goes on to its end."""
        t = self._log.step_label()
        self.stopped = self.lifecycle.stopped = PortfolioStop("max_drawdown", figure, bound, t)
        self.rules = tuple(rule for rule in self.rules if rule is not self.rebalancer)
        for entry in self._in_order:
            if entry.status not in ("failed", "ruined"):  # those have been retired
                self._actions.retire(entry)
        label = label_text(t)
        message = f"the portfolio's drawdown reached its limit at {label}: everything is closed, no strategy is asked"
        self.findings.append(Finding("warning", "portfolio.limits.max_drawdown", message))

    def remove(self, strategy_id: str, positions: Positions) -> None:
        """Remove a strategy, also without a schedule; its cash goes back once it is flat."""
        self.lifecycle.remove(strategy_id, positions)
        if self.lifecycle not in self.rules:
            self.rules = (self.lifecycle, *self.rules)

    def join(self, entry: StrategyEntry, new_books: Iterable[Book]) -> None:
        """Take in a strategy after the step that is over, with its book and that of its framework if that is new."""
        self._entries.clear()  # all that hold it go on in plan order
        self._entries.update({one.id: one for one in self._in_order})
        had_stops = self.losses in self.watch.detectors
        for book in new_books:
            if book is not entry.book:
                self.unmanaged.open(entry.framework, book)
            self.watch.watch_also(book)
            if not had_stops:
                self.losses.add_row()
        if self.rebalancer is not None:
            self.rebalancer.join(self._in_order)
        self.losses.bound(entry.id, *_bounds(entry.allocation.limits))
        if not had_stops and self.losses in self.watch.detectors:
            self.rules = (*self.rules, self._stops())

    # ---- capital

    def move_capital(self, source: str, target: str, amount: Decimal) -> list[tuple[str, Flow]]:
        """Move money in the ledger, at the step under way, and return the flows of strategies: no losses or gains."""
        t = self._market.timeline.moments[self._marks.step]
        self._capital.transfer(source, target, amount, t)
        self.watch.changed(source)
        self.watch.changed(target)
        flows = [(source, Flow(t, -float(amount))), (target, Flow(t, float(amount)))]
        own = [(name, flow) for name, flow in flows if name != RESERVE]
        for name, flow in own:
            self.losses.moved(name, flow.amount)
            if self._growth is not None:
                self._growth.moved(name, flow.amount)
        return own

    def hand_over(self, entry: StrategyEntry) -> list[Handover]:
        """Move all positions of a strategy to the unmanaged book of its framework, at the step under way."""
        handovers = self.unmanaged.take(entry)
        for book in (entry.book, self.unmanaged.of(entry.framework).book):
            self.watch.changed(book.strategy_id)
            self.margin.moved(book)
        for one in handovers:
            kept, t = one.position, self._step_label()
            self._emit(PositionKeptEvent(one.giver, one.taker, kept.symbol, kept.quantity, kept.average_price, t))
        return handovers

    def reallocate(self, weights: Mapping[str, Decimal]) -> None:
        """Set new target weights of these strategies, and move capital after this step; the others keep theirs.

        So do those that take no part any more, with a finding.
        """
        unknown = [name for name in weights if name not in self._entries]
        if unknown:
            raise ValueError(f"Unknown strategy: {', '.join(unknown)}")
        absent = [self._entries[name] for name in weights if not self._entries[name].is_called]
        weights = {name: weight for name, weight in weights.items() if self._entries[name].is_called}
        for entry in absent:
            message = f"Strategy {entry.id!r} is {entry.status}, its allocation stays"
            self.findings.append(Finding("warning", "portfolio.schedule", message))
        after = {entry.id: weights.get(entry.id, entry.weight) for entry in self._in_order}
        total = sum(after.values(), Decimal(0))
        if total > 1:
            raise ValueError(f"allocations would add up to {total * 100:f} percent")
        for entry in self._in_order:
            entry.weight = after[entry.id]
        if self.rebalancer is not None:
            self.rebalancer.rebalance_now("schedule", weights)

    def _reweigh(self, strategy_id: str, weight: Decimal) -> None:
        """Put one strategy's weight in force, without moving capital."""
        self._capital.reweigh({strategy_id: float(weight)})
        if self.rebalancer is not None:
            self.rebalancer.aim_at({strategy_id: weight})


def _bounds(limits: Limits) -> tuple[float, float]:
    """Return the drawdown and the daily loss at which something happens; infinite where neither is limited."""
    drawdown, daily = limits.get("max_drawdown"), limits.get("max_daily_loss")
    return getattr(drawdown, "at", math.inf), getattr(daily, "fraction", math.inf)
