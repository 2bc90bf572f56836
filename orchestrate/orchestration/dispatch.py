"""The way to the engines: which one executes whom, what lies with it, and when it has to hear of a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orchestrate.domain.errors import EngineError
from orchestrate.domain.market import MarketEvent, StepRows, Timeline
from orchestrate.domain.orders import Ended, Fill, Order, StrategyCommand
from orchestrate.orchestration.entries import StrategyEntry
from orchestrate.orchestration.ports import NativeHostPort, OrchestrationPort, Stepped

NOTHING = Stepped()


class Dispatch:
    """Engines by framework, only those that execute a strategy.

    `fed_in_full` names the frameworks that hear of every bar; those that host natives always do. `moved` are those
    that were given an order or filled one since it was last cleared.
    """

    def __init__(
        self,
        adapters: Mapping[str, OrchestrationPort],
        entries: Mapping[str, StrategyEntry],
        fed_in_full: frozenset[str],
        timeline: Timeline,
    ) -> None:
        self._entries = entries
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
            by_framework.setdefault(framework, []).append(command)
            if command.action == "submit":
                self._handed_over[command.order.id] = command.order
                self.moved.add(framework)
        for framework, own in by_framework.items():
            self._adapters[framework].execute_commands(own)

    def advance(self, event: MarketEvent) -> list[Stepped]:
        """Engines that have something to do at this step live through its bars."""
        return [
            self._advance(framework, event)
            for framework in self._adapters
            if framework in self.fed_in_full or framework in self.moved
        ]

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
        return [fill for framework in frameworks for fill in self._adapters[framework].close(event.t)]

    def wake(self, event: MarketEvent) -> list[Stepped]:
        """Timers of natives fire that were due before this step."""
        return [host.wake(event.t) for host in self._hosts.values()]

    def listen(self) -> list[Stepped]:
        """What natives did in answer to what they were last told."""
        return [host.listen() for host in self._hosts.values()]

    def filled(self, fill: Fill) -> Order:
        """The order behind a fill, which is thereby done; EngineError for a fill that nobody ordered."""
        order = self._handed_over.pop(fill.order_id, None)
        if order is None:
            raise EngineError(f"an engine reports a fill of order {fill.order_id!r}, which it was never given")
        framework = self._entries[order.strategy_id].framework
        told = (fill.strategy_id, fill.symbol, fill.quantity)
        if told != (order.strategy_id, order.symbol, order.quantity) and not order.native_order:
            raise EngineError(f"{framework} fills {told} where {order.id} was {order.quantity:g} of {order.symbol}")
        self.moved.add(framework)
        return order

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

    def require_no_market_order(self) -> None:
        """EngineError where a market order was handed over and has not been filled at once."""
        lost = [order.id for order in self._handed_over.values() if not order.rests]
        if lost:
            raise EngineError(f"{', '.join(lost)}: handed to the engine and not filled")

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
