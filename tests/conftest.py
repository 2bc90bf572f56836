"""Results of runs made by hand: small enough to check on paper, complete enough for every reader of a `RunResult`."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings

from orchestrate.domain.books import Trade
from orchestrate.domain.market.timeline import Stamps
from orchestrate.domain.orders.order import Decision, Demand, Fill, Outcome, Reason
from orchestrate.domain.plan import CapitalPlan, DataPlan, Gate, RunPlan, StrategyPlan
from orchestrate.domain.results import (
    DecisionRecord,
    FillRecord,
    Finding,
    FrameworkTiming,
    RunResult,
    StrategyError,
    StrategyResult,
)

# Failed assertions of the conformance suite show their values, although its files are no test files; named here, before
# any test imports from that folder.
pytest.register_assert_rewrite("tests.engines.conformance")

# A job in the background ignores Ctrl-C, and so would all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples everywhere and always; HYPOTHESIS_PROFILE=explore draws new ones.
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Let no tracer see the call of an `uncounted` test: a worker may have several, one below the other."""
    if not item.get_closest_marker("uncounted"):
        return (yield)
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


@pytest.fixture
def alone() -> Iterator[None]:
    """Let the collector of garbage look at nothing that earlier tests have left: it would count as the test's time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


DAY = 86_400 * 1_000_000_000
FIRST = 18_262 * DAY  # 2020-01-01


@dataclass(frozen=True)
class HandMade:
    """One strategy of a hand-made run: its equity at each step, profits of its closed trades, bars of its own."""

    equity: Sequence[float]
    profits: Sequence[float] = ()
    framework: str = "backtrader"
    has_bar: Sequence[bool] | None = None
    exposed: Sequence[bool] | None = None
    fees: float = 0.0
    error: StrategyError | None = None


def make_result(
    strategies: Mapping[str, HandMade],
    *,
    reserve: float = 0.0,
    step: int = DAY,
    status: str | None = None,
    gates: tuple[Gate, ...] = (),
    findings: tuple[Finding, ...] = (),
    periods_per_year: float | None = 252.0,
) -> RunResult:
    """A run over `len(equity)` steps of `step` nanoseconds; every trade is one unit of IBM, in and out again."""
    size = len(next(iter(strategies.values())).equity)
    stamps = FIRST + np.arange(size, dtype=np.int64) * step
    allocated = {name: float(each.equity[0]) if size else 1000.0 for name, each in strategies.items()}
    executed = {name: executed_orders(name, each, stamps) for name, each in strategies.items()}
    failed = [each for each in strategies.values() if each.error]
    ended: Any = status or ("failed" if len(failed) == len(strategies) else "degraded" if failed else "completed")
    periods = {} if periods_per_year is None else dict.fromkeys(("", *strategies), periods_per_year)
    return RunResult(
        plan=plan_of(strategies, allocated, reserve, gates),
        status=ended,
        stamps=stamps,
        labels=stamps.copy(),
        reserve=Decimal(str(reserve)),
        strategies={
            name: strategy_result(name, each, allocated[name], executed[name].trades)
            for name, each in strategies.items()
        },
        decisions=tuple(decision for one in executed.values() for decision in one.decisions),
        fills=tuple(fill for one in executed.values() for fill in one.fills),
        findings=findings,
        timings={each.framework: FrameworkTiming(0.5, 1e-5, 1e-4, 7) for each in strategies.values()},
        data_hash="d" * 64,
        periods_per_year=periods,
    )


def plan_of(
    strategies: Mapping[str, HandMade], allocated: Mapping[str, float], reserve: float, gates: tuple[Gate, ...]
) -> RunPlan:
    """The plan that the run could have had."""
    total = sum(allocated.values()) + reserve
    plans = tuple(
        StrategyPlan(
            name, "MOMENTUM", "signals", "MOMENTUM", each.framework, Decimal(str(allocated[name] / total)), ("IBM",)
        )
        for name, each in strategies.items()
    )
    return RunPlan(
        mode="multi" if len(strategies) > 1 else "single",
        capital=CapitalPlan(Decimal(str(total))),
        data={"IBM": DataPlan("IBM", path="IBM.csv")},
        instruments={},
        strategies=plans,
        gates=gates,
    )


class Executed(NamedTuple):
    """What was decided on one strategy's orders, and what came of them."""

    trades: list[Trade]
    decisions: list[DecisionRecord]
    fills: list[FillRecord]


def executed_orders(name: str, strategy: HandMade, stamps: Stamps) -> Executed:
    """An entry and an exit for each profit, and an order that was refused."""
    trades, decisions, fills = Executed([], [], [])
    size = len(stamps)
    for count, profit in enumerate(strategy.profits):
        entered, exited = int(stamps[min(count, size - 2)]), int(stamps[min(count + 1, size - 1)])
        trades.append(Trade(name, "IBM", 1.0, entered, exited, 100.0, 100.0 + profit, profit, 0.0))
        for number, (quantity, price, t) in enumerate(((1.0, 100.0, entered), (-1.0, 100.0 + profit, exited))):
            order_id = f"{name}-{count}-{number}"
            demand = Demand(name, "IBM", quantity, quantity < 0, price, 0, t)
            decisions.append(DecisionRecord(t, Decision(demand, Outcome.APPROVED, quantity), order_id))
            fills.append(
                FillRecord(t, Fill(order_id, name, "IBM", quantity, price, 0.0, t), strategy.framework, quantity < 0)
            )
    refused = Decision(
        Demand(name, "IBM", 5.0, False, 100.0, 0, FIRST), Outcome.REJECTED, 0.0, Reason.CAPITAL, "no money"
    )
    decisions.append(DecisionRecord(FIRST, refused))
    return Executed(trades, decisions, fills)


def strategy_result(name: str, strategy: HandMade, allocated: float, trades: Sequence[Trade]) -> StrategyResult:
    """One strategy's part of the result."""
    size = len(strategy.equity)
    return StrategyResult(
        id=name,
        name="MOMENTUM",
        framework=strategy.framework,
        status="failed" if strategy.error else "completed",
        symbols=("IBM",),
        allocated=Decimal(str(allocated)),
        equity=np.array(strategy.equity, dtype=np.float64),
        has_bar=np.ones(size, dtype=np.bool_) if strategy.has_bar is None else np.array(strategy.has_bar),
        exposed=np.zeros(size, dtype=np.bool_) if strategy.exposed is None else np.array(strategy.exposed),
        trades=tuple(trades),
        open_positions=(),
        fees=strategy.fees,
        blocked=1,
        resized=0,
        error=strategy.error,
    )


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Parsed columns go to a folder of this session, not to the user's; processes that tests start inherit it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORCHESTRATE_CACHE", str(tmp_path_factory.getbasetemp() / "columns"))
        yield


@pytest.fixture
def hand_made() -> type[HandMade]:
    """The strategy of a hand-made run."""
    return HandMade


@pytest.fixture
def result_of() -> Callable[..., RunResult]:
    """`make_result`, for tests that write their own strategies."""
    return make_result


@pytest.fixture
def two_strategies() -> RunResult:
    """A wave on Backtrader and a climber on Nautilus, with a reserve, a gate passed, one failed, and a finding."""
    wave = HandMade(
        [600.0, 660.0, 594.0, 653.4, 588.06], [60.0, -66.0, 59.4], "backtrader", exposed=[True] * 4 + [False]
    )
    climb = HandMade(
        [300.0, 303.0, 306.0, 312.0, 315.0], [3.0, 9.0], "nautilus", exposed=[False, True, True, False, False]
    )
    return make_result(
        {"wave": wave, "climb": climb},
        reserve=100.0,
        gates=(Gate("trades", ">=", 5.0), Gate("sharpe", ">=", 3.0)),
        findings=(Finding("warning", "IBM", "2 rows were out of order and have been sorted", 2),),
    )


@pytest.fixture
def one_failed(two_strategies: RunResult) -> RunResult:
    """The same, after the climber raised."""
    error = StrategyError(
        "ValueError", "no such bar", "Traceback …\nValueError: no such bar\n", FIRST + 3 * DAY, "climber.py", 7
    )
    climb = replace(two_strategies.strategies["climb"], status="failed", error=error)
    return replace(two_strategies, status="degraded", strategies={**two_strategies.strategies, "climb": climb})
