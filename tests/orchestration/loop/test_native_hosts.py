"""The step with strategies that live in their engine: a hand-written host stands for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orchestrate.domain.errors import EngineError, NativeError, ReconciliationError
from orchestrate.domain.events import StrategyFailedEvent, StrategySignalledEvent
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Demand, Ended, Fill, Order, Reason, StrategyCommand
from orchestrate.domain.portfolio import NO_LIMITS, Limits
from orchestrate.orchestration.orders.ports import ANSWERS_A_STEP, EngineReport, FrameworkPortfolioState
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.limits.losses import MaxPortfolioDrawdown
from orchestrate.orchestration.strategies.compatibility import StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from tests.engines.builders import market_of, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import AT_CLOSE, PLAIN, HarnessRun, Part, Scripted, prepare

BARS = [(10.0, 10.0)] * 6


def wants(name: str, quantity: float, *, closing: bool = False, **more: Any) -> Demand:
    return Demand("guest", "A", quantity, closing, 10.0, 0, 0, native_order=name, **more)


class Host(InMemoryAdapter):
    """`script[n]` is what its guest says while it lives through its n-th bar; `answers` what it says to verdicts."""

    def __init__(self, script: Mapping[int, EngineReport], answers: Sequence[EngineReport] = ()) -> None:
        super().__init__()
        self.script, self.answers = script, list(answers)
        self.callbacks: list[tuple[str, str, float]] = []
        self.bars = 0
        self.resting: list[Order] = []
        self.timer: list[EngineReport] = []
        self.dropped: list[str] = []
        self.retired: list[str] = []

    def begin(self, market: Any, accounts: Any, rules: ExecutionRules) -> None:
        self.accounts = accounts
        self._market, self._rules = market, rules

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        for command in commands:
            self.callbacks.append((command.action, command.order.native_order, command.order.quantity))
            if command.action == "submit" and command.order.rests:
                self.resting.append(command.order)
            elif command.action == "submit":
                super().execute_commands([command])

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        fills = super().advance(t, rows).fills
        said = self.script.get(self.bars, EngineReport())
        self.bars += 1
        return EngineReport(fills + said.fills, said.demands, said.failures, said.ended)

    def wake(self, t: int) -> EngineReport:
        return self.timer.pop() if self.timer else EngineReport()

    def listen(self) -> EngineReport:
        return self.answers.pop(0) if self.answers else EngineReport()

    def state_of(self, strategy_id: str) -> FrameworkPortfolioState:
        return self.get_portfolio_state()

    def retire(self, strategy_id: str) -> None:
        self.retired.append(strategy_id)

    def drop(self, strategy_id: str) -> None:
        self.dropped.append(strategy_id)


class Guest:
    """Stands for a class that the engine itself makes."""


def hosted(
    host: Host,
    rules: ExecutionRules = PLAIN,
    *,
    capital: int = 1_000,
    other: object = None,
    prices: Sequence[tuple[float, float]] = BARS,
    limits: Limits = NO_LIMITS,
) -> HarnessRun:
    parts = {"other": Part(other, pct=50)} if other is not None else {}
    coordinator = StrategyCoordinator(limits=limits)
    done = prepare(parts, capital=capital, adapters={"in_memory": host}, coordinator=coordinator)
    done.orchestrator.add_strategy(
        Guest,
        StrategyMetadata("guest", symbols=("A",)),
        AllocationConfig(Decimal(100 if other is None else 50)),
        kind="backtrader",
        config={"period": 3},
    )
    done.orchestrator.run(market_of(series("A", prices)), rules)
    return done


def test_a_hosted_strategy_is_made_by_its_engine_and_gets_every_bar() -> None:
    host = Host({})
    hosted(host)
    [account] = host.accounts
    assert (account.strategy_id, account.native, account.config, account.cash) == (
        "guest",
        Guest,
        {"period": 3},
        1000.0,
    )
    assert host.bars == len(BARS)


def test_an_engine_that_hosts_no_natives() -> None:
    done = prepare({}, adapters={"in_memory": InMemoryAdapter()})
    done.orchestrator.add_strategy(Guest, StrategyMetadata("guest"), AllocationConfig(Decimal(100)), kind="nautilus")
    with pytest.raises(EngineError, match="in_memory can't host guest"):
        done.orchestrator.run(market_of(series("A", BARS)), PLAIN)


@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE])
def test_verdicts_come_at_once_and_the_order_at_its_release(rules: ExecutionRules) -> None:
    """1 000 at 10: 60 are approved, 60 more cut to 40, the next refused."""
    host = Host({1: EngineReport(demands=tuple(wants(name, 60) for name in ("n1", "n2", "n3")))})
    done = hosted(host, rules)
    assert host.callbacks == [
        ("resize", "n2", 40.0),
        ("reject", "n3", 60.0),
        ("submit", "n1", 60.0),
        ("submit", "n2", 40.0),
    ]
    assert done.fills("guest") == [(60.0, 10.0), (40.0, 10.0)]
    assert [event.signal_type for event in done.of(StrategySignalledEvent)] == ["entry"] * 3
    assert (done.results["guest"].blocked, done.results["guest"].resized) == (1, 1)


def test_a_guest_may_close_a_part() -> None:
    host = Host(
        {0: EngineReport(demands=(wants("n1", 60),)), 2: EngineReport(demands=(wants("n2", -20, closing=True),))}
    )
    assert hosted(host).fills("guest") == [(60.0, 10.0), (-20.0, 10.0)]


def test_an_order_that_crosses_zero_is_funded_by_what_it_closes() -> None:
    host = Host({0: EngineReport(demands=(wants("n1", 100),)), 5: EngineReport(demands=(wants("n2", -250),))})
    hosted(host)
    assert host.callbacks == [("submit", "n1", 100.0), ("resize", "n2", -200.0), ("cancel", "n2", -200.0)]


def test_a_resting_order_keeps_its_reserve_until_it_ends() -> None:
    resting = wants("n1", 70, limit=9.0)
    host = Host(
        {
            0: EngineReport(demands=(resting,)),
            2: EngineReport(demands=(wants("n2", 70),)),
            4: EngineReport(ended=(Ended("guest", "n1", Reason.EXPIRED),)),
        }
    )
    done = hosted(host)
    assert done.fills("guest") == [(37.0, 10.0)]  # 1 000 less 70 × 9
    assert ("rejected", "expired", 0.0) in done.reasons("guest")
    assert len(done.orchestrator.session.blotter.resting()) == 0


def test_a_resting_order_is_filled_when_its_engine_reports_it() -> None:
    fill = Fill("guest-1", "guest", "A", 70.0, 10.0, 0.0, 0)
    host = Host({0: EngineReport(demands=(wants("n1", 70, limit=10.0),)), 3: EngineReport(fills=(fill,))})
    host.get_portfolio_state = lambda: _state(host)  # type: ignore[method-assign]  # its account knows of that fill
    done = hosted(host)
    assert done.fills("guest") == [(70.0, 10.0)]
    assert done.orchestrator.session.blotter.resting() == []


def _state(host: Host) -> Any:
    said = InMemoryAdapter.get_portfolio_state(host)
    return type(said)(said.framework, {"A": 70.0} if host.bars > 3 else {}, 0.0, 0)


def test_what_still_rests_at_the_end_is_taken_back() -> None:
    host = Host({0: EngineReport(demands=(wants("n1", 70, limit=9.0),))})
    done = hosted(host)
    assert host.callbacks[-1] == ("cancel", "n1", 70.0)
    assert done.reasons("guest")[-1] == ("rejected", "unfilled_at_end", 0.0)


def test_orders_of_timers_are_coordinated_before_the_next_open() -> None:
    host = Host({})
    host.timer = [EngineReport(demands=(wants("n1", 5),)), EngineReport()]
    done = hosted(host)
    assert done.fills("guest") == [(5.0, 10.0)]
    assert done.orchestrator.fills[0].t == done.orchestrator.session._market.series["A"].timestamp[1]


def test_answers_to_verdicts_count_and_long_exchanges_continue_later() -> None:
    talk = [EngineReport(demands=(wants(f"n{number}", 1),)) for number in range(ANSWERS_A_STEP + 3)]
    host = Host({}, answers=talk)
    done = hosted(host)
    assert sum(quantity for quantity, _ in done.fills("guest")) == len(talk)
    assert len(done.reasons("guest")) == len(talk)  # none was settled twice


LATE = {
    "buys": wants("late", 5),
    "sells": wants("late", -5),
    "buys_at_a_limit": wants("late", 5, limit=9.0),
    "closes_a_part": wants("late", -20, closing=True),
    "closes_at_a_limit": wants("late", -50, closing=True, limit=9.0),
}


@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE], ids=["next_open", "close"])
@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
def test_what_is_demanded_late_in_the_step_of_a_stop_opens_nothing(late: Demand, rules: ExecutionRules) -> None:
    """At bar 1 a loss stops the portfolio; the exchange of that bar leaves a demand for the next, which recovers."""
    said = [EngineReport(demands=(wants(f"n{number}", 1),)) for number in range(ANSWERS_A_STEP)]
    start = {0: EngineReport(demands=(wants("n", 50),)), 1: EngineReport(demands=(wants("first", 1),))}
    quiet = [EngineReport()] * (2 if rules is AT_CLOSE else 1)
    host = Host(start, answers=[*quiet, *said, EngineReport(demands=(late,))])
    prices = [(10.0, 10.0), (10.0, 5.0), (5.0, 9.5), (9.0, 9.5), (9.0, 9.0)]
    done = hosted(host, rules, prices=prices, limits={"max_drawdown": MaxPortfolioDrawdown(0.2, "stop")})
    assert done.orchestrator.session.portfolio.stopped and "late" in [name for _, name, _ in host.callbacks]
    assert done.fills("guest") == [(50.0, 10.0), (-50.0, 9.5 if rules is AT_CLOSE else 5.0)]


def test_a_guest_that_breaks_is_flattened_and_the_others_go_on() -> None:
    host = Host(
        {
            0: EngineReport(demands=(wants("n1", 5),)),
            2: EngineReport(
                failures=(("guest", ValueError("x")), ("guest", ValueError("y"))), demands=(wants("n2", 5),)
            ),
        }
    )
    done = hosted(host, other=Scripted({}))
    assert done.fills("guest") == [(5.0, 10.0), (-5.0, 10.0)]
    [event] = done.of(StrategyFailedEvent)
    assert (event.strategy_id, event.error_message) == ("guest", "x")
    assert done.results["other"].status == "completed"


class Denier(Host):
    """An engine that will not execute what it is given, and says so."""

    given: Sequence[StrategyCommand] = ()

    def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
        self.given = list(commands)

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        said = super().advance(t, rows)
        denied = tuple(Ended("guest", command.order.native_order, Reason.CANCELLED) for command in self.given)
        self.given = []
        return EngineReport(said.fills, said.demands, said.failures, said.ended + denied)


def test_a_released_order_that_its_engine_denies_is_over() -> None:
    done = hosted(Denier({1: EngineReport(demands=(wants("n1", 60),)), 3: EngineReport(demands=(wants("n2", 100),))}))
    assert done.fills("guest") == []
    ended = [
        (r.order_id, str(r.decision.outcome), str(r.decision.reason)) for r in done.orchestrator.session.log.decisions
    ]
    assert ended == [
        ("guest-1", "approved", ""),
        ("guest-1", "rejected", "cancelled"),
        ("guest-2", "approved", ""),
        ("guest-2", "rejected", "cancelled"),
    ]
    assert done.results["guest"].status == "completed"


class Pausing(Host):
    """Pauses the hosted strategy during its third bar, and resumes it two bars later."""

    orchestrator: Any = None

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        if self.bars == 2:
            self.orchestrator.pause_strategy("guest")
        if self.bars == 4:
            self.orchestrator.resume_strategy("guest")
        return super().advance(t, rows)


def test_a_paused_guest_closes_and_opens_nothing_until_it_is_resumed() -> None:
    host = Pausing(
        {
            0: EngineReport(demands=(wants("n1", 60),)),
            2: EngineReport(demands=(wants("n2", 10), wants("n3", -20, closing=True))),
            4: EngineReport(demands=(wants("n4", 5),)),
        }
    )
    done = prepare({}, capital=1_000, adapters={"in_memory": host})
    host.orchestrator = done.orchestrator
    done.orchestrator.add_strategy(
        Guest, StrategyMetadata("guest", symbols=("A",)), AllocationConfig(Decimal(100)), kind="backtrader"
    )
    done.orchestrator.run(market_of(series("A", BARS)), PLAIN)
    assert done.fills("guest") == [(60.0, 10.0), (-20.0, 10.0), (5.0, 10.0)]
    assert ("reject", "n2", 10.0) in host.callbacks
    refused = [r.decision for r in done.orchestrator.session.log.decisions if r.decision.demand.native_order == "n2"]
    assert [decision.reason for decision in refused] == [Reason.STRATEGY_PAUSED]


class Damaged(Host):
    """Its guest has done something to its engine, which holds `held` for it from the fourth bar on."""

    held = 0.0

    def state_of(self, strategy_id: str) -> FrameworkPortfolioState:
        return FrameworkPortfolioState(self.framework, {"A": self._guest()}, 0.0)

    def get_portfolio_state(self) -> FrameworkPortfolioState:
        said = super().get_portfolio_state()
        if "guest" in self.dropped:
            return FrameworkPortfolioState(self.framework, {}, said.realised)
        return FrameworkPortfolioState(self.framework, {"A": self._guest()}, said.realised)

    def _guest(self) -> float:
        own: float = self._quantities.get(("guest", "A"), 0.0)
        return own + (self.held if self.bars > 3 else 0.0)


def test_a_native_whose_engine_disagrees_fails_alone() -> None:
    host = Damaged({0: EngineReport(demands=(wants("n1", 5),)), 2: EngineReport(demands=(wants("n2", 5),))})
    host.held = 7.0
    done = hosted(host, other=Scripted({}))
    assert done.fills("guest") == [(5.0, 10.0), (5.0, 10.0), (-10.0, 10.0)]
    [event] = done.of(StrategyFailedEvent)
    assert event.error_type == "NativeError"
    assert "in_memory holds 17 of A, the books of its strategies hold 10" in event.error_message
    assert host.dropped == ["guest"]
    assert [name for _, name, _ in host.callbacks] == ["n1", "n2"]  # the closing order went past it
    assert done.results["other"].status == "completed"


def test_an_engine_that_disagrees_about_no_guest_is_at_fault_itself() -> None:
    host = Damaged({0: EngineReport(demands=(wants("n1", 5),))})
    host.state_of = lambda _: FrameworkPortfolioState("in_memory", {"A": 5.0}, 0.0)  # type: ignore[method-assign]
    host.held = 7.0
    with pytest.raises(ReconciliationError, match="in_memory holds 12 of A"):
        hosted(host)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"price": 9.0}, "its price is 9, the bar allows 10"),
        ({"quantity": 6.0}, "6 are filled of an order of 5"),
        ({"quantity": -5.0}, "-5 are filled of an order of 5"),
        ({"fee": -1.0}, "its fee is -1, the run's rules give 0"),
        ({"symbol": "B"}, "it is reported for B of guest"),
        ({"order_id": "guest-9"}, "'guest-9', which it does not have"),
    ],
)
def test_a_fill_that_cannot_be_is_not_booked(changes: dict[str, Any], problem: str) -> None:
    class Inventive(Host):
        def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
            said = super().advance(t, rows)
            return EngineReport(tuple(replace(fill, **changes) for fill in said.fills), said.demands)

    host = Inventive({0: EngineReport(demands=(wants("n1", 5),))})
    host.get_portfolio_state = lambda: FrameworkPortfolioState("in_memory", {}, 0.0)  # type: ignore[method-assign]
    done = hosted(host, other=Scripted({}))
    assert done.fills("guest") == []
    assert problem in done.of(StrategyFailedEvent)[0].error_message
    assert ("rejected", "strategy_failed", 0.0) in done.reasons("guest")
    assert done.results["other"].status == "completed"


def test_a_native_whose_order_is_lost_fails_alone() -> None:
    class Losing(Host):
        def execute_commands(self, commands: Sequence[StrategyCommand]) -> None:
            """Accept nothing."""

    done = hosted(Losing({0: EngineReport(demands=(wants("n1", 5),))}), other=Scripted({}))
    assert "guest-1: handed to its engine and not filled" in done.of(StrategyFailedEvent)[0].error_message
    assert done.results["other"].status == "completed"


def test_a_failure_after_the_last_bar_counts() -> None:
    host = Host({}, answers=[EngineReport()] * len(BARS) + [EngineReport(failures=(("guest", NativeError("late")),))])
    assert hosted(host).results["guest"].status == "failed"


def test_a_fill_between_two_bars_is_booked() -> None:
    fill = Fill("guest-1", "guest", "A", 70.0, 10.0, 0.0, 0)
    host = Host({0: EngineReport(demands=(wants("n1", 70, limit=10.0),))})
    host.timer = [EngineReport(fills=(fill,)), EngineReport(), EngineReport()]
    host.get_portfolio_state = lambda: _state_between(host)  # type: ignore[method-assign]
    assert hosted(host).fills("guest") == [(70.0, 10.0)]


def _state_between(host: Host) -> FrameworkPortfolioState:
    return FrameworkPortfolioState("in_memory", {} if host.timer else {"A": 70.0}, 0.0)
