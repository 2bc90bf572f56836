"""The way to the engines: which one executes which strategy, and when it has to see a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from orchestrate.domain.errors import EngineError
from orchestrate.domain.market.timeline import NEVER, Market, MarketEvent, StepRows, Timeline
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Fill, OrderType, StrategyCommand
from orchestrate.orchestration.orders.conversion import Conversion
from orchestrate.orchestration.orders.natives import Liquidator
from orchestrate.orchestration.orders.ports import (
    EngineReport,
    FrameworkPortfolioState,
    NativeHostPort,
    OrchestrationPort,
    StrategySeat,
)

_NOTHING = EngineReport()
_MARKET: Final = OrderType.MARKET


class EngineRouter:
    """Engines by framework, only those that execute one of `seats`.

    `fed_in_full` names the frameworks that see every bar; those that host natives always do. `moved` are those
    that were given an order or filled one since it was last cleared. `expelled` are natives whose engine is unusable:
    it is let go, and the orchestrator's orders for them are filled here. `conversion` is there where an instrument is
    in another currency than the capital.
    """

    def __init__(
        self,
        adapters: Mapping[str, OrchestrationPort],
        seats: Mapping[str, Sequence[StrategySeat]],
        fed_in_full: frozenset[str],
        market: Market,
        rules: ExecutionRules,
        conversion: Conversion | None = None,
    ) -> None:
        self._conversion = conversion
        self.moved: set[str] = set()
        self.expelled: set[str] = set()
        self._all, self._all_fed_in_full = adapters, fed_in_full
        self._market, self._rules = market, rules
        self._liquidator = Liquidator(market, rules, conversion)
        self._advanced: dict[str, int] = {}
        #: the next step at which the market may reach an order that rests in an engine; 0 where that is not known
        self.next_reach = NEVER
        self._seat({framework: list(own) for framework, own in seats.items() if own})

    def _seat(self, seats: dict[str, list[StrategySeat]]) -> None:
        self._seats = seats
        self.adapters: Mapping[str, OrchestrationPort] = {
            framework: adapter for framework, adapter in self._all.items() if framework in seats
        }
        self._frameworks = {seat.strategy_id: framework for framework, own in seats.items() for seat in own}
        self._hosts = {
            framework: _host(framework, self._all[framework], own)
            for framework, own in seats.items()
            if any(seat.native is not None for seat in own)
        }
        #: True where an engine has strategies of its own, which may act at any time
        self.hosts_natives = bool(self._hosts)
        self.fed_in_full = (self._all_fed_in_full | self._hosts.keys()) & seats.keys()
        self._columns = _own_columns(seats, self._market.timeline)

    def begin(self) -> None:
        """Begin in every engine, each with its own seats."""
        for framework, adapter in self.adapters.items():
            adapter.begin(self._market, self._seats[framework], self._rules)

    def join(self, framework: str, seat: StrategySeat, t: int) -> None:
        """Take in a strategy after the step at `t`; its engine begins if this is its first one."""
        before = self._seats
        self._seat({**before, framework: [*before.get(framework, ()), seat]})
        try:
            if framework not in before:
                self.adapters[framework].begin(self._market, (), self._rules)
            self.adapters[framework].join(seat, t)
        except BaseException:
            self._seat(before)
            raise

    def open_symbol(self, framework: str, symbol: str) -> None:
        """Let an engine trade one more symbol of the market."""
        if framework in self._columns:
            self._columns[framework][symbol] = self._market.timeline.columns[symbol]
        self.adapters[framework].open_symbol(symbol)

    def next_event(self, step: int) -> int:
        """Return the first step after `step` that an engine must see.

        That is the next one where one sees every bar, as one does that hosts a native which has joined; else the one at
        which the market may reach an order that rests.
        """
        if self.fed_in_full:
            return step + 1
        return self.next_reach if self.next_reach > step else self._reach(step)

    def send(self, commands: Iterable[StrategyCommand]) -> None:
        """Hand commands to the engines of their strategies, each engine its own in the order given."""
        by_framework: dict[str, list[StrategyCommand]] = {}
        for command in commands:
            framework = self._frameworks[command.strategy_id]
            if command.order.type is not _MARKET:
                self.next_reach = 0
            elif command.action == "submit":
                self.moved.add(framework)
            if command.strategy_id not in self.expelled:
                by_framework.setdefault(framework, []).append(command)
            elif command.action == "submit":
                self._liquidator.take(command.order)
        for framework, own in by_framework.items():
            self.adapters[framework].execute_commands(own)

    def _reach(self, step: int) -> int:
        if self.next_reach <= step:
            self.next_reach = min([adapter.next_event(step) for adapter in self.adapters.values()], default=NEVER)
        return self.next_reach

    def advance(self, event: MarketEvent) -> list[EngineReport]:
        """Advance the engines that have something to do at this step, also those in which an order may be reached."""
        due, step = self.fed_in_full | self.moved, event.step
        if self.next_reach < NEVER:
            due |= {name for name, adapter in self.adapters.items() if adapter.next_event(step - 1) <= step}
            self.next_reach = 0
        reports = [self._advance(framework, event) for framework in self.adapters if framework in due]
        if not self.next_reach:
            self._reach(step)
        if self.expelled:
            reports.append(EngineReport(self._liquidator.fills(event.t, event.rows, at_close=False)))
        return reports if self._conversion is None else self._conversion.reports(reports)

    def _advance(self, framework: str, event: MarketEvent) -> EngineReport:
        if self._advanced.get(framework) == event.step:
            return _NOTHING
        self._advanced[framework] = event.step
        own = self._columns.get(framework)
        rows = event.rows if own is None else StepRows(own, event.step)
        return self.adapters[framework].advance(event.t, rows) if rows else _NOTHING

    def close(self, commands: Sequence[StrategyCommand], event: MarketEvent) -> list[Fill]:
        """Fill orders at this close; an engine that was not fed at this step is fed first."""
        frameworks = dict.fromkeys(self._frameworks[command.strategy_id] for command in commands)
        for framework in frameworks:
            self._advance(framework, event)
        self.send(commands)
        fills = [fill for framework in frameworks for fill in self.adapters[framework].close(event.t)]
        fills += self._liquidator.fills(event.t, event.rows, at_close=True)
        return fills if self._conversion is None else self._conversion.fills(fills, at_close=True)

    def wake(self, event: MarketEvent) -> list[EngineReport]:
        """Fire the natives' timers that were due before this step."""
        return self._between_bars([host.wake(event.t) for host in self._hosts.values()])

    def listen(self) -> list[EngineReport]:
        """Report what natives did in answer to their last notifications."""
        return self._between_bars([host.listen() for host in self._hosts.values()])

    def _between_bars(self, reports: list[EngineReport]) -> list[EngineReport]:
        return reports if self._conversion is None else self._conversion.reports(reports, at_close=True)

    def native_state(self, strategy_id: str) -> FrameworkPortfolioState:
        """Return where its engine believes one native stands; NativeError where it can't say."""
        return self._hosts[self._frameworks[strategy_id]].state_of(strategy_id)

    def retire(self, strategy_id: str) -> None:
        """Let no code of a native run any more; its engine goes on holding what it has, and closes it."""
        if strategy_id not in self.expelled:
            self._hosts[self._frameworks[strategy_id]].retire(strategy_id)

    def expel(self, strategy_id: str) -> None:
        """Let go of a native's engine."""
        self.expelled.add(strategy_id)
        self._hosts[self._frameworks[strategy_id]].drop(strategy_id)

    def end(self) -> None:
        """Let go of every engine, also after one of them has broken."""
        errors = []
        for adapter in self.adapters.values():
            try:
                adapter.end()
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]


def _host(framework: str, adapter: OrchestrationPort, seats: Sequence[StrategySeat]) -> NativeHostPort:
    if isinstance(adapter, NativeHostPort):
        return adapter
    natives = ", ".join(seat.strategy_id for seat in seats if seat.native is not None)
    raise EngineError(f"{framework} can't host {natives}: hosting natives is not supported there")


def _own_columns(seats: Mapping[str, Sequence[StrategySeat]], timeline: Timeline) -> dict[str, dict[str, memoryview]]:
    """Return the columns of rows of each framework that doesn't trade every symbol."""
    columns: dict[str, dict[str, memoryview]] = {}
    for framework, own in seats.items():
        symbols = dict.fromkeys(symbol for seat in own for symbol in seat.symbols)
        if len(symbols) < len(timeline.columns):
            columns[framework] = {symbol: timeline.columns[symbol] for symbol in symbols}
    return columns
