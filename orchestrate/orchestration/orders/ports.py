"""What the orchestrator needs from the outside: engines, and the typed surfaces of capital and coordination.

Ids, floats and integer nanoseconds cross these ports, never an engine's types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, runtime_checkable

from orchestrate.domain.instruments.rates import RatedPrices
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent
from orchestrate.domain.orders.order import Demand, Ended, Fill, StrategyCommand
from orchestrate.domain.plan import Sizing
from orchestrate.domain.values import value

if TYPE_CHECKING:
    from orchestrate.domain.market.timeline import Market


#: How often natives may answer verdicts with new orders within one step; what they demand after that waits.
ANSWERS_A_STEP: Final = 8


class SeatPrices(NamedTuple):
    """The prices and rates of the step under way: the last closes, and those that count at its open.

    `volatility` returns that of a symbol's last so many returns, a year, in the capital's currency.
    """

    closes: RatedPrices
    opens: RatedPrices
    volatility: Callable[[str, int], float]


@dataclass(frozen=True, slots=True)
class StrategySeat:
    """What an engine needs to know of one strategy before the run.

    `native` is the strategy class that it hosts, if any, `config` its parameters, `sizing` how its entries are sized
    where its engine has such a thing: in percent of `sized_on`, or else of the native's own account. Every call of the
    native's code happens inside `scope`. `prices` are there for a native, which may trade in other currencies.
    """

    strategy_id: str
    cash: float
    symbols: tuple[str, ...]
    native: type | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    sizing: Sizing = field(default_factory=Sizing)
    sized_on: Callable[[], float] | None = None
    scope: AbstractContextManager[object] = field(default_factory=nullcontext)
    prices: SeatPrices | None = None


@value
class EngineReport:
    """Result of one engine step: fills, demands and failures of natives, orders that ended without a further fill."""

    fills: tuple[Fill, ...] = ()
    demands: tuple[Demand, ...] = ()
    failures: tuple[tuple[str, BaseException], ...] = ()
    ended: tuple[Ended, ...] = ()


@value
class FrameworkPortfolioState:
    """An engine's own account of things, for reconciliation: net quantity a symbol, profit realised net of fees.

    Symbols with a net quantity of zero may be left out. `realised` is by average cost, over all its strategies.
    """

    framework: str
    quantities: Mapping[str, float]
    realised: float
    messages: int = 0


class OrchestrationPort(Protocol):
    """The interface that an engine or environment implements for the orchestrator.

    A step is `execute_commands` (orders released at this open), `advance`, and where orders fill at the close
    `execute_commands` and `close`. Steps at which an engine has nothing to do may be left out; the next one it
    gets may be any later one. While orders rest in it, it gets the steps that `next_event` names.
    """

    framework: str

    def begin(self, market: Market, seats: Sequence[StrategySeat], rules: ExecutionRules) -> None:
        """Build everything; no bar has happened yet. EngineError when the engine can't host them."""

    def join(self, seat: StrategySeat, t: int) -> None:
        """Take in a strategy after the step at `t`; its first bars are those of the next `advance`."""

    def open_symbol(self, symbol: str) -> None:
        """Take in one more symbol of the market, which joined it during the run; portable strategies may trade it."""

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        """Hand over orders for the very next `advance` (filled at its open) or `close` (filled at its close).

        One that has a `price` fills at that.
        Orders with a limit, trigger or trail rest from the next `advance` on, until they fill, end or are cancelled;
        `replace` changes prices and quantity of one that rests to those that it has now.
        """

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        """Go to time t; `rows` are the bars of all symbols that have one now.

        Market orders handed over fill at its open, then the bars may reach orders that rest.
        """

    def next_event(self, step: int) -> int:
        """Return the first step after `step` whose bars may reach or end an order that rests, `NEVER` for none.

        `step` has been taken. Any earlier step will do, `step + 1` always.
        """

    def close(self, t: int) -> tuple[Fill, ...]:
        """Fill market orders handed over since `advance` at t's close."""

    def get_portfolio_state(self) -> FrameworkPortfolioState:
        """Return where the engine believes it stands."""

    def end(self) -> None:
        """Release everything; nothing may stay behind in the process. Legal at any time after `begin`, also twice."""


@runtime_checkable
class NativeHostPort(OrchestrationPort, Protocol):
    """The interface of an engine that hosts native strategies, beyond `OrchestrationPort`; it sees every bar.

    A native's order is parked in the engine and reported as a Demand with `native_order`. Its verdict is a command with
    the same `native_order`: `reject` and `resize` at once, `submit` at the open (or close) at which it is
    released, in the quantity that is left; only then may the engine execute it, or let it rest. `cancel` takes it
    back. A `submit` without `native_order` is an order of the orchestrator's own for that strategy.

    What breaks in the engine of one native is a failure of that native: a NativeError among `EngineReport.failures`,
    upon which the orchestrator drops it.
    """

    def wake(self, t: int) -> EngineReport:
        """Let time pass until just before t: timers fire. The report has also what natives requested since `begin`."""

    def listen(self) -> EngineReport:
        """Report what natives did in answer to commands and fills since the last report."""

    def state_of(self, strategy_id: str) -> FrameworkPortfolioState:
        """Return where the engine believes one native stands; NativeError where it can't say."""

    def retire(self, strategy_id: str) -> None:
        """Run none of a native's code any more; drop its orders, but execute the orchestrator's for it."""

    def drop(self, strategy_id: str) -> None:
        """Let go of a native whose engine is unusable: none of its code runs, and no state includes it any more."""


class CapitalManagementPort(Protocol):
    """The surface of `PortfolioCapitalManager`."""

    def calculate_allocations(
        self, total: Decimal, weights: Mapping[str, Decimal], *, digits: int = 2
    ) -> dict[str, Decimal]:
        """Split `total` exactly; what the weights leave over is the reserve."""


class CoordinationPort(Protocol):
    """The surface of `StrategyCoordinator`."""

    def coordinate(self, intents: list[Intent]) -> None:
        """Decide on the intents of a step: each ends approved, resized or rejected, with a reason."""
