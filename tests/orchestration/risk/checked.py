"""A coordinator that checks each of its decisions by sums of its own, at the moment it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrate.domain.books import closing_and_opening
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Order
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from tests.orchestration.harness import PLAIN, HarnessRun

GRAIN = 1e-6
#: Quantities by strategy and symbol, or what they are worth.
Held = dict[str, dict[str, float]]


class Checked(StrategyCoordinator):
    """Adds up, opening by opening, what strategies hold with their open orders, and what is allowed.

    `run` is the run that it decides for, by `rules`.
    """

    run: HarnessRun
    rules: ExecutionRules = PLAIN
    openings = 0

    def coordinate(self, intents: list[Intent]) -> None:
        entries = self.run.orchestrator.strategies
        held = {name: self._held(name) for name in entries}
        super().coordinate(intents)
        if all(intent.producer == "strategy" for intent in intents):
            self._check_order(intents)
            self._check_conflicts(intents, held)
        for intent in intents:
            if intent.closing and not intent.refused and not intent.demand.rests:
                _add(held[intent.strategy_id], intent.symbol, intent.quantity)
        for intent in intents:
            if not intent.closing and not intent.refused:
                self._check_opening(intent, held)

    def _held(self, name: str) -> dict[str, float]:
        """Return what a strategy holds once its open orders have filled; an exit that rests may not."""
        session = self.run.orchestrator.session
        held = {symbol: position.quantity for symbol, position in session.entries[name].book.positions.items()}
        for order in session.blotter.open_orders():
            if order.strategy_id == name and not _may_stay_open(order):
                _add(held, order.symbol, order.remaining)
        return held

    def _check_order(self, intents: Sequence[Intent]) -> None:
        """Closings come first, then plan order decides."""
        plan = {entry.id: rank for rank, entry in enumerate(self.run.orchestrator.session.in_order)}
        ranks = [(not intent.closing, plan[intent.strategy_id]) for intent in intents]
        assert ranks == sorted(ranks)

    def _check_conflicts(self, intents: Sequence[Intent], held: Held) -> None:
        """What policies leave of one symbol's demands, protected exits aside, is on one side; but under two of them."""
        if self.mode == "independent":
            return
        for symbol in dict.fromkeys(intent.symbol for intent in intents):
            left: dict[str, float] = {}
            for intent in intents:
                if intent.symbol == symbol and not intent.refused and not _is_exempt(intent):
                    _add(left, intent.strategy_id, self._unprotected(intent, intents, held))
            assert len({quantity > 0 for quantity in left.values()}) <= 1

    def _unprotected(self, intent: Intent, intents: Sequence[Intent], held: Held) -> float:
        if self.exits == "included":
            return intent.quantity
        if intent.closing:
            return 0.0
        owner, symbol = intent.strategy_id, intent.symbol
        exits = [i.quantity for i in intents if i.closing and (i.strategy_id, i.symbol) == (owner, symbol)]
        return closing_and_opening(held[owner].get(symbol, 0.0) + sum(exits), intent.quantity)[1]

    # ---- limits

    def _check_opening(self, intent: Intent, held: Held) -> None:
        owner, symbol, session = intent.strategy_id, intent.symbol, self.run.orchestrator.session
        opening = closing_and_opening(held[owner].get(symbol, 0.0), intent.quantity)[1]
        net = sum(self._worth(name, quantity) for own in held.values() for name, quantity in own.items())
        _add(held[owner], symbol, intent.quantity)
        if abs(opening) <= GRAIN:
            return
        self.openings += 1
        worth = {name: {s: self._worth(s, q) for s, q in own.items()} for name, own in held.items()}
        instrument = self.run.orchestrator._market.instruments[symbol]
        slip = self.rules.fill_price(intent.price, intent.quantity, instrument) - session.marks[symbol]
        worth[owner][symbol] = worth[owner].get(symbol, 0.0) + opening * slip * instrument.multiplier
        self._check_strategy(owner, symbol, worth[owner])
        self._check_portfolio(owner, symbol, worth, net)

    def _worth(self, symbol: str, quantity: float) -> float:
        orchestrator = self.run.orchestrator
        return quantity * orchestrator.session.marks[symbol] * orchestrator._market.instruments[symbol].multiplier

    def _check_strategy(self, owner: str, symbol: str, worth: Mapping[str, float]) -> None:
        session = self.run.orchestrator.session
        entry, losses = session.entries[owner], session.portfolio.losses
        assert entry.status == "active"
        equity, base = entry.book.equity(session.marks), entry.account.sized_on(entry.book, session.marks)
        for name, limit in entry.allocation.limits.items():
            held: Any = limit
            if name == "max_position_pct":
                assert abs(worth[symbol]) <= base * held.percent / 100 + GRAIN
            elif name == "max_positions":
                assert len(worth) <= held.count
            elif name == "max_leverage":
                assert sum(map(abs, worth.values())) <= equity * held.leverage + GRAIN
            elif name == "max_drawdown":
                assert losses.drawdown(owner) < held.at
            elif name == "max_daily_loss":
                assert losses.daily_loss(owner) < held.fraction

    def _check_portfolio(self, owner: str, symbol: str, worth: Held, net: float) -> None:
        session, capital = self.run.orchestrator.session, self.run.orchestrator.capital_manager
        whole = sum(book.equity(session.marks) for book in capital.all_books)
        framework = session.entries[owner].framework
        alike = [own for name, own in worth.items() if session.entries[name].framework == framework]
        after = sum(sum(own.values()) for own in worth.values())
        for name, limit in self.limits.items():
            held: Any = limit
            if name == "max_symbol_pct":
                assert (
                    _size({symbol: own.get(symbol, 0.0)} for own in worth.values())
                    <= whole * held.percent / 100 + GRAIN
                )
            elif name == "max_framework_pct":
                assert _size(alike) <= whole * held.percent / 100 + GRAIN
            elif name == "max_gross_leverage":
                assert _size(worth.values()) <= whole * held.leverage + GRAIN
            elif name == "max_net_leverage":
                assert abs(after) <= max(whole * held.leverage, abs(net)) + GRAIN
            elif name == "max_drawdown":
                assert session.portfolio.losses.drawdown("") < held.at
            elif name == "max_daily_loss":
                assert session.portfolio.losses.daily_loss("") < held.fraction


def _add(quantities: dict[str, float], key: str, quantity: float) -> None:
    """Add a quantity to what is there; nothing is no position."""
    after = round(quantities.get(key, 0.0) + quantity, 6)
    quantities.pop(key, None)
    if after:
        quantities[key] = after


def _size(parts: Any) -> float:
    return sum(abs(worth) for own in parts for worth in own.values())


def _may_stay_open(order: Order) -> bool:
    return order.closing and order.rests


def _is_exempt(intent: Intent) -> bool:
    """Return whether no policy sees it: an exit of a bracket or by a stop."""
    demand = intent.demand
    return intent.closing and (demand.group is not None or demand.trigger is not None or demand.trail is not None)
