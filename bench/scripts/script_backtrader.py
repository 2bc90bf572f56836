"""One crossing on the bars of a file, as a whole script: `script_backtrader.py bars.csv`."""

from __future__ import annotations

import sys

import backtrader as bt
import pandas as pd

SAME = 1e-9


class Cross(bt.Strategy):
    def __init__(self):
        self.fast, self.slow = bt.ind.SMA(period=20), bt.ind.SMA(period=50)

    def next(self):
        if len(self.data) <= 50:
            return
        before, now = self.fast[-1] - self.slow[-1], self.fast[0] - self.slow[0]
        if before <= SAME < now:
            if not self.position:
                self.buy(size=100)
        elif before >= -SAME > now and self.position:
            self.close()


def run(path: str) -> float:
    """The final equity."""
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(10_000_000)
    cerebro.broker.setcommission(0.001)
    frame = pd.read_csv(path, parse_dates=["timestamp"], index_col="timestamp")
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.addstrategy(Cross)
    cerebro.run()
    return cerebro.broker.getvalue()


if __name__ == "__main__":
    print(run(sys.argv[1]))
