"""A Cerebro that prepares a strategy as Backtrader does and is then stepped from outside.

Bars that are all known are preloaded and indicators vectorised; otherwise both go from bar to bar.
"""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import backtrader as bt
import numpy as np

from orchestrate.domain.errors import NativeError
from orchestrate.domain.market.timeline import BarSeries, Floats, Stamps
from orchestrate.engines.backtrader.hosting.refusals import refuse_methods
from orchestrate.engines.hosting.refusals import NotHostedError, not_hosted

CallScope = AbstractContextManager[object]
_MICROSECOND: Final = 1_000
_SECOND: Final = 1_000_000_000
_MINUTE: Final = 60 * _SECOND
_DAY: Final = 1440 * _MINUTE
_DAYS_TO_1970: Final = 719_163
_LINES: Final = ("open", "high", "low", "close", "volume", "datetime", "openinterest")
_FEED_REFUSED: Final = ("resample", "replay", "addfilter", "addfilter_simple", "compensate")
_CEREBRO_REFUSED: Final = (
    ("adddata", "chaindata", "rolloverdata", "resampledata", "replaydata", "addtz", "addcalendar"),
    ("addstrategy", "optstrategy", "add_order_history", "set_fund_history", "setbroker", "run"),
)


def day_numbers(label: Stamps) -> Floats:
    """Return labels as Backtrader's own `date2num` gives them, to the last bit: timers compare the two.

    The parts of a date are added exactly, each sum's rounding error kept, and rounded once at the end.
    """
    days, left = np.divmod(label, _DAY)
    total = (days + _DAYS_TO_1970).astype(np.float64)
    lost = np.zeros(len(label))
    for unit, a_day in ((60 * _MINUTE, 24.0), (_MINUTE, 1440.0), (_SECOND, 86_400.0), (_MICROSECOND, 86_400e6)):
        count, left = np.divmod(left, unit)
        part = count / a_day
        added = total + part
        back = added - total
        lost += (total - (added - back)) + (part - back)
        total = added
    return total + lost


def time_frame(length: int) -> tuple[int, int]:
    """Return a bar's length as Backtrader's timeframe and compression."""
    days = length / _DAY
    known = ((365, 366, bt.TimeFrame.Years, 1), (89, 92, bt.TimeFrame.Months, 3), (28, 31, bt.TimeFrame.Months, 1))
    for least, most, frame, compression in known:
        if least <= days <= most:
            return frame, compression
    units = (
        (7 * _DAY, bt.TimeFrame.Weeks),
        (_DAY, bt.TimeFrame.Days),
        (_MINUTE, bt.TimeFrame.Minutes),
        (_SECOND, bt.TimeFrame.Seconds),
    )
    for unit, frame in units:
        if length % unit == 0:
            return frame, length // unit
    return bt.TimeFrame.MicroSeconds, max(1, length // _MICROSECOND)


class LabelledFeed(bt.feed.DataBase):  # type: ignore[misc]  # Backtrader has no types
    """A series under the stamps that its file gives it, as a bare run reads them."""

    def __init__(self, series: BarSeries) -> None:
        super().__init__()
        self._series = series
        self._columns: list[bt.LineBuffer] = []
        self._row = self._filled = 0
        self._dataname = self.p.dataname = series.symbol
        self._timeframe, self._compression = time_frame(series.length)
        self.p.timeframe, self.p.compression = self._timeframe, self._compression

    def preload(self) -> None:
        """Fill all lines at once with what is known and stand before the first bar."""
        self._columns = [getattr(self.lines, name) for name in _LINES]
        for line in self._columns:
            line.array = array.array("d")
        self._fill(len(self._series))
        self.home()

    def _fill(self, size: int) -> None:
        """Fill the lines up to `size` bars."""
        series, rows = self._series, slice(self._filled, size)
        prices = (series.open, series.high, series.low, series.close, series.volume)
        columns = (
            *(price[rows] for price in prices),
            day_numbers(series.timestamp[rows]),
            np.zeros(size - self._filled),
        )
        for line, column in zip(self._columns, columns, strict=True):
            line.array.frombytes(column.tobytes())
        self._filled = size

    def seek(self, row: int) -> None:
        """Make `row` the current bar, as `advance` does; one that has only just arrived is filled in."""
        if row >= self._filled:
            self._fill(row + 1)
        self._row = row
        for line in self._columns:
            line._idx = row
            line.lencount = row + 1

    def require_untouched(self) -> None:
        """NativeError where the strategy has written into the current bar."""
        series, row = self._series, self._row
        if self._name != series.symbol:
            raise NativeError(f"the data of {series.symbol} was renamed to {self._name!r}")
        for name in ("open", "high", "low", "close"):
            shown, real = getattr(self.lines, name).array[row], getattr(series, name)[row]
            if shown != real:
                raise NativeError(f"the {name} of {series.symbol} was overwritten: {shown!r} where it is {real:.10g}")

    def _tick_nullify(self) -> None:
        """Called before each bar by indicators that go from bar to bar; the prices of a tick are always the bar's."""

    def _tick_fill(self, force: bool = False) -> None:
        """As above."""


def _tick(name: str) -> property:
    return property(lambda feed: getattr(feed.lines, name)[0])


for _name in ("open", "high", "low", "close", "volume", "openinterest"):
    setattr(LabelledFeed, f"tick_{_name}", _tick(_name))
LabelledFeed.tick_last = LabelledFeed.tick_close
refuse_methods(LabelledFeed, _FEED_REFUSED, "changing a data feed")


def silence(strategy: bt.Strategy) -> None:
    """Leave out the report of cash and value at every bar if the strategy ignores it: it costs more than all else."""
    kind = type(strategy)
    if kind.notify_cashvalue is not bt.Strategy.notify_cashvalue or kind.notify_fund is not bt.Strategy.notify_fund:
        return
    notify = strategy._notify

    def notify_if_needed(**named: Any) -> None:
        if strategy._orderspending or strategy._tradespending or strategy.analyzers or strategy._slave_analyzers:
            notify(**named)

    strategy._notify = notify_if_needed


class _PreparedError(BaseException):
    """Leaves `Cerebro.run` when all is prepared."""


class SteppedCerebro(bt.Cerebro):  # type: ignore[misc]  # Backtrader has no types
    """One strategy's environment: its datas, its broker, its timers."""

    def __init__(self, series: Sequence[BarSeries], broker: bt.BrokerBase, scope: CallScope) -> None:
        super().__init__()
        self.feeds_by_symbol = {one.symbol: LabelledFeed(one) for one in series}
        for symbol, feed in self.feeds_by_symbol.items():
            super().adddata(feed, name=symbol)
        super().setbroker(broker)
        self._scope = scope
        self._vectorised = all(one.is_complete for one in series)

    def prepare(self, native: type, config: dict[str, object], sizer: bt.Sizer) -> bt.Strategy:
        """Make and start the strategy, and compute its indicators. `sizer` is used unless it has set its own.

        Each of its own methods and each indicator has a call scope of its own: on long histories each takes its time.
        """

        def make(*datas: LabelledFeed, **params: object) -> bt.Strategy:
            with self._scope:
                strategy = native(*datas, **params)
            default = strategy.getsizer()
            if type(default) is bt.sizers.FixedSize and (default.p.stake, default.p.tranches) == (1, 1):
                strategy.setsizer(sizer)
            strategy._start = self._in_scope(strategy._start)
            return strategy

        super().addstrategy(make, **config)
        try:
            super().run(preload=True, runonce=self._vectorised, stdstats=False)
        except _PreparedError:
            (strategy,) = self.runningstrats
            silence(strategy)
            return strategy
        raise NotHostedError(f"{native.__name__} skipped itself (StrategySkipError)")

    def _in_scope(self, call: Callable[[], None]) -> Callable[[], None]:
        def scoped() -> None:
            with self._scope:
                call()

        return scoped

    def _runonce(self, runstrats: Sequence[bt.Strategy]) -> None:
        for strategy in runstrats:
            for indicator in strategy.getindicators():
                indicator._once = self._in_scope(indicator._once)
            strategy._once()
            strategy.reset()
            for indicator in strategy.getindicators():
                del indicator._once
        raise _PreparedError

    def _runnext(self, _runstrats: Sequence[bt.Strategy]) -> None:
        self._vectorised = False
        raise _PreparedError

    def call(self, strategy: bt.Strategy, day_number: float) -> None:
        """Call timers that are due, notifications, and `next`, at the bars to which the feeds have been moved."""
        if self._timers:
            self._check_timers([strategy], day_number)
        if self._vectorised:
            strategy._oncepost(day_number)
        else:
            strategy._next()

    @property
    def wants_to_stop(self) -> bool:
        """True once the strategy has called `runstop`."""
        return bool(self._event_stop)

    def _add_timer(self, *arguments: Any, cheat: bool = False, **named: Any) -> bt.Timer:
        if cheat:
            raise not_hosted("add_timer(cheat=True): cheat-on-open")
        return super()._add_timer(*arguments, cheat=False, **named)


refuse_methods(SteppedCerebro, _CEREBRO_REFUSED[0], "changing the datas of a run")
refuse_methods(SteppedCerebro, _CEREBRO_REFUSED[1], "changing the run from within")
