"""Build coarser bars from finer ones. Each is complete and available at its last source bar; it can't be traded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from orchestrate.data.calendar import DAY, SECOND
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.synthetic import seconds
from orchestrate.domain.market.timeline import BarSeries, Stamps


def resample(
    symbol: str, settings: Mapping[str, str], series: Mapping[str, BarSeries], stamp: Literal["start", "end"]
) -> BarSeries:
    """Return the series that `{of: SYMBOL, to: 1h}` describes, on multiples of `to` in UTC; `stamp` is the source's.

    Weeks begin on Mondays.
    """
    source = series.get(settings.get("of", ""))
    if source is None:
        raise DataError(
            f"resample: {settings.get('of', '')!r} is not a series with bars of its own",
            where=symbol,
            hint=f"of: one of {', '.join(series)}",
        )
    length = _length(symbol, settings, source)
    label = _labels(source, length, stamp)
    first = np.flatnonzero(np.concatenate([[True], label[1:] != label[:-1]]))
    last = np.append(first[1:], len(source)) - 1
    return BarSeries(
        symbol,
        label[first],
        source.open[first],
        np.maximum.reduceat(source.high, first),
        np.minimum.reduceat(source.low, first),
        source.close[last],
        np.add.reduceat(source.volume, first),
        available_at=source.available_at[last],
        length=length,
        tradable=False,
    )


def _length(symbol: str, settings: Mapping[str, str], source: BarSeries) -> int:
    """Return the length of a coarser bar; DataError unless bars of the source fill it exactly."""
    try:
        length = seconds(settings.get("to", "")) * SECOND
    except ValueError as error:
        raise DataError(f"resample: {error}", where=symbol) from None
    if length <= source.length or length % source.length:
        raise DataError(
            f"resample: {settings['to']} is no multiple of the bars of {source.symbol}, "
            f"which are {source.length / SECOND:g} s long",
            where=symbol,
        )
    limits = np.iinfo(np.int64)
    if int(source.timestamp[0]) - length < limits.min or int(source.timestamp[-1]) + length > limits.max:
        raise DataError(f"resample: {settings['to']} reaches beyond the supported years", where=symbol)
    return length


def _labels(source: BarSeries, length: int, stamp: Literal["start", "end"]) -> Stamps:
    """Return, for each bar of the source, the label of the coarser bar that it belongs to."""
    # 1970-01-01 was a Thursday
    origin = 4 * DAY if length % (7 * DAY) == 0 else 0
    bucket = -((origin - source.timestamp) // length) if stamp == "end" else (source.timestamp - origin) // length
    return bucket * length + origin
