"""Strategies that are added, paused, resumed and removed while a run goes on, by its schedule or by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from orchestrate import wiring
from orchestrate.domain.events import (
    CapitalRebalancedEvent,
    LimitReachedEvent,
    StrategyAddedEvent,
    StrategyPausedEvent,
    StrategyRemovedEvent,
    StrategyResumedEvent,
)
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.portfolio import NO_LIMITS, Appointment, Limits, PortfolioPlan, RebalancePlan
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.limits.losses import MaxDailyLoss, MaxDrawdown, MaxPortfolioDrawdown
from orchestrate.orchestration.strategies.compatibility import StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from tests.engines.builders import DAY, START, market_of, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import Flags, HarnessRun, Part, Scripted, fixed, run_harness

PLACES = ["in_memory", "backtrader", "nautilus"]
#: Opens at 100, 101, …, closes half a point above.
PRICES = [(100.0 + bar, 100.5 + bar) for bar in range(10)]
PLAIN = ExecutionRules()


def day(bar: int) -> str:
    """The date of a bar."""
    return label_text(START + bar * DAY)


def run(
    plans: Mapping[str, object],
    schedule: Sequence[Appointment],
    *,
    place: str = "in_memory",
    pct: Mapping[str, int] | None = None,
    rules: ExecutionRules = PLAIN,
    limits: Limits | None = None,
    prices: Sequence[tuple[float, float]] = PRICES,
    full: Sequence[str] = (),
    pooled: bool = False,
    portfolio_limits: Limits = NO_LIMITS,
    rebalance: RebalancePlan | None = None,
) -> HarnessRun:
    """Strategies with 30 % of 10,000 each."""
    shares = pct or {}
    parts = {
        name: Part(
            Scripted(plan) if isinstance(plan, Mapping) else plan,
            pct=shares.get(name, 30),
            sizing=fixed(10),
            framework=place,
            limits=limits or {},
        )
        for name, plan in plans.items()
    }
    adapters: dict[str, Any] = {place: InMemoryAdapter() if place == "in_memory" else wiring.build_adapter(place, {})}
    return run_harness(
        market_of(series("A", prices)),
        parts,
        rules,
        capital=10_000,
        adapters=adapters,
        portfolio=PortfolioPlan(schedule=tuple(schedule), rebalance=rebalance or RebalancePlan()),
        full=full,
        pooled=pooled,
        coordinator=StrategyCoordinator(limits=portfolio_limits),
    )


BUY = [Signal.enter("A")]
SELL = [Signal.exit("A")]


@pytest.mark.parametrize("place", PLACES)
def test_a_pause_refuses_openings_and_lets_closings_pass(place: str) -> None:
    """Paused before the open of bar 2: the order of bar 1 is executed there, bar 3 may sell, bar 5 may not buy."""
    schedule = [Appointment(day(2), "pause", "s"), Appointment(day(7), "resume", "s")]
    done = run({"s": {1: BUY, 3: SELL, 5: BUY, 7: BUY}}, schedule, place=place)
    assert done.fills() == [(10.0, 102.0), (-10.0, 104.0), (10.0, 108.0)]
    assert ("rejected", "strategy_paused", 0.0) in done.reasons("s")
    changes = done.of(StrategyPausedEvent) + done.of(StrategyResumedEvent)
    assert [label_text(one.t) for one in changes] == [day(2), day(7)]


@pytest.mark.parametrize("place", PLACES)
def test_an_added_strategy_takes_part_with_money_of_the_reserve(place: str) -> None:
    """Before the open of bar 4 the portfolio is worth 10,000 + 10 × 2.5: 30 % of it are 3,007.50."""
    done = run({"s": {0: BUY}, "late": {0: BUY}}, [Appointment(day(4), "add", "late")], place=place)
    assert done.fills("late") == [(10.0, 105.0)]  # its first bar is bar 4
    late = done.results["late"]
    assert late.allocated == 0
    assert late.equity[:3].tolist() == [0.0, 0.0, 0.0]
    assert late.equity[3] == pytest.approx(3_007.5)
    assert late.equity[5] == pytest.approx(3_007.5 + 10 * 0.5)
    [_, added] = done.of(StrategyAddedEvent)
    assert (added.strategy_id, added.allocation_pct) == ("late", Decimal(30))
    assert done.orchestrator.capital_manager.reserve.cash == pytest.approx(7_000 - 3_007.5)
    assert not done.orchestrator.session.portfolio.findings


@pytest.mark.parametrize(("pct", "given"), [(70, "3000.00"), (100, "0.00")])
def test_an_added_strategy_that_gets_less_than_its_share_is_a_finding(pct: int, given: str) -> None:
    """The reserve has what the first leaves of 10,000; 40 % are due, a finding has both figures."""
    schedule = [Appointment(day(4), "add", "late")]
    done = run({"s": {}, "late": {0: BUY}}, schedule, pct={"s": pct, "late": 40})
    [finding] = done.orchestrator.session.portfolio.findings
    assert (finding.severity, finding.where) == ("warning", "strategies.late")
    assert finding.message == f"added at {day(4)} with {given}, not 4000.00: the reserve has no more"


def test_pooled_capital_moves_with_who_comes_and_goes() -> None:
    """As with money of its own: 30 % of 10,025 from the reserve before bar 4; bought at 105, sold at 108."""
    schedule = [Appointment(day(4), "add", "late"), Appointment(day(8), "remove", "late")]
    done = run({"s": {0: BUY}, "late": {0: BUY}}, schedule, pooled=True)
    late = done.results["late"]
    assert late.equity[[2, 3, 5, 8]] == pytest.approx([0.0, 3_007.5, 3_007.5 + 10 * 0.5, 0.0])
    assert late.earned[-1] == pytest.approx(10 * 3.0)
    assert done.orchestrator.capital_manager.reserve.cash == pytest.approx(7_000 + 10 * 3.0)


def test_who_waits_has_lost_nothing_and_neither_has_who_is_gone() -> None:
    """Limits of losses are judged from its first capital on; at 3 % below its peak it is flattened, once."""
    prices = [(100.0, 100.0)] * 6 + [(100.0, 96.0), (96.0, 96.0), (96.0, 96.0), (96.0, 96.0)]
    limits = {"max_drawdown": MaxDrawdown(0.03), "max_daily_loss": MaxDailyLoss(0.03)}
    schedule = [Appointment(day(4), "add", "late"), Appointment(day(8), "remove", "late")]
    buy = [Signal.enter("A", quantity=25)]
    done = run({"late": {0: buy}}, schedule, limits=limits, prices=prices)
    assert done.fills() == [(25.0, 100.0), (-25.0, 96.0)]
    hits = [(hit.limit, label_text(hit.t)) for hit in done.of(LimitReachedEvent)]
    assert hits == [("max_daily_loss", day(6)), ("max_drawdown", day(6))]


def test_a_strategy_added_at_the_first_bar_takes_part_from_the_start() -> None:
    done = run({"s": {0: BUY}}, [Appointment(day(0), "add", "s")])
    assert done.results["s"].allocated == 3_000
    assert not done.orchestrator.session.portfolio.findings


def test_the_reserve_gives_what_it_has() -> None:
    """80 % are taken: of the 30 % that the late one should get the reserve has 20."""
    done = run({"s": {}, "late": {}}, [Appointment(day(4), "add", "late")], pct={"s": 80, "late": 20})
    assert done.results["late"].equity[-1] == pytest.approx(2_000.0)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_a_removed_strategy_is_closed_and_its_cash_goes_to_the_reserve(place: str, fill: Any) -> None:
    """Bought at 101 (bar 1's open) or 100.5; removed before bar 5, whose open (or close) sells."""
    rules = ExecutionRules(fill=fill, commission=Commission(minimum=1.0))
    done = run({"s": {0: BUY, 7: BUY}}, [Appointment(day(5), "remove", "s")], place=place, rules=rules)
    bought, sold = (101.0, 105.0) if fill == "next_open" else (100.5, 105.5)
    assert done.fills() == [(10.0, bought), (-10.0, sold)]
    result = done.results["s"]
    assert (result.status, len(result.trades)) == ("removed", 1)
    earned = 10 * (sold - bought) - 2
    assert result.equity[-1] == pytest.approx(0.0, abs=0.01)
    assert result.earned[-1] == pytest.approx(3_000 + earned)
    assert done.orchestrator.capital_manager.reserve.cash == pytest.approx(10_000 + earned)
    assert [label_text(one.t) for one in done.of(StrategyRemovedEvent)] == [day(5)]


def test_positions_are_flattened_or_kept_and_nothing_else() -> None:
    done = run({"s": {0: BUY}}, [])
    with pytest.raises(ValueError, match="Unknown fate of positions: 'hold'; there are flatten, keep"):
        done.orchestrator.remove_strategy("s", "hold")  # type: ignore[arg-type]  # that is tested
    assert done.orchestrator.strategies["s"].status == "active"


def test_orders_of_a_removed_strategy_are_cancelled() -> None:
    """The order of bar 3 waits for the open of bar 4, before which its strategy is removed."""
    done = run({"s": {3: BUY}}, [Appointment(day(4), "remove", "s")])
    assert done.fills() == []
    assert done.reasons("s")[-1] == ("rejected", "strategy_removed", 0.0)


def test_a_resume_after_a_flatten_starts_a_new_peak() -> None:
    """Flattened at 80; at 10 % below the peak nothing opens until the resume before bar 6."""
    prices = [(100.0, 100.0), (100.0, 100.0), (80.0, 80.0), *[(80.0, 80.0)] * 7]
    plan = {0: [Signal.enter("A", quantity=20)], 4: BUY, 6: BUY}
    limits = {"max_drawdown": MaxDrawdown(0.1)}
    done = run({"s": plan}, [Appointment(day(6), "resume", "s")], limits=limits, prices=prices)
    assert done.fills() == [(20.0, 100.0), (-20.0, 80.0), (10.0, 80.0)]
    assert ("rejected", "limit", 0.0) in done.reasons("s")


@pytest.mark.parametrize(
    ("appointment", "message"),
    [
        (Appointment("2030-01-01", "pause", "s"), "pause s at 2030-01-01 did nothing: no bar comes at or after it"),
        (Appointment(day(3), "resume", "s"), "Strategy 's' is active, it can't be resumed"),
        (Appointment(day(3), "add", "s"), "Strategy 's' is active, it can't be added"),
    ],
)
def test_what_a_schedule_can_not_do_is_a_finding(appointment: Appointment, message: str) -> None:
    schedule = [appointment] if appointment.action != "add" else [Appointment(day(1), "add", "s"), appointment]
    done = run({"s": {}}, schedule)
    [finding] = done.orchestrator.session.portfolio.findings
    assert (finding.severity, finding.where) == ("warning", "portfolio.schedule")
    assert message in finding.message


@pytest.mark.parametrize("at", [day(0), day(3)])
@pytest.mark.parametrize("action", ["add", "pause", "resume", "remove", "allocation"])
def test_a_schedule_that_names_nobody_is_a_finding(action: Any, at: str) -> None:
    shares = {"nobody": Decimal(10)} if action == "allocation" else {}
    done = run({"s": {}}, [Appointment(at, action, "" if shares else "nobody", allocation=shares)])
    [finding] = done.orchestrator.session.portfolio.findings
    assert finding.message == f"{action} nobody at {at} did nothing: Unknown strategy: nobody"


def test_from_python_each_change_says_what_is_wrong() -> None:
    """`late` waits, `gone` was removed before the last bar."""
    done = run({"s": {}, "late": {}, "gone": {}}, [Appointment("2030-01-01", "add", "late")])
    orchestrator = done.orchestrator
    orchestrator.remove_strategy("gone")
    for change, name, message in (
        (orchestrator.pause_strategy, "late", "Strategy 'late' is waiting, it can't be paused"),
        (orchestrator.resume_strategy, "s", "Strategy 's' is active, it can't be resumed"),
        (orchestrator.resume_strategy, "gone", "Strategy 'gone' is removed, it can't be resumed"),
        (orchestrator.remove_strategy, "gone", "Strategy 'gone' is removed, it can't be removed"),
        (orchestrator.pause_strategy, "nobody", "Unknown strategy: nobody"),
    ):
        with pytest.raises(ValueError, match=message):
            change(name)
    for name, message in (("gone", "was removed, its id keeps its figures"), ("s", "takes part already")):
        with pytest.raises(ValueError, match=f"Strategy '{name}' {message}"):
            orchestrator.add_strategy(Scripted({}), StrategyMetadata(name), AllocationConfig(10))


@pytest.mark.parametrize("full", [(), ("in_memory",)], ids=["jumping", "dense"])
def test_after_a_stop_no_change_is_made(full: Sequence[str]) -> None:
    """At bar 3 a tenth is lost, later more, which would pause `a`; what is scheduled after that is a finding."""
    prices = [(100.0, 100.0)] * 3 + [(50.0, 50.0), (30.0, 30.0), *[(90.0, 90.0)] * 5]
    schedule = [
        Appointment(day(2), "pause", "b"),
        Appointment(day(5), "resume", "b"),
        Appointment(day(6), "add", "late"),
        Appointment(day(7), "allocation", allocation={"a": Decimal(1), "b": Decimal(2)}),
        Appointment("2030-01-01", "remove", "a"),
    ]
    done = run(
        {"a": Flags(long=range(10)), "b": Flags(long=[6]), "late": Flags(long=[8])},
        schedule,
        limits={"max_drawdown": MaxDrawdown(0.2, "pause")},
        portfolio_limits={"max_drawdown": MaxPortfolioDrawdown(0.05, "stop")},
        prices=prices,
        full=full,
    )
    assert done.fills() == [(10.0, 100.0), (-10.0, 30.0)]
    assert len(done.of(StrategyPausedEvent)) == 1
    assert not done.of(StrategyResumedEvent)
    assert [result.status for result in done.results.values()] == ["completed", "paused", "waiting"]
    _stop, late, never = done.orchestrator.session.portfolio.findings
    assert (late.count, late.first[-1]) == (3, f"allocation a, b at {day(7)}")
    assert late.message.startswith(f"3 changes did nothing, from resume b at {day(5)} on: the portfolio was stopped at")
    assert never.message == "remove a at 2030-01-01 did nothing: no bar comes at or after it"
    for change in ("pause_strategy", "resume_strategy", "remove_strategy"):
        with pytest.raises(ValueError, match="the portfolio was stopped at the close of"):
            getattr(done.orchestrator, change)("a")
    with pytest.raises(ValueError, match="'new' can't join this run: the portfolio was stopped at"):
        done.orchestrator.add_strategy(Scripted({}), StrategyMetadata("new"), AllocationConfig(0))


@pytest.mark.parametrize("full", [(), ("in_memory",)], ids=["jumping", "dense"])
def test_after_a_stop_no_capital_is_moved(full: Sequence[str]) -> None:
    """Daily rebalances until bar 3, whose close is the stop; the one change that is left is named."""
    prices = [(100.0, 100.0 + 10 * bar) for bar in range(3)] + [(50.0, 50.0)] * 7
    done = run(
        {"a": Flags(long=[0]), "b": Flags()},
        [Appointment(day(8), "pause", "b")],
        portfolio_limits={"max_drawdown": MaxPortfolioDrawdown(0.02, "stop")},
        prices=prices,
        full=full,
        rebalance=RebalancePlan(every="day"),
    )
    assert [event.t for event in done.of(CapitalRebalancedEvent)] == [START + bar * DAY for bar in (1, 2)]
    _stop, late = done.orchestrator.session.portfolio.findings
    assert late.message.startswith(
        f"pause b at {day(8)} did nothing: the portfolio was stopped at the close of {day(3)} "
    )


def test_changes_of_status_are_in_the_result() -> None:
    """Those of the schedule count from the open on; `late` waited from the beginning."""
    schedule = [
        Appointment(day(2), "pause", "s"),
        Appointment(day(4), "resume", "s"),
        Appointment(day(6), "remove", "s"),
        Appointment(day(3), "add", "late"),
        Appointment(day(0), "add", "early"),
    ]
    done = run({"s": {}, "late": {}, "early": {}}, schedule)
    changes = {
        name: [(one.status, one.t and label_text(one.t), one.moment) for one in result.status_changes]
        for name, result in done.results.items()
    }
    assert changes == {
        "s": [("paused", day(2), "open"), ("active", day(4), "open"), ("removed", day(6), "open")],
        "late": [("waiting", None, "close"), ("active", day(3), "open")],
        "early": [],
    }


def test_appointments_of_one_step_are_kept_in_the_order_of_their_moments() -> None:
    """The resume is written first and comes later."""
    schedule = [Appointment(f"{day(3)}T12:00:00", "resume", "s"), Appointment(f"{day(2)}T12:00:00", "pause", "s")]
    done = run({"s": {5: BUY}}, schedule)
    assert done.results["s"].status == "completed"
    assert done.fills() == [(10.0, 106.0)]


def test_shares_of_strategies_that_have_left_hold_up_no_others() -> None:
    """`s` goes down from 30 to 10 % although `gone` has left and can't go up from 0 to 20."""
    shares = {"s": Decimal(10), "gone": Decimal(20)}
    schedule = [Appointment(day(2), "remove", "gone"), Appointment(day(4), "allocation", allocation=shares)]
    done = run({"s": {}, "gone": {}}, schedule)
    assert {name: entry.book.cash for name, entry in done.orchestrator.strategies.items()} == {"s": 1_000, "gone": 0}
    [finding] = done.orchestrator.session.portfolio.findings
    assert finding.message == "Strategy 'gone' is removed, its allocation stays"


SCHEDULE = [
    Appointment(day(2), "pause", "a"),
    Appointment(day(4), "add", "b"),
    Appointment(day(6), "resume", "a"),
    Appointment(day(7), "remove", "c"),
]


@pytest.mark.parametrize("place", PLACES)
def test_jumping_changes_nothing(place: str) -> None:
    """The same flags, once with every bar fed, once with the clock that jumps."""
    flags = {"a": Flags(long=[1, 3, 6], out=[4, 8]), "b": Flags(long=[2, 5]), "c": Flags(long=[0])}
    dense, jumping = (run(flags, SCHEDULE, place=place, full=full) for full in ([place], []))
    assert dense.fills() == jumping.fills()
    assert [type(event) for event in dense.events] == [type(event) for event in jumping.events]
    for name, result in dense.results.items():
        assert result.equity.tolist() == jumping.results[name].equity.tolist()
