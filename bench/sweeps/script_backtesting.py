"""The sweep in backtesting.py, with its own `optimize`, which takes all cores. `script_backtesting.py FILE`.

Prints the sum of final equities and the seconds of the sweep.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy, backtesting

SAME, FEE, QUANTITY, CAPITAL = 1e-9, 0.001, 100, 100_000
backtesting._tqdm = lambda bars, **_: bars  # no progress bars


def _mean(values, n):
    out = np.full(len(values), np.nan)
    out[n - 1 :] = np.lib.stride_tricks.sliding_window_view(values, n).mean(axis=1)
    return out


class Cross(Strategy):
    n_fast, n_slow = 20, 50

    def init(self):
        self.fast = self.I(_mean, self.data.Close, self.n_fast)
        self.slow = self.I(_mean, self.data.Close, self.n_slow)

    def next(self):
        if len(self.data) <= self.n_slow:
            return
        before, now = self.fast[-2] - self.slow[-2], self.fast[-1] - self.slow[-1]
        if before <= SAME < now:
            if not self.position:
                self.buy(size=QUANTITY)
        elif before >= -SAME > now and self.position:
            self.position.close()


def run(frame: pd.DataFrame) -> float:
    """The sum of the final equities."""
    test = Backtest(frame, Cross, cash=CAPITAL, commission=FEE, finalize_trades=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, heatmap = test.optimize(
            n_fast=range(5, 26), n_slow=range(30, 121, 5), maximize="Equity Final [$]", return_heatmap=True
        )
    return float(heatmap.sum())


if __name__ == "__main__":
    bars = pd.read_csv(sys.argv[1], parse_dates=["timestamp"], index_col="timestamp")
    bars.columns = [name.capitalize() for name in bars.columns]
    started = time.perf_counter()
    total = run(bars)
    print(total, time.perf_counter() - started)
