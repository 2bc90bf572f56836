"""Futures that end within a run: golden runs that a person can check."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.strategies.protocols import Signal
from tests.orchestration.harness import Flags, HarnessRun, Part, Scripted, fixed

Run = Callable[..., HarnessRun]
FUTURE = Instrument("F", multiplier=10.0, margin_rate=0.1, asset_class="future")
COSTS = ExecutionRules(commission=Commission(minimum=1.0), slippage=Slippage(ticks=100))
EXPIRES = {"F": "2020-01-04"}


def test_a_position_ends_at_the_last_close_with_a_fee_and_without_slippage(run: Run) -> None:
    """2 of 10 bought at 101 (slippage 1), settled at the close of 105: 2 × 10 × 4 less two fees of 1."""
    bars = {"F": [100.0, 100.0, 103.0, (104.0, 105.0)], "A": [7.0] * 6}
    part = Part(Flags(long=[0]), symbols=("F",), sizing=fixed(2))
    done = run({"s": part}, bars, COSTS, instruments=[FUTURE], settlements=EXPIRES, capital=10_000)
    assert done.fills() == [(2.0, 101.0), (-2.0, 105.0)]
    assert [str(record.reason) for record in done.orchestrator.fills] == ["", "settlement"]
    assert done.results["s"].equity.tolist() == [10_000.0, 9_979.0, 10_039.0, 10_078.0, 10_078.0, 10_078.0]
    assert [trade.profit for trade in done.results["s"].trades] == [pytest.approx(78.0)]
    [finding] = done.orchestrator.session.portfolio.findings
    assert (finding.where, finding.count) == ("instruments.F", 1)
    assert "settlement on 2020-01-04" in finding.message


def test_a_short_ends_too_and_what_is_ordered_then_finds_no_bar(run: Run) -> None:
    plan = {0: [Signal.enter("F", "short", 3)], 3: [Signal.exit("F")], 4: [Signal.enter("F", quantity=1)]}
    done = run(
        {"s": Part(Scripted(plan), symbols=("F", "A"))},
        {"F": [100.0, 99.0, 98.0, 90.0], "A": [7.0] * 6},
        instruments=[FUTURE],
        settlements=EXPIRES,
        capital=10_000,
    )
    assert done.fills() == [(-3.0, 99.0), (3.0, 90.0)]
    ended = [reason for outcome, reason, _ in done.reasons("s") if outcome == "rejected"]
    assert ended == ["series_ended", "series_ended"]
    assert done.results["s"].equity[-1] == 10_000 + 3 * 9 * 10


def test_resting_orders_end_with_the_series(run: Run) -> None:
    plan = {0: [Signal.enter("F", quantity=1, limit=50.0, tag="low")]}
    done = run(
        {"s": Part(Scripted(plan), symbols=("F", "A"))},
        {"F": [100.0, 99.0, 98.0, 90.0], "A": [7.0] * 6},
        instruments=[FUTURE],
        settlements=EXPIRES,
    )
    assert done.fills() == []
    assert done.reasons("s")[-1] == ("rejected", "series_ended", 0.0)


def test_what_is_opened_at_the_last_close_is_settled_there(run: Run) -> None:
    """With `fill: close` the last close fills first, with slippage; then it is the settlement."""
    rules = ExecutionRules(fill="close", slippage=Slippage(ticks=100))
    part = Part(Flags(long=[3]), symbols=("F",), sizing=fixed(1))
    bars = {"F": [100.0, 99.0, 98.0, 90.0], "A": [7.0] * 6}
    done = run({"s": part}, bars, rules, instruments=[FUTURE], settlements=EXPIRES)
    assert done.fills() == [(1.0, 91.0), (-1.0, 90.0)]


def test_only_what_expires_is_closed(run: Run) -> None:
    """A series that merely ends keeps its position, at the value of its last close."""
    parts = {
        "f": Part(Flags(long=[0]), symbols=("F",), pct=50, sizing=fixed(1)),
        "a": Part(Flags(long=[0]), symbols=("A",), pct=Decimal(50), sizing=fixed(1)),
    }
    bars = {"F": [100.0, 100.0, 100.0, 101.0], "A": [7.0] * 3, "B": [1.0] * 6}
    done = run(parts, bars, instruments=[FUTURE], settlements=EXPIRES)
    assert done.fills("f") == [(1.0, 100.0), (-1.0, 101.0)]
    assert done.fills("a") == [(1.0, 7.0)]
    assert [position.symbol for position in done.results["a"].open_positions] == ["A"]


def test_nothing_was_held_so_nothing_is_said(run: Run) -> None:
    part = Part(Flags(long=[0], out=[1]), symbols=("F",), sizing=fixed(2))
    bars = {"F": [100.0, 100.0, 100.0, 105.0], "A": [7.0] * 6}
    done = run({"s": part}, bars, instruments=[FUTURE], settlements=EXPIRES)
    assert [str(record.reason) for record in done.orchestrator.fills] == ["", ""]
    assert done.orchestrator.session.portfolio.findings == []
