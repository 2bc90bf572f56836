"""How far prices went while trades were open: by hand, and against a loop over all bars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.analytics.tracks.excursions import excursions
from orchestrate.domain.books import Trade
from orchestrate.domain.market.timeline import BarSeries

DAY = 86_400 * 10**9
HIGHS = [110.0, 120.0, 130.0, 140.0]
LOWS = [90.0, 80.0, 95.0, 70.0]


def series_of(highs: Any, lows: Any) -> BarSeries:
    stamps = np.arange(len(highs), dtype=np.int64) * DAY
    middle = (np.array(highs) + np.array(lows)) / 2.0
    return BarSeries("IBM", stamps, middle, np.array(highs), np.array(lows), middle, middle, stamps, DAY)


def trade(entered: int, exited: int, entry: float = 100.0, exit_: float = 100.0, quantity: float = 1.0) -> Trade:
    return Trade("s", "IBM", quantity, entered * DAY, exited * DAY, entry, exit_, 0.0, 0.0)


def of(*trades: Trade, fill: Any = "next_open") -> list[float]:
    """The adverse and the favourable excursion of each trade, one after another."""
    pairs = np.column_stack(excursions(trades, {"IBM": series_of(HIGHS, LOWS)}, fill))
    values: list[float] = pairs.ravel().tolist()
    return values


def test_bars_count_that_the_trade_was_open_for() -> None:
    assert of(trade(0, 2)) == pytest.approx([-0.2, 0.2])
    assert of(trade(0, 2), fill="close") == pytest.approx([-0.2, 0.3])
    assert of(trade(0, 3), fill="close") == pytest.approx([-0.3, 0.4])


def test_a_short_fears_what_a_long_hopes_for() -> None:
    assert of(trade(1, 3, quantity=-1.0)) == pytest.approx([-0.3, 0.2])


def test_within_a_bar_only_its_prices_count() -> None:
    assert of(trade(1, 1, exit_=97.0), trade(1, 1, exit_=104.0)) == pytest.approx([-0.03, 0.0, 0.0, 0.04])


def test_the_exit_counts_where_it_is_the_extreme() -> None:
    assert of(trade(0, 3, exit_=50.0)) == pytest.approx([-0.5, 0.3])


def test_a_price_below_zero_is_no_sign() -> None:
    assert of(trade(0, 1, entry=-50.0, exit_=-50.0)) == pytest.approx([0.0, 160.0 / 50.0])


def test_without_bars_or_a_price_there_is_none() -> None:
    adverse, favourable = excursions([trade(0, 2), trade(0, 2, entry=0.0)], {}, "next_open")
    assert np.isnan([*adverse, *favourable]).all()
    assert np.isnan(of(trade(0, 2, entry=0.0))).all()


bars = st.integers(0, 19)


@given(
    st.lists(st.tuples(bars, bars, st.booleans()), min_size=1, max_size=12),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["next_open", "close"]),
)
def test_as_a_loop_over_the_bars_finds_it(pairs: list[tuple[int, int, bool]], seed: int, fill: Any) -> None:
    random = np.random.default_rng(seed)
    lows = random.uniform(50.0, 100.0, 20)
    series = series_of(lows + random.uniform(0.0, 50.0, 20), lows)
    trades = [
        trade(min(a, b), max(a, b), *random.uniform(60.0, 140.0, 2).tolist(), quantity=1.0 if is_long else -1.0)
        for a, b, is_long in pairs
    ]
    adverse, favourable = excursions(trades, {"IBM": series}, fill)
    later = 0 if fill == "next_open" else 1
    for one, against, towards in zip(trades, adverse, favourable, strict=True):
        rows = range(one.entered // DAY + later, one.exited // DAY + later)
        prices = [one.exit_price, *(price for row in rows if row < 20 for price in (series.low[row], series.high[row]))]
        moves = [(price / one.entry_price - 1.0) * (1.0 if one.quantity > 0 else -1.0) for price in prices]
        assert against == pytest.approx(min(0.0, *moves))
        assert towards == pytest.approx(max(0.0, *moves))
