"""A Backtrader strategy that breaks, wherever it does, breaks alone; so does one that uses what is not hosted."""

from __future__ import annotations

import sys
from dataclasses import replace

import backtrader as bt
import numpy as np
import pytest

from orchestrate.domain.errors import UserInterrupt
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal
from tests.natives.backtrader.builders import AT_CLOSE, PLAIN, Part, host, market, walk

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach


class Holder(bt.Strategy):
    """In on the third bar, out on the thirtieth."""

    def next(self):
        if len(self) == 3:
            self.buy(size=10)
        if len(self) == 30:
            self.close()


class Breaking(Holder):
    """Holds, with a stop below and a limit far away, and breaks at `at`."""

    params = (("at", ""),)

    def break_at(self, place):
        if self.p.at == place:
            raise ZeroDivisionError(place)

    def __init__(self):
        self.break_at("init")
        self.add_timer(when=bt.timer.SESSION_START, monthdays=[15])
        self.calls = []

    def start(self):
        self.break_at("start")

    def prenext(self):
        self.break_at("prenext")

    def next(self):
        assert "broken" not in self.calls
        super().next()
        if len(self) == 12:
            self.sell(size=10, exectype=bt.Order.Stop, price=1.0)
            self.buy(size=10, exectype=bt.Order.Limit, price=1.0)
            self.buy(size=10_000_000)  # is cut to all there is
            self.buy(size=10_000_000)  # finds nothing left
        if len(self) == 20:
            self.calls.append("broken")
            self.break_at("next")
            if self.p.at == "exit":
                sys.exit(3)
            self.calls.clear()

    def notify_order(self, order):
        self.break_at(f"order {order.getstatusname()}")

    def notify_trade(self, trade):
        self.break_at("trade")

    def notify_cashvalue(self, cash, value):
        self.break_at("cashvalue")

    def notify_timer(self, timer, when, *args, **kwargs):
        self.break_at("timer")

    def stop(self):
        self.break_at("stop")


class Once(bt.Indicator):
    lines = ("one",)

    def once(self, start, end):
        raise ZeroDivisionError("once")


class BreakingIndicator(Holder):
    params = (("at", ""),)

    def __init__(self):
        self.one = Once()


PLACES = ["init", "start", "next", "order Submitted", "order Completed", "order Rejected", "trade", "cashvalue",
          "timer", "stop", "exit", "once"]  # fmt: skip


@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE], ids=["open", "close"])
@pytest.mark.parametrize("place", PLACES)
def test_it_breaks_alone_and_is_flattened(place, rules):
    stage = market(walk("A", 50, 1))
    breaking = BreakingIndicator if place == "once" else Breaking
    parts = {
        "good": Part(Holder, pct=30),
        "bad": Part(breaking, config={"at": place}, pct=30),
        "last": Part(Holder, pct=30),
    }
    hosted = host(parts, stage, rules)
    undisturbed = host({"good": Part(Holder, pct=30), "last": Part(Holder, pct=30)}, stage, rules)
    for name in ("good", "last"):
        assert hosted.status(name) == "completed"
        assert hosted.trades(name) == undisturbed.trades(name)
    assert hosted.status("bad") == "failed"
    assert hosted.error("bad") == ("SystemExit: 3" if place == "exit" else f"ZeroDivisionError: {place}")
    trades = hosted.trades("bad")
    assert sum(quantity for _, _, quantity, _ in trades) == 0
    if place in ("next", "exit"):
        assert [when.day for when, *_ in trades] == ([4, 13, 21] if rules is PLAIN else [3, 12, 20])
    assert not hosted.orchestrator.session.blotter.resting()
    assert not hosted.orchestrator.session.blotter.waiting


class BreakingAtRelease(bt.Strategy):
    """Two orders for one open: the first fills, the second finds no money left there, and that breaks it."""

    def next(self):
        if len(self) == 3:
            self.buy(self.data0, size=10)
            self.buy(self.data1, size=1)

    def notify_order(self, order):
        if order.status == order.Rejected:
            raise ZeroDivisionError


def test_it_breaks_at_a_refusal_while_another_order_is_on_its_way():
    one = walk("A", 20, 1)
    dear = replace(one, symbol="B", open=one.open.copy(), high=one.high.copy())
    dear = replace(dear, open=np.where(np.arange(20) == 3, 5000.0, dear.open), high=np.maximum(dear.high, 5000.0))
    hosted = host(BreakingAtRelease, market(one, dear), cash=2000)
    assert hosted.error() == "ZeroDivisionError: "
    assert [(symbol, quantity) for _, symbol, quantity, _ in hosted.trades()] == [("A", 10), ("A", -10)]


class Hanging(Breaking):
    def break_at(self, place):
        while self.p.at == place:
            pass


class OnceForever(bt.Indicator):
    lines = ("one",)

    def once(self, start, end):
        while True:
            pass


class HangingIndicator(Holder):
    params = (("at", ""),)

    def __init__(self):
        self.one = OnceForever()


@pytest.mark.parametrize("place", ["init", "start", "once", "next", "order Rejected", "timer", "stop"])
def test_it_hangs_alone(place):
    hanging = HangingIndicator if place == "once" else Hanging
    parts = {"good": Part(Holder, pct=50), "bad": Part(hanging, config={"at": place}, pct=50)}
    hosted = host(parts, market(walk("A", 50, 1)), timeout=0.2)
    assert hosted.error("bad") == "StrategyTimeout: no answer within 0.2 seconds (execution.strategy_timeout)"
    assert (hosted.status("good"), len(hosted.trades("good"))) == ("completed", 2)
    assert sum(quantity for _, _, quantity, _ in hosted.trades("bad")) == 0


class Cheating(Holder):
    def next_open(self):
        self.buy()


class CheatingTimer(Holder):
    def __init__(self):
        self.add_timer(when=bt.timer.SESSION_START, cheat=True)


def _at(action):
    return type("Refused", (Holder,), {"next": lambda self: action(self) if len(self) == 5 else None})


NOT_HOSTED = {
    "cheat-on-open": Cheating,
    "cheat=True": CheatingTimer,
    "type Close": _at(lambda s: s.buy(exectype=bt.Order.Close)),
    "type Historical": _at(lambda s: s.buy(exectype=bt.Order.Historical)),
    "set_coc": _at(lambda s: s.broker.set_coc(True)),
    "set_coo": _at(lambda s: s.broker.set_coo(True)),
    "add_cash": _at(lambda s: s.broker.add_cash(1000)),
    "setcommission": _at(lambda s: s.broker.setcommission(commission=0.1)),
    "set_slippage_perc": _at(lambda s: s.broker.set_slippage_perc(0.1)),
    "set_filler": _at(lambda s: s.broker.set_filler(None)),
    "adddata": _at(lambda s: s.cerebro.adddata(s.data)),
    "resampledata": _at(lambda s: s.cerebro.resampledata(s.data, timeframe=bt.TimeFrame.Weeks)),
    "replaydata": _at(lambda s: s.cerebro.replaydata(s.data, timeframe=bt.TimeFrame.Weeks)),
    "resample": _at(lambda s: s.data.resample(timeframe=bt.TimeFrame.Weeks)),
    "replay": _at(lambda s: s.data.replay(timeframe=bt.TimeFrame.Weeks)),
    "addfilter": _at(lambda s: s.data.addfilter(bt.filters.SessionFilter)),
    "addstrategy": _at(lambda s: s.cerebro.addstrategy(Holder)),
    "compensate": _at(lambda s: s.data.compensate(s.data)),
    "run": _at(lambda s: s.cerebro.run()),
    "a market order as a bracket's exit": _at(
        lambda s: s.buy_bracket(exectype=bt.Order.Market, stopexec=None, limitexec=bt.Order.Market)
    ),
    "two market orders": _at(lambda s: s.buy(oco=s.buy())),
    "skipped itself": type("Skipping", (Holder,), {"__init__": lambda self: _skip()}),
}


def _skip():
    raise bt.errors.StrategySkipError


@pytest.mark.parametrize("what", NOT_HOSTED)
def test_what_is_not_hosted_is_refused_by_name(what):
    hosted = host({"good": Part(Holder, pct=50), "bad": Part(NOT_HOSTED[what], pct=50)}, market(walk("A", 40, 1)))
    assert hosted.error("bad").startswith("NotHostedError: ")
    assert what in hosted.error("bad")
    assert len(hosted.trades("good")) == 2


@pytest.mark.parametrize("order", [{"exectype": bt.Order.Limit, "price": float("nan")}, {"size": float("inf")}])
def test_orders_without_a_number(order):
    hosted = host(_at(lambda s: s.buy(**{"size": 1, **order})), market(walk("A", 40, 1)))
    assert hosted.error().startswith("ValueError")


def test_ctrl_c_passes_and_what_looks_like_it_fails_alone():
    def interrupt(_):
        raise UserInterrupt

    def interrupt_by_hand(_):
        raise KeyboardInterrupt

    with pytest.raises(UserInterrupt):
        host(_at(interrupt), market(walk("A", 40, 1)))
    assert host(_at(interrupt_by_hand), market(walk("A", 40, 1))).error().startswith("KeyboardInterrupt")


class Adding(bt.Strategy):
    """Buys, sells and turns round, each instance in a rhythm of its own; with brackets now and then."""

    params = (("beat", 5),)

    def next(self):
        turn, data = len(self) % self.p.beat, self.datas[len(self) % len(self.datas)]
        if turn == 0:
            self.order_target_percent(data, target=0.3)
        elif turn == 2:
            close = data.close[0]
            self.buy_bracket(data, size=5, price=close * 0.99, stopprice=close * 0.97, limitprice=close * 1.02, valid=4)
        elif turn == 4:
            self.order_target_percent(data, target=-0.1)


class EveryFifth:
    """A portable strategy."""

    def on_bar(self, context):
        if context.updated and len(context.bars()) % 5 == 0:
            yield Signal("exit" if context.position() else "entry", context.symbols[0])


@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE], ids=["open", "close"])
def test_twelve_at_once_with_portable_ones_between_them(rules):
    """The orchestrator compares its books with the engine's at every step that had a fill."""
    stage = market(walk("A", 400, 1), walk("B", 400, 2), walk("C", 400, 3, every=3))
    parts = {}
    for number in range(12):
        symbols = ("A", "B", "C")[number % 3 :] or ("A",)
        if number % 4 == 3:
            parts[f"s{number}"] = Part(EveryFifth(), symbols[:1], pct=8, sizing=Sizing(), kind="on_bar")
        else:
            parts[f"s{number}"] = Part(Adding, symbols, {"beat": 5 + number}, pct=8)
    hosted = host(parts, stage, rules)
    assert {hosted.status(name) for name in parts} == {"completed"}
    for name, part in parts.items():
        if part.native is Adding:
            alone = host({name: part}, stage, rules)
            assert hosted.trades(name) == alone.trades(name)
            assert len(hosted.trades(name)) >= 20


def test_two_runs_tell_the_same():
    stage = market(walk("A", 300, 1), walk("B", 300, 2))
    first, second = (host(Adding, stage, symbols=("A", "B")) for _ in range(2))
    assert first.orchestrator.session.log.decisions == second.orchestrator.session.log.decisions
    assert first.orchestrator.fills == second.orchestrator.fills
