"""Weights that change at calendar rebalances: scaled to a volatility, or estimated from the strategies' own returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from statistics import stdev

import numpy as np
import pytest

from orchestrate.analytics.returns import curve_of
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.domain.portfolio import PortfolioPlan, VolatilityTarget
from orchestrate.domain.strategies.protocols import Context
from orchestrate.orchestration.loop.rebalancing.targets import Estimation
from tests.engines.builders import DAY
from tests.orchestration.harness import Flags, HarnessRun, Part, Scripted
from tests.orchestration.loop.rebalancing.rebalances import journal, rebalancing, run
from tests.orchestration.loop.rebalancing.test_golden_rebalances import MONTH, WEDNESDAY, pair, stage
from tests.orchestration.loop.rebalancing.test_independent_rebalancing import WEIGHTS, Random

#: So few that a year's volatility is twice a bar's.
YEARLY = Estimation(periods_per_year=4.0)


def weights(done: HarnessRun) -> dict[str, float]:
    rebalancer = done.orchestrator.session.portfolio.rebalancer
    assert rebalancer is not None
    return rebalancer.targets.weights


def aiming(annual: str, lookback: int, most: str = "1") -> PortfolioPlan:
    return rebalancing("month", target_volatility=VolatilityTarget(Decimal(annual), lookback, Decimal(most)))


def test_what_is_scaled_away_is_reserve() -> None:
    """The portfolio at bars 1 to 3: 100,000, 110,000, 105,000. `still` is flat, so that all that it loses is cash."""
    parts = pair() | {"still": Part(Flags(), ("B",), 40)}
    done = run(stage((40, 40, 50, 45, 45, 45)), parts, aiming("0.05", 3), estimation=YEARLY)
    scale = 0.05 / (stdev([0.0, 0.1, -5_000 / 110_000]) * 2)
    assert weights(done) == pytest.approx({"up": 0.5 * scale, "still": 0.4 * scale})
    [line] = journal(done)
    assert line["after"]["still"] == pytest.approx(0.4 * scale * 105_000, abs=0.01)
    assert line["after"]["up"] == pytest.approx(0.5 * scale * 105_000, abs=0.01)
    assert line["reserve"]["after"] == pytest.approx((1 - 0.9 * scale) * 105_000, abs=0.02)


def test_weights_stay_until_there_are_enough_returns() -> None:
    """At bar 3 there are four returns, that of the first bar on the initial capital among them."""
    prices = stage((40, 40, 50, 45, 45, 45))
    unscaled = {"up": 0.5, "still": 0.4}
    assert weights(run(prices, pair(), aiming("0.05", 5), estimation=YEARLY)) == unscaled
    assert weights(run(prices, pair(), aiming("0.05", 4), estimation=YEARLY)) != unscaled


def test_scales_follow_one_another() -> None:
    """At the second month the first one's scale is the one that is scaled."""
    prices = stage((40, 40, 50, 45, 45, 50, 55, 50, 50), days=[0, 1, 2, 3, 4, 5, 32, 33, 34])
    done = run(prices, pair(), aiming("0.05", 3), estimation=YEARLY)
    equity = [100_000.0, *(value for value in _equity(done))]
    returns = [now / last - 1 for last, now in pairwise(equity)]
    first = 0.05 / (stdev(returns[1:4]) * 2)
    second = first * 0.05 / (stdev(returns[4:7]) * 2)
    assert weights(done) == pytest.approx({"up": 0.5 * second, "still": 0.4 * second})


def _equity(done: HarnessRun) -> list[float]:
    reserve = 10_000.0
    return [float(each) for each in sum(result.earned for result in done.results.values()) + reserve]


@pytest.mark.parametrize(("most", "scale"), [("1", 1.0), ("1.05", 1.05), ("3", 1 / 0.9)])
def test_a_scale_is_bounded_by_leverage_and_by_what_there_is(most: str, scale: float) -> None:
    done = run(stage((40, 40, 50, 45, 45, 45)), pair(), aiming("5", 3, most), estimation=YEARLY)
    assert weights(done) == pytest.approx({"up": 0.5 * scale, "still": 0.4 * scale})


def test_pooled_targets_may_exceed_what_there_is() -> None:
    done = run(stage((40, 40, 50, 45, 45, 45)), pair(), aiming("5", 3, "3"), estimation=YEARLY, pooled=True)
    assert weights(done) == pytest.approx({"up": 1.5, "still": 1.2})
    account = done.orchestrator.strategies["up"].account
    book = done.orchestrator.strategies["up"].book
    marks = done.orchestrator.session.marks
    assert account.allocated(book, marks) == pytest.approx(1.5 * _equity(done)[-1])


# ---- estimated anew


class Estimator:
    """Notes what it is shown; answers the same every time."""

    def __init__(self, answer: Mapping[str, str]) -> None:
        self.answer = {name: Decimal(weight) for name, weight in answer.items()}
        self.shown: list[tuple[list[str], Stamps, Floats]] = []

    def __call__(self, ids: Sequence[str], stamps: Stamps, returns: Floats) -> Mapping[str, Decimal]:
        self.shown.append((list(ids), stamps, returns))
        return {name: self.answer[name] for name in ids}


def test_weights_are_estimated_anew() -> None:
    """Three bars, two returns: at bar 3 those of bars 2 and 3, `up` from 50,000 to 60,000 to 57,500."""
    estimator = Estimator({"up": "0.3", "still": "0.7"})
    done = run(stage((40, 40, 50, 47.5, 47.5, 47.5)), pair(), MONTH, estimation=Estimation(estimator, 3))
    [(ids, stamps, returns)] = estimator.shown
    assert ids == ["still", "up"]
    assert stamps.tolist() == [WEDNESDAY + (day + 1) * DAY - 1_000_000 for day in (2, 3)]
    assert returns[:, 0].tolist() == [0.0, 0.0]
    assert returns[:, 1] == pytest.approx([0.2, -2_500 / 60_000])
    assert weights(done) == {"up": 0.3, "still": 0.7}
    assert journal(done)[0]["after"]["up"] == pytest.approx(0.3 * 107_500)


def test_too_few_bars_change_nothing() -> None:
    estimator = Estimator({"up": "0.3", "still": "0.7"})
    done = run(stage(), pair(), MONTH, estimation=Estimation(estimator, 5))
    assert estimator.shown == []
    assert weights(done) == {"up": 0.5, "still": 0.4}


def test_estimates_rebalance_by_themselves() -> None:
    estimator = Estimator({"up": "0.3", "still": "0.7"})
    done = run(stage(), pair(), PortfolioPlan(), estimation=Estimation(estimator, 3, "month"))
    assert [(line["why"], line["bar_date"]) for line in journal(done)] == [("month", "2020-02-01")]
    assert weights(done) == {"up": 0.3, "still": 0.7}


def _fail(_context: Context) -> None:
    raise RuntimeError("no more")


def test_a_failed_strategy_is_not_estimated() -> None:
    """It keeps its tenth; the others share the rest."""
    estimator = Estimator({"up": "0.3", "still": "0.7"})
    parts = pair() | {"third": Part(Scripted({1: _fail}), ("B",), 10)}
    done = run(stage(), parts, MONTH, estimation=Estimation(estimator, 3))
    assert [ids for ids, _, _ in estimator.shown] == [["still", "up"]]
    assert weights(done) == pytest.approx({"up": 0.27, "still": 0.63, "third": 0.1})


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lookback", [2, 9])
def test_estimates_see_what_results_say_jumping_or_not(seed: int, lookback: int) -> None:
    """Transfers are no returns; the figures of a run that jumps are those of one that doesn't."""
    on = Random(seed)
    plan = rebalancing("week", "0.05", target_volatility=VolatilityTarget(Decimal("0.5"), 7, Decimal(2)))
    seen = []
    for full in ((), ("in_memory",)):
        estimator = Estimator({name: str(float(weight)) for name, weight in WEIGHTS.items()})
        done = run(on.market, on.parts, plan, estimation=Estimation(estimator, lookback), full=full)
        curves = {name: curve_of([result]).equity for name, result in done.results.items()}
        timeline = on.market.timeline
        assert len(estimator.shown) >= 4
        for ids, stamps, returns in estimator.shown:
            steps = np.searchsorted(timeline.stamps, stamps)
            assert len(steps) == lookback - 1
            expected = np.column_stack([curves[name][steps] / curves[name][steps - 1] - 1 for name in ids])
            assert returns == pytest.approx(expected, abs=1e-12)
        seen.append((journal(done), weights(done), [stamps.tolist() for _, stamps, _ in estimator.shown]))
    assert seen[0] == seen[1]
