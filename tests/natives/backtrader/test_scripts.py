"""Scripts as users have them trade under the orchestrator as in a bare Cerebro."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import backtrader as bt
import pytest

from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.plan import Sizing
from tests.natives.backtrader.builders import AT_CLOSE, MINUTE, PLAIN, host, market, walk
from tests.natives.backtrader.comparison import FEES, RULES, same

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach


class SmaCross(bt.Strategy):
    params = (("fast", 5), ("slow", 20))

    def __init__(self):
        fast, slow = bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow)
        self.crossover = bt.ind.CrossOver(fast, slow)

    def next(self):
        if not self.position:
            if self.crossover > 0:
                self.buy(size=100)
        elif self.crossover < 0:
            self.close()


@RULES
def test_the_classic_sma_cross(rules):
    same(SmaCross, market(walk("A", 600, 1)), rules, {"fast": 4}, at_least=20)


class SignalCross(bt.SignalStrategy):
    """The one of Backtrader's front page."""

    def __init__(self):
        sma1, sma2 = bt.ind.SMA(period=5), bt.ind.SMA(period=15)
        self.signal_add(bt.SIGNAL_LONGSHORT, bt.ind.CrossOver(sma1, sma2))


@RULES
def test_the_signal_strategy_of_the_front_page_turns_its_position_round(rules):
    same(SignalCross, market(walk("A", 600, 2)), rules, sizing=Sizing("fixed", Decimal(50)))


class Brackets(bt.Strategy):
    """Entries by limit, exits by bracket; notes all notifications."""

    def __init__(self):
        self.fast, self.slow = bt.ind.EMA(period=5), bt.ind.EMA(period=15)
        self.live = set()

    def notify_order(self, order):
        self.notices.append((len(self), order.getstatusname(), order.executed.size, order.executed.price))
        if not order.alive():
            self.live.discard(order.ref)

    def notify_trade(self, trade):
        self.notices.append((len(self), trade.status, trade.size, round(trade.pnl, 6)))

    def notify_cashvalue(self, cash, value):
        self.notices.append((round(cash, 4), round(value, 4)))

    def notify_fund(self, cash, value, fundvalue, shares):
        self.notices.append((round(fundvalue, 6), round(shares, 6)))

    def next(self):
        if self.live:
            return
        close = self.data.close[0]
        if self.fast > self.slow:
            orders = self.buy_bracket(
                size=30, price=close * 0.99, stopprice=close * 0.95, limitprice=close * 1.04,
                valid=dt.timedelta(days=3),
            )  # fmt: skip
        else:
            orders = self.sell_bracket(size=30, price=close * 1.01, stopprice=close * 1.05, limitprice=close * 0.96)
        self.live = {order.ref for order in orders}


@RULES
def test_brackets_in_both_directions(rules):
    same(Brackets, market(walk("A", 700, 3)), rules, at_least=100)


class MarketBrackets(Brackets):
    """An entry at the market; the children act from the bar on from which Backtrader lets them."""

    def next(self):
        if not self.live:
            close = self.data.close[0]
            orders = self.buy_bracket(
                size=30, exectype=bt.Order.Market, stopprice=close * 0.99, limitprice=close * 1.01
            )
            self.live = {order.ref for order in orders}


@RULES
def test_brackets_around_a_market_order(rules):
    same(MarketBrackets, market(walk("A", 400, 4)), rules, at_least=100)


class Pairs(bt.Strategy):
    """Two datas of different calendars; their spread's z-score."""

    def __init__(self):
        self.ratio = []

    def prenext(self):
        self.next()

    def next(self):
        a, b = self.datas
        if not (len(a) and len(b)):
            return
        self.notices.append((self.datetime.datetime(), len(a), len(b), a.close[0], b.close[0]))
        self.ratio.append(a.close[0] / b.close[0])
        if len(self.ratio) < 20:
            return
        window = self.ratio[-20:]
        mean = sum(window) / 20
        deviation = (sum((x - mean) ** 2 for x in window) / 20) ** 0.5
        z = (window[-1] - mean) / deviation
        held = self.getposition(a).size
        if not held and abs(z) > 1.5:
            (self.sell if z > 0 else self.buy)(a, size=100)
            (self.buy if z > 0 else self.sell)(b, size=120)
        elif held and abs(z) < 0.5:
            self.close(a)
            self.close(b)


@pytest.mark.parametrize("rules", [PLAIN, FEES], ids=["open", "fees"])
def test_a_pairs_trade_over_two_calendars(rules):
    whole, gaps = walk("A", 600, 5), walk("B", 600, 6)
    keep = [row for row in range(600) if row % 7 not in (2, 3) and row > 30]
    columns = {
        name: getattr(gaps, name)[keep]
        for name in ("timestamp", "open", "high", "low", "close", "volume", "available_at")
    }
    patchy = type(gaps)("B", **columns, length=gaps.length)
    same(Pairs, market(whole, patchy), rules, at_least=40)


class TimerRebalancer(bt.Strategy):
    """Every month, by a timer: a third in each, by value; notes the timer."""

    def __init__(self):
        self.add_timer(when=bt.timer.SESSION_START, monthdays=[1], monthcarry=True)

    def notify_timer(self, timer, when, *args, **kwargs):
        self.notices.append((when, self.data.datetime.datetime() if len(self.data) else None))
        for data in self.datas:
            self.order_target_value(data, target=self.broker.getvalue() * 0.3)


@RULES
def test_a_timer_rebalancer(rules):
    same(TimerRebalancer, market(walk("A", 500, 7), walk("B", 500, 8), walk("C", 500, 9)), rules, at_least=30)


class IntradayTimer(bt.Strategy):
    def start(self):
        self.add_timer(when=dt.time(15, 30))
        self.add_timer(when=dt.time(9, 37), repeat=dt.timedelta(minutes=45), weekdays=[1, 3, 5])

    def notify_timer(self, timer, when, *args, **kwargs):
        self.notices.append((timer.p.tid, when, self.data.datetime.datetime()))
        if timer.p.tid:
            self.buy(size=3)
        else:
            self.close()


def test_timers_at_times_of_day_fire_at_the_very_bar():
    same(IntradayTimer, market(walk("A", 6000, 10, length=MINUTE, sigma=0.001)), at_least=40)


class Rotation(bt.Strategy):
    """Monthly into the two strongest of three."""

    params = (("lookback", 20), ("every", 15))

    def __init__(self):
        self.strength = {data: bt.ind.ROC(data.close, period=self.p.lookback) for data in self.datas}

    def next(self):
        if len(self) % self.p.every:
            return
        ranked = sorted(self.datas, key=lambda data: self.strength[data][0], reverse=True)
        for data in ranked[2:]:
            self.order_target_percent(data, target=0.0)
        for data in ranked[:2]:
            self.order_target_percent(data, target=0.4)


@pytest.mark.parametrize("rules", [PLAIN, FEES], ids=["open", "fees"])
def test_an_order_target_percent_rotation(rules):
    same(Rotation, market(*(walk(name, 500, seed) for seed, name in enumerate("ABC", 20))), rules, at_least=40)


class AllTypes(bt.Strategy):
    """Each order type in turn, with expiry and one-cancels-other; notes all notifications."""

    def notify_order(self, order):
        done = order.executed
        self.notices.append(
            (len(self), order.exectype, order.getstatusname(), order.created.price, done.size, done.price)
        )

    def next(self):
        close, size = self.data.close[0], self.position.size
        turn = len(self) % 12
        if turn == 1:
            self.buy(size=10, exectype=bt.Order.Limit, price=close * 0.985, valid=dt.timedelta(days=4))
        elif turn == 3:
            self.buy(size=7, exectype=bt.Order.Stop, price=close * 1.01, valid=4)
        elif turn == 5:
            self.buy(size=5, exectype=bt.Order.StopLimit, price=close * 1.01, plimit=close * 1.015, valid=5.0)
        elif turn == 7 and size > 0:
            self.sell(size=size, exectype=bt.Order.StopTrail, trailpercent=0.02, valid=3.0)
        elif turn == 10 and size > 0:
            stop = self.sell(size=size, exectype=bt.Order.Stop, price=close * 0.97)
            self.sell(size=size, exectype=bt.Order.Limit, price=close * 1.02, oco=stop)
            self.trail = None
        elif turn == 11:
            for order in self.broker.get_orders_open():
                if order.exectype == bt.Order.Stop:
                    self.cancel(order)


@RULES
def test_every_order_type_with_expiry_and_oco(rules):
    same(AllTypes, market(walk("A", 1500, 30)), rules, at_least=80)


class ByHand(bt.Strategy):
    """A group put together with parent and transmit, good until a date; starts in nextstart."""

    def __init__(self):
        self.average = bt.ind.SMA(period=10)
        self.started = self.live = 0

    def nextstart(self):
        self.notices.append(("nextstart", len(self)))
        self.started = len(self)
        super().nextstart()

    def notify_order(self, order):
        self.notices.append((len(self), order.getstatusname(), order.created.price, order.executed.price))
        self.live += {order.Submitted: 1, order.Completed: -1, order.Canceled: -1, order.Expired: -1}.get(
            order.status, 0
        )

    def next(self):
        if self.live or self.position or (len(self) - self.started) % 3:
            return
        close, day = self.data.close[0], self.data.datetime.date(0)
        entry = self.buy(
            size=20, exectype=bt.Order.Limit, price=close * 0.99, valid=day + dt.timedelta(days=4), transmit=False
        )
        self.sell(size=20, exectype=bt.Order.StopTrail, trailamount=close * 0.02, parent=entry, transmit=False)
        self.sell(size=20, exectype=bt.Order.Limit, price=close * 1.03, parent=entry, transmit=True)


@RULES
def test_a_group_put_together_by_hand(rules):
    same(ByHand, market(walk("A", 600, 33)), rules, at_least=60)


class SessionTimers(bt.Strategy):
    def start(self):
        self.add_timer(when=bt.timer.SESSION_END, offset=dt.timedelta(hours=-2), weekdays=[1, 4], weekcarry=True)
        self.add_timer(when=bt.timer.SESSION_START, offset=dt.timedelta(hours=3), allow=lambda day: day.day % 2 == 0)

    def notify_timer(self, timer, when, *args, **kwargs):
        self.notices.append((timer.p.tid, when, self.data.datetime.datetime()))
        self.order_target_size(target=5 * timer.p.tid)


def test_timers_at_the_start_and_the_end_of_the_session():
    same(SessionTimers, market(walk("A", 1500, 34, length=30 * MINUTE)), at_least=8)


class TrailLimit(bt.Strategy):
    def next(self):
        close = self.data.close[0]
        if not self.position and len(self) % 5 == 0:
            self.buy(size=10)
        elif self.position and not self.broker.get_orders_open():
            self.sell(
                size=10, exectype=bt.Order.StopTrailLimit, price=close, plimit=close * 0.995, trailamount=close * 0.01
            )


@RULES
def test_trailing_stops_with_a_limit(rules):
    same(TrailLimit, market(walk("A", 800, 31)), rules, at_least=40)


class Flipping(bt.Strategy):
    """One order turns the position round."""

    def __init__(self):
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=3), bt.ind.SMA(period=9))

    def next(self):
        if self.cross[0]:
            self.order_target_size(target=100 if self.cross[0] > 0 else -60)


@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE, ExecutionRules(commission=Commission(percent=0.1))])
def test_orders_through_zero(rules):
    same(Flipping, market(walk("A", 500, 32)), rules, at_least=30)


def test_the_minimum_fee_of_an_order_through_zero_is_taken_once():
    stage, rules = market(walk("A", 500, 32)), ExecutionRules(commission=Commission(minimum=7.0))
    hosted = host(Flipping, stage, rules)
    (book,) = [entry.book for entry in hosted.orchestrator.strategies.values()]
    assert book.fees == pytest.approx(7.0 * len(hosted.trades()))


def test_slippage_moves_market_and_stop_orders_and_no_limits():
    rules = ExecutionRules(slippage=Slippage(percent=0.5))
    stage = market(walk("A", 700, 3))
    Brackets.notices = []
    hosted = host(Brackets, stage, rules)
    assert hosted.status() == "completed", hosted.error()
    assert len(hosted.trades()) > 50
    for when, _, quantity, price in hosted.trades():
        row = int((when.timestamp() * 1e9 - stage.series["A"].timestamp[0]) // stage.series["A"].length)
        assert (price > 0) and row >= 0 and quantity
