"""Indicators updated bar by bar, for strategies that are called at every bar: TA-Lib's, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import nan
from numbers import Real
from typing import Any

import numpy as np

from orchestrate.domain.market.bars import Bars
from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.text.spelling import did_you_mean
from orchestrate.library.ta_lib import ta_lib

COLUMNS = ("open", "high", "low", "close", "volume")


class Indicator:
    """A function of TA-Lib, evaluated at the newest bar at a cost that doesn't grow with the number of bars.

    `Indicator("ATR", timeperiod=14)(bars)` is the last element of `talib.ATR(high, low, close, timeperiod=14)`, to the
    last bit: a number, or a tuple where the function has several outputs; NaN until there are enough bars. Parameters
    and their defaults are TA-Lib's. So are the columns, unless named: `Indicator("MAX", "high", timeperiod=55)`.

    Each bar is counted once, however often it is evaluated; skipped bars are caught up automatically. One
    indicator serves any number of symbols. Bars that don't continue the ones before, as those of another run, are
    begun with anew. What TA-Lib doesn't know or doesn't allow is a ValueError at once.
    """

    def __init__(self, function: str, *columns: str, **parameters: float) -> None:
        talib = ta_lib()
        if function not in (names := talib.get_functions()):
            hint = did_you_mean(function, names)
            raise ValueError(f"TA-Lib has no function '{function}'" + (f": {hint}" if hint else ""))
        known = talib.abstract.Function(function)
        several = len(known.output_names) > 1
        self._columns = _checked_columns(function, columns, known.input_names.values())
        self._parameters = _checked_parameters(function, parameters, known.parameters)
        self._nothing: Any = (nan,) * len(known.output_names) if several else nan
        self._open = getattr(talib.stream, function)
        self._too_short: type[Exception] = talib.InsufficientHistory
        self._courses: dict[str, _Course] = {}
        try:
            self._begin(_Course(0, self._nothing), [np.ones(1)] * len(self._columns))
        except Exception:
            raise ValueError(f"TA-Lib refuses {function}({_written(parameters)}): out of range") from None

    def __getstate__(self) -> dict[str, Any]:
        """Begin anew in a copy: what TA-Lib remembers can't be copied, and must not be shared."""
        return {**vars(self), "_courses": {}}

    def __call__(self, bars: Bars) -> Any:
        """Return the value after the last of these bars."""
        size = len(bars)
        if not size:
            return self._nothing
        begins = bars.timestamp[0]
        course = self._courses.get(bars.symbol)
        if course is None or size < course.seen or begins != course.begins:
            course = self._courses[bars.symbol] = _Course(begins, self._nothing)
        if size == course.seen:
            return course.value
        names = self._columns
        if course.update is None:
            self._begin(course, [getattr(bars, name) for name in names])
        elif size > course.seen + 1:
            for row in zip(*[getattr(bars, name)[course.seen :] for name in names], strict=True):
                course.value = course.update(*row)
        elif len(names) == 1:
            course.value = course.update(getattr(bars, names[0])[-1])
        else:
            course.value = course.update(*[getattr(bars, name)[-1] for name in names])
        course.seen = size
        return course.value

    def _begin(self, course: _Course, columns: list[Floats]) -> None:
        try:
            stream = self._open(*columns, **self._parameters)
        except self._too_short:
            return
        course.update, course.value = stream.update, stream.value


class _Course:
    """How far a history has been followed: its first stamp, the number of bars, and the value at the last."""

    __slots__ = ("begins", "seen", "update", "value")

    def __init__(self, begins: int, nothing: Any) -> None:
        self.begins = begins
        self.seen = 0
        self.update: Any = None
        self.value = nothing


def _checked_columns(function: str, given: tuple[str, ...], inputs: Iterable[str | list[str]]) -> tuple[str, ...]:
    usual = [name for one in inputs for name in ([one] if isinstance(one, str) else one)]
    columns = given or tuple(usual)
    if len(columns) != len(usual):
        raise ValueError(f"{function} takes {len(usual)} columns, by default {', '.join(usual)}; not {len(columns)}")
    for name in columns:
        if name not in COLUMNS:
            raise ValueError(f"bars have no column '{name}' for {function}: name some of {', '.join(COLUMNS)}")
    return columns


def _checked_parameters(function: str, given: Mapping[str, float], defaults: Mapping[str, float]) -> dict[str, float]:
    for name, value in given.items():
        if name not in defaults:
            raise ValueError(f"{function} has no parameter '{name}': it takes {_written(defaults) or 'none'}")
        if not _is_number(value):
            raise ValueError(f"{name} of {function} must be a number, not {value!r}")
        if isinstance(defaults[name], int) and not float(value).is_integer():
            raise ValueError(f"{name} of {function} must be a whole number, not {value!r}")
    return dict(given)


def _is_number(value: object) -> bool:
    return isinstance(value, Real)


def _written(parameters: Mapping[str, float]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in parameters.items())
