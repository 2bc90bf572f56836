"""The way to the engines: which one executes whom, what lies with it, and when it has to hear of a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orchestrate.domain.errors import EngineError, NativeError, ReconciliationError
from orchestrate.domain.execution import ExecutionRules
from orchestrate.domain.market import Market, MarketEvent, StepRows
from orchestrate.domain.orders import Ended, Fill, Order, StrategyCommand
from orchestrate.orchestration.entries import StrategyEntry
from orchestrate.orchestration.marks import Marks
from orchestrate.orchestration.natives import FillCheck, Liquidator
from orchestrate.orchestration.ports import NativeHostPort, OrchestrationPort, Stepped
from orchestrate.orchestration.reconciliation import reconcile

NOTHING = Stepped()


class Dispatch:
    """Engines by framework, only those that execute a strategy.

    `fed_in_full` names the frameworks that hear of every bar; those that host natives always do. `moved` are those
    that were given an order or filled one since it was last cleared. `expelled` are natives whose engine is unusable:
    it is let go, and the orchestrator's orders for them are filled here.
    """

    def __init__(
        self,
        adapters: Mapping[str, OrchestrationPort],
        entries: Mapping[str, StrategyEntry],
        fed_in_full: frozenset[str],
        market: Market,
        rules: ExecutionRules,
        marks: Marks,
    ) -> None:
        timeline = market.timeline
        self._entries = entries
        self._check, self._liquidator = FillCheck(market, rules, marks), Liquidator(market, rules)
        self.expelled: set[str] = set()
        self.symbols: dict[str, tuple[str, ...]] = {}
        for entry in entries.values():
            known = self.symbols.get(entry.framework, ())
            self.symbols[entry.framework] = tuple(dict.fromkeys((*known, *entry.symbols)))
        self._columns = {
            framework: {symbol: timeline.columns[symbol] for symbol in symbols}
            for framework, symbols in self.symbols.items()
            if len(symbols) < len(timeline.columns)
        }
        self._adapters = {framework: adapters[framework] for framework in self.symbols}
        self._hosts: dict[str, NativeHostPort] = {}
        #: True where an engine has strategies of its own, which may speak at any time
        self.hosts_natives = any(entry.is_native for entry in entries.values())
        for entry in entries.values():
            if entry.is_native:
                adapter = self._adapters[entry.framework]
                if not isinstance(adapter, NativeHostPort):
                    raise EngineError(f"{entry.framework} can't host {entry.id}: hosting natives has not landed there")
                self._hosts[entry.framework] = adapter
        self.fed_in_full = (fed_in_full | self._hosts.keys()) & self.symbols.keys()
        self._advanced: dict[str, int] = {}
        self._handed_over: dict[str, Order] = {}
        self.moved: set[str] = set()

    @property
    def adapters(self) -> Mapping[str, OrchestrationPort]:
        """The engines that take part."""
        return self._adapters

    def send(self, commands: Iterable[StrategyCommand]) -> None:
        """Hand commands to the engines of their strategies, each engine its own in the order given."""
        by_framework: dict[str, list[StrategyCommand]] = {}
        for command in commands:
            framework = self._entries[command.strategy_id].framework
            if command.action == "submit":
                self._handed_over[command.order.id] = command.order
                self.moved.add(framework)
            if command.strategy_id not in self.expelled:
                by_framework.setdefault(framework, []).append(command)
            elif command.action == "submit":
                self._liquidator.take(command.order)
        for framework, own in by_framework.items():
            self._adapters[framework].execute_commands(own)

    def advance(self, event: MarketEvent) -> list[Stepped]:
        """Engines that have something to do at this step live through its bars."""
        stepped = [
            self._advance(framework, event)
            for framework in self._adapters
            if framework in self.fed_in_full or framework in self.moved
        ]
        if self.expelled:
            stepped.append(Stepped(self._liquidator.fills(event.t, event.rows, at_close=False)))
        return stepped

    def _advance(self, framework: str, event: MarketEvent) -> Stepped:
        if self._advanced.get(framework) == event.step:
            return NOTHING
        self._advanced[framework] = event.step
        own = self._columns.get(framework)
        rows = event.rows if own is None else StepRows(own, event.step)
        return self._adapters[framework].advance(event.t, rows) if rows else NOTHING

    def close(self, commands: Sequence[StrategyCommand], event: MarketEvent) -> list[Fill]:
        """Orders that fill at this close; an engine that slept so far is woken up first."""
        frameworks = dict.fromkeys(self._entries[command.strategy_id].framework for command in commands)
        for framework in frameworks:
            self._advance(framework, event)
        self.send(commands)
        fills = [fill for framework in frameworks for fill in self._adapters[framework].close(event.t)]
        return [*fills, *self._liquidator.fills(event.t, event.rows, at_close=True)]

    def wake(self, event: MarketEvent) -> list[Stepped]:
        """Timers of natives fire that were due before this step."""
        return [host.wake(event.t) for host in self._hosts.values()]

    def listen(self) -> list[Stepped]:
        """What natives did in answer to what they were last told."""
        return [host.listen() for host in self._hosts.values()]

    def filled(self, fill: Fill, *, at_close: bool) -> Order:
        """The order behind a fill, which is thereby done.

        EngineError for a fill that nobody ordered; NativeError for one that a native's engine can't have made.
        """
        order = self._handed_over.get(fill.order_id)
        if order is None:
            raise self._error(fill)(f"an engine reports a fill of order {fill.order_id!r}, which it was never given")
        framework, owner = self._entries[order.strategy_id].framework, self._entries[order.strategy_id]
        told = (fill.strategy_id, fill.symbol, fill.quantity)
        if owner.is_native:
            problem = self._check.problem(fill, order, at_close=at_close)
            if problem:
                raise NativeError(f"{framework} reports a fill of order {order.id} that is impossible: {problem}")
        elif told != (order.strategy_id, order.symbol, order.quantity):
            raise EngineError(f"{framework} fills {told} where {order.id} was {order.quantity:g} of {order.symbol}")
        del self._handed_over[fill.order_id]
        self.moved.add(framework)
        return order

    def _error(self, fill: Fill) -> type[EngineError]:
        entry = self._entries.get(fill.strategy_id)
        return NativeError if entry is not None and entry.is_native else EngineError

    def expel(self, strategy_id: str) -> list[Order]:
        """Let go of a native's engine; the orders that lay there."""
        self.expelled.add(strategy_id)
        lost = [order for order in self._handed_over.values() if order.strategy_id == strategy_id]
        self.forget(lost)
        self._hosts[self._entries[strategy_id].framework].drop(strategy_id)
        return lost

    def disagreements(self, framework: str, moment: str) -> list[tuple[str, NativeError]]:
        """The natives whose engine and book disagree."""
        host, found = self._hosts.get(framework), []
        for entry in self._entries.values():
            if host is None or not entry.is_native or entry.framework != framework or entry.id in self.expelled:
                continue
            try:
                reconcile(host.state_of(entry.id), [entry.book], moment)
            except NativeError as error:
                found.append((entry.id, error))
            except ReconciliationError as error:
                found.append((entry.id, NativeError(f"its engine was changed otherwise than by trading: {error}")))
        return found

    def denied(self, ended: Ended) -> list[Order]:
        """A native's order that its engine would not execute after its release; it is over."""
        orders = [
            order
            for order in self._handed_over.values()
            if (order.strategy_id, order.native_order) == (ended.strategy_id, ended.native_order)
        ]
        self.forget(orders)
        return orders

    def forget(self, orders: Iterable[Order]) -> None:
        """These orders are over without a fill."""
        for order in orders:
            self._handed_over.pop(order.id, None)

    def lost_by_natives(self) -> dict[str, NativeError]:
        """The natives whose engine was given a market order and has not filled it at once; EngineError for others."""
        lost: dict[str, list[str]] = {}
        for order in self._handed_over.values():
            if not order.rests:
                lost.setdefault(order.strategy_id, []).append(order.id)
        for strategy_id, names in lost.items():
            if not self._entries[strategy_id].is_native or strategy_id in self.expelled:
                raise EngineError(f"{', '.join(names)}: handed to the engine and not filled")
        return {
            strategy_id: NativeError(f"{', '.join(names)}: handed to its engine and not filled")
            for strategy_id, names in lost.items()
        }

    def end(self) -> None:
        """Let go of every engine, also after one of them has broken."""
        errors = []
        for adapter in self._adapters.values():
            try:
                adapter.end()
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]
