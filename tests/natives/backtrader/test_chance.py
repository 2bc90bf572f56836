"""Strategies that do everything at random trade and are notified as in a standalone Cerebro."""

from __future__ import annotations

import datetime as dt
import random

import backtrader as bt
import pytest

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from tests.natives.backtrader.builders import AT_CLOSE, PLAIN, bare, host, market, walk

#: long runs of what short tests cover
pytestmark = pytest.mark.uncounted

Order = bt.Order


class Random(bt.Strategy):
    """Sends orders of every type, in groups and brackets, cancels some, and notes all notifications."""

    params = (("seed", 0), ("always", False))

    def __init__(self):
        self.chance = random.Random(self.p.seed)
        self.sent = []
        self.notices = type(self).notices = []

    def notify_order(self, order):
        done = order.executed
        notice = (order.getstatusname(), order.exectype, order.size, done.size, done.price)
        self.notices.append((len(self), order.data._name, *notice))

    def notify_trade(self, trade):
        self.notices.append((len(self), trade.data._name, trade.size, trade.pnl, trade.barlen))

    def price(self, data, away):
        return data.close[0] * (1 + away * self.chance.choice((0.005, 0.01, 0.02, 0.04)))

    def send(self, data, buys, size, **how):
        """A single order, at a price that makes sense for its type."""
        up = 1 if buys else -1
        kind = self.chance.choice((Order.Market, Order.Limit, Order.Stop, Order.StopLimit, Order.StopTrail))
        if kind == Order.Limit:
            how["price"] = self.price(data, -up)
        elif kind in (Order.Stop, Order.StopLimit):
            how["price"] = self.price(data, up)
        if kind == Order.StopLimit:
            how["plimit"] = how["price"] * self.chance.choice((0.99, 1.0, 1.01))
        if kind == Order.StopTrail:
            how["trailpercent"] = self.chance.choice((0.01, 0.03))
        how["valid"] = self.chance.choice((None, None, dt.timedelta(days=2), 3.0, 0))
        send = self.buy if buys else self.sell
        self.sent.append(send(data, size=size, exectype=kind, **how))

    def bracket(self, data, buys, size):
        up = 1 if buys else -1
        send = self.buy_bracket if buys else self.sell_bracket
        at_market = self.chance.random() < 0.5
        self.sent += send(
            data,
            size=size,
            exectype=Order.Market if at_market else Order.Limit,
            price=None if at_market else self.price(data, -up),
            stopprice=self.price(data, -up * 2),
            limitprice=self.price(data, up * 2),
        )

    def prenext(self):
        self.next()

    def either(self, data, size, buys_above, buys_below):
        """Two orders of which one cancels the other: a stop and a limit, at either side of the price."""
        sends = [self.buy if buys else self.sell for buys in (buys_above, buys_below)]
        kinds = [Order.Stop if buys_above else Order.Limit, Order.Limit if buys_below else Order.Stop]
        first = sends[0](data, size=size, exectype=kinds[0], price=self.price(data, 1))
        self.sent += [first, sends[1](data, size=size, exectype=kinds[1], price=self.price(data, -1), oco=first)]

    def next(self):
        """One order, pair or bracket at a time for each data: docs/natives.md says how several act on one bar."""
        chance = self.chance
        for data in self.datas:
            if not len(data) or data.datetime[0] != self.datetime[0]:
                continue
            live = [order for order in self.sent if order.alive() and order.data is data]
            held, move = self.getposition(data).size, chance.random()
            if live:
                if move < 0.05 and all(order.status == Order.Accepted for order in live):
                    for order in live:
                        self.cancel(order)
            elif move < 0.2:
                self.send(data, chance.random() < 0.5, chance.randrange(1, 40))
            elif move < 0.4 and held:
                self.send(data, held < 0, abs(held))
            elif move < 0.5 and held:
                self.either(data, abs(held), held < 0, held < 0)
            elif move < 0.6 and not held:
                self.either(data, chance.randrange(1, 40), *chance.choice(((True, False), (False, True), (True, True))))
            elif move < 0.75:
                self.bracket(data, chance.random() < 0.5, chance.randrange(1, 40))
            elif move < 0.85:
                self.sent.append(self.order_target_percent(data, target=chance.choice((-0.001, 0.0, 0.001, 0.002))))
            self.sent = [order for order in self.sent if order is not None and order.alive()]


@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE], ids=["open", "close"])
@pytest.mark.parametrize("seed", range(8))
def test_by_chance(seed, rules):
    stage = market(walk("A", 250, seed), walk("B", 250, seed + 100))
    alone = bare(Random, stage, rules, {"seed": seed}, cash=1e8)
    notices = Random.notices
    hosted = host(Random, stage, rules, {"seed": seed}, cash=1e8)
    assert hosted.status() == "completed", hosted.error()
    assert len(alone.trades) > 50
    # market orders of all datas come first under the orchestrator, so each data is looked at by itself
    for symbol in ("A", "B"):
        trades = [trade for trade in hosted.trades() if trade[1] == symbol]
        expected = [trade for trade in alone.trades if trade[1] == symbol]
        assert trades[: len(expected)] == expected
        assert len(trades) - len(expected) <= (rules is AT_CLOSE)
    by_symbol = [
        [note for note in notes if note[1] == symbol] for notes in (notices, Random.notices) for symbol in ("A", "B")
    ]
    assert by_symbol[:2] == by_symbol[2:]


class Valued(Random):
    """Notes cash and value, as it sees them at each bar."""

    def __init__(self):
        super().__init__()
        self.values = type(self).values = []

    def next(self):
        self.values.append((self.broker.getcash(), self.broker.getvalue()))
        super().next()


KINDS = {
    "shares": {},
    "multiplied": {"A": Instrument("A", multiplier=25.0)},
    "futures": {"A": Instrument("A", multiplier=50.0, margin_rate=0.1, asset_class="future")},
    "pairs": {"B": Instrument("B", margin_rate=0.05, asset_class="fx")},
}


@pytest.mark.parametrize("lots", ["integer", "fractional"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cash", [20_000, 1e8])
def test_the_account_it_sees_is_its_book(kind, lots, cash):
    """With fees, slippage, orders through zero, and capital that runs out."""
    rules = ExecutionRules(commission=Commission(percent=0.05, minimum=2.0), slippage=Slippage(percent=0.02), lots=lots)
    for seed in range(2):
        stage = market(walk("A", 250, seed), walk("B", 250, seed + 100), **KINDS[kind])
        hosted = host(Valued, stage, rules, {"seed": seed}, cash=cash)
        assert hosted.status() == "completed", hosted.error()
        equity = hosted.orchestrator.results()["one"].equity
        assert len(hosted.trades()) > 40
        assert [value for _, value in Valued.values] == pytest.approx(equity.tolist(), rel=1e-9)
        if kind in ("shares", "multiplied"):
            (entry,) = hosted.orchestrator.strategies.values()
            assert Valued.values[-1][0] == pytest.approx(entry.book.cash, rel=1e-9, abs=1e-6)
