"""Golden runs of rebalancing, each small enough to follow with a pencil.

Capital 100,000: `up` has 50 %, `still` 40 %, 10 % is the reserve. `up` buys A at 40 at the open of bar 1, `still` buys
1,000 B at 30. A closes at 50 from bar 2 on, B stays at 30. Bar 0 is Wednesday 2020-01-29, bar 3 is 2020-02-01.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np
import pytest

from orchestrate import UnifiedStrategyOrchestrator
from orchestrate.domain.events import CapitalRebalancedEvent
from orchestrate.domain.market.timeline import Market, Stamps
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.orders.order import Fill, Reason
from orchestrate.domain.portfolio import Period
from orchestrate.orchestration.loop.rebalancing.periods import first_steps
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager
from orchestrate.orchestration.risk.coordinator import StrategyCoordinator
from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer, StrategyMetadata
from orchestrate.orchestration.strategies.registry import AllocationConfig
from tests.engines.builders import DAY, START, series
from tests.orchestration.harness import AT_CLOSE, PLAIN, Flags, Part, fixed
from tests.orchestration.loop.rebalancing.rebalances import dated, journal, line, rebalancing, run, trades, walk

WEDNESDAY = START + 28 * DAY  # 2020-01-29
#: The framework of `up` and of `still`.
SETTINGS = {
    "in memory": ("in_memory", "in_memory"),
    "backtrader": ("backtrader", "backtrader"),
    "nautilus": ("nautilus", "nautilus"),
    "mixed": ("backtrader", "nautilus"),
}
MONTH = rebalancing("month")


def stage(a: Sequence[float] = (40, 40, 50, 50, 50, 50, 50, 50), days: Iterable[int] = ()) -> Market:
    """A and B; each bar opens where the last one closed, but for the first."""
    closes = [float(price) for price in a]
    opens = [closes[0], *closes[:-1]]
    thirty = [(30.0, 30.0)] * len(closes)
    when = list(days) or list(range(len(closes)))
    return dated(
        series("A", list(zip(opens, closes, strict=True)), days=when, start=WEDNESDAY),
        series("B", thirty, days=when, start=WEDNESDAY),
    )


def pair(up: int = 1000, still: int = 1000, frameworks: Sequence[str] = SETTINGS["in memory"]) -> dict[str, Part]:
    return {
        "up": Part(Flags(long=[0]), ("A",), 50, fixed(up), framework=frameworks[0]),
        "still": Part(Flags(long=[0]), ("B",), 40, fixed(still), framework=frameworks[1]),
    }


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("dense", [False, True], ids=["jumping", "dense"])
def test_month_on_every_engine(setting: str, dense: bool) -> None:
    """Bar 3: up 60,000 of 110,000, target 55,000; still 40,000, target 44,000; the reserve 10,000, target 11,000."""
    frameworks = SETTINGS[setting]
    done = run(stage(), pair(frameworks=frameworks), MONTH, full=frameworks if dense else ())
    assert trades(done) == [
        (1, "still", "B", 1000, 30, False),
        (1, "up", "A", 1000, 40, False),
        (4, "up", "A", -83, 50, True),  # 5,000 of 60,000 are 83.3 of 1,000
        (5, "still", "B", 100, 30, True),  # 4,000 received, 40,000 before it: a tenth of 1,000
    ]
    assert journal(done) == [
        line("month", "2020-02-01", {"up": 60_000, "still": 40_000}, {"up": 55_000, "still": 44_000}, 10_000, 11_000)
    ]
    assert done.reasons("up")[1:] == [("approved", "rebalance", -83)]
    assert done.results["up"].equity.tolist()[3:] == [60_000, 55_000, 55_000, 55_000, 55_000]
    assert done.results["still"].equity.tolist()[3:] == [40_000, 44_000, 44_000, 44_000, 44_000]


@pytest.mark.parametrize("setting", SETTINGS)
def test_at_closes_on_every_engine(setting: str) -> None:
    """The trim of bar 3 fills at bar 4's close, the cash moves after it, the top-up fills at bar 5's close."""
    done = run(stage((40, 50, 50, 50, 48, 50, 50)), pair(frameworks=SETTINGS[setting]), MONTH, AT_CLOSE)
    assert trades(done) == [
        (0, "still", "B", 1000, 30, False),
        (0, "up", "A", 1000, 40, False),
        (4, "up", "A", -83, 48, True),
        (5, "still", "B", 100, 30, True),
    ]
    # 60,000 − 2 × 1,000 at the close of bar 4, of which the 5,000 that were decided at bar 3 go
    assert journal(done) == [
        line("month", "2020-02-01", {"up": 58_000, "still": 40_000}, {"up": 53_000, "still": 44_000}, 10_000, 11_000)
    ]


def test_without_top_up_receivers_keep_the_cash() -> None:
    done = run(stage(), pair(), rebalancing("month", top_up=False))
    assert [trade for trade in trades(done) if trade[-1]] == [(4, "up", "A", -83, 50, True)]
    assert done.results["still"].equity[-1] == 44_000
    assert done.orchestrator.strategies["still"].book.cash == 14_000


def test_a_fully_invested_strategy_gives_the_proceeds_of_trims() -> None:
    """1,250 A at 50: excess 6,250 of 62,500, a tenth; sold at 48 it brings 6,000 for shortages of 5,000 and 1,250."""
    prices = stage((40, 40, 50, 50, 48, 48))
    gap = dated(
        series("A", [(40, 40), (40, 40), (40, 50), (50, 50), (48, 48), (48, 48)], start=WEDNESDAY),
        prices.series["B"],
    )
    done = run(gap, pair(up=1250), MONTH)
    assert trades(done)[2:] == [(4, "up", "A", -125, 48, True), (5, "still", "B", 120, 30, True)]
    assert journal(done) == [
        line("month", "2020-02-01", {"up": 60_000, "still": 40_000}, {"up": 54_000, "still": 44_800}, 10_000, 11_200)
    ]


def test_threshold() -> None:
    """60,000 of 110,000 are 54.5 %: 4.5 points off; at 60 the 70,000 of 120,000 are 58.3 %: 8.3 points off."""
    prices = stage((40, 40, 50, 50, 60, 60, 60, 60))
    assert journal(run(prices, pair(), rebalancing(threshold="0.10"))) == []
    done = run(prices, pair(), rebalancing(threshold="0.05"))
    assert journal(done) == [
        line(
            "threshold", "2020-02-02", {"up": 70_000, "still": 40_000}, {"up": 60_000, "still": 48_000}, 10_000, 12_000
        )
    ]
    # 10,000 of 70,000: a seventh of 1,000 is 142.9; 8,000 on 40,000: a fifth
    assert trades(done)[2:] == [(5, "up", "A", -142, 60, True), (6, "still", "B", 200, 30, True)]


def test_a_share_just_at_the_threshold_is_left_alone() -> None:
    """48 A more make up 61,000 of 110,000... 66,000 of 110,000 is 60 %, ten points off 50 %, and no more."""
    plan = rebalancing(threshold="0.10")
    parts = {"up": Part(Flags(long=[0]), ("A",), 50, fixed(1000)), "still": Part(Flags(), ("B",), 50)}
    at_it, above = (run(stage((40, 40, price, price, price)), parts, plan) for price in (65.0, 65.01))
    assert at_it.results["up"].equity[-1] / 125_000 == 0.6
    assert journal(at_it) == []
    assert journal(above)[0]["why"] == "threshold"


def test_threshold_and_calendar_together() -> None:
    """The threshold is passed at bar 2; its cash moves at bar 3, where the month's rebalance is decided after it."""
    done = run(stage((40, 40, 60, 66, 66, 66)), pair(), rebalancing("month", "0.05"))
    assert journal(done) == [
        # 70,000 of 120,000 at bar 2; 142 sold at 60, 858 left at 66
        line(
            "threshold", "2020-01-31", {"up": 75_148, "still": 40_000}, {"up": 65_148, "still": 48_000}, 10_000, 12_000
        ),
        # of 125,148: 62,574, 50,059.20 and 12,514.80
        line(
            "month",
            "2020-02-01",
            {"up": 65_148, "still": 48_000},
            {"up": 62_574, "still": 50_059.2},
            12_000,
            12_514.8,
        ),
    ]
    assert trades(done)[2:] == [
        (3, "up", "A", -142, 60, True),
        (4, "still", "B", 200, 30, True),
        (4, "up", "A", -33, 66, True),  # 2,574 of 65,148 are 33.9 of 858
        (5, "still", "B", 51, 30, True),  # 2,059.20 on 48,000 are 51.5 of 1,200
    ]


def labels(*dates: str) -> Stamps:
    return np.array(dates, dtype="datetime64[ns]").astype(np.int64)


#: Sunday, Monday, Tuesday of the new year twice, Monday, the month's first, another year's.
BARS = ("2018-12-30", "2018-12-31", "2019-01-01", "2019-01-01T12:00", "2019-01-07", "2019-04-01T23:59", "2021-05-04")


@pytest.mark.parametrize(
    ("period", "steps"),
    [
        ("day", [1, 2, 4, 5, 6]),
        ("week", [1, 4, 5, 6]),
        ("month", [2, 5, 6]),
        ("quarter", [2, 5, 6]),
        ("year", [2, 6]),
    ],
)
def test_first_bars_of_periods(period: Period, steps: list[int]) -> None:
    assert first_steps(labels(*BARS), period) == steps


def test_a_label_that_goes_back_begins_no_period() -> None:
    """A daily bar may come after the first hourly one of the next day."""
    assert first_steps(labels("2019-01-31", "2019-02-01T01:00", "2019-01-31T23:00", "2019-02-01T02:00"), "day") == [1]


@pytest.mark.parametrize(
    ("period", "bars"),
    [
        ("day", ["2020-01-31", "2020-02-01", "2020-02-02", "2020-02-03", "2020-02-04"]),
        ("week", ["2020-02-03"]),
    ],
)
def test_shorter_periods(period: Period, bars: list[str]) -> None:
    """A rises by 2 a bar: every day's close finds `up` above its target, a week's once."""
    done = run(stage((40, 40, 50, 52, 54, 56, 58, 60)), pair(), rebalancing(period))
    assert [each["bar_date"] for each in journal(done)] == bars
    assert {each["why"] for each in journal(done)} == {period}


def test_quarters_and_years() -> None:
    """Bars on 2020-01-29, 30, 02-01, 04-01, 04-02, 2021-01-01, 02."""
    when = stage((40, 40, 50, 50, 50, 60, 60), days=[0, 1, 3, 63, 64, 338, 339])
    assert [each["bar_date"] for each in journal(run(when, pair(), rebalancing("quarter")))] == [
        "2020-04-01",
        "2021-01-01",
    ]
    assert [each["bar_date"] for each in journal(run(when, pair(), rebalancing("year")))] == ["2021-01-01"]


def test_a_flat_strategy_keeps_what_it_receives() -> None:
    parts = pair() | {"still": Part(Flags(), ("B",), 40, fixed(1000))}
    done = run(stage(), parts, MONTH)
    assert [trade[:3] for trade in trades(done)] == [(1, "up", "A"), (4, "up", "A")]
    assert journal(done)[0]["after"] == {"up": 55_000, "still": 44_000}


def test_less_than_a_thousandth_is_not_moved() -> None:
    """Of 100,200 the excess is 100; of 100,202 it is 101, more than 100.20."""
    parts = pair() | {"still": Part(Flags(), ("B",), 50)}
    too_little, enough = (
        run(stage((40, 40, price, price, price)), parts, rebalancing("month")) for price in (40.2, 40.202)
    )
    assert journal(too_little) == []
    assert journal(enough)[0]["after"] == {"up": 50_101, "still": 50_101}


@pytest.mark.parametrize(("paused", "orders"), [("up", [(4, -83), (5, 100)]), ("still", [(4, -83)])])
def test_a_paused_strategy_is_trimmed_but_not_topped_up(paused: str, orders: list[tuple[int, float]]) -> None:
    done = walk(stage(), pair(), MONTH, {3: lambda orchestrator: orchestrator.pause_strategy(paused)})
    assert [(trade[0], trade[3]) for trade in trades(done) if trade[-1]] == orders
    assert journal(done)[0]["after"] == {"up": 55_000, "still": 44_000}


def test_trims_of_two_symbols() -> None:
    """`up` holds 600 A and 600 B: 62,000 of 112,000 at bar 3, 6,000 too much, which is 58.06 of each 600."""
    parts = pair() | {"up": Part(Flags(long=[0]), ("A", "B"), 50, fixed(600))}
    done = run(stage((40, 40, 60, 60, 60, 60)), parts, MONTH)
    assert trades(done)[3:] == [
        (4, "up", "A", -58, 60, True),
        (4, "up", "B", -58, 30, True),
        (5, "still", "B", 120, 30, True),
    ]


def test_shorts_are_trimmed_by_buying() -> None:
    """`up` is short 500 A, sold at 40; at 20 it has gained 10,000."""
    parts = pair() | {"up": Part(Flags(short=[0]), ("A",), 50, fixed(500))}
    done = run(stage((40, 40, 20, 20, 20, 20)), parts, MONTH)
    assert trades(done)[2:] == [(4, "up", "A", 41, 20, True), (5, "still", "B", 100, 30, True)]
    assert journal(done)[0]["after"] == {"up": 55_000, "still": 44_000}


def test_fees_are_paid_before_the_cash_moves() -> None:
    """One a fill: 59,999 and 39,999 of 109,998 at bar 3, and the trim's before the transfer."""
    done = run(stage(), pair(), MONTH, ExecutionRules(commission=Commission(minimum=1.0)))
    [line] = journal(done)
    assert line["before"] == {"up": 59_998, "still": 39_999}
    assert line["after"] == {"up": 54_998, "still": 39_999 + 4_000.2}
    assert line["reserve"] == {"before": 10_000, "after": 10_999.8}


def test_without_any_engine() -> None:
    """The same month by `coordinate_execution` alone; who executes the commands books their fills."""
    orchestrator = UnifiedStrategyOrchestrator(
        PortfolioCapitalManager(Decimal(100_000)), StrategyCoordinator(), CompatibilityAnalyzer(), portfolio=MONTH
    )
    for name, part in pair().items():
        allocation = AllocationConfig(Decimal(part.pct), part.sizing)
        orchestrator.add_strategy(part.strategy, StrategyMetadata(name, symbols=part.symbols), allocation)
    market = stage()
    orchestrator.prepare(market, PLAIN)
    orders = []
    for event in market.timeline.events():
        for command in orchestrator.session.release(event, at_open=True):
            order = command.order
            price = market.series[order.symbol].open[event.rows[order.symbol]]
            fill = Fill(order.id, order.strategy_id, order.symbol, order.quantity, price, 0.0, event.t)
            orchestrator.session.blotter.fill(fill)
            orchestrator.strategies[order.strategy_id].book.apply(fill, market.instruments[order.symbol])
            orchestrator.session.booked(orchestrator.strategies[order.strategy_id], order.symbol)
        commands = orchestrator.coordinate_execution(event)
        orders += [(event.step, each.order.id, each.order.quantity, each.reason) for each in commands]
    assert orders == [
        (0, "still-1", 1000, Reason.NONE),
        (0, "up-1", 1000, Reason.NONE),
        (3, "up-2", -83, Reason.REBALANCE),
        (4, "still-2", 100, Reason.REBALANCE),
    ]
    [rebalanced] = [each for each in orchestrator.events if isinstance(each, CapitalRebalancedEvent)]
    assert rebalanced.allocations == {"still": 44_000, "up": 55_000, "": 11_000}
    assert rebalanced.before == {"still": 40_000, "up": 60_000, "": 10_000}
