"""Bars that are in memory already: DataFrames and lists of bars become columns like any file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, TypeGuard

import numpy as np

from orchestrate.data.columns import PRICES, Columns
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.stamps import EARLIEST, LATEST
from orchestrate.domain.market.timeline import HistoricalDataBar

if TYPE_CHECKING:
    import pandas as pd

    Table: TypeAlias = "pd.DataFrame | Sequence[HistoricalDataBar]"
    Data: TypeAlias = "Table | str | Path | Mapping[str, Table | str | Path]"

#: What a column of stamps may be called where the index holds none.
_STAMPS: Final = ("timestamp", "datetime", "date", "time")
DEFAULT_SYMBOL: Final = "DATA"


def by_symbol(data: Data) -> dict[str, Columns | Path]:
    """Return what a user hands over, as columns or files by symbol.

    A path is named after its file, bars after the symbol they carry, and what has no name of its own is `DATA`.
    """
    if isinstance(data, Mapping):
        if not data:
            raise DataError("there is no symbol in it", where="data")
        return {str(symbol): _one(str(symbol), part) for symbol, part in data.items()}
    if isinstance(data, (str, Path)):
        return {Path(data).name.split(".")[0]: Path(data)}
    if _is_frame(data):
        return {DEFAULT_SYMBOL: _frame_columns(DEFAULT_SYMBOL, data)}
    groups: dict[str, list[HistoricalDataBar]] = {}
    for bar in _bars(DEFAULT_SYMBOL, data):
        groups.setdefault(bar.symbol or DEFAULT_SYMBOL, []).append(bar)
    if not groups:
        raise DataError("there is no bar", where=DEFAULT_SYMBOL)
    return {symbol: _bar_columns(symbol, bars) for symbol, bars in groups.items()}


def _one(symbol: str, part: Table | str | Path) -> Columns | Path:
    if isinstance(part, (str, Path)):
        return Path(part)
    return _frame_columns(symbol, part) if _is_frame(part) else _bar_columns(symbol, _bars(symbol, part))


def _is_frame(data: object) -> TypeGuard[pd.DataFrame]:
    return hasattr(data, "columns") and hasattr(data, "index")


def _bars(symbol: str, data: object) -> list[HistoricalDataBar]:
    bars = list(data) if isinstance(data, Sequence) and not isinstance(data, (str, bytes)) else None
    if bars is None or not all(isinstance(bar, HistoricalDataBar) for bar in bars):
        raise DataError(
            f"bars can't be made of {type(data).__name__}",
            where=symbol,
            hint="give a DataFrame, a list of HistoricalDataBar, a path, or a dict of them by symbol",
        )
    return bars


def _bar_columns(symbol: str, bars: Sequence[HistoricalDataBar]) -> Columns:
    if not bars:
        raise DataError("there is no bar", where=symbol)
    # a Python int may be greater than int64
    label = np.array([min(max(bar.timestamp, EARLIEST - 1), LATEST + 1) for bar in bars], dtype=np.int64)
    names = (*PRICES, "volume")
    opened, high, low, close, volume = (
        np.array([getattr(bar, name) for bar in bars], dtype=np.float64) for name in names
    )
    return Columns(label, opened, high, low, close, volume, unit="bar")


def _frame_columns(symbol: str, frame: pd.DataFrame) -> Columns:
    import pandas as pd

    names = {str(name).strip().lower(): name for name in frame.columns}
    missing = [name for name in PRICES if name not in names]
    if missing:
        columns = ", ".join(str(name) for name in frame.columns)
        raise DataError(f"the DataFrame has no column {', '.join(missing)}; it has {columns}", where=symbol)
    stamps: pd.Index | pd.Series = frame.index
    if not isinstance(frame.index, pd.DatetimeIndex):
        known = next((names[name] for name in _STAMPS if name in names), None)
        if known is None:
            raise DataError(
                "the DataFrame has no stamps", where=symbol, hint=f"a DatetimeIndex, or a column {_STAMPS[0]}"
            )
        stamps = frame[known]
        if known == names.get("date") and "time" in names:
            stamps = _beside(stamps, frame[names["time"]])
    try:
        moments = pd.DatetimeIndex(pd.to_datetime(stamps, utc=True)).tz_localize(None).as_unit("ns")
        opened, high, low, close = (frame[names[name]].to_numpy(dtype=np.float64, copy=True) for name in PRICES)
        volume = frame[names["volume"]].to_numpy(dtype=np.float64, copy=True) if "volume" in names else None
    except (ValueError, TypeError) as error:
        raise DataError(f"the DataFrame can't be read: {error}", where=symbol) from None
    if moments.hasnans:
        raise DataError(f"row {int(np.argmax(moments.isna())) + 1} has no stamp", where=symbol)
    label = moments.asi8.astype(np.int64)
    return Columns(label, opened, high, low, close, np.zeros(len(label)) if volume is None else volume)


def _beside(dates: pd.Series, times: pd.Series) -> pd.Series:
    """Return dates with the times of day beside them; dates that have a time of day of their own stay as they are."""
    written = dates.astype(str)
    return dates if written.str.contains(":").any() else written + " " + times.astype(str)
