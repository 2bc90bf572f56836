"""One run's decisions: strategies are called, what they want is coordinated, their orders are released and notified."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial

import numpy as np

from orchestrate.domain.events import (
    LimitReachedEvent,
    StrategyConflictDetectedEvent,
    StrategyFailedEvent,
    StrategyPausedEvent,
    StrategySignalledEvent,
)
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import (
    CommandAction,
    Decision,
    Demand,
    Order,
    OrderStatus,
    Outcome,
    Reason,
    StrategyCommand,
)
from orchestrate.domain.portfolio import PortfolioPlan
from orchestrate.domain.results import Finding, StrategyError
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.loop.decision_log import DecisionLog, Emit
from orchestrate.orchestration.loop.drawdown_stops import DrawdownStops
from orchestrate.orchestration.loop.equity_watch import EquityWatch
from orchestrate.orchestration.loop.losses import Losses
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.loop.order_manager import OrderManager
from orchestrate.orchestration.loop.portfolio_rules import PortfolioRule
from orchestrate.orchestration.loop.signal_schedule import EveryBar, Schedule, SignalSchedule
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.risk.buying_power import BuyingPower
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.exposure import PORTFOLIO, Exposure
from orchestrate.orchestration.risk.pipeline import Resources
from orchestrate.orchestration.strategies.calls import CallStack
from orchestrate.orchestration.strategies.compatibility import decision_order
from orchestrate.orchestration.strategies.registry import StrategyEntry
from orchestrate.orchestration.strategies.runner import StrategyRunner

#: A decision on a demand, and the order that came of it.
Settled = tuple[Decision, Order | None]


class Session:
    """The parts of one run, put together. `marks.step` is where in time it stands; who steps the run sets it."""

    def __init__(
        self,
        entries: Mapping[str, StrategyEntry],
        capital: PortfolioCapitalManager,
        coordinator: StrategyCoordinator,
        market: Market,
        rules: ExecutionRules,
        emit: Emit,
        calls: CallStack,
        portfolio: PortfolioPlan,
    ) -> None:
        self.entries = entries
        self.in_order = [entries[name] for name in decision_order([entry.metadata for entry in entries.values()])]
        self.blotter = Blotter({entry.id: rank for rank, entry in enumerate(self.in_order)})
        self.marks = Marks(market)
        self.log = DecisionLog(entries, market, self.marks, emit)
        buying_power = BuyingPower(entries, self.blotter, self.marks, market.series, market.instruments, rules)
        self.orders = OrderManager(self.blotter, buying_power, self.log, self.marks, market.timeline.moments)
        self.runner = StrategyRunner(self.in_order, market, self.blotter, self.marks, calls, self._now, self)
        self._buying_power = buying_power
        self._market, self._capital, self._coordinator, self._emit = market, capital, coordinator, emit
        self._portfolio = portfolio
        coordinator.begin(
            Resources(entries, self.marks, market.instruments, self.blotter, buying_power, self._exposure, rules)
        )
        #: what the portfolio does by itself, in this order
        self.rules: tuple[PortfolioRule, ...] = ()
        self.findings: list[Finding] = []
        self._halted = False
        self._trades: dict[str, int] = {}
        self._started = False
        self._schedule: Schedule = EveryBar(self.in_order)

    def _now(self) -> int | None:
        return self.log.step_label() if self._started else None

    # ---- strategies

    def start(self) -> None:
        """Open every book and start every strategy."""
        start = {entry.id: entry.allocated for entry in self.entries.values()}
        weights = {entry.id: entry.allocation.target_pct / 100 for entry in self.entries.values()}
        self._capital.open_books(start, self.blotter.reserved, weights)
        for entry in self.in_order:
            entry.symbols = entry.metadata.symbols or tuple(self._market.series)
            entry.book, entry.account = self._capital.books[entry.id], self._capital.accounts[entry.id]
        self.watch = EquityWatch([*self._capital.books.values(), self._capital.reserve], self.marks, self._market)
        self.losses = self._losses()
        self.rules = self._rules()
        self.runner.start()
        self._started = True

    def _losses(self) -> Losses:
        limits = {entry.id: entry.allocation.limits for entry in self.in_order} | {PORTFOLIO: self._coordinator.limits}

        def bounds(limit: str, field: str) -> dict[str, float]:
            return {name: float(getattr(own[limit], field)) for name, own in limits.items() if limit in own}

        return Losses(
            self.watch, self.marks, bounds("max_drawdown", "at"), bounds("max_daily_loss", "fraction"), self._own_bars
        )

    def _own_bars(self, strategy_id: str, since: int) -> int:
        """The steps after `since` at which one of the strategy's symbols has a bar."""
        rows, stop = self._market.timeline.rows, self.marks.step + 1
        symbols = self.entries[strategy_id].symbols
        return int(np.logical_or.reduce([rows[symbol][since + 1 : stop] >= 0 for symbol in symbols]).sum())

    def _rules(self) -> tuple[PortfolioRule, ...]:
        if not self.watch.detectors:
            return ()
        limits = self._coordinator.limits
        return (
            DrawdownStops(self.entries, limits, self.losses, self.orders, self.log, self._emit, self.pause, self._halt),
        )

    def sized_on(self, entry: StrategyEntry) -> Callable[[], float] | None:
        """What sizes of a native in percent are of; None where that is its own account alone."""
        if not entry.account.is_shared:
            return None
        return partial(self._buying_power.sized_on, entry, self.marks.opens)

    def _exposure(self) -> Exposure:
        return Exposure(self.entries, self.blotter, self.marks, self._market.instruments, self.losses)

    def schedule_signals(self) -> SignalSchedule:
        """From now on call vectorised strategies only where a flag acts."""
        views = self.runner.views
        schedule = SignalSchedule(
            self.in_order,
            self._market.timeline,
            self.blotter.moved,
            lambda entry, symbol: views[entry.id].held(symbol),
        )
        self._schedule = schedule
        return schedule

    def stop(self) -> None:
        """Notify every strategy that the run is over; what it still wants comes too late."""
        for entry in self.in_order:
            self.runner.notify(entry, "on_stop")

    def pause(self, strategy_id: str) -> None:
        """Refuse what a strategy wants to open from now on."""
        entry = self.entries[strategy_id]
        if entry.status == "active":
            entry.status = "paused"
            self._emit(StrategyPausedEvent(strategy_id, self._now()))

    def _halt(self) -> None:
        """Ask nobody any more; the run goes on to its end."""
        self._halted = True
        label = label_text(self.log.step_label())
        message = f"the portfolio's drawdown reached its limit at {label}: everything is closed, no strategy is asked"
        self.findings.append(Finding("warning", "portfolio.limits.max_drawdown", message))

    # ---- the portfolio's own rules

    def before_open(self, event: MarketEvent) -> None:
        """A step begins: the portfolio's own rules come first."""
        for rule in self.rules:
            rule.before_open(event)

    def after_close(self, event: MarketEvent) -> None:
        """A step is over: equity is judged, then the portfolio's own rules act."""
        if self.watch.detectors:
            self.watch.settle(event.step)
        for rule in self.rules:
            rule.after_close(event)

    def booked(self, entry: StrategyEntry) -> None:
        """A fill has changed the strategy's book."""
        self.watch.changed()
        if "cooldown" in entry.allocation.limits:
            trades = entry.book.trades
            if len(trades) > self._trades.get(entry.id, 0) and trades[-1].profit < 0:
                self.losses.losing_exit(entry.id, self.marks.step)
            self._trades[entry.id] = len(trades)

    def strategy_failed(self, entry: StrategyEntry, error: StrategyError) -> None:
        """Cancel the strategy's orders, close its positions at the next fill; engines drop natives' orders."""
        self._emit(StrategyFailedEvent(entry.id, error.type, error.message, error.t))
        self.orders.cancel(
            lambda order: order.strategy_id == entry.id and order.status is not OrderStatus.RELEASED,
            Reason.STRATEGY_FAILED,
            tell_engine=not entry.is_native,
        )
        self.orders.flatten(entry, Reason.FLATTENED)

    def decide(self, event: MarketEvent) -> list[Intent]:
        """What the strategies want now: dependencies first, then priority, then id."""
        self.marks.step = event.step
        intents: list[Intent] = []
        for entry in () if self._halted else self._schedule.at(event):
            for signal in self.runner.signals(entry, event):
                intent = self._intent(entry, signal, event)
                if intent is not None:
                    intents.append(intent)
        return intents

    def _intent(self, entry: StrategyEntry, signal: Signal, event: MarketEvent) -> Intent | None:
        """What a signal asks for; none when an exit only takes back an entry that is still on its way."""
        symbol, view = signal.symbol, self.runner.views[entry.id]
        self._emit(StrategySignalledEvent(entry.id, signal.kind, symbol, view.available(), self.log.label(symbol)))
        price = self.marks.get(symbol, 0.0)
        if signal.kind == "entry":
            buys, units = signal.side == "long", signal.quantity
            if units is not None:
                units = float(units) if buys else -float(units)
            return Intent(entry.id, symbol, False, units, buys, price, event.step, event.t)
        if entry.id in self.blotter.waiting:
            self.orders.cancel(
                lambda order: order.strategy_id == entry.id and order.symbol == symbol and not order.closing,
                Reason.CANCELLED,
            )
        quantity = -view.held(symbol)  # what is being closed already is not closed twice
        return Intent(entry.id, symbol, True, quantity, quantity > 0, price, event.step, event.t) if quantity else None

    # ---- coordination

    def coordinate(self, intents: list[Intent]) -> list[Settled]:
        """Decide on all intents of a step: approved orders wait in the blotter, each decision comes with its order."""
        if not intents:
            return []
        self._coordinator.coordinate(intents)
        if self._coordinator.conflicts:
            self._report_conflicts()
        for hit in self._coordinator.limit_hits:
            self._emit(LimitReachedEvent(**asdict(hit), t=self.log.label(hit.symbol)))
        settled = [(intent.decision(), intent.order) for intent in intents]
        for decision, order in settled:
            self.log.record(decision, order.id if order else "")
        for decision, order in settled:
            if order is None:
                self.runner.notify(self.entries[decision.demand.strategy_id], "on_rejected", decision)
        return settled

    def coordinate_natives(self, demands: Sequence[Demand]) -> list[Settled]:
        """Decide on what natives demand between their bars, or in answer to a notification."""
        return self.coordinate(self.native_intents(demands))

    def native_intents(self, demands: Iterable[Demand]) -> list[Intent]:
        """The intents of natives' demands; the natives have signalled."""
        intents = []
        for demand in demands:
            if demand.signalled:
                kind = "exit" if demand.closing else "entry"
                available = self.runner.views[demand.strategy_id].available()
                label = self.log.label(demand.symbol)
                self._emit(StrategySignalledEvent(demand.strategy_id, kind, demand.symbol, available, label))
            intents.append(Intent.of(demand))
        return intents

    def _report_conflicts(self) -> None:
        for conflict in self._coordinator.conflicts:
            self._emit(
                StrategyConflictDetectedEvent(
                    conflict.strategy_ids,
                    conflict.kind,
                    conflict.symbol,
                    conflict.demands,
                    self._coordinator.policy.__name__,
                    conflict.settlement.outcome,
                    self.log.label(conflict.symbol),
                )
            )

    def commands(self, settled: Iterable[Settled]) -> list[StrategyCommand]:
        """One command for each order that came of a demand and still stands, and for each native's refused one."""
        commands = []
        for decision, order in settled:
            owner = decision.demand.strategy_id
            if order is None:
                if decision.demand.native_order:
                    commands.append(_refusal(decision))
            elif order.status is OrderStatus.PENDING:  # it is over when its strategy fails at another's refusal
                resized = decision.outcome is Outcome.RESIZED and order.native_order
                action: CommandAction = "resize" if resized else "submit"
                commands.append(StrategyCommand(owner, action, order, decision.reason, decision.detail))
        return commands

    # ---- release

    def release(
        self, event: MarketEvent, *, at_open: bool, symbols: Container[str] | None = None
    ) -> list[StrategyCommand]:
        """Release the orders whose symbol has a bar now: the commands that hand them to their engines."""
        released = self.orders.release(event, at_open=at_open, symbols=symbols)
        refused = [result for result in released if not result.quantity]
        for result in refused:
            self.runner.notify(self.entries[result.order.strategy_id], "on_rejected", result.decision)
        for result in released if refused else ():
            self._end_opening_of_failed(result.order)
        return self.orders.submit(released)

    def _end_opening_of_failed(self, order: Order) -> None:
        """A strategy may have failed as it was notified: what it wanted to open comes too late."""
        opening = order.status is OrderStatus.RELEASED and not order.closing and not order.native_order
        if opening and self.entries[order.strategy_id].status == "failed":
            self.orders.end(order, Reason.STRATEGY_FAILED)


def _refusal(decision: Decision) -> StrategyCommand:
    """A refusal on its way to the native whose order it was."""
    demand = decision.demand
    order = Order(
        "",
        demand.strategy_id,
        demand.symbol,
        demand.quantity,
        demand.closing,
        reason=decision.reason,
        native_order=demand.native_order,
        type=demand.type,
        status=OrderStatus.REJECTED,
    )
    return StrategyCommand(demand.strategy_id, "reject", order, decision.reason, decision.detail)
