"""Attribution and risk against published examples, and by their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate import brinson_fachler, risk_contributions
from orchestrate.analytics.contributions.exact import adding_up
from orchestrate.analytics.metrics import NoFigureError

# Bacon, Practical Portfolio Performance Measurement and Attribution: UK, Japan and US equities
WEIGHTS, BENCHMARK_WEIGHTS = [0.4, 0.3, 0.3], [0.4, 0.2, 0.4]
RETURNS, BENCHMARK_RETURNS = [0.20, -0.05, 0.06], [0.10, -0.04, 0.08]


def test_brinson_fachler_gives_what_bacon_has() -> None:
    found = brinson_fachler(WEIGHTS, BENCHMARK_WEIGHTS, RETURNS, BENCHMARK_RETURNS)
    assert found.allocation.tolist() == pytest.approx([0.0, -0.0104, -0.0016], abs=1e-15)
    assert found.selection.tolist() == pytest.approx([0.04, -0.002, -0.008])
    assert found.interaction.tolist() == pytest.approx([0.0, -0.001, 0.002], abs=1e-15)
    assert found.total == pytest.approx(0.083 - 0.064)


def test_periods_are_linked_as_their_returns_are() -> None:
    """Twice the same period: 8.3 % and 6.4 % are linked, and effects grow as their difference does."""
    twice = [[one, one] for one in (WEIGHTS, BENCHMARK_WEIGHTS, RETURNS, BENCHMARK_RETURNS)]
    found = brinson_fachler(*twice)
    excess = 1.083**2 - 1.064**2
    assert found.total == pytest.approx(excess)
    assert found.selection[0] == pytest.approx(0.04 * excess / 0.019)


weight = st.floats(-0.5, 2.0)
a_return = st.floats(-0.3, 0.5)


@given(st.data(), st.integers(1, 4), st.integers(1, 6))
def test_effects_add_up_to_the_difference_of_the_linked_returns(
    data: st.DataObject, segments: int, periods: int
) -> None:
    def rows(values: st.SearchStrategy[float], size: int) -> list[list[float]]:
        row = st.lists(values, min_size=size, max_size=size)
        return data.draw(st.lists(row, min_size=periods, max_size=periods))

    own, held = ([[*row, 1.0 - sum(row)] for row in rows(weight, segments - 1)] for _ in range(2))
    gained, of_benchmark = rows(a_return, segments), rows(a_return, segments)
    totals = [(np.array(one) * np.array(other)).sum(axis=1) for one, other in ((own, gained), (held, of_benchmark))]
    if min(one.min() for one in totals) <= -0.95:
        return
    found = brinson_fachler(own, held, gained, of_benchmark)
    portfolio, benchmark = (np.prod(1.0 + one) for one in totals)
    assert found.total == pytest.approx(portfolio - benchmark, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.4], [0.5, 0.5], [0.1, 0.1], [0.1, 0.1]), "weights must sum to 1"),
        (([0.5, 0.5], [1.0, 0.5], [0.1, 0.1], [0.1, 0.1]), "benchmark_weights must sum to 1"),
        (([0.5, 0.5], [0.5, 0.5], [0.1], [0.1, 0.1]), "the same shape"),
        (([[0.5, 0.5]] * 2, [0.5, 0.5], [[0.1, 0.1]] * 2, [[0.1, 0.1]] * 2), "the same shape"),
        (([1.0], [1.0], [-1.0], [0.0]), "above -100 %"),
    ],
)
def test_brinson_fachler_refuses_what_has_no_attribution(arguments: tuple[list[float], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        brinson_fachler(*arguments)


def test_risk_contributions_give_the_published_example() -> None:
    deviations, correlations = np.array([0.3, 0.2, 0.15]), np.array([[1.0, 0.8, 0.5], [0.8, 1.0, 0.3], [0.5, 0.3, 1.0]])
    found = risk_contributions([0.5, 0.2, 0.3], correlations * np.outer(deviations, deviations))
    assert (100.0 * found).tolist() == pytest.approx([14.698248, 3.325374, 2.846213], abs=5e-7)
    assert 100.0 * found.sum() == pytest.approx(20.869835, abs=5e-7)


def test_nothing_at_risk_contributes_nothing() -> None:
    assert risk_contributions([0.5, 0.5], np.zeros((2, 2))).tolist() == [0.0, 0.0]


def test_risk_contributions_refuse_what_is_no_covariance() -> None:
    with pytest.raises(ValueError, match="a matrix of that size"):
        risk_contributions([0.5, 0.5], [0.1, 0.2])
    with pytest.raises(ValueError, match="a negative variance"):
        risk_contributions([1.0, -1.0], [[1.0, 3.0], [3.0, 1.0]])


part = st.floats(-0.2, 0.2)


@given(st.lists(part, min_size=1, max_size=5), st.floats(-1e-12, 1e-12))
def test_parts_add_up_in_any_order(parts: list[float], apart: float) -> None:
    named = {str(place): value for place, value in enumerate(parts)}
    total = round((sum(parts) + apart) * 2**53) / 2**53  # as a final equity ÷ an initial one − 1 is
    exact = adding_up(named, total)
    assert sum(exact.values()) == sum(reversed(exact.values())) == total
    assert [exact[name] for name in named] == pytest.approx(parts, abs=1e-10)


def test_what_gave_nothing_stays_at_nothing() -> None:
    assert adding_up({"idle": 0.0, "busy": 0.1}, 0.1 + 2**-52) == {"idle": 0.0, "busy": 0.1 + 2**-52}


def test_what_is_no_number_adds_up_to_nothing() -> None:
    with pytest.raises(NoFigureError, match="too large"):
        adding_up({"a": float("inf")}, 0.1)
