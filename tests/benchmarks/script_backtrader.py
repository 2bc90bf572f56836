"""One crossing on the bars of a file, as a whole script: `script_backtrader.py bars.csv`."""

from __future__ import annotations

import sys

import backtrader as bt
import pandas as pd


class Cross(bt.Strategy):
    def __init__(self):
        self.fast, self.slow = bt.ind.SMA(period=20), bt.ind.SMA(period=50)

    def next(self):
        if self.fast[-1] <= self.slow[-1] and self.fast[0] > self.slow[0]:
            if not self.position:
                self.buy(size=100)
        elif self.fast[-1] >= self.slow[-1] and self.fast[0] < self.slow[0] and self.position:
            self.close()


cerebro = bt.Cerebro(stdstats=False)
cerebro.broker.setcash(10_000_000)
cerebro.broker.setcommission(0.001)
frame = pd.read_csv(sys.argv[1], parse_dates=["timestamp"], index_col="timestamp")
cerebro.adddata(bt.feeds.PandasData(dataname=frame))
cerebro.addstrategy(Cross)
cerebro.run()
print(cerebro.broker.getvalue())
