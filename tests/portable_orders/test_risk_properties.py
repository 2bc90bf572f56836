"""Sizing by risk against plain arithmetic, and in every way of running it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor
from random import Random

import numpy as np
import pytest

from orchestrate import Indicator
from orchestrate.domain.market.bars import full_history
from orchestrate.domain.market.true_range import AverageTrueRange
from orchestrate.domain.orders.execution import ExecutionRules, FillRule
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal
from tests.engines.conformance.resting import Bar, bars
from tests.orchestration.harness import AT_CLOSE, Flags
from tests.orchestration.loop import feed_runs
from tests.portable_orders.test_risk_sizing import RISK, enters, fills, run


def average_by_the_book(prices: Sequence[Bar], period: int) -> list[Fraction | None]:
    """Wilder's average true range, in exact arithmetic."""
    exact = [[Fraction(str(price)) for price in bar] for bar in prices]
    ranges = [max(high - low, abs(high - last), abs(low - last)) for (*_, last), (_, high, low, _) in pairwise(exact)]
    averages: list[Fraction | None] = [None] * min(period, len(prices))
    for row in range(period, len(prices)):
        last = averages[-1]
        one = (
            sum(ranges[:period], Fraction(0)) / period
            if last is None
            else (last * (period - 1) + ranges[row - 1]) / period
        )
        averages.append(one)
    return averages


def random_bars(dice: Random, count: int) -> list[Bar]:
    """Prices in cents, with gaps."""
    prices: list[Bar] = []
    close = dice.randint(3_000, 20_000)
    for _ in range(count):
        start = max(500, close + dice.randint(-150, 150))
        close = max(500, start + dice.randint(-150, 150))
        high, low = max(start, close) + dice.randint(0, 100), min(start, close) - dice.randint(0, 100)
        prices.append((start / 100, high / 100, low / 100, close / 100))
    return prices


def level(price: float, away: Fraction) -> Decimal:
    exact = Fraction(str(price)) + away
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def test_size_stop_and_target_equal_plain_arithmetic() -> None:
    """What the stop loses is the risk to within one lot; nothing is shared with the code but the prices."""
    assert sum(stopped_as_computed(seed) for seed in range(40)) >= 8


def stopped_as_computed(seed: int) -> bool:
    """Return whether the stop of a random entry was reached at its own price, everything being as computed."""
    dice = Random(seed)
    prices, period = random_bars(dice, 40), dice.randint(1, 9)
    atr, reward, risk = dice.randint(5, 40), dice.randint(5, 30), dice.randint(1, 20)
    sizing = Sizing(
        "risk",
        Decimal(risk) / 10_000,
        stop_atr=Decimal(atr) / 10,
        period=period,
        take_profit_risk_reward=Decimal(reward) / 10,
    )
    row, side = dice.randint(period, 36), dice.choice([1, -1])
    done = run(
        enters(Signal.enter("A", "long" if side > 0 else "short", tag="t"), at=row),
        prices,
        sizing=sizing,
        rules=AT_CLOSE,
    )
    average = average_by_the_book(prices, period)[row]
    assert average is not None
    price = prices[row][3]
    stop = level(price, -side * average * atr / 10)
    away = abs(Fraction(str(price)) - Fraction(stop))
    target = level(price, side * away * reward / 10)
    money = Fraction(100_000) * risk / 10_000
    entry = next(record.decision for record in done.orchestrator.session.log.decisions)
    assert entry.demand.bracket is not None
    assert (entry.demand.bracket.stop_loss, entry.demand.bracket.take_profit) == (float(stop), float(target))
    assert entry.demand.quantity == pytest.approx(float(side * money / away), rel=1e-12)
    if entry.outcome == "approved":
        assert abs(entry.quantity) == floor(money / away)
        assert 0 <= money - abs(Fraction(entry.quantity)) * away < away
    exits = [one.fill for one in done.orchestrator.fills if one.reason == "bracket" and one.fill.price == float(stop)]
    for fill in exits:
        lost = 100_000 - done.results["s"].equity[-1]
        assert lost == pytest.approx(float(abs(Fraction(fill.quantity)) * away))
        assert lost <= float(money) + 1e-6
    return bool(exits)


@pytest.mark.parametrize("period", [1, 2, 14])
def test_it_is_the_average_of_ta_lib(period: int) -> None:
    series = bars(random_bars(Random(period), 60))
    average, indicator = AverageTrueRange(series, period), Indicator("ATR", timeperiod=period)
    for row in range(60):
        expected = indicator(full_history(series, row + 1))
        assert (average.at(row) or np.nan) == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_skipped_rows_change_no_digit() -> None:
    dice = Random(5)
    series = bars(random_bars(dice, 200))
    each = AverageTrueRange(series, 7)
    every = [each.at(row) for row in range(200)]
    for _ in range(20):
        some = AverageTrueRange(series, 7)
        rows = sorted(dice.sample(range(200), 12))
        assert [some.at(row) for row in rows] == [every[row] for row in rows]


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_bars_that_arrive_make_the_run_of_stored_ones(fill: FillRule) -> None:
    near = replace(RISK, stop_atr=Decimal("0.7"))
    parts = [feed_runs.Part(make, name, sizing=near) for make in feed_runs.PORTABLES for name in feed_runs.ENGINES]
    market, rules = feed_runs.stage(3, [(0, 40), (4, 30)]), ExecutionRules(fill)
    stored = feed_runs.facts(parts, market, rules)
    assert any(one.reason == "bracket" for one in stored["fills"])
    assert feed_runs.arriving_facts(parts, market, rules) == stored


@pytest.mark.uncounted
@pytest.mark.parametrize("fill", ["next_open", "close"])
@pytest.mark.parametrize("seed", range(12))
def test_jumping_and_dense_runs_on_both_engines_are_equal(seed: int, fill: FillRule) -> None:
    dice = Random(seed)
    prices = random_bars(dice, 80)
    flags = {name: sorted(dice.sample(range(78), 9)) for name in ("long", "out", "short", "cover")}
    rules, near = ExecutionRules(fill), replace(RISK, stop_atr=Decimal("0.7"))
    runs = [
        run(strategy, prices, engine, rules=rules, sizing=near, feed=feed, full=[engine] if feed == "full" else [])
        for strategy, engine, feed in (
            (Flags(**flags), "backtrader", "on_demand"),
            (Flags(**flags), "backtrader", "full"),
            (Flags(**flags), "nautilus", "on_demand"),
            (Flags(**flags), "nautilus", "full"),
        )
    ]
    assert len(fills(runs[0])) >= 2
    assert any(one.reason == "bracket" for one in runs[0].orchestrator.fills)
    for other in runs[1:]:
        assert fills(other) == fills(runs[0])
        assert other.results["s"].equity.tolist() == pytest.approx(runs[0].results["s"].equity.tolist(), abs=1e-6)
