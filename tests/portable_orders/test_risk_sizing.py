"""Sizing by risk: the average range, the size, the stop and the target, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.bars import Bars
from orchestrate.domain.market.true_range import AverageTrueRange
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.intents import Intent, Producer
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal, Signals
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of
from tests.engines.conformance.resting import Bar, bars
from tests.orchestration.harness import HarnessRun, Part, Scripted, Stateless, run_harness

#: One percent at a stop two ranges of three bars away, and twice that for the target.
RISK = Sizing("risk", Decimal("0.01"), period=3, take_profit_risk_reward=Decimal(2))
#: Ranges of 2, 4 and 3: an average of 3 after bar 3. Bar 3 closes at 100.
FOUR: list[Bar] = [(99, 100, 98, 99), (99, 100, 98, 99), (99, 102, 98, 101), (101, 102, 99, 100)]


@pytest.fixture(params=["backtrader", "nautilus"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(strategy: object, prices: Sequence[Bar], engine: str = "backtrader", **how: Any) -> HarnessRun:
    rules, sizing = how.pop("rules", ExecutionRules()), how.pop("sizing", RISK)
    instrument = how.pop("instrument", None)
    adapters = {engine: build_adapter(engine, {"feed": how.pop("feed", "on_demand")})}
    market = market_of(bars(prices), *how.pop("more", ()), **({"A": instrument} if instrument else {}))
    return run_harness(market, {"s": Part(strategy, sizing=sizing, framework=engine)}, rules, adapters=adapters, **how)


def fills(done: HarnessRun) -> list[tuple[int, float, float]]:
    """(bar, quantity, price) of every fill."""
    labels = done.orchestrator.session._market.timeline.labels.tolist()
    return [(labels.index(one.t), one.fill.quantity, one.fill.price) for one in done.orchestrator.fills]


def enters(*signals: Signal, at: int = 3) -> Scripted:
    return Scripted({at: list(signals)})


# ---- by hand


def test_a_long_is_stopped_at_the_loss_that_it_was_sized_by(engine: str) -> None:
    """A stop 2 × 3 under 100: 1 % of 100 000 are 166.67 shares. In at 100, out at 94: a loss of 996."""
    done = run(enters(Signal.enter("A")), [*FOUR, (100, 101, 99, 100), (100, 100, 94, 95), (95, 95, 95, 95)], engine)
    assert fills(done) == [(4, 166.0, 100.0), (5, -166.0, 94.0)]
    assert done.results["s"].equity[-1] == 100_000 - 166 * 6


def test_a_short_reaches_its_target_at_twice_the_distance(engine: str) -> None:
    """Its stop is at 106, its target at 88: 166 × 12 are won."""
    prices = [*FOUR, (100, 101, 99, 100), (100, 105.5, 95, 96), (96, 97, 88, 89), (89, 89, 89, 89)]
    done = run(enters(Signal.enter("A", "short")), prices, engine)
    assert fills(done) == [(4, -166.0, 100.0), (6, 166.0, 88.0)]
    assert done.results["s"].equity[-1] == 100_000 + 166 * 12


def test_a_future_counts_its_points(engine: str) -> None:
    """A point of 50: 1 000 ÷ (6 × 50) are 3 contracts, which lose 900 at the stop."""
    future = Instrument("A", multiplier=50.0, margin_rate=0.1, asset_class="future")
    prices = [*FOUR, (100, 101, 99, 100), (100, 100, 94, 95), (95, 95, 95, 95)]
    done = run(enters(Signal.enter("A")), prices, engine, instrument=future)
    assert fills(done) == [(4, 3.0, 100.0), (5, -3.0, 94.0)]
    assert done.results["s"].equity[-1] == 100_000 - 900


def test_a_loss_in_another_currency_counts_in_that_of_the_capital(engine: str) -> None:
    """A unit of it is 1.25: 1 000 ÷ (6 × 1.25) are 133 shares, which lose 997.50."""
    share = Instrument("A", currency="EUR", fx="R")
    prices = [*FOUR, (100, 101, 99, 100), (100, 100, 94, 95), (95, 95, 95, 95)]
    rate = bars([(1.25, 1.25, 1.25, 1.25)] * len(prices), "R")
    done = run(enters(Signal.enter("A")), prices, engine, instrument=share, more=[rate])
    assert fills(done) == [(4, 133.0, 100.0), (5, -133.0, 94.0)]
    assert done.results["s"].equity[-1] == pytest.approx(100_000 - 997.5)


def test_a_limit_entry_has_its_stop_off_the_limit(engine: str) -> None:
    """A limit of 98 in place of the close: the stop is at 92, the size the same."""
    prices = [*FOUR, (100, 101, 97.5, 99), (99, 99, 92.5, 95), (95, 95, 92, 93), (93, 93, 93, 93)]
    done = run(enters(Signal.enter("A", limit=98.0)), prices, engine)
    assert fills(done) == [(4, 166.0, 98.0), (6, -166.0, 92.0)]


def test_the_average_goes_along_as_wilder_smooths_it() -> None:
    """After 3 from three ranges: (3 × 2 + 6) ÷ 3 = 4, then (4 × 2 + 1) ÷ 3 = 3. A gap counts from the close before."""
    series = bars([*FOUR, (105, 106, 104, 105), (105, 105.5, 104.5, 105)])
    average = AverageTrueRange(series, 3)
    assert [average.at(row) for row in range(6)] == [None, None, None, 3.0, 4.0, 3.0]
    assert [average.at(row) for row in (5, 3)] == [3.0, 3.0]


# ---- no stop, no entry


@pytest.mark.parametrize(
    ("at", "signal", "sizing", "words"),
    [
        (2, Signal.enter("A"), RISK, "the average true range of 3 needs 4 bars"),
        (2, Signal.enter("A", quantity=5), RISK, "the average true range of 3 needs 4 bars"),
        (3, Signal.enter("A", trail=2.0), RISK, "an entry with a trail has no price that a stop could go by"),
        (3, Signal.enter("A"), Sizing("risk", Decimal(1), period=3, stop_atr=Decimal(34)), "a stop at -2 is no price"),
        (3, Signal.enter("A"), Sizing("risk", Decimal(1), period=3, stop_atr=Decimal("0.001")), "at its own price"),
    ],
    ids=["too few bars", "also with a quantity", "a trail", "below zero", "nothing"],
)
def test_an_entry_without_a_stop_is_refused(at: int, signal: Signal, sizing: Sizing, words: str) -> None:
    done = run(enters(signal, at=at), [*FOUR, (100, 101, 99, 100)], sizing=sizing)
    [record] = done.orchestrator.session.log.decisions
    assert (record.decision.outcome, record.decision.reason) == ("rejected", "no_stop")
    assert words in record.decision.detail
    assert [stage.stage for stage in record.decision.trail] == ["size"]
    assert fills(done) == []


# ---- the strategy's word wins


def bracket_of(signal: Signal, sizing: Sizing = RISK) -> tuple[float, float | None, float | None, float | None]:
    """The quantity of the entry that comes of a signal, and its exits as they are placed after a fill at 100."""
    strategy = enters(signal)
    done = run(strategy, [*FOUR, (100, 101, 99, 100), (100, 101, 99, 100)], sizing=sizing)
    orders = {order.tag: order for order in done.orchestrator.session.blotter.resting()}
    assert not orders
    _, *exits = [record.decision.demand for record in done.orchestrator.session.log.decisions]
    placed = {one.tag.partition(".")[2]: one for one in exits}
    stop, target, trail = (placed.get(name) for name in ("stop_loss", "take_profit", "trail_loss"))
    return (
        done.orchestrator.fills[0].fill.quantity,
        stop and stop.trigger,
        target and target.limit,
        trail and trail.trail,
    )


@pytest.mark.parametrize(
    ("signal", "placed"),
    [
        (Signal.enter("A", tag="t"), (166.0, 94.0, 112.0, None)),
        (Signal.enter("A", quantity=7, tag="t"), (7.0, 94.0, 112.0, None)),
        (Signal.enter("A", stop_loss=96.0, tag="t"), (250.0, 96.0, 108.0, None)),
        (Signal.enter("A", take_profit=103.0, tag="t"), (166.0, 94.0, 103.0, None)),
        (Signal.enter("A", trail_loss=5.0, tag="t"), (200.0, None, 110.0, 5.0)),
        (Signal.enter("A", stop_loss=90.0, trail_loss=5.0, tag="t"), (200.0, 90.0, 110.0, 5.0)),
    ],
    ids=["nothing", "quantity", "stop_loss", "take_profit", "trail_loss", "the nearer of two"],
)
def test_the_plan_gives_what_the_strategy_does_not(signal: Signal, placed: tuple[float | None, ...]) -> None:
    assert bracket_of(signal) == placed


def test_no_target_unless_the_plan_has_one() -> None:
    plain = Sizing("risk", Decimal("0.01"), period=3)
    assert bracket_of(Signal.enter("A", tag="t"), plain) == (166.0, 94.0, None, None)


def test_a_short_has_no_target_below_zero() -> None:
    far = Sizing("risk", Decimal("0.01"), period=3, take_profit_risk_reward=Decimal(17))
    assert bracket_of(Signal.enter("A", "short", tag="t"), far) == (-166.0, 106.0, None, None)


class Fractions:
    """`signals` with a take_profit of a part of the fill, and a stop where one is given."""

    def __init__(self, **exits: float) -> None:
        self.exits = exits

    def signals(self, history: Bars) -> Signals:
        now = np.arange(len(history)) == 3
        return Signals(now, np.zeros(len(history), dtype=bool), **self.exits)


def test_fractions_of_the_strategy_stand_beside_prices_of_the_plan(engine: str) -> None:
    """In at 101: the target is 5 % over that, 106.05; the stop is the plan's, 94."""
    prices = [*FOUR, (101, 101, 99, 100), (100, 106.05, 100, 106), (106, 106, 106, 106)]
    done = run(Fractions(take_profit=0.05), prices, engine)
    assert fills(done) == [(4, 166.0, 101.0), (5, -166.0, 106.05)]
    prices[5] = (100, 100, 94, 94)
    assert fills(run(Fractions(take_profit=0.05), prices, engine))[-1] == (5, -166.0, 94.0)


def test_a_fraction_as_stop_sizes_too() -> None:
    """4 % of 100: 1 000 ÷ 4 are 250. The target is the plan's, at 108."""
    prices = [*FOUR, (100, 101, 99, 100), (100, 108, 100, 106), (106, 106, 106, 106)]
    assert fills(run(Fractions(stop_loss=0.04), prices)) == [(4, 250.0, 100.0), (5, -250.0, 108.0)]


def test_a_stateless_strategy_is_protected_too() -> None:
    prices = [*FOUR, (100, 101, 99, 100), (100, 100, 94, 95), (95, 95, 95, 95)]
    assert fills(run(Stateless(enter=[3], leave=[]), prices)) == [(4, 166.0, 100.0), (5, -166.0, 94.0)]


def replaced(*, limit: float, after: Sequence[Bar], **exits: float) -> HarnessRun:
    """An entry at a limit of 95, so that its stop is at 89 and its target at 107, which is then replaced."""
    entry = Signal.enter("A", limit=95.0, tag="t", **exits)  # type: ignore[arg-type]
    strategy = Scripted({3: [entry], 4: [Signal.replace("t", limit=limit)]})
    return run(strategy, [*FOUR, (100, 101, 99, 100), *after])


def test_exits_of_the_plan_follow_an_entry_that_is_replaced() -> None:
    """At 85 the stop is at 79, where the loss is what it was, and the target at 97."""
    down: list[Bar] = [(90, 90, 85, 86), (86, 86, 80, 80), (80, 80, 79, 79), (79, 79, 79, 79)]
    assert fills(replaced(limit=85.0, after=down)) == [(5, 166.0, 85.0), (7, -166.0, 79.0)]
    up: list[Bar] = [(90, 90, 85, 86), (86, 96, 86, 96), (96, 97, 96, 97), (97, 97, 97, 97)]
    assert fills(replaced(limit=85.0, after=up)) == [(5, 166.0, 85.0), (7, -166.0, 97.0)]


def test_exits_of_the_strategy_stay_where_they_are() -> None:
    up: list[Bar] = [(90, 90, 85, 86), (86, 99, 86, 98), (98, 98, 98, 98)]
    assert fills(replaced(limit=85.0, after=up, take_profit=99.0)) == [(5, 166.0, 85.0), (6, -166.0, 99.0)]
    done = replaced(limit=85.0, after=up, stop_loss=90.0)
    assert done.results["s"].error is not None
    assert "stop_loss 90 of a long entry at 85 must lie below it" in done.results["s"].error.message


def test_a_price_that_leaves_no_stop_is_refused() -> None:
    """At 5 the stop would be at −1: the limit of 95 stays, and fills."""
    done = replaced(limit=5.0, after=[(96, 96, 95, 95), (95, 95, 95, 95)])
    assert fills(done) == [(5, 166.0, 95.0)]
    refused = [one.decision for one in done.orchestrator.session.log.decisions if one.decision.reason == "no_stop"]
    assert [(one.outcome, one.detail) for one in refused] == [("rejected", "its stop would be no price")]


def test_a_target_that_would_follow_below_zero_goes() -> None:
    """Off 105 it is at 105 − 17 × 6 = 3; off 101 it would be at −1, and only the stop at 107 is left."""
    far = replace(RISK, take_profit_risk_reward=Decimal(17))
    strategy = Scripted({3: [Signal.enter("A", "short", limit=105.0, tag="t")], 4: [Signal.replace("t", limit=101.0)]})
    after: list[Bar] = [(100, 101, 100, 101), (101, 101, 1, 101), (101, 107, 101, 107), (107, 107, 107, 107)]
    done = run(strategy, [*FOUR, (100, 100.5, 99, 100), *after], sizing=far)
    assert fills(done) == [(5, -166.0, 101.0), (7, 166.0, 107.0)]


def test_adds_are_left_alone() -> None:
    strategy = Scripted({3: [Signal.enter("A", tag="t")], 4: [Signal.add("A", 10)]})
    done = run(strategy, [*FOUR, (100, 101, 99, 100), (100, 101, 99, 100), (100, 100, 94, 95), (95, 95, 95, 95)])
    assert fills(done) == [(4, 166.0, 100.0), (5, 10.0, 100.0), (6, -166.0, 94.0)]


@pytest.mark.parametrize(("producer", "protected"), [("strategy", True), ("rebalance", False)])
def test_only_entries_of_strategies_are_protected(producer: Producer, protected: bool) -> None:
    done = run(Scripted({}), [*FOUR, (100, 101, 99, 100)])
    stage = done.orchestrator.coordinator.stages[0]
    intent = Intent("s", "A", False, 10.0, True, 100.0, 4, 0, producer=producer)
    stage([intent])
    assert (intent.demand.quantity, intent.demand.bracket is not None) == (10.0, protected)
