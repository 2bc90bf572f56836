"""`Bars` behave as a sequence, and their contents can't be changed."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrate.domain.market.bars import Bars, PointInTimeBars, full_history
from orchestrate.domain.market.timeline import BarSeries, HistoricalDataBar

DAY = 86_400_000_000_000
NAMES = ("open", "high", "low", "close", "volume")


def make_series(size: int = 6) -> BarSeries:
    label = np.arange(size, dtype=np.int64) * DAY
    low = 10.0 + np.arange(size)
    return BarSeries("A", label, low + 0.25, low + 1.0, low, low + 0.75, low * 100, label, DAY)


@pytest.fixture(params=["whole", "cut", "point-in-time", "slice"])
def six(request: pytest.FixtureRequest) -> Bars:
    """Six bars, come by in every way there is."""
    columns = {
        "whole": lambda: full_history(make_series(6)),
        "cut": lambda: full_history(make_series(9), 6),
        "point-in-time": lambda: PointInTimeBars(make_series(9)).until(6),
        "slice": lambda: full_history(make_series(9))[:6],
    }
    return columns[request.param]()


def test_a_sequence_of_bars(six: Bars) -> None:
    assert len(six) == 6
    assert six[0] == HistoricalDataBar(0, 10.25, 11.0, 10.0, 10.75, 1000.0, "A")
    assert six[-1] == six[5] == HistoricalDataBar(5 * DAY, 15.25, 16.0, 15.0, 15.75, 1500.0, "A")
    assert six[-6] == six[0]
    assert [bar.close for bar in six] == six.close.tolist() == [10.75, 11.75, 12.75, 13.75, 14.75, 15.75]
    assert [bar.low for bar in reversed(six)] == [15.0, 14.0, 13.0, 12.0, 11.0, 10.0]
    assert six[2] in six
    assert repr(six) == "Bars('A', 6 bars)"


@pytest.mark.parametrize("index", [6, 7, -7, 10**9])
def test_no_bar_outside(six: Bars, index: int) -> None:
    with pytest.raises(IndexError, match=f"A has 6 bars so far, none at {index}"):
        six[index]


@pytest.mark.parametrize(
    "cut", [slice(2, 4), slice(-2, None), slice(None, -1), slice(4, 2), slice(3, 99), slice(-99, 2), slice(None)]
)
def test_slices_are_views_of_the_same(six: Bars, cut: slice) -> None:
    part = six[cut]
    assert isinstance(part, Bars)
    assert list(part) == list(six)[cut]
    for name in ("timestamp", *NAMES):
        assert getattr(part, name).tolist() == getattr(six, name)[cut].tolist()
    assert part[1:].close.tolist() == six.close[cut][1:].tolist()


def test_steps_are_for_columns(six: Bars) -> None:
    with pytest.raises(ValueError, match="step 1 only; reverse the numpy columns"):
        six[::-1]


def test_columns_are_read_only_and_not_copied(six: Bars) -> None:
    for name in ("timestamp", *NAMES):
        column = getattr(six, name)
        assert not column.flags.writeable
        assert np.shares_memory(column, getattr(six, name))
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1.0
        with pytest.raises(ValueError, match="WRITEABLE"):
            column.flags.writeable = True


def test_a_cut_history_is_a_copy() -> None:
    series = make_series(9)
    cut = full_history(series, 4)
    assert len(cut) == 4
    for name in NAMES:
        assert not np.shares_memory(getattr(cut, name), getattr(series, name))
    assert full_history(series, 99).close.tolist() == series.close.tolist()


def test_columns_as_they_are_named() -> None:
    bars = full_history(make_series(2))
    assert bars.timestamp.tolist() == [0, DAY]
    assert [getattr(bars, name).tolist() for name in NAMES] == [
        [10.25, 11.25],
        [11.0, 12.0],
        [10.0, 11.0],
        [10.75, 11.75],
        [1000.0, 1100.0],
    ]


def test_a_full_history_is_not_copied_and_can_not_be_changed():
    series = make_series(6)
    bars = full_history(series)
    for name in ("open", "high", "low", "close", "volume"):
        column = getattr(bars, name)
        assert np.shares_memory(column, getattr(series, name))
        layer = column
        while isinstance(layer, np.ndarray):
            with pytest.raises(ValueError, match="WRITEABLE"):
                layer.flags.writeable = True
            layer = layer.base
        assert isinstance(layer, bytes)
