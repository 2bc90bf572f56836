"""Bars that arrive one at a time make the run that stored ones make: the same events, fills, decisions and equity."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import backtrader as bt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.objects import Quantity

from orchestrate.domain.books import Position
from orchestrate.domain.market.bars import Bars
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.orders.order import Reason
from orchestrate.domain.portfolio import (
    NO_LIMITS,
    Appointment,
    Limits,
    PortfolioPlan,
    RebalancePlan,
    VolatilityTarget,
)
from orchestrate.domain.strategies.protocols import Signals
from orchestrate.orchestration.loop.clock import FeedClock
from orchestrate.orchestration.risk.limits.losses import MaxDailyLoss, MaxDrawdown
from tests.backtest.own_strategies import Spread, Turning
from tests.engines.builders import DAY, START
from tests.natives.nautilus.scripts import Keywords
from tests.orchestration.loop.feed_runs import (
    ENGINES,
    NATIVES,
    NO_PLAN,
    PORTABLES,
    Part,
    arrivals,
    arriving_facts,
    buffer_for,
    facts,
    stage,
)
from tests.whole_runs import whole_runs

SCHEDULE = (
    Appointment(label_text(START + 30 * DAY), "resume", "s0"),
    Appointment(label_text(START + 12 * DAY), "pause", "s0"),
    Appointment(label_text(START + 200 * DAY), "remove", "s0"),
)
PLANS = [
    NO_PLAN,
    PortfolioPlan(schedule=SCHEDULE),
    PortfolioPlan(schedule=SCHEDULE[1:2], rebalance=RebalancePlan(Decimal("0.02"), "week")),
    PortfolioPlan(
        rebalance=RebalancePlan(every="week"), target_volatility=VolatilityTarget(Decimal("0.2"), lookback=10)
    ),
]
PARTS = st.lists(st.tuples(st.sampled_from(PORTABLES), st.sampled_from(ENGINES)), min_size=1, max_size=3)
SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(15, 40)), min_size=1, max_size=2)
RULES = st.builds(
    ExecutionRules,
    fill=st.sampled_from(["next_open", "close"]),
    commission=st.sampled_from([Commission(), Commission(percent=0.1)]),
    slippage=st.sampled_from([Slippage(), Slippage(ticks=2)]),
    lots=st.sampled_from(["integer", "fractional"]),
    close_at_end=st.booleans(),
)


@pytest.mark.uncounted
@whole_runs(10)
@given(
    seed=st.integers(0, 1_000),
    spans=SPANS,
    rules=RULES,
    parts=PARTS,
    natives=st.sets(st.integers(0, len(NATIVES) - 1), max_size=3),
    feed=st.sampled_from(["on_demand", "on_demand", "full"]),
    limits=st.sampled_from([NO_LIMITS, {"max_drawdown": MaxDrawdown(0.01), "max_daily_loss": MaxDailyLoss(0.005)}]),
    plan=st.sampled_from(PLANS),
)
def test_arriving_bars_make_the_run_of_stored_ones(
    seed: int,
    spans: list[tuple[int, int]],
    rules: ExecutionRules,
    parts: list[Any],
    natives: set[int],
    feed: str,
    limits: Limits,
    plan: PortfolioPlan,
) -> None:
    scene = stage(seed, [(0, 45), *spans])
    together = [*(Part(*each) for each in parts), *(NATIVES[each] for each in sorted(natives))]
    stored = facts(together, scene, rules, feed=feed, limits=limits, plan=plan)
    arriving = arriving_facts(together, scene, rules, feed=feed, limits=limits, plan=plan)
    assert stored["fills"]
    for name in stored:
        assert arriving[name] == stored[name], name


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_every_kind_trades_in_the_run_that_is_compared(fill: Any) -> None:
    """And a run that is broken off is the beginning of the whole one."""
    scene, rules = stage(3, [(0, 45), (5, 40)]), ExecutionRules(fill=fill)
    together = [*(Part(make, ENGINES[number % 2]) for number, make in enumerate(PORTABLES)), *NATIVES]
    whole = arriving_facts(together, scene, rules)
    assert {record.fill.strategy_id for record in whole["fills"]} == {f"s{number}" for number in range(len(together))}
    begun = facts(together, scene, rules, steps=30, feed="full")
    assert arriving_facts(together, scene, rules, steps=30) == begun
    assert begun["steps"] == 30


# ---- the beginning


class Early(bt.Strategy):
    """Orders before there is a bar."""

    def start(self) -> None:
        self.buy(size=3)

    def next(self) -> None:
        """Nothing more."""


class Earlier(Keywords):
    """As above."""

    def on_start(self) -> None:
        self.submit_order(self.order_factory.market(self.instrument_id, OrderSide.BUY, Quantity.from_int(3)))


def test_what_is_ordered_before_the_first_bar_is_decided_alike() -> None:
    scene, parts = stage(3, [(0, 20)]), [Part(Earlier, "nautilus")]
    stored = facts(parts, scene, ExecutionRules())
    assert len(stored["decisions"]) == 1
    assert arriving_facts(parts, scene, ExecutionRules()) == stored


def test_backtrader_makes_no_order_without_a_price() -> None:
    """On preloaded bars it would take that of the very last."""
    done = arriving_facts([Part(Early, "backtrader")], stage(3, [(0, 20)]), ExecutionRules())
    ((*_, status, message),) = done["strategies"]
    assert (status, message) == ("failed", "array index out of range")


@pytest.mark.parametrize("feed", ["on_demand", "full"])
def test_bars_from_before_1970_arrive_too(feed: str) -> None:
    scene, parts = stage(3, [(0, 20)], start=-30 * DAY), [Part(lambda: Turning(3), "nautilus")]
    stored = facts(parts, scene, ExecutionRules(), feed=feed)
    assert len(stored["fills"]) > 2
    assert arriving_facts(parts, scene, ExecutionRules(), feed=feed) == stored


# ---- the end


class Always:
    """`IStrategy`: in while out, and with `turns` out while in."""

    def __init__(self, turns: bool = False) -> None:
        self.turns = turns

    def should_enter(self, bars: Bars) -> bool:
        return True

    def should_exit(self, position: Position, bars: Bars) -> bool:
        return self.turns


class Leaves(bt.Strategy):
    """Breaks when it is over."""

    def stop(self) -> None:
        raise RuntimeError("too late")


class LeavesToo(Keywords):
    """As above."""

    def on_stop(self) -> None:
        raise RuntimeError("too late")


@pytest.mark.parametrize(("leaves", "engine"), [(Leaves, "backtrader"), (LeavesToo, "nautilus")])
def test_a_feed_that_stops_without_notice_ends_every_series(leaves: type, engine: str) -> None:
    scene, parts = (
        stage(3, [(0, 20), (4, 16)]),
        [Part(lambda: Always(turns=True), "nautilus"), Part(leaves, engine)],
    )
    stored = facts(parts, scene, ExecutionRules())
    assert arriving_facts(parts, scene, ExecutionRules()) == stored
    arriving = arriving_facts(parts, scene, ExecutionRules(), announced=False)
    assert [record.decision.reason for record in arriving["decisions"]][-2:] == [Reason.UNFILLED_AT_END] * 2
    assert [status for _, _, status, _ in arriving["strategies"]] == ["completed", "failed"]
    for name in ("fills", "curves", "strategies", "steps"):
        assert arriving[name] == stored[name]


def test_nothing_is_closed_at_a_last_bar_that_was_not_announced() -> None:
    scene, rules, parts = stage(3, [(0, 20)]), ExecutionRules(close_at_end=True), [Part(Always, "backtrader")]
    reasons = [record.reason for record in arriving_facts(parts, scene, rules)["fills"]]
    assert reasons == [Reason.NONE, Reason.CLOSE_AT_END]
    arriving = arriving_facts(parts, scene, rules, announced=False)
    assert [record.reason for record in arriving["fills"]] == [Reason.NONE]
    assert [len(positions) for _, positions, _, _ in arriving["strategies"]] == [1]


def test_a_series_whose_end_is_announced_late_ends_then() -> None:
    """B had its last bar three steps before the feed said so: the order on it waits until then."""
    scene = stage(3, [(0, 20), (0, 10)])
    said = scene.timeline.ends.steps["B"] + 3
    late = [replace(each, ending=["B"] if step == said else []) for step, each in enumerate(arrivals(scene))]
    buffer = buffer_for(scene)
    part = Part(lambda: Always(turns=True), "backtrader", ("B",))
    done = facts([part], buffer.market, ExecutionRules(), FeedClock(buffer, late))
    last = done["decisions"][-1]
    assert (last.decision.reason, last.t) == (Reason.SERIES_ENDED, int(scene.timeline.labels[said]))


def test_a_feed_that_brings_nothing_makes_a_run_of_no_step() -> None:
    buffer = buffer_for(stage(3, [(0, 20)]))
    parts = [Part(Always, "nautilus"), Part(Spread, "backtrader"), *NATIVES[:3]]
    done = facts(parts, buffer.market, ExecutionRules(), FeedClock(buffer, ()))
    assert (done["steps"], done["fills"], done["decisions"]) == (0, [], [])
    assert {status for _, _, status, _ in done["strategies"]} == {"completed"}


def test_a_clock_that_jumps_refuses_bars_that_are_still_to_come() -> None:
    buffer = buffer_for(stage(3, [(0, 20)]))
    with pytest.raises(ValueError, match="come from a FeedClock"):
        facts([Part(Spread, "backtrader")], buffer.market, ExecutionRules())
    assert len(FeedClock(buffer, ())) == 0


# ---- vectorised strategies


class Breaks:
    """`signals`: right about so many bars, and about more it answers nonsense or breaks."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def signals(self, bars: Bars) -> Any:
        flags = np.ones(len(bars), dtype=np.bool_)
        return Signals(flags, ~flags) if len(bars) < 5 else self.answer(flags)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda flags: flags, "signals must return"),
        (lambda flags: (flags[1:], flags[1:]), "there are 5 bars"),
        (lambda flags: 1 / 0, "division by zero"),
    ],
)
def test_a_vectorised_strategy_that_breaks_at_a_bar_fails_alone(answer: Any, error: str) -> None:
    scene = stage(3, [(0, 20)])
    parts = [Part(lambda: Breaks(answer), "backtrader"), Part(lambda: Turning(3), "nautilus")]
    done = arriving_facts(parts, scene, ExecutionRules())
    (trades, _, status, message), (*_, other, _) = done["strategies"]
    assert (status, other) == ("failed", "completed")
    assert error in message
    assert len(trades) == 1  # in before it broke, flattened after
