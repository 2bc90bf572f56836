"""What shorts cost: golden runs that a person can check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from orchestrate.domain.events import MarginCalledEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.portfolio import Appointment, PortfolioPlan, RebalancePlan
from orchestrate.domain.strategies.protocols import Context, Signal
from tests.orchestration.harness import AT_CLOSE, Flags, HarnessRun, Part, Scripted, fixed

Run = Callable[..., HarnessRun]
#: 36.5 percent a year are 0.1 percent a day.
SHARE = Instrument("A", borrow=0.365)


def short(cover: int, quantity: int = 100) -> dict[str, Part]:
    return {"s": Part(Flags(short=[0], cover=[cover]), sizing=fixed(quantity))}


def test_a_short_pays_for_its_nights(run: Run) -> None:
    """Sold at the open of day 1, covered at that of day 4: 3 nights, on 1 000, 1 100 and 1 200: 1, 1.1 and 1.2.

    100 at 10 bring 1 000, covering at 12 takes 1 200.
    """
    done = run(short(3), {"A": [10.0, 10.0, 11.0, 12.0, 12.0, 12.0]}, instruments=[SHARE], capital=10_000)
    result = done.results["s"]
    assert result.equity.tolist() == pytest.approx([10_000, 9_999, 9_897.9, 9_796.7, 9_796.7, 9_796.7])
    assert result.fees == pytest.approx(3.3)
    [trade] = result.trades
    assert (trade.profit, trade.fees) == (pytest.approx(-203.3), pytest.approx(3.3))
    assert [record.fill.fee for record in done.orchestrator.fills] == [0.0, 0.0]
    [finding] = done.orchestrator.session.portfolio.findings
    assert (finding.severity, finding.where, finding.count) == ("info", "strategies.s", 3)
    assert finding.message == "its shorts cost 3.30, part of its fees"


def test_at_the_close_the_nights_are_those_after_it(run: Run) -> None:
    """Sold at the close of day 0, covered at that of day 2: two nights."""
    done = run(short(2), {"A": [10.0, 11.0, 12.0, 12.0]}, AT_CLOSE, instruments=[SHARE], capital=10_000)
    assert done.results["s"].equity.tolist() == pytest.approx([10_000, 9_898.9, 9_797.7, 9_797.7])


def test_days_without_a_bar_are_paid_at_the_next(run: Run) -> None:
    """Days 2 and 3 have none: at day 4 three days are due on 1 200. Bars of others change nothing."""
    done = run(short(9), {"A": [10.0, 10.0, None, None, 12.0], "B": [1.0] * 8}, instruments=[SHARE], capital=10_000)
    assert done.results["s"].equity.tolist() == pytest.approx(
        [10_000, 9_999, 9_999, 9_999, 9_795.4, 9_795.4, 9_795.4, 9_795.4]
    )


def test_a_long_pays_nothing_and_a_flip_pays_for_its_short(run: Run) -> None:
    turn = {0: [Signal.enter("A")], 2: [Signal.exit("A"), Signal.enter("A", "short")]}
    strategy = Part(Scripted(turn), sizing=fixed(100))
    done = run({"s": strategy}, {"A": [10.0] * 6}, instruments=[SHARE], capital=10_000)
    assert done.results["s"].equity.tolist() == pytest.approx([10_000, 10_000, 10_000, 9_999, 9_998, 9_997])


def test_a_part_is_paid_for_what_is_left(run: Run) -> None:
    plan = {0: [Signal.enter("A", "short", 100)], 2: [Signal.exit("A", 60)]}
    done = run({"s": Part(Scripted(plan))}, {"A": [10.0] * 5}, instruments=[SHARE], capital=10_000)
    assert done.results["s"].equity.tolist() == pytest.approx([10_000, 9_999, 9_998, 9_997.6, 9_997.2])


def test_a_margined_short_in_another_currency_pays_on_its_value(run: Run) -> None:
    """10 contracts of 10 at 10 × 2 are worth 2 000: 2 a day."""
    future = Instrument("A", multiplier=10.0, margin_rate=0.1, asset_class="future", fx="R", borrow=0.365)
    bars = {"A": [10.0] * 4, "R": [(9.0, 2.0)] * 3 + [(9.0, 4.0)]}
    done = run(short(9, 10), bars, instruments=[future], capital=10_000)
    assert done.results["s"].equity.tolist() == pytest.approx([10_000, 9_998, 9_996, 9_992])


def test_the_cost_alone_leads_to_a_margin_call(run: Run) -> None:
    """Short 500 of value, of which 30 percent, 150, must be there; 200 less 50 a night is not enough after two."""
    dear = replace(SHARE, borrow=36.5, margin_rate=0.3)
    done = run(short(9, 50), {"A": [10.0] * 5}, instruments=[dear], capital=200)
    [call] = done.of(MarginCalledEvent)
    assert (call.equity, call.required) == (pytest.approx(100), pytest.approx(150))
    assert done.fills() == [(-50.0, 10.0), (50.0, 10.0)]
    assert done.results["s"].equity.tolist() == pytest.approx([200, 150, 100, 100, 100])


def test_strategies_see_it_before_they_decide(run: Run) -> None:
    """Short 500 at 10: 5 a night."""
    seen: list[float] = []

    def look(context: Context) -> list[Signal]:
        seen.append(context.equity)
        return []

    plan = {0: [Signal.enter("A", "short", 500)], 1: look, 2: look}
    run({"s": Part(Scripted(plan))}, {"A": [10.0] * 4}, instruments=[SHARE], capital=10_000)
    assert seen == pytest.approx([9_995, 9_990])


def test_money_that_is_moved_meanwhile_is_no_result(run: Run) -> None:
    """The short receives what the long gives away; by itself it loses 200, and 1 + 1.1 + 1.2 + 1.2 of borrow."""
    parts = {
        "s": Part(Flags(short=[0]), pct=50, sizing=fixed(100)),
        "t": Part(Flags(long=[0]), symbols=("B",), pct=50, sizing=fixed(100)),
    }
    bars = {"A": [10.0, 10.0, 11.0, 12.0, 12.0], "B": [10.0, 10.0, 20.0, 20.0, 20.0]}
    plan = PortfolioPlan(rebalance=RebalancePlan(Decimal("0.01"), top_up=False))
    result = run(parts, bars, instruments=[SHARE], capital=20_000, portfolio=plan).results["s"]
    assert result.transfers is not None
    assert result.transfers.flows.max() > 400
    assert result.earned[-1] == pytest.approx(9_795.5)
    assert result.equity[-1] == pytest.approx(9_795.5 + result.transfers.flows.sum())


def test_kept_shorts_go_on_paying(run: Run) -> None:
    """The strategy leaves after day 2 and its short stays: 1 a day, in the book of what nobody manages."""
    plan = PortfolioPlan(schedule=(Appointment("2020-01-03", "remove", "s", "keep"),))
    done = run(short(99), {"A": [10.0] * 5}, instruments=[SHARE], capital=10_000, portfolio=plan)
    total = sum(one.equity[-1] for one in done.results.values()) + done.orchestrator.capital_manager.reserve.cash
    assert total == pytest.approx(10_000 - 4)
    assert done.results["UNMANAGED"].fees == pytest.approx(3.0)
