"""A Backtrader strategy that damages its broker, orders, positions or datas fails alone."""

from __future__ import annotations

from decimal import Decimal

import backtrader as bt
import numpy as np
import pytest

from orchestrate.domain.orders.order import Ended, Reason
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Signal
from tests.natives.backtrader.builders import AT_CLOSE, PLAIN, Part, host, market, walk

BARS = 16


class Sound(bt.Strategy):
    """In on the third bar of every seven, out on the sixth."""

    def next(self):
        if len(self) % 7 == 3:
            self.buy(size=10)
        if len(self) % 7 == 6:
            self.close()


class Portable:
    """Trades on the same engine without living in it."""

    def on_bar(self, context):
        if len(context.bars()) % 5 == 0:
            yield Signal("exit" if context.position() else "entry", context.symbols[0])


def plan(steps):
    """A strategy that does at its n-th bar what `steps[n]` says."""

    def follow(self):
        if len(self) in steps:
            self.made = steps[len(self)](self)

    return type("Planned", (bt.Strategy,), {"next": follow})


def buy(one):
    return one.buy(size=5)


def limit(one, price=1.0):
    return one.buy(size=5, exectype=bt.Order.Limit, price=price)


def writes(target, name, value):
    """Write `value` into what `target` finds in the strategy."""
    return lambda one: setattr(target(one), name, value)


def into_a_new_order(target, name, value, order=buy):
    """Write `value` into the order that is sent just now."""
    return {4: lambda one: setattr(target(order(one)), name, value)}


def item(name, value, of):
    """Write `value` into the first element of a line."""
    return lambda one: getattr(one.data, of).__setitem__(name, value)


def by_hand(one):
    return bt.BuyOrder(owner=one, data=one.data, size=5, exectype=bt.Order.Market, simulated=True)


def end_of_another(one):
    one.broker.native_orders._ended.append((1, Ended("good", "1", Reason.CANCELLED)))


#: what is done at which bars, and a part of the error
DAMAGE = {
    "a decimal size": ({4: lambda s: s.buy(size=Decimal("5.5"))}, "a size must be an int or a float"),
    "an unsigned size": ({4: lambda s: s.sell(size=np.uint8(200))}, "an order to sell has the size 56"),
    "a size in an array": ({4: lambda s: s.buy(size=np.array([3]))}, "a size must be an int or a float"),
    "a decimal price": ({4: lambda s: limit(s, Decimal("100.5"))}, "a price must be an int or a float"),
    "a price as text": ({4: lambda s: limit(s, "100")}, "a price must be an int or a float, not '100'"),
    "an order made by hand": ({4: lambda s: s.broker.submit(by_hand(s))}, "that buy or sell has not made"),
    "an order sent twice": ({4: lambda s: s.broker.submit(buy(s))}, "was sent before"),
    "an order sent again": ({4: buy, 8: lambda s: s.broker.transmit(s.made)}, "was sent before"),
    "an order among the pending": ({4: lambda s: s.broker.pending.append(by_hand(s))}, "that was never sent"),
    "junk among the pending": ({4: lambda s: s.broker.pending.append("x")}, "backtrader broke in the engine of bad"),
    "executed.size": (into_a_new_order(lambda o: o.executed, "size", -5), "executed.size was 0 and is -5"),
    "executed.remsize": (into_a_new_order(lambda o: o.executed, "remsize", -5), "executed.remsize was 5 and is -5"),
    "created.size": (into_a_new_order(lambda o: o.created, "size", 500), "created.size was 5 and is 500"),
    "created.price": (into_a_new_order(lambda o: o.created, "price", 1e6, limit), "created.price was 1.0"),
    "ref": (into_a_new_order(lambda o: o, "ref", 7_777_777), "and is 7777777"),
    "exectype": (into_a_new_order(lambda o: o, "exectype", bt.Order.Market, limit), "exectype was 2 and is 0"),
    "data": ({4: lambda s: setattr(buy(s), "data", s.datas[1])}, "it is on another data"),
    "executed away": (into_a_new_order(lambda o: o, "executed", None), "backtrader broke in the engine of bad"),
    "executing an order": ({4: lambda s: s.broker._execute(buy(s), ago=0, price=1.0)}, "executed before its release"),
    "position.update": ({4: lambda s: s.position.update(10, 100.0)}, "backtrader holds 10 of A"),
    "position.update and an order": (
        {4: lambda s: (s.position.update(10, 100.0), buy(s))},
        "the position of A was set to 10; its fills add up to 0",
    ),
    "position.size": ({4: buy, 8: writes(lambda s: s.position, "size", float("nan"))}, "backtrader holds nan of A"),
    "position.price": (
        {4: buy, 8: writes(lambda s: s.position, "price", 3.0), 10: lambda s: s.close()},
        "backtrader has realised",
    ),
    "positions": ({4: buy, 8: lambda s: s.broker.positions.clear()}, "backtrader holds 0 of A"),
    "no positions": ({4: writes(lambda s: s.broker, "positions", None)}, "backtrader broke in the engine of bad"),
    "cash as text": ({4: writes(lambda s: s.broker, "cash", "x"), 6: buy}, "could not convert string to float"),
    "the fee": ({4: lambda s: s.broker.comminfo.update(A=bt.CommInfoBase(commission=0.5)), 6: buy}, "its fee is"),
    "the price it pays": (
        {4: lambda s: (item(1, 1.0, "open")(s), item(0, 1.0, "close")(s), buy(s))},
        "of A was overwritten: 1.0",
    ),
    "the next low": ({4: lambda s: (item(1, 1.0, "low")(s), limit(s, 2.0))}, "the low of A was overwritten: 1.0"),
    "another's name": ({4: lambda s: (end_of_another(s), buy(s))}, "it reports something of good"),
}  # fmt: skip


def parts(bad=None):
    alone = {
        "good": Part(Sound, pct=20),
        "last": Part(Sound, ("A",), pct=20),
        "portable": Part(Portable(), ("A",), pct=20, sizing=Sizing(), kind="on_bar"),
    }
    return {"good": alone["good"], "bad": Part(bad, pct=20), **alone} if bad else alone


def facts_of(hosted):
    """All that a run says of the others."""
    results = hosted.orchestrator.results()
    return {
        name: (hosted.trades(name), results[name].status, results[name].equity.tolist(), results[name].fees)
        for name in ("good", "last", "portable")
    }


@pytest.fixture(scope="module")
def stage():
    return market(walk("A", BARS, 1), walk("B", BARS, 2))


@pytest.fixture(scope="module", params=[PLAIN, AT_CLOSE], ids=["open", "close"])
def undisturbed(request, stage):
    return request.param, facts_of(host(parts(), stage, request.param))


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # of numpy, at -np.uint8(200)
@pytest.mark.parametrize("what", DAMAGE)
def test_it_fails_alone_and_is_flattened(what, stage, undisturbed):
    rules, others = undisturbed
    steps, message = DAMAGE[what]
    hosted = host(parts(plan(steps)), stage, rules)
    assert hosted.status("bad") == "failed"
    assert message in hosted.error("bad")
    assert sum(quantity for _, _, quantity, _ in hosted.trades("bad")) == 0
    assert not hosted.orchestrator.strategies["bad"].book.positions
    assert facts_of(hosted) == others


def test_what_it_holds_is_closed_at_the_next_open_by_the_rules(stage):
    hosted = host(parts(plan({4: buy, 8: lambda s: s.broker.positions.clear(), 9: buy})), stage)
    opens = stage.series["A"].open
    assert [(q, p) for _, _, q, p in hosted.trades("bad")] == [(5, opens[4]), (-5, opens[9])]


def test_damage_after_the_last_fill_is_noticed_at_the_end(stage):
    hosted = host(plan({BARS: lambda s: s.position.update(10, 100.0)}), stage)
    assert "backtrader holds 10 of A, the books of its strategies hold 0 (at the end)" in hosted.error()


@pytest.mark.parametrize("size", [np.int64(3), np.float32(3), True])
def test_numbers_of_other_kinds_are_taken_as_what_they_are(size, stage):
    hosted = host(plan({4: lambda s: s.buy(size=size)}), stage)
    assert [quantity for _, _, quantity, _ in hosted.trades()] == [float(size)]


def test_what_it_filled_before_the_damage_is_booked(stage):
    def execute(one):
        one.broker._execute(buy(one), ago=0, price=1.0)

    hosted = host({"bad": Part(plan({4: buy, 5: execute}), pct=100)}, stage)
    opens = stage.series["A"].open
    assert "executed before its release" in hosted.error("bad")
    assert [(q, p) for _, _, q, p in hosted.trades("bad")] == [(5, opens[4]), (-5, opens[5])]
