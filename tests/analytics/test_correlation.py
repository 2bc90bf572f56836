"""Correlation of strategies: by hand, by days, and where one never moves."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrate.analytics import correlation as module
from orchestrate.analytics.series import period_ends
from orchestrate.analytics.summary import summarise

HOUR = 3_600 * 1_000_000_000
DAY = 24 * HOUR


def correlation(stamps, equity, initial=None):
    """Of curves that begin with their first close, unless `initial` says more."""
    begun = {name: float(curve[0]) if len(curve) else 1.0 for name, curve in equity.items()}
    return module.correlation(stamps, equity, begun | (initial or {}))


def days(count):
    return np.arange(count, dtype=np.int64) * DAY


def test_held_against_numpy():
    generator = np.random.default_rng(1)
    curves = {name: 100.0 * np.cumprod(1.0 + generator.normal(0, 0.01, 300)) for name in "abc"}
    matrix, findings = correlation(days(300), curves)
    returns = np.array([curve[1:] / curve[:-1] - 1.0 for curve in curves.values()])
    expected = np.corrcoef(returns)
    assert [[matrix[a][b] for b in "abc"] for a in "abc"] == [pytest.approx(row) for row in expected]
    assert matrix["a"]["b"] == matrix["b"]["a"]
    assert matrix["a"]["a"] == 1.0
    assert findings == []


def test_mirrors_and_twins():
    ups = np.array([100.0, 110.0, 99.0, 108.9])
    downs = np.array([100.0, 90.0, 99.0, 89.1])
    matrix, _ = correlation(days(4), {"up": ups, "again": ups * 3.0, "down": downs})
    assert matrix["up"]["again"] == pytest.approx(1.0)
    assert matrix["up"]["down"] == pytest.approx(-1.0)


def test_a_strategy_that_never_moves_has_none():
    matrix, findings = correlation(days(4), {"a": np.array([1.0, 2.0, 1.0, 3.0]), "flat": np.full(4, 7.0)})
    assert matrix == {"a": {"a": 1.0, "flat": None}, "flat": {"a": None, "flat": None}}
    assert [(finding.where, finding.message) for finding in findings] == [
        ("strategies.flat", "no value for correlation: returns never change")
    ]


def test_steady_growth_is_no_movement():
    matrix, findings = correlation(days(50), {"a": 100.0 * 1.01 ** np.arange(50)})
    assert matrix == {"a": {"a": None}}
    assert len(findings) == 1


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        ([], "it takes two daily returns"),
        ([1.0, 2.0], "it takes two daily returns"),
        ([1.0, -2.0, 3.0], "equity fell to zero or below"),
    ],
)
def test_too_little_to_say(curve, why):
    matrix, findings = correlation(days(len(curve)), {"a": np.array(curve, dtype=np.float64)})
    assert matrix == {"a": {"a": None}}
    assert findings[0].message.endswith(why)


def test_intraday_curves_are_compared_by_the_last_mark_of_each_day():
    stamps = np.array([0, HOUR, 23 * HOUR, DAY, DAY + HOUR, 2 * DAY - 1, 3 * DAY], dtype=np.int64)
    assert period_ends(stamps, "day").tolist() == [2, 5, 6]
    assert period_ends(days(5), "day").tolist() == [0, 1, 2, 3, 4]
    noise = np.array([9.0, 1.0, 100.0, 3.0, 55.0, 110.0, 99.0])
    calm = np.array([10.0, 10.0, 10.0, 10.0, 10.0, 11.0, 9.9])
    matrix, _ = correlation(stamps, {"noise": noise, "calm": calm}, {"noise": 100.0, "calm": 10.0})
    assert matrix["noise"]["calm"] == pytest.approx(1.0)


def test_the_first_day_counts_where_equity_moved_in_it():
    moved, still = np.array([90.0, 99.0, 89.1]), np.array([100.0, 110.0, 99.0])
    matrix, _ = correlation(days(3), {"moved": moved, "still": still}, {"moved": 100.0, "still": 100.0})
    expected = np.corrcoef([-0.1, 0.1, -0.1], [0.0, 0.1, -0.1])[0, 1]
    assert matrix["moved"]["still"] == pytest.approx(expected)
    alone, _ = correlation(days(2), {"a": moved[:2], "b": moved[:2]}, {"a": 100.0, "b": 100.0})
    assert alone["a"]["b"] == pytest.approx(1.0)


def test_pairs_are_named_that_diversify_and_that_are_alike():
    values = {"ab": 0.9, "ac": 0.81, "ad": 0.8, "bc": 0.3, "bd": -0.2, "cd": 0.1, "ae": None, "be": 0.95}
    matrix = {one: {other: values.get("".join(sorted(one + other))) for other in "abcde"} for one in "abcde"}
    found = module.correlated(matrix)
    assert [pair["strategies"] for pair in found["diversifiers"]] == [["b", "d"], ["c", "d"]]
    assert [pair["strategies"] for pair in found["alike"]] == [["b", "e"], ["a", "b"], ["a", "c"]]
    assert found["diversifiers"][0]["correlation"] == -0.2


def test_a_single_strategy_has_no_pairs(result_of, hand_made):
    assert "correlated" not in summarise(result_of({"a": hand_made([100.0, 101.0, 99.0])}))
    two = {name: hand_made([100.0, 101.0, 99.0]) for name in "ab"}
    assert summarise(result_of(two))["correlated"]["alike"][0]["strategies"] == ["a", "b"]
