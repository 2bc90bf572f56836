"""Indicators updated bar by bar equal TA-Lib's values over the whole history, in any order of evaluation."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st
from talib import abstract

from orchestrate.domain.market.bars import PointInTimeBars, full_history
from orchestrate.domain.market.timeline import BarSeries, Floats
from orchestrate.library.incremental import Indicator
from orchestrate.library.indicators import moving_average, wilder_rsi
from orchestrate.library.ta_lib import _stand_in

MINUTE = 60 * 10**9
FUNCTIONS = sorted(set(talib.get_functions()) - {"MAVP"})  # MAVP wants a column that bars don't have
TICKS = st.lists(st.integers(1, 400), min_size=1, max_size=80)


def series(size: int = 160, seed: int = 1, symbol: str = "IBM", start: float = 100.0) -> BarSeries:
    rng = np.random.default_rng(seed)
    close = np.abs(np.round(start + rng.normal(size=size).cumsum(), 2)) + 1
    opened = close + np.round(rng.normal(size=size), 2) / 4
    high, low = np.maximum(opened, close) + rng.random(size), np.minimum(opened, close) - rng.random(size)
    label = np.arange(size, dtype=np.int64) * MINUTE
    return BarSeries(symbol, label, opened, high, low, close, 1000 * rng.random(size), label + MINUTE - 1, MINUTE)


def of_closes(close: Any) -> BarSeries:
    prices = np.array(close, dtype=np.float64)
    label = np.arange(len(prices), dtype=np.int64) * MINUTE
    return BarSeries("IBM", label, prices, prices, prices, prices, np.ones(len(prices)), label + MINUTE - 1, MINUTE)


def bar_by_bar(indicator: Indicator, data: BarSeries) -> list[Any]:
    """The answers of a run: the past shown a bar at a time, as strategies see it."""
    past = PointInTimeBars(data)
    return [indicator(past.until(size)) for size in range(1, len(data) + 1)]


def columns(data: BarSeries) -> dict[str, Floats]:
    return {name: getattr(data, name) for name in ("open", "high", "low", "close", "volume")}


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_equals_itself_over_the_whole_history(function: str):
    data = series()
    whole = abstract.Function(function)(columns(data))
    values = bar_by_bar(Indicator(function), data)
    outputs = whole if isinstance(whole, list) else [whole]
    for number, output in enumerate(outputs):
        own = np.array([one[number] if isinstance(one, tuple) else one for one in values], dtype=np.float64)
        ready = np.flatnonzero(~np.isnan(own))
        first = abstract.Function(function).lookback
        if output.dtype == np.float64:
            np.testing.assert_array_equal(own, output)
        else:  # whole numbers know no NaN
            assert ready.tolist() == list(range(first, len(own)))
            np.testing.assert_array_equal(own[ready], output[ready])


@given(TICKS, st.integers(1, 30))
def test_simple_averages_equal_the_vectorised_ones(ticks: list[int], window: int):
    data = of_closes([tick / 100 for tick in ticks])
    np.testing.assert_allclose(
        bar_by_bar(Indicator("SMA", timeperiod=window), data), moving_average(data.close, window), rtol=0, atol=1e-12
    )


@given(TICKS, st.integers(2, 20))
def test_wilders_rsi_is_seeded_as_the_vectorised_one(ticks: list[int], period: int):
    data = of_closes([tick / 100 for tick in ticks])
    theirs, ours = np.array(bar_by_bar(Indicator("RSI", timeperiod=period), data)), wilder_rsi(data.close, period)
    unmoved = [i >= period and len(set(ticks[: i + 1])) == 1 for i in range(len(ticks))]
    assert (theirs[unmoved] == 0).all()  # where nothing has ever moved TA-Lib says 0, and ours 50
    theirs[unmoved] = 50.0
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-9)


def test_averages_of_ranges_and_exponential_ones_by_hand():
    data = series()
    high, low, close = data.high, data.low, data.close
    ranges = [max(high[i], close[i - 1]) - min(low[i], close[i - 1]) for i in range(1, len(data))]
    n = math.fsum(ranges[:20]) / 20  # the Turtles' own: (19 × N before + true range) ÷ 20
    e = math.fsum(close[:10]) / 10
    true_ranges, average = (
        bar_by_bar(Indicator("ATR", timeperiod=20), data),
        bar_by_bar(Indicator("EMA", timeperiod=10), data),
    )
    assert np.isnan(true_ranges[:20]).all()
    assert np.isnan(average[:9]).all()
    for i in range(9, len(data)):
        e = e if i == 9 else e + (close[i] - e) * 2 / 11
        assert average[i] == pytest.approx(e, rel=1e-12)
        if i >= 20:
            n = n if i == 20 else (19 * n + ranges[i - 1]) / 20
            assert true_ranges[i] == pytest.approx(n, rel=1e-12)


def test_running_totals_of_half_a_million_bars_stay_exact():
    """Not within 1e-9 as the vectorised ones do, within which MOMENTUM takes averages for equal: see decision 033."""
    rng = np.random.default_rng(3)
    data = of_closes(np.round(60_000 + rng.normal(size=500_000).cumsum(), 2))
    for window in (10, 50):
        indicator, ours = Indicator("SMA", timeperiod=window), moving_average(data.close, window)
        running = talib.SMA(data.close, window)
        indicator(full_history(data, window))
        assert indicator(full_history(data)) == running[-1]
        np.testing.assert_allclose(running, ours, rtol=1e-13, atol=0)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 3), st.integers(0, 60)), max_size=40))
def test_the_order_of_evaluation_changes_no_value(questions: list[tuple[str, int, int]]):
    """Bars that were skipped, shown twice, cut at the front or the end, of another symbol or another run."""
    stock = {"A": series(60, 1, "A"), "B": series(60, 2, "B")}
    close, channel = Indicator("ATR", timeperiod=5), Indicator("DONCHIAN", timeperiod=4)
    for symbol, front, size in questions:
        bars = full_history(stock[symbol], size)[front:]
        if len(bars):
            assert close(bars) == pytest.approx(
                talib.ATR(bars.high, bars.low, bars.close, 5)[-1], rel=1e-14, nan_ok=True
            )
            expected = [output[-1] for output in talib.DONCHIAN(bars.high, bars.low, 4)]
            assert channel(bars) == pytest.approx(tuple(expected), nan_ok=True)
        else:
            assert math.isnan(close(bars))
            assert len(channel(bars)) == 3


def test_a_bar_is_counted_once_however_often_it_is_shown():
    data = series()
    often, once = Indicator("EMA", timeperiod=9), Indicator("EMA", timeperiod=9)
    past = PointInTimeBars(data)
    for size in range(1, len(data) + 1):
        bars = past.until(size)
        answers = {repr(often(bars)) for _ in range(3)}
        assert answers == {repr(once(bars))}


def test_bars_without_a_question_are_made_up_for_without_beginning_anew():
    data = series()
    indicator = Indicator("EMA", timeperiod=9)
    past = PointInTimeBars(data)
    indicator(past.until(20))
    course = indicator._courses["IBM"]
    assert indicator(past.until(150)) == talib.EMA(data.close[:150], 9)[-1]
    assert indicator._courses["IBM"] is course


def test_the_same_object_in_a_second_run_remembers_nothing_of_the_first():
    indicator = Indicator("EMA", timeperiod=9)
    bar_by_bar(indicator, series(seed=1))
    second = series(seed=2)
    np.testing.assert_array_equal(bar_by_bar(indicator, second), talib.EMA(second.close, 9))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda indicator: pickle.loads(pickle.dumps(indicator))])
def test_copies_go_ways_of_their_own(copied: Any):
    data = series()
    indicator, past = Indicator("EMA", "open", timeperiod=9), PointInTimeBars(data)
    for size in range(1, 60):
        indicator(past.until(size))
    other = copied(indicator)
    for size in range(60, len(data) + 1):
        assert indicator(past.until(size)) == other(past.until(size)) == talib.EMA(data.open[:size], 9)[-1]


def test_named_columns_instead_of_the_usual_ones():
    data = series()
    assert bar_by_bar(Indicator("MAX", "high", timeperiod=5), data)[-1] == data.high[-5:].max()
    assert bar_by_bar(Indicator("MAX", timeperiod=5), data)[-1] == data.close[-5:].max()
    beta = bar_by_bar(Indicator("BETA", "open", "close", timeperiod=5), data)[-1]
    assert beta == talib.BETA(data.open, data.close, 5)[-1]


@pytest.mark.parametrize(
    ("function", "given", "parameters", "message"),
    [
        ("BBAND", (), {}, "TA-Lib has no function 'BBAND': did you mean 'BBANDS'?"),
        ("!", (), {}, "TA-Lib has no function '!'"),
        ("SMA", (), {"period": 3}, "SMA has no parameter 'period': it takes timeperiod=30"),
        ("OBV", (), {"period": 3}, "OBV has no parameter 'period': it takes none"),
        ("SMA", (), {"timeperiod": 2.5}, "timeperiod of SMA must be a whole number, not 2.5"),
        ("SMA", (), {"timeperiod": 0}, "TA-Lib refuses SMA(timeperiod=0): out of range"),
        (
            "MAX",
            ("adjusted",),
            {},
            "bars have no column 'adjusted' for MAX: name some of open, high, low, close, volume",
        ),
        ("ATR", ("high", "low"), {}, "ATR takes 3 columns, by default high, low, close; not 2"),
        ("SMA", (), {"timeperiod": "20"}, "timeperiod of SMA must be a number, not '20'"),
        ("BBANDS", (), {"nbdevup": None}, "nbdevup of BBANDS must be a number, not None"),
        ("MAVP", (), {}, "bars have no column 'periods' for MAVP: name some of open, high, low, close, volume"),
    ],
)
def test_unknown_functions_and_parameters_are_errors_at_once(
    function: str, given: tuple[str, ...], parameters: Any, message: str
):
    with pytest.raises(ValueError) as caught:
        Indicator(function, *given, **parameters)
    assert str(caught.value) == message


def test_whole_numbers_of_any_type():
    bars = full_history(series())
    for twenty in (20, 20.0, np.int64(20)):
        assert Indicator("SMA", timeperiod=twenty)(bars) == talib.SMA(bars.close, 20)[-1]


LOADING = """
import sys
from orchestrate.library.incremental import Indicator
assert "talib" not in sys.modules, "imported before anybody wants an indicator"
indicator = Indicator("SMA", timeperiod=2)
assert not {"pandas", "polars"} & set(sys.modules), "imported for nothing"

import numpy, pandas, talib
from talib import abstract, stream
close = pandas.Series([1.0, 2.0, 4.0], index=[7, 8, 9])
for whole in (talib.SMA(close, 2), stream.SMA.open_and_fill(close, 2)[1], abstract.SMA(close.to_frame("close"), 2)):
    assert type(whole) is pandas.Series and whole.to_list()[1:] == [1.5, 3.0] and list(whole.index) == [7, 8, 9]
bands = abstract.BBANDS(close.to_frame("close"), 2)
assert type(bands) is pandas.DataFrame and list(bands.columns) == ["upperband", "middleband", "lowerband"]
assert type(talib.SMA(close.to_numpy(), 2)) is numpy.ndarray
"""


def test_indicators_load_no_pandas_and_work_when_it_comes_later():
    done = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


BESIDE = """
import sys, threading
from orchestrate.library.ta_lib import ta_lib
over = threading.Event()
other = threading.Thread(target=over.wait)
other.start()
talib = ta_lib()
over.set()
other.join()
assert talib is ta_lib() and "pandas" in sys.modules, "a thread might have been given a stand-in"
"""


def test_beside_other_threads_no_stand_in_is_shown():
    done = subprocess.run([sys.executable, "-c", BESIDE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


ABSENT = """
import sys
sys.modules["talib"] = None
from orchestrate.library.incremental import Indicator
try:
    Indicator("SMA")
except ImportError as error:
    assert "python -m pip install 'TA-Lib" in str(error)
    assert "pandas" not in sys.modules
"""


def test_without_it_an_indicator_says_how_to_get_it():
    done = subprocess.run(
        [sys.executable, "-c", ABSENT + "else:\n    raise AssertionError"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_memory_does_not_grow_with_the_bars():
    """Only our own lines count: in a worker, others allocate at the same time."""
    data = series(20_000)
    past, indicator = PointInTimeBars(data), Indicator("BBANDS", timeperiod=20)

    def held_after(first: int, last: int) -> int:
        for size in range(first, last):
            indicator(past.until(size))
        ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/orchestrate/*")])
        return sum(trace.size for trace in ours.traces)

    indicator(past.until(1000))
    tracemalloc.start()
    try:
        early = held_after(1001, 2_001)
        assert early > 0
        assert held_after(2_001, len(data) + 1) - early < 1_000  # after 18,000 bars more
    finally:
        tracemalloc.stop()


def test_stand_ins_know_their_own_as_soon_as_the_real_ones_are_there(monkeypatch: pytest.MonkeyPatch):
    series = pd.Series([1.0, 2.0])
    stand_in: Any = _stand_in("pandas")
    assert isinstance(series, stand_in.Series)
    assert not isinstance(series, stand_in.DataFrame)
    assert stand_in.Series([1.0, 2.0], index=[3, 4]).index.tolist() == [3, 4]
    monkeypatch.delitem(sys.modules, "pandas")
    assert not isinstance(series, stand_in.Series)
