"""The scene as a good Backtrader user writes it: one Cerebro, `stdstats=False`, indicators, runonce."""

from __future__ import annotations

import time

import backtrader as bt
import pandas as pd

from bench.scenes.scene import CASH, FEE, QUANTITY, SAME, Done, Scene


class Cross(bt.Strategy):
    params = (("symbol", ""), ("fast", 20), ("slow", 50))

    def __init__(self):
        self.feed = self.getdatabyname(self.p.symbol)
        self.fast = bt.ind.SMA(self.feed, period=self.p.fast)
        self.slow = bt.ind.SMA(self.feed, period=self.p.slow)
        self.fills = []
        self.held = 0

    def next(self):
        if len(self.feed) <= self.p.slow:
            return
        before, now = self.fast[-1] - self.slow[-1], self.fast[0] - self.slow[0]
        if before <= SAME < now:
            if not self.held:
                self.held = QUANTITY
                self.buy(self.feed, size=QUANTITY)
        elif before >= -SAME > now and self.held:
            self.held = 0
            self.sell(self.feed, size=QUANTITY)

    def notify_order(self, order):
        if order.status == order.Completed:
            at = round(order.executed.dt * 86_400) * 1_000_000_000 - 719_163 * 86_400 * 1_000_000_000
            self.fills.append((at, order.executed.size, order.executed.price))


def run(scene: Scene) -> Done:
    frames = {
        name: pd.DataFrame({k: v for k, v in data.items() if k != "t"}, index=pd.to_datetime(data["t"]))
        for name, data in scene.data.items()
    }
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.broker.setcash(CASH)
    cerebro.broker.setcommission(commission=FEE)
    frame_size = bt.TimeFrame.Days if scene.step == 86_400 else bt.TimeFrame.Minutes
    feeds = [bt.feeds.PandasData(dataname=frame, name=name, timeframe=frame_size) for name, frame in frames.items()]
    for feed in feeds:
        cerebro.adddata(feed)
    for symbol, fast, slow in scene.rules:
        cerebro.addstrategy(Cross, symbol=symbol, fast=fast, slow=slow)
    loading = 0.0
    for feed in feeds:  # rows into line buffers: loading, not running

        def preload(feed=feed, original=feed.preload):
            nonlocal loading
            started = time.process_time()
            original()
            loading += time.process_time() - started

        feed.preload = preload
    started = time.process_time()
    strategies = cerebro.run()
    seconds = time.process_time() - started - loading
    return Done(seconds, cerebro.broker.getvalue(), [strategy.fills for strategy in strategies])
