"""Instruments in another currency than the capital: golden runs that a person can check.

R is the rate, the worth of one unit of A's currency. It counts by its closes; its opens are far off on purpose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from orchestrate.domain.events import MarginCalledEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.domain.portfolio import Appointment, PortfolioPlan
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.loop.marks import Marks, steps_before
from orchestrate.orchestration.risk.limits.sizes import MaxLeverage
from tests.engines.builders import DAY, START, market_of, series
from tests.orchestration.harness import AT_CLOSE, Flags, HarnessRun, Part, Scripted, fixed

Run = Callable[..., HarnessRun]
SHARE = Instrument("A", currency="EUR", fx="R")
PAIR = Instrument("A", currency="EUR", fx="R", asset_class="fx", margin_rate=0.1, multiplier=10.0)
RATE = [(9.0, 1.1), (9.0, 1.2), (9.0, 1.25), (9.0, 1.3), (9.0, 1.5)]
BARS = {"A": [10.0, (10.0, 11.0), 12.0, (13.0, 13.0), 13.0], "R": RATE}
FEES = ExecutionRules(commission=Commission(percent=1.0, minimum=1.2))


def one(strategy: object, quantity: int = 10, **more: Any) -> dict[str, Part]:
    return {"s": Part(strategy, sizing=fixed(quantity), **more)}


def test_a_share_is_bought_and_sold(run: Run) -> None:
    """10 at 10 × 1.1 = 110; at the closes 11 × 1.2, 12 × 1.25; sold at 13 × 1.25 = 162.5: the currency's move too."""
    done = run(one(Flags(long=[0], out=[2])), BARS, instruments=[SHARE], capital=1_000)
    assert done.fills() == [(10.0, 10.0), (-10.0, 13.0)]
    assert [record.fill.rate for record in done.orchestrator.fills] == [1.1, 1.25]
    assert done.results["s"].equity.tolist() == pytest.approx([1_000, 1_022, 1_040, 1_052.5, 1_052.5])
    [trade] = done.results["s"].trades
    assert (trade.entry_price, trade.exit_price) == (10.0, 13.0)
    assert trade.profit == pytest.approx(52.5)


def test_a_short_of_a_share(run: Run) -> None:
    """110 come in; the debt is 11 × 1.2, 12 × 1.25; covered at 13 × 1.25."""
    done = run(one(Flags(short=[0], cover=[2])), BARS, instruments=[SHARE], capital=1_000)
    assert done.results["s"].equity.tolist() == pytest.approx([1_000, 978, 960, 947.5, 947.5])


def test_a_margined_pair_converts_its_profit_at_the_closing_fill(run: Run) -> None:
    """10 of 10 each at 10: a point is 100 of its currency. (13 − 10) × 100 × 1.25 = 375 less nothing for the entry."""
    done = run(one(Flags(long=[0], out=[2])), BARS, instruments=[PAIR], capital=1_000)
    assert done.results["s"].equity.tolist() == pytest.approx([1_000, 1_120, 1_250, 1_375, 1_375])
    assert done.results["s"].trades[0].profit == pytest.approx(375.0)


def test_at_the_close_the_rate_is_that_of_the_bar(run: Run) -> None:
    """Bought at 11 × 1.2 = 132, sold at 13 × 1.3 = 169."""
    done = run(one(Flags(long=[1], out=[3])), BARS, AT_CLOSE, instruments=[SHARE], capital=1_000)
    assert [record.fill.rate for record in done.orchestrator.fills] == [1.2, 1.3]
    assert done.results["s"].equity.tolist() == pytest.approx([1_000, 1_000, 1_018, 1_037, 1_037])


def test_in_the_range_the_rate_is_the_one_before(run: Run) -> None:
    """A limit of 11 is reached within the bar of day 2, before whose open the rate closed at 1.2."""
    bars = {"A": [20.0, 20.0, (20.0, 10.0), 10.0], "R": RATE[:4]}
    plan = {0: [Signal.enter("A", quantity=10, limit=11.0)]}
    done = run(one(Scripted(plan)), bars, instruments=[SHARE], capital=1_000)
    assert done.fills() == [(10.0, 11.0)]
    assert done.results["s"].equity.tolist() == pytest.approx([1_000, 1_000, 1_000 - 132 + 125, 1_000 - 132 + 130])


def test_before_its_first_bar_a_rate_has_its_last_close_from_before(run: Run) -> None:
    """R has no bar on days 0 and 1, and closed at 1.1 before: 10 at 10 × 1.1 = 110, worth 121, then 12 × 1.25."""
    bars = BARS | {"R": [None, None, *RATE[2:]]}
    done = run(one(Flags(long=[0], out=[2])), bars, instruments=[SHARE], capital=1_000, earlier_rates={"R": 1.1})
    assert [record.fill.rate for record in done.orchestrator.fills] == [1.1, 1.25]
    assert done.results["s"].equity.tolist() == pytest.approx([1_000, 1_011, 1_040, 1_052.5, 1_052.5])


def test_an_account_is_called_at_a_rate_from_before(run: Run) -> None:
    """Short 50 at 10 × 2: 1 000 and proceeds of 1 000. At 16: equity 400 of a debt of 1 600, of which 480 must stay."""
    bars = {"A": [10.0, 10.0, 16.0, 16.0, 16.0], "R": [None, None, None, None, (9.0, 2.0)]}
    done = run(one(Flags(short=[0]), 50), bars, instruments=[SHARE], capital=1_000, earlier_rates={"R": 2.0})
    [called] = done.of(MarginCalledEvent)
    assert (called.equity, called.required) == (pytest.approx(400.0), pytest.approx(480.0))
    assert done.fills() == [(-50.0, 10.0), (50.0, 16.0)]


def test_averages_stay_in_the_quote_currency(run: Run) -> None:
    """10 at 10 × 1.1 and 10 at 12 × 1.2: 254 paid, on average 11. Half sold at 13 × 1.25 = 162.5, then at 13 × 1.3.

    The pair: average 11, both halves 2 × 100 a point, at 1.25 and at 1.3.
    """
    plan = {
        0: [Signal.enter("A", quantity=10)],
        1: [Signal.add("A", 10)],
        2: [Signal.exit("A", 10)],
        3: [Signal.exit("A")],
    }
    bars = {"A": [10.0, (10.0, 11.0), 12.0, 13.0, 13.0], "R": RATE}
    share = run(one(Scripted(plan)), bars, instruments=[SHARE], capital=1_000).results["s"]
    assert share.equity[-1] == pytest.approx(1_000 - 254 + 162.5 + 169)
    assert share.trades[0].profit == pytest.approx(162.5 + 169 - 254)
    assert share.trades[0].entry_price == 11.0
    pair = run(one(Scripted(plan)), bars, instruments=[PAIR], capital=1_000).results["s"]
    assert pair.trades[0].profit == pytest.approx(200 * 1.25 + 200 * 1.3)


def test_a_flip(run: Run) -> None:
    """Long 10 at 10 × 1.1; at 13 × 1.25 sold and 10 sold short; at the last close the debt is 13 × 1.5."""
    turn = {0: [Signal.enter("A")], 2: [Signal.exit("A"), Signal.enter("A", "short")]}
    done = run(one(Scripted(turn)), BARS, instruments=[SHARE], capital=1_000)
    assert done.results["s"].equity[-1] == pytest.approx(1_052.5 + 162.5 - 195)


def test_fees_are_in_the_capitals_currency(run: Run) -> None:
    """1 percent of 110 is 1.1, below the least of 1.2; of 162.5 it is 1.625. The engine charged others."""
    done = run(one(Flags(long=[0], out=[2])), BARS, FEES, instruments=[SHARE], capital=1_000)
    assert [record.fill.fee for record in done.orchestrator.fills] == pytest.approx([1.2, 1.625])
    assert done.results["s"].fees == pytest.approx(2.825)
    assert done.results["s"].equity[-1] == pytest.approx(1_052.5 - 2.825)


def test_percent_and_money_are_of_the_capitals_currency(run: Run) -> None:
    """Half of 1 000 at 10 × 1.1 = 45 shares; a target of 550 of money is 50 shares."""
    done = run(
        {"s": Part(Flags(long=[0]), sizing=replace(fixed(50), method="percent"))},
        BARS,
        instruments=[SHARE],
        capital=1_000,
    )
    assert done.fills() == [(45.0, 10.0)]
    done = run({"s": Part(Scripted({0: [Signal.target("A", value=550)]}))}, BARS, instruments=[SHARE], capital=1_000)
    assert done.fills() == [(50.0, 10.0)]


def test_an_opening_is_cut_to_what_it_costs(run: Run) -> None:
    """1 000 pay for 90 at 10 × 1.1 at the close, and for 75 at 12 × 1.1 at the open; the pair holds a tenth back."""
    bars = {"A": [10.0, 12.0, 12.0], "R": RATE[:3]}
    done = run(one(Flags(long=[0]), 500), bars, instruments=[SHARE], capital=1_000)
    assert done.fills() == [(75.0, 12.0)]
    done = run(one(Flags(long=[0]), 500), bars, instruments=[PAIR], capital=1_000)
    assert done.fills() == [(75.0, 12.0)]


def test_a_common_account_pays_in_its_currency(run: Run) -> None:
    """Each may have half of 1 000: 45 at 10 × 1.1; equity moves with both."""
    parts = {name: Part(Flags(long=[0]), pct=50, sizing=fixed(500)) for name in ("a", "b")}
    done = run(parts, BARS, instruments=[SHARE], capital=1_000, pooled=True)
    assert done.fills() == [(45.0, 10.0), (45.0, 10.0)]
    assert done.results["a"].equity[-1] == pytest.approx(500 - 45 * 11 + 45 * 13 * 1.5)


def test_kept_positions_go_on_at_their_rate(run: Run) -> None:
    """The strategy leaves at day 2 and its shares stay: the portfolio is worth what it would have been."""
    schedule = (Appointment("2020-01-03", "remove", "s", "keep"),)
    done = run(
        one(Flags(long=[0])), BARS, instruments=[SHARE], capital=1_000, portfolio=PortfolioPlan(schedule=schedule)
    )
    kept = done.results["UNMANAGED"]
    assert [(position.quantity, position.average_price, position.rate) for position in kept.open_positions] == [
        (10.0, 10.0, 1.1)
    ]
    total = sum(result.equity[-1] for result in done.results.values()) + done.orchestrator.capital_manager.reserve.cash
    assert total == pytest.approx(1_000 - 110 + 13 * 10 * 1.5)


def test_bars_of_other_lengths_have_the_rate_before_they_begin() -> None:
    """A has days, R hours: the open of a day is at 0:00, when the hour before has just closed."""
    hours = np.arange(48, dtype=np.int64)
    closes = 1.0 + hours / 100
    label = START + hours * DAY // 24
    rate = BarSeries("R", label, closes, closes, closes, closes, closes, label + DAY // 24, DAY // 24)
    share = replace(series("A", [(10.0, 10.0), (10.0, 10.0)]), available_at=START + np.array([DAY, 2 * DAY]))
    market = market_of(share, rate, A=SHARE)
    assert steps_before(market.timeline, market.series["A"]).tolist() == [-1, 23]
    marks = Marks(market)
    marks.step = 47
    assert (marks.opens["A"], marks.opens.rate(SHARE), marks.rate(SHARE)) == (10.0, 1.23, 1.47)
    marks.step = 30
    assert (marks.opens.rate(SHARE), marks.rate(SHARE)) == (1.29, 1.3)


def test_a_month_is_as_long_as_it_is() -> None:
    """Months count as 31 days; the close of the month before is known at the open whatever that says."""
    days = [31, 60, 91]
    one, two = (replace(series(name, [(1.0, 1.0)] * 3, days=days), length=31 * DAY) for name in "AR")
    market = market_of(one, two, A=SHARE)
    assert steps_before(market.timeline, market.series["A"]).tolist() == [-1, 0, 1]


def test_limits_count_in_the_capitals_currency(run: Run) -> None:
    """Half of 1 000 is 45 at 11."""
    limits = {"max_leverage": MaxLeverage(0.5)}
    done = run(one(Flags(long=[0]), 80, limits=limits), BARS, instruments=[SHARE], capital=1_000)
    assert done.fills() == [(45.0, 10.0)]


def test_the_rate_alone_leads_to_a_margin_call(run: Run) -> None:
    """Short 50 at 10 × 1: cash 1 500. At a rate of 2.4 equity 300, required 0.3 × 1 200 = 360; covered at 10 × 2.4."""
    bars = {"A": [10.0] * 5, "R": [1.0, 1.0, 2.0, 2.4, 2.6]}
    done = run(one(Flags(short=[0]), 50), bars, instruments=[SHARE], capital=1_000)
    [call] = done.of(MarginCalledEvent)
    assert (call.equity, call.required) == (pytest.approx(300), pytest.approx(360))
    assert done.fills() == [(-50.0, 10.0), (50.0, 10.0)]
    assert done.results["s"].equity.tolist() == pytest.approx([1_000, 1_000, 500, 300, 300])


def test_the_rate_moves_equity_where_the_symbol_has_no_bar(run: Run) -> None:
    bars = {"A": [10.0, 10.0, None, 10.0], "R": [1.0, 1.0, 1.5, 2.0]}
    done = run(one(Flags(long=[0])), bars, instruments=[SHARE], capital=1_000)
    assert done.results["s"].equity.tolist() == [1_000, 1_000, 1_050, 1_100]


def test_two_currencies_and_a_strategy_on_the_rate_itself(run: Run) -> None:
    """Each book is as it would be alone; R is traded at its own opens."""
    other = Instrument("B", currency="GBP", fx="Q")
    parts = {
        "a": Part(Flags(long=[0], out=[2]), symbols=("A",), pct=25, sizing=fixed(10)),
        "b": Part(Flags(long=[0]), symbols=("B",), pct=25, sizing=fixed(10)),
        "r": Part(Flags(long=[0]), symbols=("R",), pct=25, sizing=fixed(10)),
    }
    bars = BARS | {"B": [5.0] * 5, "Q": [2.0, 3.0, 4.0, 4.0, 4.0]}
    results = run(parts, bars, instruments=[SHARE, other], capital=4_000).results
    assert results["a"].equity.tolist() == pytest.approx([1_000, 1_022, 1_040, 1_052.5, 1_052.5])
    assert results["b"].equity.tolist() == pytest.approx([1_000, 1_050, 1_100, 1_100, 1_100])
    assert results["r"].equity.tolist() == pytest.approx([1_000, 922, 922.5, 923, 925])


def test_volatility_has_the_moves_of_the_rate(run: Run) -> None:
    """The price stands, its rate returns 0.1, −0.1, 0.1: 1.83303 a year. 10 000 × 0.5 ÷ 1.83303 ÷ (100 × 1.089)."""
    rates = [(9.0, rate) for rate in (1.0, 1.1, 0.99, 1.089, 1.089)]
    part = Part(Flags(long=[3]), sizing=Sizing("volatility", Decimal("0.5"), lookback=3))
    bars = {"A": [100.0] * 5, "R": rates}
    done = run({"s": part}, bars, instruments=[SHARE], capital=10_000)
    assert done.fills() == [(25.0, 100.0)]
