"""Each limit on a run that a pencil can follow, in memory and on both engines.

Orders fill at the next open, without costs; opens and closes are alike within a bar unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from orchestrate import wiring
from orchestrate.domain.events import LimitReachedEvent
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.orders.execution import ExecutionRules, Slippage
from orchestrate.domain.portfolio import Limits
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.risk.limits.losses import Cooldown, MaxDailyLoss, MaxDrawdown, MaxPortfolioDrawdown
from orchestrate.orchestration.risk.limits.sizes import (
    MaxFrameworkPct,
    MaxGrossLeverage,
    MaxLeverage,
    MaxNetLeverage,
    MaxPositionPct,
    MaxPositions,
    MaxSymbolPct,
)
from tests.engines.builders import START, market_of, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import Flags, HarnessRun, Part, Scripted, fixed, run_harness

#: Who executes the two strategies of a run.
PLACES = [
    ("in_memory", "in_memory"),
    ("backtrader", "backtrader"),
    ("nautilus", "nautilus"),
    ("backtrader", "nautilus"),
]
Plan = Mapping[int, Sequence[Signal]]


def flat(price: float, bars: int = 8) -> list[tuple[float, float]]:
    return [(price, price)] * bars


def hourly(symbol: str, prices: Sequence[tuple[float, float]]) -> BarSeries:
    """The bars of `series`, an hour apart within one day."""
    daily = series(symbol, prices)
    hour = 3_600 * 10**9
    label = START + np.arange(len(prices)) * hour
    return BarSeries(
        symbol, label, daily.open, daily.high, daily.low, daily.close, daily.volume, label + hour - 1_000_000, hour
    )


def buy(symbol: str = "A", quantity: float | None = None) -> Signal:
    return Signal.enter(symbol, quantity=quantity)


def run(
    plans: Mapping[str, Plan],
    limits: Mapping[str, Limits] | None = None,
    portfolio: Limits | None = None,
    *,
    places: tuple[str, str] = PLACES[0],
    a: Sequence[tuple[float, float]] = flat(100.0),
    b: Sequence[tuple[float, float]] = flat(50.0),
    rules: ExecutionRules | None = None,
    pct: int = 50,
    symbols: tuple[str, ...] = ("A", "B"),
) -> HarnessRun:
    """Strategies with 5,000 each, or `pct` percent of 10,000."""
    frameworks = dict(zip(plans, (*places, places[0]), strict=False))
    parts = {
        name: Part(
            Scripted(plan), symbols, pct, fixed(10), framework=frameworks[name], limits=(limits or {}).get(name, {})
        )
        for name, plan in plans.items()
    }
    adapters: dict[str, Any] = {
        name: InMemoryAdapter() if name == "in_memory" else wiring.build_adapter(name, {}) for name in set(places)
    }
    return run_harness(
        market_of(series("A", a), series("B", b)),
        parts,
        rules or ExecutionRules(),
        capital=10_000,
        adapters=adapters,
        coordinator=StrategyCoordinator(limits=portfolio or {}),
    )


def hits(done: HarnessRun) -> list[tuple[str, str, str, float, float]]:
    """(strategy, limit, symbol, wanted, granted) of each limit that was reached."""
    events = done.of(LimitReachedEvent)
    return [(one.strategy_id, one.limit, one.symbol, one.wanted, one.granted) for one in events]


# ---- sizes


@pytest.mark.parametrize("places", PLACES)
def test_a_position_is_cut_to_its_share_of_equity(places: tuple[str, str]) -> None:
    """60 % of 5,000 are 3,000: 30 at 100; exits always pass."""
    done = run(
        {"s": {0: [buy(quantity=40)], 4: [Signal.exit("A")]}},
        {"s": {"max_position_pct": MaxPositionPct(60)}},
        places=places,
    )
    assert done.fills() == [(30.0, 100.0), (-30.0, 100.0)]
    assert done.reasons("s") == [("resized", "limit", 30.0), ("approved", "", -30.0)]
    assert hits(done) == [("s", "max_position_pct", "A", 40.0, 30.0)]
    [first] = done.of(LimitReachedEvent)
    assert (first.figure, first.bound) == (pytest.approx(80.0), 60.0)


def test_it_is_judged_at_the_close_with_slippage() -> None:
    """A buy slips to 101: 3,000 pay for 29."""
    rules = ExecutionRules(slippage=Slippage(percent=1.0))
    done = run({"s": {0: [buy(quantity=40)]}}, {"s": {"max_position_pct": MaxPositionPct(60)}}, rules=rules)
    assert [quantity for quantity, _ in done.fills()] == [29.0]


def test_what_just_fits_is_no_hit() -> None:
    done = run({"s": {0: [buy(quantity=30)]}}, {"s": {"max_position_pct": MaxPositionPct(60)}})
    assert [quantity for quantity, _ in done.fills()] == [30.0]
    assert not hits(done)


@pytest.mark.parametrize("places", PLACES)
def test_no_more_symbols_than_allowed_until_one_is_closed(places: tuple[str, str]) -> None:
    """B is refused while A is held; where A's exit is decided at the same step, its place is free."""
    plan = {0: [buy("A")], 2: [buy("B")], 4: [buy("B"), Signal.exit("A")]}
    done = run({"s": plan}, {"s": {"max_positions": MaxPositions(1)}}, places=places)
    assert done.fills() == [(10.0, 100.0), (-10.0, 100.0), (10.0, 50.0)]
    assert hits(done) == [("s", "max_positions", "B", 10.0, 0.0)]


def test_an_exit_of_a_series_that_has_ended_makes_no_room() -> None:
    """B ends at bar 3; what is held of it can't be sold any more."""
    plan = {0: [buy("B", 10)], 4: [Signal.exit("B"), buy("A", 10)]}
    done = run({"s": plan}, {"s": {"max_positions": MaxPositions(1)}}, b=flat(50.0, 4))
    assert done.reasons("s")[1:3] == [("approved", "", -10.0), ("rejected", "limit", 0.0)]
    assert list(done.orchestrator.strategies["s"].book.positions) == ["B"]


def test_open_orders_count_as_held() -> None:
    """Both are decided before one fills: the second demand of the step is too much."""
    done = run({"s": {0: [buy("A"), buy("B")]}}, {"s": {"max_positions": MaxPositions(1)}})
    assert done.fills() == [(10.0, 100.0)]


def test_a_strategys_leverage_adds_up_over_symbols() -> None:
    """0.5 × 5,000: 20 of A for 2,000, then 500 are left for 10 of B at 50."""
    done = run({"s": {0: [buy("A", 20), buy("B", 30)]}}, {"s": {"max_leverage": MaxLeverage(0.5)}})
    assert done.fills() == [(20.0, 100.0), (10.0, 50.0)]
    assert hits(done) == [("s", "max_leverage", "B", 30.0, 10.0)]


@pytest.mark.parametrize("places", PLACES)
def test_a_symbol_over_all_strategies(places: tuple[str, str]) -> None:
    """30 % of 10,000 are 3,000 of A: 20 for the first, 10 for the second; shorts count as long ones do."""
    long = run(
        {"s": {0: [buy(quantity=20)]}, "t": {0: [buy(quantity=20)]}},
        portfolio={"max_symbol_pct": MaxSymbolPct(30)},
        places=places,
    )
    assert (long.fills("s"), long.fills("t")) == ([(20.0, 100.0)], [(10.0, 100.0)])
    short = Signal.enter("A", side="short", quantity=20)
    mixed = run(
        {"s": {0: [buy(quantity=20)]}, "t": {0: [short]}},
        portfolio={"max_symbol_pct": MaxSymbolPct(30)},
        places=places,
    )
    assert (mixed.fills("s"), mixed.fills("t")) == ([(20.0, 100.0)], [(-10.0, 100.0)])


def test_a_framework_has_its_own_share() -> None:
    """20 % of 10,000 on each: both strategies of Backtrader share 2,000, the one on Nautilus has as much."""
    plan = {0: [buy(quantity=15)]}
    done = run(
        {"s": plan, "t": plan, "u": plan},
        portfolio={"max_framework_pct": MaxFrameworkPct(20)},
        places=("backtrader", "nautilus"),
        pct=30,
    )
    quantities = {name: [quantity for quantity, _ in done.fills(name)] for name in "stu"}
    assert quantities == {"s": [15.0], "t": [15.0], "u": [5.0]}


@pytest.mark.parametrize("places", PLACES)
def test_gross_and_net_leverage(places: tuple[str, str]) -> None:
    """Gross: 3,000 of longs and shorts together. Net: a short against longs passes, whatever it adds to gross."""
    plans = {"s": {0: [buy(quantity=20)]}, "t": {0: [Signal.enter("B", side="short", quantity=40)]}}
    gross = run(plans, portfolio={"max_gross_leverage": MaxGrossLeverage(0.3)}, places=places)
    assert gross.fills("t") == [(-20.0, 50.0)]
    net = run(plans, portfolio={"max_net_leverage": MaxNetLeverage(0.1)}, places=places)
    assert net.fills("s") == [(10.0, 100.0)]
    assert net.fills("t") == [(-40.0, 50.0)]  # net goes from 1,000 to −1,000: no further from zero


def test_the_smallest_result_names_the_limit() -> None:
    limits = {"max_position_pct": MaxPositionPct(60), "max_leverage": MaxLeverage(0.4)}
    done = run({"s": {0: [buy(quantity=40)]}}, {"s": limits}, {"max_symbol_pct": MaxSymbolPct(25)})
    assert [quantity for quantity, _ in done.fills()] == [20.0]
    assert [one.limit for one in done.of(LimitReachedEvent)] == ["max_leverage"]


def test_a_flip_is_judged_after_its_close() -> None:
    """Long 30, then short 30 wanted: the close makes room for the other side's 30."""
    plan = {0: [buy(quantity=30)], 2: [Signal.exit("A"), Signal.enter("A", side="short", quantity=40)]}
    done = run({"s": plan}, {"s": {"max_position_pct": MaxPositionPct(60)}})
    assert done.fills() == [(30.0, 100.0), (-30.0, 100.0), (-30.0, 100.0)]


# ---- losses

#: 50 bought at 100 lose a tenth of 5,000 for each 10 points.
OPENS = (100.0, 100.0, 95.0, 90.0, 82.0, 85.0, 95.0, 95.0)
CLOSES = (100.0, 100.0, 90.0, 80.0, 85.0, 95.0, 95.0, 95.0)
FALL = list(zip(OPENS, CLOSES, strict=True))


@pytest.mark.parametrize("places", PLACES)
def test_a_drawdown_flattens_at_the_next_open(places: tuple[str, str]) -> None:
    """At the close of bar 3 the loss is 800 of 5,000: sold at 82; what it wants to open at that step is refused."""
    plan = {0: [buy(quantity=40)], 3: [buy("B", 1)]}
    done = run({"s": plan}, {"s": {"max_drawdown": MaxDrawdown(0.16)}}, a=FALL, places=places)
    assert done.fills() == [(40.0, 100.0), (-40.0, 82.0)]
    assert hits(done) == [("s", "max_drawdown", "B", 1.0, 0.0), ("s", "max_drawdown", "", 0.0, 0.0)]
    assert [one.figure for one in done.of(LimitReachedEvent)] == pytest.approx([0.16, 0.16])
    assert done.results["s"].equity.tolist()[-1] == pytest.approx(5_000 - 40 * 18)


def test_while_a_drawdown_stands_nothing_opens() -> None:
    """Flat since 82, a loss of 18 %: with a limit of 15 % nothing opens any more."""
    plan = {0: [buy(quantity=50)], 5: [buy(quantity=5)], 6: [buy("B", 1)]}
    done = run({"s": plan}, {"s": {"max_drawdown": MaxDrawdown(0.15)}}, a=FALL)
    assert done.fills() == [(50.0, 100.0), (-50.0, 82.0)]
    assert [outcome for outcome, reason, _ in done.reasons("s") if reason == "limit"] == ["rejected", "rejected"]


def test_a_flatten_takes_back_the_orders_of_its_step() -> None:
    """The drawdown is reached at the close at which B is wanted; the position is sold at the next close."""
    plan = {0: [buy(quantity=50)], 2: [buy("B", 1)]}
    rules = ExecutionRules(fill="close")
    prices = [(100.0, 100.0), (100.0, 100.0), (100.0, 80.0), (80.0, 80.0)]
    done = run({"s": plan}, {"s": {"max_drawdown": MaxDrawdown(0.2)}}, a=prices, b=flat(50.0, 4), rules=rules)
    assert done.fills() == [(50.0, 100.0), (-50.0, 80.0)]


def test_a_drawdown_that_has_recovered_lets_openings_pass() -> None:
    """Flat since 82, a loss of 18 %: below the limit of 20 % again, so that bar 5 may buy."""
    done = run({"s": {0: [buy(quantity=50)], 5: [buy(quantity=5)]}}, {"s": {"max_drawdown": MaxDrawdown(0.2)}}, a=FALL)
    assert done.fills() == [(50.0, 100.0), (-50.0, 82.0), (5.0, 95.0)]


def test_a_drawdown_may_pause_instead() -> None:
    plan = {0: [buy(quantity=50)], 4: [buy("B", 1)], 5: [Signal.exit("A")]}
    done = run({"s": plan}, {"s": {"max_drawdown": MaxDrawdown(0.2, "pause")}}, a=FALL)
    assert done.fills() == [(50.0, 100.0), (-50.0, 95.0)]
    assert done.results["s"].status == "paused"
    assert ("rejected", "strategy_paused", 0.0) in done.reasons("s")


@pytest.mark.parametrize("places", PLACES)
def test_the_portfolios_drawdown_flattens_all_and_stop_calls_none(places: tuple[str, str]) -> None:
    """10 % of 10,000 are lost at the close of bar 3, by the first strategy alone; both are closed at the next open."""
    plans = {"s": {0: [buy(quantity=50)], 6: [buy(quantity=1)]}, "t": {0: [buy("B", 10)], 6: [buy("B", 1)]}}
    for action in ("flatten", "stop"):
        done = run(plans, portfolio={"max_drawdown": MaxPortfolioDrawdown(0.1, action)}, a=FALL, places=places)
        assert done.fills("s") == [(50.0, 100.0), (-50.0, 82.0)] + ([(1.0, 95.0)] if action == "flatten" else [])
        assert done.fills("t") == [(10.0, 50.0), (-10.0, 50.0)] + ([(1.0, 50.0)] if action == "flatten" else [])
        stopped = [finding.where for finding in done.orchestrator.session.portfolio.findings]
        assert stopped == (["portfolio.limits.max_drawdown"] if action == "stop" else [])
        assert {result.status for result in done.results.values()} == {"completed"}


@pytest.mark.parametrize("full", [(), ("in_memory",)], ids=["jumping", "dense"])
def test_a_run_that_jumps_goes_on_to_its_end_after_a_stop(full: tuple[str, ...]) -> None:
    """Flags stand at every bar; from the stop at bar 3 on none of them is acted upon."""
    done = run_harness(
        market_of(series("A", FALL)),
        {"s": Part(Flags(long=range(8)), sizing=fixed(50))},
        capital=5_000,
        coordinator=StrategyCoordinator(limits={"max_drawdown": MaxPortfolioDrawdown(0.2, "stop")}),
        full=full,
    )
    assert done.orchestrator.steps_done == 8
    assert done.fills() == [(50.0, 100.0), (-50.0, 82.0)]


def test_a_daily_loss_refuses_openings_until_the_day_ends() -> None:
    """Bar 2 loses 8 % of the equity before its day; the opening of that bar is refused, that of bar 5 is not."""
    plan = {0: [buy(quantity=40)], 2: [buy("B", 1)], 5: [buy("B", 2)]}
    done = run({"s": plan}, {"s": {"max_daily_loss": MaxDailyLoss(0.08)}}, a=FALL)
    assert done.fills() == [(40.0, 100.0), (2.0, 50.0)]
    assert done.reasons("s")[1] == ("rejected", "limit", 0.0)


def test_a_daily_loss_of_the_portfolio() -> None:
    plans = {"s": {0: [buy(quantity=50)]}, "t": {2: [buy("B", 1)], 5: [buy("B", 2)]}}
    done = run(plans, portfolio={"max_daily_loss": MaxDailyLoss(0.05)}, a=FALL)
    assert done.fills("t") == [(2.0, 50.0)]


def test_within_a_day_a_loss_that_was_made_good_still_counts() -> None:
    """Bars of one day: down 20 % in the third, made good in the fourth."""
    prices = [(100.0, 100.0), (100.0, 100.0), (100.0, 80.0), (80.0, 100.0), (100.0, 100.0), (100.0, 100.0)]
    stage = market_of(hourly("A", prices), hourly("B", flat(50.0, 6)))
    part = Part(
        Scripted({0: [buy(quantity=50)], 3: [buy("B", 1)]}),
        ("A", "B"),
        sizing=fixed(1),
        limits={"max_daily_loss": MaxDailyLoss(0.2)},
    )
    done = run_harness(stage, {"s": part}, capital=5_000)
    assert done.fills() == [(50.0, 100.0)]


@pytest.mark.parametrize(("bars", "opened_at"), [(1, 95.0), (2, 85.0)])
def test_after_a_losing_exit_nothing_opens_for_some_bars(bars: int, opened_at: float) -> None:
    """Sold at the open of bar 3; wanted at every bar from there: with 1 bar's cooldown it opens on bar 5."""
    prices = [(100.0, 100.0), (100.0, 100.0), (95.0, 90.0), (90.0, 80.0), (82.0, 85.0), (95.0, 95.0), (85.0, 85.0)]
    wanted = {bar: [buy(quantity=1)] for bar in range(3, 7)}
    plan: dict[int, Sequence[Signal]] = {0: [buy(quantity=50)], 2: [Signal.exit("A")], **wanted}
    done = run({"s": plan}, {"s": {"cooldown": Cooldown(bars)}}, a=prices, b=flat(50.0, 7))
    assert done.fills()[:2] == [(50.0, 100.0), (-50.0, 90.0)]
    assert done.fills()[2] == (1.0, opened_at)


def test_a_winning_exit_needs_no_cooldown() -> None:
    prices = [(100.0, 100.0), (100.0, 110.0), (110.0, 110.0), (110.0, 110.0), (110.0, 110.0)]
    plan = {0: [buy(quantity=10)], 1: [Signal.exit("A")], 2: [buy(quantity=1)]}
    done = run({"s": plan}, {"s": {"cooldown": Cooldown(3)}}, a=prices, b=flat(50.0, 5))
    assert [quantity for quantity, _ in done.fills()] == [10.0, -10.0, 1.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (lambda: MaxPositionPct(0), "percent must be more than 0, not 0"),
        (lambda: MaxDrawdown(1.5), "at must be more than 0 and at most 1, not 1.5"),
        (lambda: MaxDrawdown(0.2, "stop"), "action must be flatten or pause, not 'stop'"),  # type: ignore[arg-type]  # refused
        (lambda: MaxPortfolioDrawdown(0.2, "sell"), "action must be flatten or pause or stop"),  # type: ignore[arg-type]  # refused
        (lambda: Cooldown(-1), "bars must be more than 0, not -1"),
    ],
)
def test_settings_are_legal_from_birth(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings()
