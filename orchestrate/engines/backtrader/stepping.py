"""The inside of Backtrader, all of it in this file.

Backtrader runs as a whole or not at all: `Cerebro.run` owns the loop. Its brokers and feeds, however, work without it.
So the feed is not filled row by row (half of a usual run's time) but shows the one row that matters, out of the columns
as they are, and each strategy gets a broker of its own, which is shown one order at a time. What differs from the
broker as it comes:

* an order fills at the open of the bar on which it is submitted (Backtrader's own cheat-on-open) or at that bar's
  close (its cheat-on-close), and never lacks cash: the orchestrator has cut it before;
* price and fee are those of the run's rules;
* sizes are brought back to six decimals after each fill, so that what was bought in parts can be sold as a whole.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from types import MappingProxyType
from typing import Any

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import BarSeries
from orchestrate.domain.orders.execution import ExecutionRules, rounded
from orchestrate.engines.backtrader.lazy_import import bt
from orchestrate.engines.pending_fills import refuse_crossing

_NANOSECONDS_A_DAY = 86_400e9
_DAYS_TO_1970 = 719_163.0
_OrderData = bt.order.OrderData
_BackBroker = bt.brokers.BackBroker
_BackPosition = bt.position.Position


class _Line:
    """What the broker asks of one of a feed's lines: `line[0]` is now."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = math.nan

    def __getitem__(self, _ago: int) -> float:
        return self.now

    def datetime(self) -> None:
        """Return no date: the broker converts it at each fill only to compute interest, and here nothing is lent."""


class ColumnFeed:
    """A series as far as a broker looks at its feed: one bar at a time, and never another than the current one.

    Backtrader's own feed has seven line buffers and a schedule; to make one takes as long as ten orders.
    """

    _compensate = None

    def __init__(self, series: BarSeries) -> None:
        self._name = series.symbol
        self._known = series.available_at.data
        self._prices = series.open.data, series.high.data, series.low.data, series.close.data
        self.datetime, self.close = _Line(), _Line()
        self.open = self.high = self.low = math.nan

    def seek(self, row: int) -> None:
        """Make `row` the current bar."""
        opens, highs, lows, closes = self._prices
        self.open, self.high, self.low = opens[row], highs[row], lows[row]
        self.close.now = closes[row]
        self.datetime.now = self._known[row] / _NANOSECONDS_A_DAY + _DAYS_TO_1970


class _Asked:
    """What the matching looks up in an order as it was made; Backtrader's own record of it also holds executions."""

    __slots__ = ("dt", "pclose")

    def __init__(self, dt: float, pclose: float) -> None:
        self.dt, self.pclose = dt, pclose


class _Executed(_OrderData):  # type: ignore[misc, valid-type]  # Backtrader has no types
    """The executed part of an order, nothing so far; the figures that executions add up begin in the class."""

    dt = margin = None
    size = psize = p1 = p2 = 0
    price = pprice = value = comm = pnl = 0.0

    def __init__(self, quantity: float) -> None:
        self.exbits: deque[Any] = deque()
        self.remsize = quantity


class _Position(_BackPosition):  # type: ignore[misc, valid-type]  # Backtrader has no types
    """A position that knows sooner what a fill would make of it: without making a whole one like it to try."""

    def pseudoupdate(self, size: float, price: float) -> tuple[float, float, float, float]:
        twin = _Position.__new__(_Position)
        twin.size, twin.price = self.size, self.price
        after: tuple[float, float, float, float] = twin.update(size, price)
        return after


class _MarketOrder(bt.Order):  # type: ignore[misc]  # Backtrader has no types
    """A market order for the current bar of its feed, accepted by its broker.

    `on` makes it past Backtrader's own constructor, which looks up the end of the session and copies fifteen
    parameters, and so takes longer than the fill. All other attributes have the defaults of the class.
    """

    p = bt.Order.params

    @classmethod
    def on(cls, broker: StrategyBroker, feed: ColumnFeed, quantity: float, *, at_close: bool) -> _MarketOrder:
        order = cls.__new__(cls)
        order.ref = next(cls.refbasis)
        order.broker, order.data, order.size, order.exectype = broker, feed, quantity, cls.Market
        order.ordtype = cls.Buy if quantity > 0 else cls.Sell
        order.info = _AT_CLOSE if at_close else _AT_OPEN
        order.created = _Asked(feed.datetime.now, feed.close.now)
        order.executed = _Executed(quantity)
        order.status = cls.Accepted
        return order


_AT_OPEN = MappingProxyType({"coc": False})
_AT_CLOSE = MappingProxyType({"coc": True})


class _RuleCommission(bt.CommInfoBase):  # type: ignore[misc]  # Backtrader has no types
    """Backtrader's commission scheme with the run's own fees."""

    params = (("stocklike", True), ("commtype", bt.CommInfoBase.COMM_PERC), ("percabs", True))
    #: the fee of the order under way, None where the rules give it
    fixed: float | None = None

    def __init__(self, rules: ExecutionRules, instrument: Instrument) -> None:
        super().__init__()
        self._rules = rules
        self._instrument = instrument
        self.p.mult = instrument.multiplier

    def getcommission(self, size: float, price: float) -> float:
        """Return the fee of `size` at `price`."""
        return self._rules.fee(size, price, self._instrument) if self.fixed is None else self.fixed

    def get_credit_interest(self, _data: ColumnFeed, _position: object, _now: object) -> float:
        """Return zero: nothing is lent here; Backtrader would look up since when a position is held."""
        return 0.0

    def confirmexec(self, size: float, price: float) -> None:
        """Do nothing: Backtrader computes the fee a second time here, for schemes that keep count."""


class StrategyBroker(_BackBroker):  # type: ignore[misc, valid-type]  # Backtrader has no types
    """One strategy's own broker: its orders, its positions, and no account."""

    def __init__(self, rules: ExecutionRules) -> None:
        super().__init__()
        self._rules = rules
        self._instruments: dict[str, Instrument] = {}
        self.init()
        self.set_checksubmit(False)
        self.set_coo(True)
        self.set_coc(True)
        self.setcash(math.inf)
        self.positions: defaultdict[ColumnFeed, Any] = defaultdict(_Position)

    def trade(self, instrument: Instrument) -> None:
        """Let orders on `instrument` in."""
        self._instruments[instrument.symbol] = instrument
        self.addcommissioninfo(_RuleCommission(self._rules, instrument), name=instrument.symbol)

    def fill(self, feed: ColumnFeed, quantity: float, *, at_close: bool) -> bt.Order:
        """Match a market order against the feed's current bar."""
        position = self.positions[feed]
        refuse_crossing(position.size, quantity)
        order = _MarketOrder.on(self, feed, quantity, at_close=at_close)
        self._try_exec_market(order, feed.open, feed.high, feed.low)
        position.size = rounded(position.size)
        return order

    def fill_at(self, feed: ColumnFeed, quantity: float, price: float, *, slips: bool) -> bt.Order:
        """Fill an order that the feed's current bar reaches at `price`; it has a limit unless it `slips`."""
        position = self.positions[feed]
        refuse_crossing(position.size, quantity)
        order = _MarketOrder.on(self, feed, quantity, at_close=False)
        if not slips:
            order.exectype = order.Limit
        self._execute(order, ago=0, price=price)
        position.size = rounded(position.size)
        return order

    def fill_quoted(self, feed: ColumnFeed, quantity: float, price: float, fee: float | None) -> bt.Order:
        """Fill an order at a price that is given, for a fee that may be given, too."""
        commission = self.comminfo[feed._name]
        commission.fixed = fee
        order = self.fill_at(feed, quantity, price, slips=False)
        commission.fixed = None
        return order

    def notify(self, order: bt.Order) -> None:
        """Do nothing: the orchestrator notifies portable strategies of their fills."""

    def _ococheck(self, order: bt.Order) -> None:
        """Do nothing: no order here is tied to another."""

    def _execute(
        self, order: bt.Order, ago: int | None = None, price: float | None = None, **rest: Any
    ) -> float | None:
        if price is not None and order.exectype == order.Market:
            price = self._rules.fill_price(price, order.size, self._instruments[order.data._name])
        left: float | None = _BackBroker._execute(self, order, ago, price, **rest)
        return left
