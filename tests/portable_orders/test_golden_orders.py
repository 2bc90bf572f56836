"""One run a kind of order, small enough to follow with a pencil, on both engines.

Capital 10 000, 100 shares an entry, commission 1.00 an order, slippage 1 tick of 0.01 for orders without a limit;
market orders fill at the next open unless a test says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.market.bars import Bars
from orchestrate.domain.orders.execution import Commission, ExecutionRules, FillRule, Slippage
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal, Signals
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of
from tests.engines.conformance.resting import Bar, bars
from tests.orchestration.harness import HarnessRun, Part, Scripted, Stateless, run_harness

FILL_RULES: tuple[FillRule, ...] = ("next_open", "close")


@pytest.fixture(params=["backtrader", "nautilus"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(engine: str, strategy: object, prices: Sequence[Bar], fill: FillRule = "next_open") -> HarnessRun:
    rules = ExecutionRules(fill, commission=Commission(minimum=1.0), slippage=Slippage(ticks=1))
    part = Part(strategy, sizing=Sizing("fixed", Decimal(100)), framework=engine)
    adapters = {engine: build_adapter(engine, {"feed": "on_demand"})}
    return run_harness(market_of(bars(prices)), {"s": part}, rules, capital=10_000, adapters=adapters)


def fills(done: HarnessRun) -> list[tuple[int, float, float]]:
    """(bar, quantity, price) of every fill."""
    labels = done.orchestrator.session._market.timeline.labels.tolist()
    return [(labels.index(one.t), one.fill.quantity, one.fill.price) for one in done.orchestrator.fills]


def ends(done: HarnessRun) -> list[str]:
    """Why orders ended without a fill."""
    return [str(one.decision.reason) for one in done.orchestrator.session.log.decisions if not one.decision.quantity]


def test_a_limit_entry_and_a_limit_exit(engine: str) -> None:
    """In at 9.50 although the low is 9.40; out at 11.20, where the open is better than the limit of 11.00."""
    prices = [(10.0, 10.2, 9.9, 10.0), (10.0, 10.1, 9.4, 9.8), (9.8, 10.9, 9.7, 10.8), (11.2, 11.5, 11.1, 11.4)]
    done = run(engine, Scripted({0: [Signal.enter("A", limit=9.5)], 1: [Signal.exit("A", limit=11.0)]}), prices)
    assert fills(done) == [(1, 100.0, 9.5), (3, -100.0, 11.2)]
    assert done.results["s"].equity[-1] == pytest.approx(10_000 + 100 * 1.7 - 2)


def test_a_stop_that_a_gap_jumps(engine: str) -> None:
    """The stop of 9.50 can't fill there: the bar opens at 9.00, where it does, a tick lower."""
    prices = [(10.0, 10.2, 9.9, 10.0), (10.0, 10.1, 9.9, 10.0), (9.9, 10.0, 9.6, 9.7), (9.0, 9.2, 8.8, 9.1)]
    done = run(engine, Scripted({0: [Signal.enter("A", stop_loss=9.5)]}), prices)
    assert fills(done) == [(1, 100.0, 10.01), (3, -100.0, 8.99)]
    assert done.results["s"].equity[-1] == pytest.approx(10_000 - 100 * 1.02 - 2)


def test_a_short_that_is_stopped_out(engine: str) -> None:
    """Sold at 9.99; the high of bar 2 touches 10.50, bought back a tick above it. The target at 9.00 ends with it."""
    prices = [(10.0, 10.2, 9.9, 10.0), (10.0, 10.3, 9.8, 10.2), (10.2, 10.5, 10.0, 10.1), (9.0, 9.2, 8.8, 9.1)]
    done = run(engine, Scripted({0: [Signal.enter("A", "short", stop_loss=10.5, take_profit=9.0)]}), prices)
    assert fills(done) == [(1, -100.0, 9.99), (2, 100.0, 10.51)]
    assert ends(done) == ["oco"]
    assert done.results["s"].equity[-1] == pytest.approx(10_000 - 100 * 0.52 - 2)


def test_a_trailing_stop_over_five_bars(engine: str) -> None:
    """It begins at the fill: 10.01 − 1 = 9.01, and follows the highs of the bars after the entry's.

        bar      2      3      4      5      6
        high  10.60  11.40  11.20  12.30  12.00
        level  9.01   9.60  10.40  10.40  11.30   (during the bar)
        low   10.00  10.50  10.45  11.00  11.25

    The low of bar 6 is below 11.30: sold there, a tick lower. The high of the entry's own bar, 13, doesn't count.
    """
    prices = [
        (10.0, 10.2, 9.9, 10.0),
        (10.0, 13.0, 9.9, 10.1),
        (10.1, 10.6, 10.0, 10.5),
        (10.6, 11.4, 10.5, 11.2),
        (11.1, 11.2, 10.45, 10.8),
        (11.0, 12.3, 11.0, 12.2),
        (12.0, 12.0, 11.25, 11.4),
    ]
    done = run(engine, Scripted({0: [Signal.enter("A", trail_loss=1.0)]}), prices)
    assert fills(done) == [(1, 100.0, 10.01), (6, -100.0, 11.29)]
    assert done.results["s"].equity[-1] == pytest.approx(10_000 + 100 * 1.28 - 2)


def test_a_bracket_whose_bar_reaches_both_ends(engine: str) -> None:
    """Bar 2 spans 9.40 to 11.20: the loss at 9.50 is taken, not the profit at 11.00."""
    prices = [(10.0, 10.2, 9.9, 10.0), (10.0, 10.3, 9.8, 10.2), (10.2, 11.2, 9.4, 11.1), (11.1, 11.2, 11.0, 11.1)]
    done = run(engine, Scripted({0: [Signal.enter("A", stop_loss=9.5, take_profit=11.0)]}), prices)
    assert fills(done) == [(1, 100.0, 10.01), (2, -100.0, 9.49)]
    assert ends(done) == ["oco"]


def test_a_bracket_whose_bar_opens_beyond_its_profit(engine: str) -> None:
    """The same bar, opening at 11.30: the profit fills at the open, without slippage."""
    prices = [(10.0, 10.2, 9.9, 10.0), (10.0, 10.3, 9.8, 10.2), (11.3, 11.4, 9.4, 11.1)]
    done = run(engine, Scripted({0: [Signal.enter("A", stop_loss=9.5, take_profit=11.0)]}), prices)
    assert fills(done) == [(1, 100.0, 10.01), (2, -100.0, 11.3)]


@pytest.mark.parametrize("fill", FILL_RULES)
def test_a_bracket_acts_from_the_bar_after_its_entry_on(engine: str, fill: FillRule) -> None:
    """Bar 1 falls to 9.30, below the stop; only bar 2, which touches 9.50 again, sells."""
    prices = [(10.0, 10.2, 9.9, 10.0), (10.0, 10.3, 9.3, 10.0), (10.0, 10.1, 9.5, 9.9), (9.9, 10.0, 9.8, 9.9)]
    done = run(engine, Scripted({1 if fill == "close" else 0: [Signal.enter("A", stop_loss=9.5)]}), prices, fill)
    assert fills(done) == [(1, 100.0, 10.01), (2, -100.0, 9.49)]
    found = [finding.count for finding in done.orchestrator.session.portfolio.findings]
    assert found == ([] if fill == "close" else [1])


def test_a_stop_limit_whose_path_comes_back(engine: str) -> None:
    """Bar 1 opens at 10.80, above the limit of 10.60, and falls to 10.40 only after that: filled at 10.60.

    The second waits: bar 3 triggers it at 11.20 and never comes back to 11.10, bar 4 opens at 11.00.
    """
    prices = [
        (10.0, 10.2, 9.9, 10.0),
        (10.8, 10.9, 10.4, 10.7),
        (10.7, 10.8, 10.6, 10.7),
        (11.2, 11.4, 11.15, 11.3),
        (11.0, 11.1, 10.9, 11.0),
    ]
    entry, more = Signal.enter("A", stop=10.5, limit=10.6), Signal.add("A", 50, stop=11.0, limit=11.1)
    done = run(engine, Scripted({0: [entry], 2: [more]}), prices)
    assert fills(done) == [(1, 100.0, 10.6), (4, 50.0, 11.0)]


def test_one_cancels_the_other_the_nearer_first(engine: str) -> None:
    """Both lie in bar 1, which opens at 10.10: 10.40 is nearer than 9.70. Bought there, a tick above."""
    prices = [(10.0, 10.2, 9.9, 10.0), (10.1, 10.6, 9.6, 10.0), (10.0, 10.1, 9.6, 10.0)]
    pair = Signal.oco(Signal.enter("A", limit=9.7), Signal.enter("A", stop=10.4))
    done = run(engine, Scripted({0: pair}), prices)
    assert fills(done) == [(1, 100.0, 10.41)]
    assert ends(done) == ["oco"]


def test_adds_and_parts(engine: str) -> None:
    """100 at 10.01, 50 more at 9.50; the bracket sells its 100 at 9.00 − 0.01, the rest is sold at 8.49."""
    prices = [
        (10.0, 10.2, 9.9, 10.0),
        (10.0, 10.1, 9.8, 10.0),
        (9.9, 10.0, 9.4, 9.6),
        (9.3, 9.4, 8.9, 9.0),
        (8.5, 8.7, 8.4, 8.6),
    ]
    plan = {
        0: [Signal.enter("A", stop_loss=9.0)],
        1: [Signal.add("A", 50, limit=9.5)],
        3: [Signal.exit("A", 30), Signal.exit("A", 20)],
    }
    done = run(engine, Scripted(plan), prices)
    assert fills(done) == [(1, 100.0, 10.01), (2, 50.0, 9.5), (3, -100.0, 8.99), (4, -30.0, 8.49), (4, -20.0, 8.49)]
    assert len(done.results["s"].trades) == 1


def test_a_position_that_closes_takes_its_orders_with_it(engine: str) -> None:
    """The market exit of bar 3 ends the bracket, the resting exit and the add; none of them fills at 7.00."""
    prices = [(10.0, 10.2, 9.9, 10.0)] * 4 + [(7.0, 12.0, 7.0, 7.0)]
    plan = {
        0: [Signal.enter("A", stop_loss=8.0)],
        1: [Signal.exit("A", 10, limit=11.5), Signal.add("A", 10, limit=9.0)],
        2: [Signal.exit("A")],
    }
    done = run(engine, Scripted(plan), prices)
    assert fills(done) == [(1, 100.0, 10.01), (3, -100.0, 9.99)]
    assert ends(done) == ["position_closed"] * 3


class Columns:
    """`signals` with sizes and brackets in arrays."""

    def __init__(self, **columns: Any) -> None:
        self.columns = columns

    def signals(self, bars: Bars) -> Signals:
        entries = np.zeros(len(bars), dtype=np.bool_)
        entries[[0, 3]] = True
        return Signals(entries, ~entries & False, **self.columns)


#: Two entries; what bar 2 and bar 5 reach depends on the bracket.
TWICE = [
    (10.0, 10.2, 9.9, 10.0),
    (10.0, 10.2, 9.9, 10.0),
    (10.0, 10.1, 9.0, 9.9),
    (10.0, 10.2, 9.9, 10.0),
    (10.0, 10.2, 9.9, 10.0),
    (10.0, 11.5, 9.9, 11.0),
]


def test_arrays_are_read_at_the_bar_of_the_entry(engine: str) -> None:
    """5 % below 10.01 is 9.5095: 9.51, slipped to 9.50. The second entry has a size and a profit of 10 % at 11.01."""
    nan = np.nan
    loss, profit = np.array([0.05, 9, 9, nan, 9, 9]), np.array([nan, 9, 9, 0.1, 9, 9])
    done = run(engine, Columns(stop_loss=loss, take_profit=profit, size=[nan, 1, 1, 40, 1, 1]), TWICE)
    assert fills(done) == [(1, 100.0, 10.01), (2, -100.0, 9.5), (4, 40.0, 10.01), (5, -40.0, 11.01)]


def test_arrays_may_be_prices_and_one_number_for_all(engine: str) -> None:
    done = run(engine, Columns(stop_loss=9.3, trail_loss=2.0, absolute=True), TWICE)
    assert fills(done) == [(1, 100.0, 10.01), (2, -100.0, 9.29), (4, 100.0, 10.01)]


def test_prices_and_quantities_may_be_decimals_and_numbers_of_numpy() -> None:
    given = Signal.enter("A", "long", Decimal("2.5"), limit=np.float32(9.5), stop_loss=Decimal("9.3"), trail_loss=1)
    assert given == Signal.enter("A", "long", 2.5, limit=9.5, stop_loss=9.3, trail_loss=1.0)
    assert given.terms.bracket is not None
    figures = (given.quantity, given.terms.limit, given.terms.bracket.stop_loss, given.terms.bracket.trail_loss)
    assert [type(figure) for figure in figures] == [float] * 4
    assert Signal.replace("x", stop=Decimal("9.3"), quantity=np.int64(3)) == Signal.replace("x", stop=9.3, quantity=3.0)
    assert Signal.target("A", percent=Decimal("12.5")) == Signal.target("A", percent=12.5)


def test_arrays_may_hold_decimals() -> None:
    """An array of objects that are numbers counts as the same floats; so does one Decimal for all."""
    loss = [Decimal("9.3"), np.float64(9.3), 9.3, 9, np.float32(9.25), Decimal("NaN")]
    given = Columns(stop_loss=loss, take_profit=Decimal("10.9"), size=np.int16(40), absolute=True)
    floats = Columns(stop_loss=[9.3, 9.3, 9.3, 9.0, 9.25, np.nan], take_profit=10.9, size=40.0, absolute=True)
    done = run("backtrader", given, TWICE)
    assert fills(done) == fills(run("backtrader", floats, TWICE))
    assert fills(done) == [(1, 40.0, 10.01), (2, -40.0, 9.29), (4, 40.0, 10.01), (5, -40.0, 10.9)]


def test_attributes_of_a_stateless_strategy_protect_its_entries(engine: str) -> None:
    """Short at 9.99: the profit of 5 % lies at 9.4905, 9.49; the loss of 12 % at 11.1888, 11.19."""
    strategy = Stateless(enter=[0, 3], leave=[], side="short")
    strategy.take_profit, strategy.stop_loss = 0.05, 0.12  # type: ignore[attr-defined]
    done = run(engine, strategy, TWICE)
    assert fills(done) == [(1, -100.0, 9.99), (2, 100.0, 9.49), (4, -100.0, 9.99), (5, 100.0, 11.2)]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"stop_loss": -0.1}, "stop_loss must be a positive number, not -0.1"),
        ({"stop_loss": 1.0}, "stop_loss must be less than 1"),
        ({"size": [0, 1, 1, 1, 1, 1]}, "size must be a positive number"),
        ({"take_profit": 9.5, "absolute": True}, "take_profit 9.5 of a long entry at 10 must lie above it"),
        ({"trail_loss": [0.1]}, "trail_loss of A has shape (1,), there are 6 bars"),
        ({"stop_loss": ["a"] * 6}, "stop_loss of A must hold numbers"),
        ({"stop_loss": [Decimal(1), True, None, 1, 1, 1]}, "stop_loss of A must hold numbers, not True"),
    ],
)
def test_arrays_without_a_meaning_fail_the_strategy(columns: dict[str, Any], message: str) -> None:
    done = run("backtrader", Columns(**columns), TWICE)
    error = done.results["s"].error
    assert error is not None
    assert message in error.message
    assert fills(done) == []


def test_attributes_without_a_meaning_fail_the_strategy() -> None:
    strategy = Stateless(enter=[0], leave=[])
    strategy.stop_loss = 5  # type: ignore[attr-defined]
    error = run("backtrader", strategy, TWICE).results["s"].error
    assert error is not None
    assert "stop_loss must be less than 1" in error.message
