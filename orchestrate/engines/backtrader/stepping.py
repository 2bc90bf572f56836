"""The inside of Backtrader, all of it in this file.

Backtrader runs as a whole or not at all: `Cerebro.run` owns the loop. Its brokers and feeds, however, work without it.
So a feed is laid over the columns instead of filled row by row (half of a usual run's time) and moved straight to the
row that matters, and each strategy gets a broker of its own, which is shown one order at a time. What differs from the
broker as it comes:

* an order fills at the open of the bar on which it is submitted (Backtrader's own cheat-on-open) or at that bar's
  close (its cheat-on-close), and never lacks cash: the orchestrator has cut it before;
* price and fee are those of the run's rules;
* sizes are brought back to six decimals after each fill, so that what was bought in parts can be sold as a whole.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import numpy as np

from orchestrate.domain.execution import ExecutionRules, rounded
from orchestrate.domain.instruments import Instrument
from orchestrate.domain.market import BarSeries
from orchestrate.engines.backtrader.parts import bt
from orchestrate.engines.handover import refuse_crossing

_NANOSECONDS_A_DAY = 86_400e9
_DAYS_TO_1970 = 719_163.0
_OrderData = bt.order.OrderData


class ColumnFeed(bt.feed.DataBase):  # type: ignore[misc]  # Backtrader has no types
    """A series in Backtrader's line buffers, standing before its first bar."""

    _tz = None
    now = tick_open = tick_high = tick_low = tick_close = 0.0  # where the broker looks first; set at every `seek`

    def fill(self, series: BarSeries) -> ColumnFeed:
        """Lay the lines over the columns: nothing is copied, and nothing can be written."""
        columns = {
            "datetime": series.known / _NANOSECONDS_A_DAY + _DAYS_TO_1970,
            "open": series.open,
            "high": series.high,
            "low": series.low,
            "close": series.close,
            "volume": series.volume,
            "openinterest": np.broadcast_to(0.0, len(series)),
        }
        for name, column in columns.items():
            line = getattr(self.lines, name)
            line.array = column.data
            setattr(self, name, line)  # found at once, not by asking each of the feed's parts
        self._asked = self.datetime, self.close
        self._known = columns["datetime"].data
        self._prices = tuple(columns[name].data for name in ("open", "high", "low", "close"))
        self.datetime.datetime = _nobody_asks_when
        self.home()
        self._name = series.symbol
        return self

    def seek(self, row: int) -> None:
        """Make `row` the current bar of the lines that the broker asks; rows never go back."""
        for line in self._asked:
            line.idx, line.lencount = row, row + 1
        self.now = self._known[row]
        opens, highs, lows, closes = self._prices
        self.tick_open, self.tick_high, self.tick_low, self.tick_close = opens[row], highs[row], lows[row], closes[row]


def _nobody_asks_when() -> None:
    """Instead of the date that the broker works out for the position at each fill, only to reckon interest by it."""


class _Asked:
    """What the matching looks up in an order as it was made; Backtrader's own record of it also holds executions."""

    __slots__ = ("dt", "pclose", "price", "pricelimit")

    def __init__(self, dt: float, pclose: float) -> None:
        self.dt, self.pclose = dt, pclose
        self.price = self.pricelimit = None


class _MarketOrder(bt.Order):  # type: ignore[misc]
    """A market order for the current bar of its feed, accepted by its broker.

    `on` makes it past Backtrader's own constructor, which looks up the end of the session and copies fifteen
    parameters, and so takes longer than the fill. What is not set here has the defaults of the class.
    """

    p = bt.Order.params

    @classmethod
    def on(cls, broker: StrategyBroker, feed: ColumnFeed, quantity: float, *, at_close: bool) -> _MarketOrder:
        order = cls.__new__(cls)
        order.ref = next(cls.refbasis)
        order.broker, order.data, order.size, order.exectype = broker, feed, quantity, cls.Market
        order.ordtype = cls.Buy if quantity > 0 else cls.Sell
        order.info = _AT_CLOSE if at_close else _AT_OPEN
        order.created = _Asked(feed.now, feed.tick_close)
        order.executed = _OrderData(remsize=quantity)
        order.status = cls.Accepted
        return order


_AT_OPEN = MappingProxyType({"coc": False})
_AT_CLOSE = MappingProxyType({"coc": True})


class _RuleCommission(bt.CommInfoBase):  # type: ignore[misc]
    """Backtrader's commission scheme with the run's own fees."""

    params = (("stocklike", True), ("commtype", bt.CommInfoBase.COMM_PERC), ("percabs", True))

    def __init__(self, rules: ExecutionRules, instrument: Instrument) -> None:
        super().__init__()
        self._rules = rules
        self._instrument = instrument
        self.p.mult = instrument.multiplier

    def getcommission(self, size: float, price: float) -> float:
        """The fee of `size` at `price`."""
        return self._rules.fee(size, price, self._instrument)

    def get_credit_interest(self, _data: ColumnFeed, _position: object, _now: object) -> float:
        """Nothing is lent here; Backtrader would look up since when a position is held."""
        return 0.0

    def confirmexec(self, size: float, price: float) -> None:
        """Backtrader reckons the fee a second time here, for schemes that keep count."""


class StrategyBroker(bt.brokers.BackBroker):  # type: ignore[misc]
    """One strategy's own broker: its orders, its positions, no purse."""

    def __init__(self, rules: ExecutionRules) -> None:
        super().__init__()
        self._rules = rules
        self._instruments: dict[str, Instrument] = {}
        self.init()
        self.set_checksubmit(False)
        self.set_coo(True)
        self.set_coc(True)
        self.setcash(math.inf)

    def trade(self, instrument: Instrument) -> None:
        """Let orders on `instrument` in."""
        self._instruments[instrument.symbol] = instrument
        self.addcommissioninfo(_RuleCommission(self._rules, instrument), name=instrument.symbol)

    def fill(self, feed: ColumnFeed, quantity: float, *, at_close: bool) -> bt.Order:
        """A market order, matched against the feed's current bar."""
        position = self.positions[feed]
        refuse_crossing(position.size, quantity)
        order = _MarketOrder.on(self, feed, quantity, at_close=at_close)
        self._try_exec(order)
        position.size = rounded(position.size)
        return order

    def notify(self, order: bt.Order) -> None:
        """Nobody listens here: portable strategies hear of their fills from the orchestrator."""

    def _ococheck(self, order: bt.Order) -> None:
        """No order here is tied to another."""

    def _execute(
        self, order: bt.Order, ago: int | None = None, price: float | None = None, **rest: Any
    ) -> float | None:
        if price is not None:
            price = self._rules.fill_price(price, order.size, self._instruments[order.data._name])
        left: float | None = super()._execute(order, ago, price, **rest)
        return left
