"""The scene in backtesting.py, where it is installed: a run for each strategy, because it knows one of one symbol."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy, backtesting

from bench.scenes.scene import CASH, FEE, QUANTITY, SAME, Done, Scene

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


def run(scene: Scene) -> Done:
    frames = {
        name: pd.DataFrame({k.capitalize(): v for k, v in data.items() if k != "t"}, index=pd.to_datetime(data["t"]))
        for name, data in scene.data.items()
    }
    seconds, equity, fills = 0.0, 0.0, []
    cash = CASH / scene.strategies
    for symbol, fast, slow in scene.rules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            test = Backtest(frames[symbol], Cross, cash=cash, commission=FEE, finalize_trades=False)
            started = time.process_time()
            stats = test.run(n_fast=fast, n_slow=slow)
            seconds += time.process_time() - started
        own = []
        broker = stats._strategy._broker
        for trade in (*broker.closed_trades, *broker.trades):
            own.append((trade.entry_time.value, float(trade.size), trade.entry_price))
            if trade.exit_time is not None:
                own.append((trade.exit_time.value, -float(trade.size), trade.exit_price))
        fills.append(sorted(own))
        equity += broker.equity
    return Done(seconds, equity, fills)
