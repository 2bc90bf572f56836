"""What each symbol is worth at a step: its last known close, or the open of the bar that has just begun."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market import Floats, Market


class Marks(Mapping[str, float]):
    """Symbol → price at `step`; while `opening` is set, symbols with a bar now stand at its open.

    A symbol without any bar yet has no mark: KeyError.
    """

    def __init__(self, market: Market) -> None:
        self.step = 0
        self.opening = False
        self._series = market.series
        self._rows = market.timeline.columns
        self._latest = {symbol: latest_rows(rows) for symbol, rows in market.timeline.rows.items()}
        self._known = {
            symbol: (latest.data, market.series[symbol].close.data) for symbol, latest in self._latest.items()
        }

    def __getitem__(self, symbol: str) -> float:
        latest, closes = self._known[symbol]
        row = latest[self.step]
        if row < 0:
            raise KeyError(f"{symbol} has no bar yet")
        if self.opening and self._rows[symbol][self.step] >= 0:
            return float(self._series[symbol].open[row])
        return closes[row]

    def __iter__(self) -> Iterator[str]:
        return (symbol for symbol, rows in self._latest.items() if rows[self.step] >= 0)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def path(self, symbol: str, steps: int) -> Floats:
        """The close that counts at each of the first `steps` steps; NaN before the first bar."""
        latest = self._latest[symbol][:steps]
        prices: Floats = np.where(latest >= 0, self._series[symbol].close[latest], np.nan)
        return prices


def latest_rows(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each step the row of the newest bar so far, -1 before the first."""
    return np.maximum.accumulate(rows)
