"""Takes the time of any engine: the cost of each framework in a run's manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import fsum

import numpy as np

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Fill, StrategyCommand
from orchestrate.domain.results import FrameworkTiming
from orchestrate.orchestration.orders.ports import (
    EngineReport,
    FrameworkPortfolioState,
    NativeHostPort,
    OrchestrationPort,
    StrategySeat,
)


def timed(engine: OrchestrationPort, clock: Callable[[], float]) -> Stopwatch:
    """Return the engine behind a stopwatch, which hosts natives if the engine does."""
    return HostStopwatch(engine, clock) if isinstance(engine, NativeHostPort) else Stopwatch(engine, clock)


class Stopwatch:
    """An engine behind the same port. `timing` is there once the engine has ended."""

    def __init__(self, engine: OrchestrationPort, clock: Callable[[], float]) -> None:
        self.framework = engine.framework
        self._engine, self._clock = engine, clock
        self._steps: list[float] = []
        self._outside_steps = 0.0
        self._messages = 0

    def begin(self, market: Market, seats: Sequence[StrategySeat], rules: ExecutionRules) -> None:
        """See `OrchestrationPort`."""
        started = self._clock()
        self._engine.begin(market, seats, rules)
        self._outside_steps += self._clock() - started

    def join(self, seat: StrategySeat, t: int) -> None:
        """See `OrchestrationPort`."""
        started = self._clock()
        self._engine.join(seat, t)
        self._outside_steps += self._clock() - started

    def open_symbol(self, symbol: str) -> None:
        """See `OrchestrationPort`."""
        self._engine.open_symbol(symbol)

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        """See `OrchestrationPort`."""
        self._engine.execute_commands(commands)

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        """See `OrchestrationPort`."""
        started = self._clock()
        stepped = self._engine.advance(t, rows)
        self._steps.append(self._clock() - started)
        return stepped

    def next_event(self, step: int) -> int:
        """See `OrchestrationPort`."""
        return self._engine.next_event(step)

    def close(self, t: int) -> tuple[Fill, ...]:
        """See `OrchestrationPort`."""
        started = self._clock()
        fills = self._engine.close(t)
        self._steps.append(self._clock() - started)
        return fills

    def get_portfolio_state(self) -> FrameworkPortfolioState:
        """See `OrchestrationPort`."""
        started = self._clock()
        state = self._engine.get_portfolio_state()
        self._outside_steps += self._clock() - started
        self._messages = state.messages
        return state

    def end(self) -> None:
        """See `OrchestrationPort`."""
        self._engine.end()

    @property
    def timing(self) -> FrameworkTiming:
        """Seconds in all, and a step's at the median and the 99th percentile (0.0 when it was never stepped)."""
        p50, p99 = np.percentile(self._steps, (50, 99)).tolist() if self._steps else (0.0, 0.0)
        return FrameworkTiming(fsum(self._steps) + self._outside_steps, p50, p99, self._messages)


class HostStopwatch(Stopwatch):
    """The same for an engine that hosts natives."""

    _engine: NativeHostPort

    def wake(self, t: int) -> EngineReport:
        """See `NativeHostPort`."""
        return self._engine.wake(t)

    def listen(self) -> EngineReport:
        """See `NativeHostPort`."""
        return self._engine.listen()

    def state_of(self, strategy_id: str) -> FrameworkPortfolioState:
        """See `NativeHostPort`."""
        return self._engine.state_of(strategy_id)

    def retire(self, strategy_id: str) -> None:
        """See `NativeHostPort`."""
        self._engine.retire(strategy_id)

    def drop(self, strategy_id: str) -> None:
        """See `NativeHostPort`."""
        self._engine.drop(strategy_id)
