"""All native strategies of a run on one engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import takewhile
from math import fsum
from typing import Any, Generic, TypeVar

import numpy as np

from orchestrate.domain.market.timeline import Market, Timeline
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Fill, Order, Reason, StrategyCommand
from orchestrate.engines.hosting.orders import NOTHING, joined
from orchestrate.engines.hosting.strategy import HostedStrategy
from orchestrate.orchestration.orders.ports import ANSWERS_A_STEP, EngineReport, StrategySeat

Hosted = TypeVar("Hosted", bound=HostedStrategy[Any])


class Moment:
    """The step at which a host stands: that of the last `advance`, and the first one before any."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.t = timeline.begins

    @property
    def step(self) -> int:
        """The number of the step."""
        return int(np.searchsorted(self._timeline.stamps, self.t))


class NativeHost(Generic[Hosted]):
    """Hosts natives in the order of their seats, see `NativeHostPort`; the last bar of `symbols` is theirs.

    With `stops_at_last_bar` natives are stopped when the last bar's orders are decided, so that what they do and raise
    there is still reported; orders from there have no bar left to fill at. Otherwise, and after a run that was broken
    off, they are stopped in `end`.
    """

    def __init__(
        self,
        hosted: Callable[[StrategySeat, Market, ExecutionRules, Moment, Callable[[str], None]], Hosted],
        market: Market,
        seats: Sequence[StrategySeat],
        rules: ExecutionRules,
        symbols: Sequence[str],
        *,
        stops_at_last_bar: bool,
    ) -> None:
        self._moment = Moment(market.timeline)
        self._hosted, self._market, self._rules = hosted, market, rules
        self._timeline, self._symbols = market.timeline, tuple(symbols)
        self._last = market.timeline.last_stamp(symbols) if symbols else None
        self._stops = stops_at_last_bar
        self._advanced: int | None = None
        self._natives: dict[str, Hosted] = {}
        self._with_news: set[str] = set()
        try:
            for seat in seats:
                self._start(seat)
        except BaseException:
            self.end()
            raise

    def _start(self, seat: StrategySeat) -> Hosted:
        native = self._hosted(seat, self._market, self._rules, self._moment, self._with_news.add)
        self._natives[seat.strategy_id] = native
        native.attempt(None, native.start)
        return native

    def join(self, seat: StrategySeat, t: int) -> None:
        """Host one more native after the step at `t`; it goes through the bars so far, and its orders are refused."""
        self._moment.t = self._timeline.begins
        native = self._start(seat)
        self._refuse(native)
        for event in takewhile(lambda event: event.t <= t, self._timeline.events()):
            native.attempt(None, native.wake, event.t)
            self._refuse(native)
            self._moment.t = event.t
            native.attempt(None, native.advance, event.t, event.rows)
            self._refuse(native)
        self._symbols = tuple(dict.fromkeys((*self._symbols, *seat.symbols)))
        self._last = self._timeline.last_stamp(self._symbols)

    def _refuse(self, native: Hosted) -> None:
        """Refuse all that it demands, and what it demands in answer."""
        for _ in range(ANSWERS_A_STEP):
            demands = native.orders.report().demands
            for demand in demands:
                order = Order(
                    "", demand.strategy_id, demand.symbol, 0.0, demand.closing, native_order=demand.native_order
                )
                refusal = StrategyCommand(demand.strategy_id, "reject", order, Reason.STRATEGY_PAUSED)
                native.attempt(None, native.execute, refusal)
            if not demands:
                return
            native.attempt(None, native.notify)

    def __contains__(self, strategy_id: object) -> bool:
        return strategy_id in self._natives

    # ---- the step

    def wake(self, t: int) -> EngineReport:
        """Fire the timers that are due before `t`."""
        for native in self._natives.values():
            native.attempt(None, native.wake, t)
        return self.report()

    def execute(self, commands: Sequence[StrategyCommand]) -> None:
        """Carry out commands, then notify natives of the verdicts among them."""
        natives = self._natives
        for command in commands:
            native = natives[command.strategy_id]
            native.attempt(None, native.execute, command)
        for strategy_id in dict.fromkeys(each.strategy_id for each in commands if each.action != "submit"):
            natives[strategy_id].attempt(None, natives[strategy_id].notify)

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        """Take every native through its bars."""
        self._moment.t = self._advanced = t
        for native in self._natives.values():
            native.attempt(None, native.advance, t, rows)
        return self.report()

    def close(self, t: int) -> tuple[Fill, ...]:
        """Fill what is due at the close."""
        for native in self._natives.values():
            native.attempt(None, native.close, t)
        return tuple([fill for native in self._natives.values() for fill in native.orders.take_fills()])

    def listen(self) -> EngineReport:
        """Return what is not reported yet; if that is nothing after the last bar, stop the natives first."""
        report = self.report()
        if report is NOTHING and self._stops and self._is_at_last_bar():
            self._stops = False
            for native in self._natives.values():
                native.attempt(None, native.stop)
            report = self.report()
        return report

    def _is_at_last_bar(self) -> bool:
        """Return whether no bar is left; bars that arrive one at a time are over when the market says so."""
        if self._last is None:
            self._last = self._timeline.last_stamp(self._symbols)
        return self._last is not None and self._advanced == self._last

    def report(self) -> EngineReport:
        """Return what all natives have to report."""
        if not self._with_news:
            return NOTHING
        reports = [native.report() for name, native in self._natives.items() if name in self._with_news]
        self._with_news.clear()
        return joined([report for report in reports if report is not NOTHING])

    # ---- states

    @property
    def realised(self) -> float:
        """The profit of all natives net of fees, by their own engines; NaN where one of these can't say."""
        return fsum(native.realised() for native in self._natives.values())

    def holdings(self) -> list[tuple[str, float]]:
        """Return what the natives' engines hold: symbol and signed quantity, native after native."""
        return [holding for native in self._natives.values() for holding in native.held().items()]

    def state_of(self, strategy_id: str) -> tuple[dict[str, float], float]:
        """Return what one native holds and has realised; NativeError where its engine can't say."""
        native = self._natives[strategy_id]
        held, realised = native.held(), native.realised()
        if native.broken is not None:
            raise native.broken
        return held, realised

    # ---- the end

    def retire(self, strategy_id: str) -> None:
        """Run none of one native's code any more."""
        native = self._natives[strategy_id]
        native.attempt(None, native.retire)

    def drop(self, strategy_id: str) -> None:
        """Let go of one native, whose engine is unusable."""
        native = self._natives.pop(strategy_id)
        self._with_news.discard(strategy_id)
        with suppress(Exception):
            native.discard()

    def end(self) -> None:
        """Stop natives that still run and let go of all engines; what breaks there changes nothing any more."""
        for native in self._natives.values():
            with suppress(Exception):
                native.end()
        self._natives.clear()
