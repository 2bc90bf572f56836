"""Call a strategy's code: start, decide, notify. A strategy that raises fails alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol, TypeVar

from orchestrate.domain.errors import UserInterrupt
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.bars import PointInTimeBars
from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.plan import Sizing
from orchestrate.domain.results import StrategyError
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.strategies.calls import (
    CallScope,
    CallStack,
    begin_calls,
    error_kind,
    error_texts,
    place_of,
)
from orchestrate.orchestration.strategies.deciders import decider_for
from orchestrate.orchestration.strategies.facts import Facts
from orchestrate.orchestration.strategies.registry import StrategyEntry
from orchestrate.orchestration.strategies.views import OptionMarket, StrategyView

Answer = TypeVar("Answer")
#: looked for once, when a strategy has started: most have none, and each fill would look for one
_HOOKS: Final = ("on_fill", "on_order", "on_rejected", "on_stop")


class FailureHandler(Protocol):
    """The part of a run that deals with a strategy that takes no further part."""

    def strategy_failed(self, entry: StrategyEntry, error: StrategyError) -> None:
        """React to the failure of `entry`."""


class StrategyRunner:
    """Call the strategies of a run.

    `rank` is each one's place in plan order, `views` has what each may see; `now` returns the label of the current
    step, None before the first, `label` that of a symbol's bar; `lot` rounds quantities,
    `planned_exits` names the exits that a sizing gives an entry.
    """

    def __init__(
        self,
        rank: Mapping[str, int],
        market: Market,
        blotter: Blotter,
        marks: Mapping[str, float],
        calls: CallStack,
        failures: FailureHandler,
        now: Callable[[], int | None],
        step: Callable[[], int],
        label: Callable[[str], int],
        lot: Callable[[float, Instrument], float],
        planned_exits: Callable[[Sizing], tuple[str, ...]],
        options: OptionMarket,
    ) -> None:
        begin_calls(calls)
        self.views: dict[str, StrategyView] = {}
        self._market, self._blotter, self._marks = market, blotter, marks
        self._calls, self._now, self._failures = calls, now, failures
        self._label, self._lot, self._planned_exits, self._options = label, lot, planned_exits, options
        self.facts = Facts(rank, step)
        #: by symbol, what strategies that are called at every bar have seen
        self.past: dict[str, PointInTimeBars] = {}
        self._hooks: dict[str, frozenset[str]] = {}

    def start(self, entries: Iterable[StrategyEntry]) -> None:
        """Start every strategy; none has seen a bar."""
        self._calls.facts = self.facts
        for entry in entries:
            self.join(entry)

    def join(self, entry: StrategyEntry) -> None:
        """Start one strategy."""
        planned = self._planned_exits(entry.allocation.sizing)
        self.views[entry.id] = StrategyView(
            entry,
            self._blotter,
            self._marks,
            self._market.instruments,
            self.facts,
            self._label,
            self._lot,
            self._options,
            planned,
        )
        self._call(entry, self._start, entry)

    def _start(self, entry: StrategyEntry) -> None:
        if isinstance(entry.strategy, BaseException):
            raise entry.strategy
        if entry.is_native:
            return
        series = {symbol: self._market.series[symbol] for symbol in entry.symbols}
        entry.decider = decider_for(entry.strategy, entry.kind, series, self.past)
        entry.decider.start()
        _call_hook(entry.strategy, "on_start")
        self._hooks[entry.id] = frozenset(name for name in _HOOKS if callable(getattr(entry.strategy, name, None)))
        if "on_order" in self._hooks[entry.id]:
            self._blotter.followed.add(entry.id)

    def signals(self, entry: StrategyEntry, event: MarketEvent) -> Sequence[Signal]:
        """Return a strategy's signals at this step."""
        decider, name = entry.decider, entry.id
        if decider is None or not entry.is_called:
            return ()
        if decider.is_answered:
            return decider.decide(event, self.views[name])
        calls = self._calls
        try:  # as `_call` does, which at every bar costs more
            calls.enter(name)
            try:
                return decider.decide(event, self.views[name])
            finally:
                calls.leave()
        except UserInterrupt:
            raise
        except BaseException as error:
            self.fail(entry, error)
            return ()

    def notify(self, entry: StrategyEntry, hook: str, *arguments: object) -> None:
        """Call a strategy's hook, if it has it; a paused or removed one is notified of its orders, too."""
        if self.has_hook(entry, hook) and entry.status != "failed":
            self._call(entry, _call_hook, entry.strategy, hook, *arguments)

    def notify_orders(self, entries: Mapping[str, StrategyEntry]) -> None:
        """Notify strategies of what became of their orders; one that fails at that adds to it."""
        updates = self._blotter.updates
        while updates:
            strategy_id, update = updates.pop(0)
            self.notify(entries[strategy_id], "on_order", update)

    def has_hook(self, entry: StrategyEntry, hook: str) -> bool:
        """Return True where a strategy has such a hook."""
        hooks = self._hooks.get(entry.id)
        return hooks is not None and hook in hooks

    def scope(self, entry: StrategyEntry) -> AbstractContextManager[object]:
        """Return the context of every call of this strategy's code, wherever it is called."""
        return CallScope(entry.id, self._calls)

    def _call(self, entry: StrategyEntry, question: Callable[..., Answer], *arguments: object) -> Answer | None:
        calls = self._calls
        try:
            calls.enter(entry.id)
            try:
                return question(*arguments)
            finally:
                calls.leave()
        except UserInterrupt:
            raise
        except BaseException as error:
            self.fail(entry, error)
            return None

    def fail(self, entry: StrategyEntry, error: BaseException) -> None:
        """Exclude the strategy from the rest of the run."""
        t = self._now()
        entry.become("failed", t)
        texts, place = error_texts(error, self.scope(entry)), place_of(error)
        entry.error = StrategyError(error_kind(error), *texts, t, *place)
        self._failures.strategy_failed(entry, entry.error)


def _call_hook(strategy: object, name: str, *arguments: object) -> None:
    hook = getattr(strategy, name, None)
    if callable(hook):
        hook(*arguments)
