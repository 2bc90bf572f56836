"""Positions of a removed strategy that are kept: they move at cost to the book `UNMANAGED`, no return changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.errors import NativeError
from orchestrate.domain.events import PositionKeptEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.portfolio import Appointment, PortfolioPlan
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.limits.sizes import MaxGrossLeverage
from tests.engines.builders import market_of, series
from tests.orchestration.harness import Flags, HarnessRun, Part, Scripted, fixed
from tests.orchestration.loop.rebalancing import rebalances
from tests.orchestration.loop.rebalancing.test_golden_rebalances import MONTH, pair, stage
from tests.orchestration.loop.rebalancing.test_natives_take_part import HEARD, HOLDERS, SELLERS, native
from tests.orchestration.loop.test_lifecycle import BUY, PLACES, PRICES, SELL, day, run

SHORT = [Signal.enter("A", "short")]
#: With a fee of 1 a fill.
FEES = ExecutionRules(commission=Commission(minimum=1.0))


def keep(bar: int, name: str = "s") -> Appointment:
    """The removal of a strategy whose positions are kept."""
    return Appointment(day(bar), "remove", name, "keep")


def total(done: HarnessRun) -> Floats:
    """The reserve at the start and what all books have earned."""
    results = done.results.values()
    reserve = 10_000.0 - float(sum(result.allocated for result in results))
    return np.sum([result.earned for result in results], axis=0) + reserve


@pytest.mark.parametrize("place", PLACES)
def test_positions_move_at_cost_and_the_cash_goes_to_the_reserve(place: str) -> None:
    """10 bought at 101 with a fee of 1, kept before bar 5: worth 1,045 at bar 4's close, then marked on."""
    done = run({"s": {0: BUY, 7: SELL}}, [keep(5)], place=place, rules=FEES)
    assert done.fills() == [(10.0, 101.0)]
    removed, kept = done.results["s"], done.results["UNMANAGED"]
    assert (removed.status, kept.status, kept.framework, kept.allocated) == ("removed", "completed", place, 0)
    assert (removed.open_positions, removed.trades, kept.symbols) == ((), (), ("A",))
    [position] = kept.open_positions
    assert (position.quantity, position.average_price, position.entry_fees) == (10.0, 101.0, 1.0)
    assert kept.equity.tolist() == [0.0] * 4 + [1045.0, *(10 * (100.5 + bar) for bar in range(5, 10))]
    assert removed.earned.tolist()[4:] == [3_000 - 1 + 10 * 3.5] * 6
    assert removed.equity.tolist()[4:] == [0.0] * 6
    [moved] = done.of(PositionKeptEvent)
    assert (moved.strategy_id, moved.holder, moved.symbol, moved.quantity) == ("s", "UNMANAGED", "A", 10.0)
    assert (moved.average_price, label_text(moved.t)) == (101.0, day(5))
    assert done.orchestrator.capital_manager.reserve.cash == 10_000 - 1010 - 1


@pytest.mark.parametrize("place", PLACES)
def test_the_portfolio_is_worth_what_it_is_without_the_removal(place: str) -> None:
    plan: dict[str, Any] = {"s": {0: BUY}, "t": {1: BUY, 6: SELL}}
    assert np.allclose(total(run(plan, [keep(5)], place=place)), total(run(plan, [], place=place)), rtol=0, atol=1e-9)


def test_the_close_before_the_removal_still_counts_as_exposed() -> None:
    done = run({"s": {0: BUY}}, [keep(5)])
    assert done.results["s"].exposed.tolist() == [False, *[True] * 4, *[False] * 5]
    assert done.results["UNMANAGED"].exposed.tolist() == [*[False] * 5, *[True] * 5]


@pytest.mark.parametrize("place", PLACES)
def test_positions_of_one_side_are_kept_at_their_average_cost(place: str) -> None:
    done = run({"s": {0: BUY}, "t": {2: BUY}}, [keep(5), keep(6, "t")], place=place)
    [position] = done.results["UNMANAGED"].open_positions
    assert (position.quantity, position.average_price) == (20.0, 102.0)
    assert position.opened_at == run({"s": {0: BUY}}, []).results["s"].open_positions[0].opened_at


def test_the_other_side_of_a_kept_position_is_refused() -> None:
    done = run({"s": {0: BUY}, "t": {2: SHORT}}, [keep(5), keep(6, "t")])
    [finding] = done.orchestrator.session.portfolio.findings
    assert "Positions of 't' can't be kept: UNMANAGED holds the other side of A" in finding.message
    assert done.results["t"].status == "completed"
    assert done.results["t"].open_positions[0].quantity == -10.0


@pytest.mark.parametrize("place", PLACES)
def test_a_short_position_takes_what_it_owes_with_it(place: str) -> None:
    """10 sold at 101; at the handover it takes 1,045 to buy them back."""
    done = run({"s": {0: SHORT}}, [keep(5)], place=place)
    assert done.results["UNMANAGED"].equity[4:6].tolist() == [-1045.0, -1055.0]
    assert done.orchestrator.capital_manager.reserve.cash == 10_000 + 1010


def test_a_removal_at_once_and_one_without_positions_leave_no_row() -> None:
    assert list(run({"s": {}}, [keep(5)]).results) == ["s"]


def test_orders_of_a_removed_strategy_end_before_positions_are_kept() -> None:
    done = run({"s": {0: BUY, 4: SELL}}, [keep(5)])
    assert done.fills() == [(10.0, 101.0)]
    assert done.reasons("s")[-1] == ("rejected", "strategy_removed", 0.0)


def test_close_at_end_leaves_unmanaged_positions_with_a_finding() -> None:
    rules = ExecutionRules(close_at_end=True)
    done = run({"s": {0: BUY}, "t": {0: BUY}}, [keep(5)], rules=rules)
    assert done.fills() == [(10.0, 101.0), (10.0, 101.0), (-10.0, 109.5)]
    [finding] = done.orchestrator.session.portfolio.findings
    assert (finding.where, finding.severity) == ("strategies.UNMANAGED", "warning")
    assert "it still holds A" in finding.message


@pytest.mark.parametrize("place", PLACES)
def test_jumping_changes_nothing(place: str) -> None:
    flags = {"s": Flags(long=[0]), "t": Flags(long=[1, 6], out=[3])}
    dense, jumping = (run(flags, [keep(5)], place=place, full=full) for full in ([place], []))
    assert dense.fills() == jumping.fills()
    assert list(dense.results) == list(jumping.results) == ["s", "t", "UNMANAGED"]
    for name, result in dense.results.items():
        assert result.equity.tolist() == jumping.results[name].equity.tolist()
        assert result.earned.tolist() == jumping.results[name].earned.tolist()


@pytest.mark.parametrize("place", PLACES)
def test_of_a_future_the_open_profit_is_what_moves(place: str) -> None:
    """10 contracts at 101, a multiplier of 2: at bar 4's close the open profit is 70; the cash stays with the giver."""
    future = Instrument("A", multiplier=2.0, margin_rate=0.1, asset_class="future")
    part = Part(Scripted({0: BUY}), pct=30, sizing=fixed(10), framework=place)
    market = market_of(series("A", PRICES), A=future)
    done = rebalances.run(market, {"s": part}, PortfolioPlan(schedule=(keep(5),)), capital=10_000)
    assert done.results["UNMANAGED"].equity[4:6].tolist() == [70.0, 90.0]
    assert done.orchestrator.capital_manager.reserve.cash == 10_000
    assert total(done)[-1] == 10_000 + 20 * 8.5


@pytest.mark.parametrize("pooled", [False, True])
def test_each_framework_has_its_own_book_of_kept_positions(pooled: bool) -> None:
    parts = {
        name: Part(Scripted({0: BUY}), pct=30, sizing=fixed(10), framework=name) for name in ("backtrader", "nautilus")
    }
    plan = PortfolioPlan(schedule=tuple(keep(5, name) for name in parts))
    done = rebalances.run(market_of(series("A", PRICES)), parts, plan, capital=10_000, pooled=pooled)
    kept = {name: result.framework for name, result in done.results.items() if result.status == "completed"}
    assert kept == {"UNMANAGED_backtrader": "backtrader", "UNMANAGED_nautilus": "nautilus"}
    assert total(done)[-1] == pytest.approx(10_000 + 20 * 8.5)


@pytest.mark.parametrize("framework", HOLDERS)
def test_what_a_native_held_is_kept_while_its_engine_goes_on(framework: str) -> None:
    parts = pair(frameworks=(framework, framework))
    plan = PortfolioPlan(schedule=(Appointment("2020-01-31", "remove", "up", "keep"),))
    done = rebalances.run(stage(), parts | {"up": native(parts["up"], framework)}, plan)
    assert [trade[:4] for trade in rebalances.trades(done)] == [(1, "still", "B", 1000), (1, "up", "A", 1000)]
    assert [position.quantity for position in done.results["UNMANAGED"].open_positions] == [1000]


@pytest.mark.parametrize("framework", SELLERS)
@pytest.mark.parametrize("positions", ["keep", "flatten"])
def test_a_native_that_was_removed_is_called_no_more(framework: str, positions: Any) -> None:
    """It would sell at its fourth bar, what is nobody's by then, or is sold already."""
    HEARD.clear()
    parts = pair(frameworks=(framework, framework))
    plan = PortfolioPlan(schedule=(Appointment("2020-01-31", "remove", "up", positions),))
    done = rebalances.run(stage(), parts | {"up": native(parts["up"], framework, SELLERS)}, plan)
    assert [entry for entry in HEARD if entry[0] == "held"] == [("held", 0), ("held", 1000)]
    assert (done.results["up"].status, done.results["up"].error) == ("removed", None)
    sold = [] if positions == "keep" else [-1000.0]
    assert [quantity for quantity, _ in done.fills("up")] == [1000.0, *sold]
    assert len(done.reasons("up")) == 1 + len(sold)


def test_a_rebalance_leaves_unmanaged_positions_out() -> None:
    """Of 110,000 `still` is to have 40 %; 50,000 are nobody's, what is left is the reserve's target: 16,000."""
    plan = replace(MONTH, schedule=(Appointment("2020-01-31", "remove", "up", "keep"),))
    done = rebalances.run(stage(), pair(), plan)
    [line] = rebalances.journal(done)
    moved = {"up": 0, "still": 40_000}, {"up": 0, "still": 44_000}
    assert line == rebalances.line("month", "2020-02-01", *moved, 20_000, 16_000)
    assert [trade[:4] for trade in rebalances.trades(done) if trade[1] == "up"] == [(1, "up", "A", 1000)]


def test_unmanaged_positions_count_in_the_exposure_of_the_portfolio() -> None:
    """Of 15 % of 10,045 the 10 kept units take 1,055; 4 more of 105.5 fit."""
    part = Part(Scripted({0: BUY}), pct=30, sizing=fixed(10))
    late = Part(Scripted({5: BUY}), pct=30, sizing=fixed(10))
    plan, coordinator = (
        PortfolioPlan(schedule=(keep(5),)),
        StrategyCoordinator(limits={"max_gross_leverage": MaxGrossLeverage(0.15)}),
    )
    parts = {"s": part, "t": late}
    done = rebalances.run(market_of(series("A", PRICES)), parts, plan, capital=10_000, coordinator=coordinator)
    assert done.fills("t") == [(4.0, 106.0)]


def test_from_python_positions_are_kept_between_two_steps() -> None:
    part = Part(Scripted({0: BUY}), pct=30, sizing=fixed(10))
    act = {5: lambda orchestrator: orchestrator.remove_strategy("s", positions="keep")}
    done = rebalances.walk(market_of(series("A", PRICES)), {"s": part}, PortfolioPlan(), act, capital=10_000)
    by_schedule = run({"s": {0: BUY}}, [keep(5)])
    for name, result in by_schedule.results.items():
        assert done.results[name].equity.tolist() == result.equity.tolist()


def test_from_python_the_cash_of_what_is_flattened_goes_back() -> None:
    """Bought at 101, sold at bar 5's open, 105."""
    part = Part(Scripted({0: BUY}), pct=30, sizing=fixed(10))
    act = {5: lambda orchestrator: orchestrator.remove_strategy("s")}
    done = rebalances.walk(market_of(series("A", PRICES)), {"s": part}, PortfolioPlan(), act, capital=10_000)
    assert done.orchestrator.capital_manager.reserve.cash == 10_040


def test_a_native_whose_engine_fails_takes_what_was_kept_of_it_along() -> None:
    """Its engine is let go with the position in it: the books of the others agree with theirs."""
    parts = pair(frameworks=("backtrader", "backtrader"))
    parts["up"] = native(parts["up"], "backtrader")

    def fail(orchestrator: CrossFrameworkOrchestrator) -> None:
        orchestrator.remove_strategy("up", positions="keep")
        orchestrator._fail(orchestrator.strategies["up"], NativeError("its engine is unusable"))

    done = rebalances.walk(stage(), parts, PortfolioPlan(), {3: fail})
    assert [done.results[name].status for name in parts] == ["failed", "completed"]
    assert [position.quantity for position in done.results["UNMANAGED"].open_positions] == [1000]


def test_no_strategy_has_the_name_of_the_book() -> None:
    with pytest.raises(ValueError, match="'UNMANAGED' can't be a strategy's id"):
        run({"UNMANAGED": {}}, [])
