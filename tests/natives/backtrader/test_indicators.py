"""Indicators of every kind have the values of a bare Cerebro, and so do the trades that follow them."""

from __future__ import annotations

import backtrader as bt

from tests.natives.backtrader.builders import market, walk
from tests.natives.backtrader.comparison import RULES, same


class HeikinAshi(bt.Strategy):
    """An indicator that makes Cerebro step bar by bar instead of vectorised, on datas of two lengths."""

    def __init__(self):
        self.candle, self.slow = bt.ind.HeikinAshi(), bt.ind.SMA(self.data1.close, period=3)

    def next(self):
        candle = self.candle
        self.notices.append(
            (self.datetime.datetime(), len(self.data0), len(self.data1), candle.ha_close[0], self.slow[0])
        )
        if candle.ha_close[0] > candle.ha_open[0] and not self.position:
            self.buy(size=10)
        elif candle.ha_close[0] < candle.ha_open[0] and self.position:
            self.close()


def test_indicators_that_can_not_be_vectorised():
    same(HeikinAshi, market(walk("A", 400, 40), walk("B", 400, 41, every=5)), at_least=20)


class Middle(bt.Indicator):
    """Written bar by bar, as most people's own are: in the middle between the extremes."""

    lines = ("middle",)
    params = (("period", 6),)

    def __init__(self):
        self.addminperiod(self.p.period)

    def next(self):
        recent = self.data.get(size=self.p.period)
        self.lines.middle[0] = (max(recent) + min(recent)) / 2


class Smoothed(bt.Indicator):
    """Remembers its own last value, and begins in a way of its own; over another indicator."""

    lines = ("smoothed",)

    def __init__(self):
        self.middle = Middle(self.data, period=4)
        self.range = bt.ind.Highest(self.data1.high, period=3) - bt.ind.Lowest(self.data1.low, period=3)

    def prenext(self):
        self.lines.smoothed[0] = self.data[0]

    def nextstart(self):
        self.lines.smoothed[0] = self.middle[0]

    def next(self):
        self.lines.smoothed[0] = self.lines.smoothed[-1] * 0.7 + self.middle[0] * 0.3 + self.range[0] * 1e-3


class OwnIndicators(bt.Strategy):
    def __init__(self):
        self.middles = [Middle(data.close) for data in self.datas]
        self.smoothed = Smoothed(self.datas[0].close, self.datas[1])

    def next(self):
        self.notices.append((len(self), self.smoothed[0], *(middle[0] for middle in self.middles)))
        for data, middle in zip(self.datas, self.middles, strict=True):
            above = data.close[0] > max(middle[0], self.smoothed[0] if data is self.data else 0.0)
            if above != bool(self.getposition(data)):
                self.buy(data) if above else self.close(data)


@RULES
def test_indicators_of_ones_own_that_go_from_bar_to_bar(rules):
    same(OwnIndicators, market(walk("A", 200, 1), walk("B", 200, 2)), rules)
