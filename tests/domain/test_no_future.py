"""Every way round `bars` to tomorrow that needs neither the interpreter's frames nor raw memory addresses."""

from __future__ import annotations

import copy
import ctypes
import gc
import pickle
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from orchestrate.domain.market.bars import Bars, PointInTimeBars
from orchestrate.domain.market.timeline import BarSeries

DAY = 86_400_000_000_000
SEEN, SIZE = 7, 20
SECRET = 5000.0
NAMES = ("open", "high", "low", "close", "volume")


def make_series() -> BarSeries:
    """Tomorrow's prices are above 5000, today's below: a look at the future can't be mistaken."""
    label = 1_000 * DAY + np.arange(SIZE, dtype=np.int64) * DAY
    price = 100.0 + np.arange(SIZE) + np.where(np.arange(SIZE) >= SEEN, SECRET, 0.0)
    return BarSeries("A", label, price, price + 2, price - 2, price + 1, price * 2, label, DAY)


LAST_LABEL = 1_000 * DAY + (SEEN - 1) * DAY


@pytest.fixture
def bars() -> Bars:
    return PointInTimeBars(make_series()).until(SEEN)


def shows_future(reached: object) -> bool:
    values = np.atleast_1d(np.asarray(reached))
    if values.dtype.kind == "i":
        return bool((values > LAST_LABEL).any())
    return values.dtype.kind == "f" and bool((values > SECRET - 10).any())


def stretched(column: np.ndarray, offset: int) -> np.ndarray:
    return np.lib.stride_tricks.as_strided(column[offset:], shape=(SIZE - max(offset, 0),))


def reversed_stride(column: np.ndarray) -> np.ndarray:
    end = np.lib.stride_tricks.as_strided(column, shape=(SIZE,))[-1:]
    return np.lib.stride_tricks.as_strided(end, shape=(SIZE,), strides=(-8,))


def buffers(column: np.ndarray) -> Iterator[object]:
    """The array, all it rests on, and what lies behind each memoryview."""
    holder: object = column
    while holder is not None:
        yield holder
        if isinstance(holder, np.ndarray):
            yield holder.view(np.uint8)
            yield holder.data
            holder = holder.base
        else:
            holder = getattr(holder, "obj", None)


TRICKS: dict[str, Callable[[np.ndarray], object]] = {
    "as_strided": lambda column: stretched(column, 0),
    "as_strided from now": lambda column: stretched(column, SEEN - 1),
    "backwards": reversed_stride,
    "ndarray over the same buffer": lambda column: np.ndarray((SIZE,), column.dtype, column.base.data),
    "frombuffer": lambda column: np.frombuffer(column.base.data, column.dtype),
    "array interface": lambda column: np.asarray(Interface(column)),
    "sliding windows": lambda column: np.lib.stride_tricks.sliding_window_view(column.base, 2),
    "memoryview": lambda column: np.array(memoryview(column.base).tolist()),
}


class Interface:
    """Claims that foreign memory is longer than it was."""

    def __init__(self, column: np.ndarray) -> None:
        self._column = column
        self.__array_interface__ = {**column.__array_interface__, "shape": (SIZE,)}


@pytest.mark.parametrize("name", ["timestamp", *NAMES])
@pytest.mark.parametrize("trick", TRICKS)
def test_memory_behind_a_column_knows_nothing(bars: Bars, name: str, trick: str) -> None:
    column = getattr(bars, name)
    reached = np.asarray(TRICKS[trick](column))
    assert reached.size >= SEEN
    assert not shows_future(reached)


@pytest.mark.parametrize("name", ["timestamp", *NAMES])
def test_bases_of_bases(bars: Bars, name: str) -> None:
    dtype = np.int64 if name == "timestamp" else np.float64
    layers = list(buffers(getattr(bars, name)))
    assert len(layers) > 3
    for layer in layers:
        assert not shows_future(np.frombuffer(layer, dtype=dtype))  # type: ignore[call-overload]  # any buffer


def test_flags(bars: Bars) -> None:
    with pytest.raises(ValueError, match="WRITEABLE"):
        bars.close.flags.writeable = True
    with pytest.raises(ValueError, match="WRITEABLE"):
        bars.close.base.flags.writeable = True
    with pytest.raises(AttributeError):
        bars.tomorrow = 1.0  # type: ignore[attr-defined]  # slots: nothing can be hung on


def test_slots_and_attributes(bars: Bars) -> None:
    bars._size, bars._start = SIZE, 0
    for name in ("timestamp", *NAMES):
        assert not shows_future(getattr(bars, name))
    assert np.isnan(bars[SEEN].close)
    assert np.isnan(bars[-1].close)
    assert bars[-1].timestamp == 0
    bars._start = SEEN
    assert not shows_future(bars.close)


def test_an_index_or_slice_past_the_end(bars: Bars) -> None:
    for index in (SEEN, SEEN + 1, SIZE - 1):
        with pytest.raises(IndexError, match=f"has {SEEN} bars so far"):
            bars[index]
    assert len(bars[:SIZE]) == SEEN
    assert len(bars[SEEN - 1 : SIZE]) == 1
    assert len(bars[SEEN:]) == 0
    assert not any(shows_future(bar.close) for bar in bars)


def test_a_longer_view_of_the_same_columns(bars: Bars) -> None:
    longer = Bars("A", bars._columns, 0, SIZE)
    assert all(not shows_future(getattr(longer, name)) for name in ("timestamp", *NAMES))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda bars: pickle.loads(pickle.dumps(bars))])
def test_copies(bars: Bars, copied: Callable[[Bars], Bars]) -> None:
    twin = copied(bars)
    assert twin.close.tolist() == bars.close.tolist()
    twin._size = SIZE
    assert not shows_future(twin.close)
    assert not shows_future(twin.timestamp)


def test_what_a_pickle_holds(bars: Bars) -> None:
    pickled = pickle.dumps(bars)
    assert all(np.float64(price).tobytes() not in pickled for price in make_series().close[SEEN:])


def test_nothing_reachable_from_bars_knows_tomorrow(bars: Bars) -> None:
    """Everything that attributes, slots, items and bases lead to, classes and modules left out (FR-015)."""
    seen: set[int] = set()
    waiting: list[object] = [bars, bars[-1], bars[2:], iter(bars)]
    arrays = 0
    while waiting:
        reached = waiting.pop()
        if (
            id(reached) in seen
            or isinstance(reached, type)
            or type(reached).__name__ in ("module", "function", "frame")
        ):
            continue
        seen.add(id(reached))
        assert not isinstance(reached, (PointInTimeBars, BarSeries))
        if isinstance(reached, np.ndarray):
            arrays += 1
            assert not shows_future(reached)
            waiting.append(reached.base)
        if isinstance(reached, memoryview):
            waiting.append(reached.obj)
        waiting += gc.get_referents(reached)
    assert arrays >= len(NAMES) + 1


def test_time_goes_one_way() -> None:
    past = PointInTimeBars(make_series())
    early = past.until(3)
    late = past.until(SEEN)
    assert (len(early), len(late), len(past.until(3))) == (3, SEEN, 3)
    assert early.close.tolist() == late.close[:3].tolist() == [101.0, 102.0, 103.0]
    assert len(past.until(0)) == 0
    assert past.until(SIZE).close.tolist() == make_series().close.tolist()


@pytest.mark.parametrize("name", ["timestamp", *NAMES])
def test_no_layer_of_a_column_can_be_written_to(bars: Bars, name: str) -> None:
    layers = list(buffers(getattr(bars, name)))
    assert isinstance(layers[-1], bytes)
    for layer in layers:
        if isinstance(layer, np.ndarray):
            with pytest.raises(ValueError, match="WRITEABLE"):
                layer.flags.writeable = True
        assert memoryview(layer).readonly  # type: ignore[arg-type]  # any buffer


def test_two_strategies_share_the_memory_and_not_the_arrays() -> None:
    first = PointInTimeBars(make_series())
    second = first.again()
    early, late = first.until(3).close, second.until(SEEN).close
    assert np.shares_memory(early, late)
    assert early.base is not late.base
    assert first.until(SEEN).close.tolist() == late.tolist() == make_series().close[:SEEN].tolist()


def test_who_writes_to_raw_memory_is_found_out() -> None:
    past = PointInTimeBars(make_series())
    close = past.again().until(SEEN).close
    assert past.intact
    ctypes.c_double.from_address(close.ctypes.data).value = 1.0
    assert not past.intact
