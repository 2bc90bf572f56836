"""Series of an equity curve: rolling figures, contributions, runs, against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.analytics import series

returns = st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=40)


@given(returns, st.integers(1, 12))
def test_rolling_figures_are_those_of_each_window(values: list[float], window: int) -> None:
    found = np.array(values)
    volatility = series.rolling_volatility(found, window, 252.0)
    sharpe = series.rolling_sharpe(found, window, 252.0)
    for place in range(len(values)):
        own = found[max(0, place + 1 - window) : place + 1]
        if len(own) < window or window < 2:
            assert math.isnan(volatility[place]) and math.isnan(sharpe[place])
            continue
        deviation = own.std(ddof=1)
        assert volatility[place] == pytest.approx(deviation * 252.0**0.5, abs=1e-5)
        if deviation > 1e-3:
            assert sharpe[place] == pytest.approx(own.mean() / deviation * 252.0**0.5, rel=1e-6, abs=1e-6)


def test_a_window_in_which_nothing_moves_has_volatility_but_no_ratio() -> None:
    still = np.array([0.1, -0.1, 0.0, 0.0, 0.0, 0.2])
    assert series.rolling_volatility(still, 3, 1.0)[4] == 0.0
    for ratio in (
        series.rolling_sharpe(still, 3, 1.0),
        series.rolling_beta(still[::-1], still, 3),
        series.rolling_correlation(still, still, 3),
    ):
        assert math.isnan(ratio[4]) and math.isfinite(ratio[5])


def test_beta_and_correlation_of_a_multiple() -> None:
    held = np.array([0.01, -0.02, 0.03, 0.0, -0.01])
    assert series.rolling_beta(2.0 * held, held, 3)[2:].tolist() == pytest.approx([2.0] * 3)
    assert series.rolling_correlation(-held, held, 3)[2:].tolist() == pytest.approx([-1.0] * 3)


def test_without_returns_rolling_figures_are_empty() -> None:
    assert len(series.rolling_sharpe(np.zeros(0), 5, 252.0)) == 0


@given(st.lists(st.booleans(), max_size=30))
def test_the_longest_run_is_that_of_the_text(flags: list[bool]) -> None:
    text = "".join("x" if flag else " " for flag in flags)
    assert series.longest_run(np.array(flags, dtype=np.bool_)) == max(map(len, text.split(" ")), default=0)


@given(st.lists(st.floats(-0.9, 2.0), min_size=1, max_size=200), st.data())
def test_the_mean_growth_is_a_geometric_mean(values: list[float], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    chosen[0] = True
    own = [value for value, flag in zip(values, chosen, strict=True) if flag]
    expected = math.exp(math.fsum(math.log1p(value) for value in own) / len(own)) - 1.0
    assert series.mean_growth(np.array(values), np.array(chosen)) == pytest.approx(expected, rel=1e-9, abs=1e-12)
