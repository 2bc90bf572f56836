"""What strategies say about orders, and what comes of it: names, updates, lifetimes, changes, targets, money."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.orders.order import OrderUpdate
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Context, Signal
from orchestrate.orchestration.risk.limits.sizes import MaxPositionPct
from orchestrate.wiring import build_adapter
from tests.engines.builders import START, market_of
from tests.engines.conformance.resting import Bar, bars
from tests.orchestration.harness import AT_CLOSE, PLAIN, HarnessRun, Part, Scripted, run_harness

HOUR = 3_600 * 10**9
CALM: list[Bar] = [(10.0, 11.0, 9.0, 10.0)] * 6
Plan = Mapping[int, Sequence[Signal] | Callable[[Context], Any]]


class Follower(Scripted):
    """Keeps the updates of its orders."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.updates: list[OrderUpdate] = []

    def on_order(self, update: OrderUpdate) -> None:
        self.updates.append(update)

    def seen(self, tag: str) -> list[tuple[str, str, float, float | None]]:
        return [(one.status, one.reason, one.filled, one.price) for one in self.updates if one.tag == tag]


def run(plan: Plan, prices: Sequence[Bar] = CALM, **how: Any) -> tuple[HarnessRun, Follower]:
    """One strategy with 1,000 on symbol A."""
    follower = Follower(plan)
    rules, more = how.pop("rules", PLAIN), how.pop("more", ())
    symbols = ("A", *(series.symbol for series in more))
    part = Part(follower, symbols, sizing=how.pop("sizing", Sizing("fixed", Decimal(5))), limits=how.pop("limits", {}))
    market = market_of(how.pop("series", None) or bars(prices), *more)
    return run_harness(market, {"s": part}, rules, capital=how.pop("capital", 1_000), **how), follower


def fills(done: HarnessRun) -> list[tuple[int, float, float]]:
    labels = done.orchestrator.session._market.timeline.labels.tolist()
    return [(labels.index(one.t), one.fill.quantity, one.fill.price) for one in done.orchestrator.fills]


def error_of(done: HarnessRun) -> str:
    error = done.results["s"].error
    return "" if error is None else error.message


# ---- updates and names


def test_every_change_of_status_is_reported() -> None:
    _, seen = run({0: [Signal.enter("A", limit=9.5, tag="dip")], 2: [Signal.exit("A", tag="out")]})
    assert seen.seen("dip") == [
        ("pending", "", 0.0, None),
        ("released", "", 0.0, None),
        ("resting", "", 0.0, None),
        ("filled", "", 5.0, 9.5),
    ]
    assert [status for status, *_ in seen.seen("out")] == ["pending", "released", "filled"]
    assert [one.order_id for one in seen.updates if one.status == "filled"] == ["s-1", "s-2"]


def test_a_demand_that_is_refused_is_reported_without_an_order() -> None:
    _, seen = run({0: [Signal.enter("A", limit=2_000.0, quantity=5, tag="dear")]})
    assert [(one.order_id, one.tag, one.status, one.reason) for one in seen.updates] == [
        ("", "dear", "rejected", "capital")
    ]


def test_updates_of_a_bar_come_before_its_decision() -> None:
    class Counts(Follower):
        def on_bar(self, context: Context) -> Any:
            known.append([str(one.status) for one in self.updates])
            return super().on_bar(context)

    known: list[list[str]] = []
    run_harness(market_of(bars(CALM[:3])), {"s": Part(Counts({0: [Signal.enter("A", limit=9.5)]}))}, capital=1_000)
    assert known == [[], ["pending", "released", "resting", "filled"], ["pending", "released", "resting", "filled"]]


def test_who_breaks_in_on_order_fails_alone_and_is_flattened() -> None:
    class Breaks(Follower):
        def on_order(self, update: OrderUpdate) -> None:
            if update.status == "filled":
                raise ValueError("enough")

    part = Part(Breaks({0: [Signal.enter("A", limit=9.5, stop_loss=8.0)]}), sizing=Sizing("fixed", Decimal(5)))
    done = run_harness(market_of(bars(CALM)), {"s": part}, capital=1_000)
    assert error_of(done) == "enough"
    assert fills(done) == [(1, 5.0, 9.5), (2, -5.0, 10.0)]
    assert done.orchestrator.session.blotter.resting() == []


def test_an_order_is_cancelled_by_its_tag_its_id_and_that_of_a_child() -> None:
    fall: list[Bar] = [*CALM[:4], (8.0, 8.0, 7.0, 7.5), (7.5, 8.0, 7.0, 7.5)]
    for name in ("dip", "s-1"):
        done, _ = run({0: [Signal.enter("A", limit=8.5, tag="dip")], 2: [Signal.cancel(name)]}, fall)
        assert fills(done) == []
    protected = Signal.enter("A", stop_loss=8.0, take_profit=20.0, tag="in")
    done, seen = run({0: [protected], 2: [Signal.cancel("in.stop_loss")]}, fall)
    assert fills(done) == [(1, 5.0, 10.0)]
    assert seen.seen("in.stop_loss")[-1][:2] == ("cancelled", "cancelled")
    assert seen.seen("in.take_profit")[-1][:2] == ("cancelled", "unfilled_at_end")


def test_a_name_that_is_over_names_nothing() -> None:
    done, _ = run({0: [Signal.enter("A", tag="in")], 2: [Signal.cancel("in"), Signal.replace("in", quantity=3)]})
    assert (error_of(done), fills(done)) == ("", [(1, 5.0, 10.0)])


def test_a_tag_is_free_again_once_its_order_is_cancelled_or_filled() -> None:
    plan = {
        0: [Signal.enter("A", limit=8.0, tag="x")],
        1: [Signal.cancel("x"), Signal.enter("A", limit=9.5, tag="x")],
        3: [Signal.exit("A", limit=10.5, tag="x")],
    }
    done, _ = run(plan)
    assert (error_of(done), fills(done)) == ("", [(2, 5.0, 9.5), (4, -5.0, 10.5)])


# ---- what has no meaning now


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (Signal.enter("A"), [Signal.exit("A", stop=9, tag="x"), Signal.exit("A", limit=12, tag="x")], "tag 'x'"),
        (Signal.enter("A", stop_loss=5.0, tag="x"), Signal.exit("A", stop=9, tag="x.stop_loss"), "tag 'x.stop_loss'"),
        (Signal.enter("A"), Signal.exit("A", stop=9, limit=9.5), "limit 9.5 of a sell lies above its stop 9"),
        (Signal.enter("A", "short"), Signal.exit("A", stop=11, limit=10.5), "limit 10.5 of a buy lies below"),
        (Signal.enter("A"), Signal.add("A", 1, stop=11, limit=10.5), "limit 10.5 of a buy lies below"),
        (Signal.enter("A"), Signal.exit("A", limit=12, until="2019-12-31"), "until of the exit of A lies in the past"),
        (Signal.enter("A", stop=50), Signal.enter("A", limit=5), ""),  # while another rests: nothing
        (Signal.enter("A", stop=50, tag="x"), Signal.replace("x", limit=60), "limit: order 'x' has none"),
        (Signal.enter("A", limit=5, tag="x"), Signal.replace("x", stop=60), "stop: order 'x' has none"),
        (Signal.enter("A", trail=50, tag="x"), Signal.replace("x", stop=60), "stop: order 'x' has none"),
        (Signal.enter("A", stop=50, limit=51, tag="x"), Signal.replace("x", limit=49), "limit 49 of a buy"),
        (Signal.enter("A", limit=5, stop_loss=4, tag="x"), Signal.replace("x", limit=3), "stop_loss 4 of a long"),
        (None, Signal.enter("A", stop_loss=10.0), "stop_loss 10 of a long entry at 10 must lie below it"),
        (None, Signal.enter("A", "short", take_profit=10.0), "take_profit 10 of a short entry at 10 must lie below"),
        (None, [Signal.enter("A", stop=12), Signal.enter("A", "short", stop=8)], "entries on both sides"),
    ],
)
def test_nonsense_fails_the_strategy_where_it_shows(first: Signal | None, second: Any, message: str) -> None:
    done, _ = run({0: [first] if first else [], 2: second})
    assert message in error_of(done) if message else error_of(done) == ""


def test_a_target_needs_a_close() -> None:
    later = bars([(20.0, 21.0, 19.0, 20.0)] * 2, "B", [3, 4])
    done, _ = run({0: [Signal.target("B", value=100)]}, more=[later])
    assert error_of(done) == "value: B has no close yet that a target could go by"


# ---- lifetimes


def hourly(hours: int) -> BarSeries:
    series = bars([(10.0, 11.0, 9.0, 10.0)] * hours)
    label = START + HOUR * np.arange(20, 20 + hours)
    return BarSeries("A", label, series.open, series.high, series.low, series.close, series.volume, label, HOUR)


def test_an_order_for_the_day_lives_on_the_date_of_its_release() -> None:
    """Bars from 20:00 on. Decided at 21:00, it lives until 23:00; decided at 23:00, it is released on the next day."""
    for decided, over_at in ((1, 4), (3, 28)):
        done, seen = run({decided: [Signal.enter("A", limit=5.0, tif="day", tag="x")]}, series=hourly(30))
        [expired] = [one for one in done.orchestrator.session.log.decisions if one.decision.reason == "expired"]
        assert seen.seen("x")[-1][:2] == ("expired", "expired")
        assert (expired.t - START) // HOUR - 20 == over_at


@pytest.mark.parametrize(
    ("until", "over_at"),
    [
        (date(2020, 1, 2), 4 + 24),
        ("2020-01-02", 4 + 24),
        ("2020-01-02T01:30:00", 6),
        (datetime(2020, 1, 2, 1, tzinfo=UTC), 6),
        (datetime(2020, 1, 2, 1), 6),
    ],
)
def test_until_is_a_date_as_a_whole_or_a_moment(until: Any, over_at: int) -> None:
    done, _ = run({1: [Signal.enter("A", limit=5.0, until=until)]}, series=hourly(40))
    [expired] = [one for one in done.orchestrator.session.log.decisions if one.decision.reason == "expired"]
    assert (expired.t - START) // HOUR - 20 == over_at


# ---- changes


def test_a_replacement_acts_from_the_next_bar_on() -> None:
    dip: list[Bar] = [(10.0, 11.0, 9.0, 10.0), (10.0, 11.0, 9.0, 10.0), (10.0, 11.0, 8.0, 10.0), *CALM[:2]]
    done, _ = run({0: [Signal.enter("A", limit=8.5, tag="x")], 2: [Signal.cancel("x")]}, dip)
    assert fills(done) == [(2, 5.0, 8.5)]
    plan = {0: [Signal.enter("A", limit=7.0, tag="x")], 2: [Signal.replace("x", limit=9.5, quantity=7)]}
    done, seen = run(plan, dip)
    assert fills(done) == [(3, 7.0, 9.5)]
    assert [status for status, *_ in seen.seen("x")] == ["pending", "released", "resting", "filled"]


def test_replacements_of_one_step_are_one_and_a_cancel_beats_them() -> None:
    plan = {0: [Signal.enter("A", limit=7.0, tag="x")], 1: [Signal.replace("x", quantity=6, limit=7.5)]}
    more = [Signal.replace("x", quantity=8), Signal.replace("s-1", limit=9.5)]
    done, _ = run({**plan, 2: more})
    assert fills(done) == [(3, 8.0, 9.5)]
    done, _ = run({**plan, 2: [Signal.cancel("x"), *more]})
    assert fills(done) == []


@pytest.mark.parametrize("engine", ["backtrader", "nautilus"])
def test_a_position_that_is_reopened_where_it_closes_keeps_no_old_bracket(engine: str) -> None:
    """B has no bar at step 3, so both orders wait for the open of step 4: it closes, then opens; bar 4 falls to 8."""
    prices: list[Bar] = [(10.0, 10.1, 9.9, 10.0)] * 3 + [(10.0, 10.0, 8.0, 10.0)]
    other = bars(prices, "B", [0, 1, 2, 4])
    plan = {0: [Signal.enter("B", stop_loss=9.0)], 2: [Signal.exit("B")], 3: [Signal.enter("B", quantity=7)]}
    part = Part(Scripted(plan), ("A", "B"), sizing=Sizing("fixed", Decimal(5)), framework=engine)
    adapters = {engine: build_adapter(engine, {"feed": "on_demand"})}
    done = run_harness(market_of(bars(CALM), other), {"s": part}, capital=1_000, adapters=adapters)
    assert fills(done) == [(1, 5.0, 10.0), (4, -5.0, 10.0), (4, 7.0, 10.0)]


def test_a_market_entry_on_its_way_needs_a_strategy_that_is_out() -> None:
    """B has no bar at steps 1 and 2. A short order that rests opens a position before the entry's close comes."""
    other = bars([(10.0, 10.1, 9.9, 10.0), (10.5, 10.6, 10.4, 10.5)], "B", [0, 3])
    plan = {1: [Signal.enter("B", tag="in")], 2: [Signal.exit("B", 2), Signal.enter("B", "short", 1, limit=10.2)]}
    done, seen = run(plan, more=[other], rules=AT_CLOSE)
    assert fills(done) == [(3, -1.0, 10.5)]
    assert seen.seen("in")[-1][:2] == ("cancelled", "cancelled")


def test_a_price_that_costs_more_than_there_is_leaves_the_order_as_it_was() -> None:
    plan = {0: [Signal.enter("A", limit=9.5, quantity=100, tag="x", until="2020-01-09")]}
    prices: list[Bar] = [(20.0, 21.0, 19.0, 20.0)] * 3 + CALM
    done, _ = run({**plan, 1: [Signal.replace("x", limit=12.0)]}, prices)
    assert fills(done) == [(3, 100.0, 9.5)]
    assert ("rejected", "capital", 0.0) in done.reasons("s")
    done, _ = run({**plan, 1: [Signal.replace("x", limit=9.9)]}, prices)
    assert fills(done) == [(3, 100.0, 9.9)]


def test_a_quantity_grows_by_what_can_be_paid() -> None:
    prices: list[Bar] = [(20.0, 21.0, 19.0, 20.0)] * 3 + CALM
    plan = {0: [Signal.enter("A", limit=9.5, quantity=60, tag="x")], 1: [Signal.replace("x", quantity=150)]}
    done, _ = run(plan, prices)
    assert fills(done) == [(3, 105.0, 9.5)]
    assert ("resized", "capital", 45.0) in done.reasons("s")


def test_limits_judge_what_a_quantity_grows_by() -> None:
    prices: list[Bar] = [(20.0, 21.0, 19.0, 20.0)] * 3 + CALM
    plan = {0: [Signal.enter("A", limit=9.5, quantity=10, tag="x")], 1: [Signal.replace("x", quantity=40)]}
    done, _ = run(plan, prices, limits={"max_position_pct": MaxPositionPct(50)})
    assert fills(done) == [(3, 25.0, 9.5)]
    assert ("resized", "limit", 15.0) in done.reasons("s")


def test_what_a_smaller_order_sets_free_can_be_spent() -> None:
    far: list[Bar] = [(20.0, 21.0, 19.0, 20.0)] * 6
    other = bars([(10.0, 10.0, 10.0, 10.0)] * 6, "B")
    plan = {0: [Signal.enter("A", limit=9.5, quantity=100, tag="x")], 3: [Signal.enter("B", quantity=95)]}
    for more, bought in (({}, 5.0), ({2: [Signal.replace("x", quantity=10)]}, 90.0)):
        done, _ = run({**plan, **more}, far, more=[other])
        assert fills(done) == [(4, bought, 10.0)]


def test_an_exit_on_its_way_is_replaced_for_what_is_held_at_most() -> None:
    other = bars(CALM[:3], "B", [0, 1, 5])
    plan = {0: [Signal.enter("B")], 2: [Signal.exit("B", 2, tag="x")], 3: [Signal.replace("x", quantity=50)]}
    done, _ = run(plan, more=[other])
    assert fills(done) == [(1, 5.0, 10.0), (5, -5.0, 10.0)]
    last, enter = bars(CALM[:4], "B", [0, 1, 4, 5]), Signal.enter("B", limit=9.5)
    exits, shrinks = [Signal.exit("B", tag="x")], [Signal.replace("x", quantity=3), enter]
    done, _ = run({0: plan[0], 2: exits, 3: shrinks}, more=[last])
    assert fills(done) == [(1, 5.0, 10.0), (4, -3.0, 10.0)]  # 2 will be left: the entry means nothing
    plan = {0: plan[0], 2: [Signal.add("B", 2, tag="x")], 3: [Signal.replace("x", quantity=9), Signal.exit("B")]}
    done, _ = run(plan, more=[last])
    assert fills(done) == [(1, 5.0, 10.0), (4, -5.0, 10.0)]  # the add is taken back


# ---- targets


@pytest.mark.parametrize(
    ("target", "trades"),
    [
        (Signal.target("A", quantity=8), [3.0]),
        (Signal.target("A", quantity=2), [-3.0]),
        (Signal.target("A", quantity=0), [-5.0]),
        (Signal.target("A", quantity=-4), [-5.0, -4.0]),
        (Signal.target("A", quantity=5.9), []),
        (Signal.target("A", percent=25), [20.0]),  # 250 of 1,000 at 10, not by the number of symbols
        (Signal.target("A", percent=-25), [-5.0, -25.0]),
        (Signal.target("A", value=77), [2.0]),
        (Signal.target("A", value=-77), [-5.0, -7.0]),
    ],
)
def test_a_target_becomes_an_entry_an_add_an_exit_or_a_flip(target: Signal, trades: list[float]) -> None:
    done, _ = run({0: [Signal.enter("A")], 2: [target]}, more=[bars(CALM, "B")])
    assert [quantity for _, quantity, _ in fills(done)] == [5.0, *trades]


# ---- money, findings, and the end


@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE])
def test_what_rests_holds_its_money(rules: ExecutionRules) -> None:
    seen: list[float] = []
    plan: Plan = {
        0: [Signal.enter("A", limit=8.0, quantity=50, tag="x")],
        1: lambda context: seen.append(context.available) or (),  # type: ignore[func-returns-value]
        2: [Signal.cancel("x")],
        3: lambda context: seen.append(context.available) or (),  # type: ignore[func-returns-value]
    }
    run(plan, rules=rules)
    assert seen == [600.0, 1_000.0]


def test_a_stop_entry_is_cut_to_what_its_trigger_pays_for() -> None:
    rules = ExecutionRules(slippage=Slippage(ticks=10), commission=Commission(minimum=1.0))
    done, _ = run({0: [Signal.enter("A", stop=10.5, quantity=200)]}, rules=rules)
    assert fills(done) == [(1, 94.0, 10.6)]  # 94 × 10.60 + 1


@pytest.mark.parametrize("engine", ["backtrader", "nautilus"])
def test_a_stop_entry_that_a_gap_jumps_is_cut_to_what_the_open_costs(engine: str) -> None:
    """90 wait for 10.5; the open at 12 pays for 83. At 1,100 not even one can be paid."""
    adapters = {engine: build_adapter(engine, {"feed": "on_demand"})}
    for jump, bought, reason in ((12.0, [(3, 83.0, 12.0)], "open_gap"), (1_100.0, [], "below_one_lot")):
        prices: list[Bar] = [*[(10.0, 10.1, 9.9, 10.0)] * 3, (jump, jump, jump, jump), *[(jump, jump, 9.0, jump)] * 2]
        plan = {0: [Signal.enter("A", stop=10.5, quantity=90, stop_loss=1.0, tag="x")]}
        follower = Follower(plan)
        part = Part(follower, framework=engine)
        done = run_harness(market_of(bars(prices)), {"s": part}, capital=1_000, adapters=adapters)
        assert fills(done) == bought
        assert (reason in [one[1] for one in done.reasons("s")], done.results["s"].equity.min() >= 0) == (True, True)
        assert follower.seen("x.stop_loss")[:1] == ([("pending", "bracket", 0.0, None)] if bought else [])


def test_of_two_stops_that_a_gap_jumps_each_keeps_what_it_has_reserved() -> None:
    """420 are held for B, the rest pays for 48 of A; what is left then pays for 35 of B."""
    prices: list[Bar] = [*[(10.0, 10.1, 9.9, 10.0)] * 3, (12.0, 12.0, 12.0, 12.0), *CALM[:2]]
    other = bars(prices, "B")
    plan = {0: [Signal.enter("A", stop=10.5, quantity=50), Signal.enter("B", stop=10.5, quantity=40)]}
    done, _ = run(plan, prices, more=[other])
    assert fills(done) == [(3, 48.0, 12.0), (3, 35.0, 12.0)]


def test_a_close_at_the_same_open_pays_for_a_stop_that_it_jumps() -> None:
    prices: list[Bar] = [*[(10.0, 10.1, 9.9, 10.0)] * 3, (12.0, 12.0, 12.0, 12.0), *CALM[:2]]
    plan = {
        0: [Signal.enter("B", quantity=50)],
        1: [Signal.enter("A", stop=10.5, quantity=45)],
        2: [Signal.exit("B")],
    }
    done, _ = run(plan, prices, more=[bars(prices, "B")])
    assert fills(done) == [(1, 50.0, 10.0), (3, -50.0, 12.0), (3, 45.0, 12.0)]


def test_entries_whose_own_bar_touches_their_stop_are_a_finding() -> None:
    plan = {0: [Signal.enter("A", limit=9.5, stop_loss=9.2)], 2: [Signal.enter("A", "short", stop_loss=10.8)]}
    prices: list[Bar] = [*CALM[:2], (9.1, 10.0, 9.0, 10.0), *CALM[:3]]
    done, _ = run(plan, prices)
    assert fills(done) == [(1, 5.0, 9.5), (2, -5.0, 9.1), (3, -5.0, 10.0), (4, 5.0, 10.8)]
    [found] = done.orchestrator.session.portfolio.findings
    assert (found.severity, found.where, found.count) == ("warning", "strategies.s", 2)
    assert "stop_loss" in found.message
    done, _ = run({0: [Signal.enter("A", stop_loss=9.2)]}, rules=AT_CLOSE)
    assert done.orchestrator.session.portfolio.findings == []


def test_what_still_rests_ends_with_its_data() -> None:
    other = bars([(20.0, 21.0, 19.0, 20.0)] * 3, "B")
    plan = {0: [Signal.enter("A", limit=5.0, tag="a"), Signal.enter("B", limit=5.0, tag="b")]}
    _, seen = run(plan, more=[other])
    assert seen.seen("b")[-1][:2] == ("cancelled", "series_ended")
    assert seen.seen("a")[-1][:2] == ("cancelled", "unfilled_at_end")


def test_positions_are_closed_at_the_end_before_a_bracket_could_be_reached() -> None:
    rules = ExecutionRules(close_at_end=True)
    done, seen = run({0: [Signal.enter("A", stop_loss=5.0, tag="in")]}, rules=rules)
    assert fills(done) == [(1, 5.0, 10.0), (5, -5.0, 10.0)]
    assert seen.seen("in.stop_loss")[-1][:2] == ("cancelled", "unfilled_at_end")
