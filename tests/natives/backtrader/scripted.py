"""A Backtrader strategy that does at each bar what a test says, on small markets."""

from __future__ import annotations

import backtrader as bt
import numpy as np

from orchestrate.domain.market.timeline import BarSeries
from tests.natives.backtrader.builders import DAY, FIRST, PLAIN, host


def bars(*prices, symbol="A", days=()):
    """Daily bars of (open, high, low, close)."""
    opened, high, low, close = (np.array(column, dtype=np.float64) for column in zip(*prices, strict=True))
    label = FIRST + np.array(days or range(len(prices)), dtype=np.int64) * DAY
    return BarSeries(symbol, label, opened, high, low, close, np.full(len(label), 1e6), label.copy(), DAY)


def flat(count, price=100.0, symbol="A"):
    return bars(*[(price, price, price, price)] * count, symbol=symbol)


class Scripted(bt.Strategy):
    """Does `plan[n]` at its n-th bar (from 1); notes its notifications."""

    params = (("plan", {}), ("answers", {}))

    def __init__(self):
        self.notices = type(self).notices = []
        self.orders = {}

    def notify_order(self, order):
        notice = (len(self), order.getstatusname(), order.created.size, order.info.get("reason", ""))
        self.notices.append(notice)
        answer = self.p.answers.get(notice[1])
        if answer:
            answer(self, order)

    def next(self):
        act = self.p.plan.get(len(self))
        if act:
            act(self)


def play(plan, stage, rules=PLAIN, *, answers=None, **how):
    hosted = host(Scripted, stage, rules, {"plan": plan, "answers": answers or {}}, **how)
    assert hosted.status() == "completed", hosted.error()
    return hosted, Scripted.notices


def sizes(hosted, strategy_id="one"):
    return [(quantity, price) for _, _, quantity, price in hosted.trades(strategy_id)]
