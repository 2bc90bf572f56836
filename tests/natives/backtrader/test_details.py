"""What a hosted Backtrader strategy finds around it: labels, time frames, names, its account, real prices."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import backtrader as bt
import numpy as np
import pytest

from orchestrate import wiring
from orchestrate.data.loading import load_market
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.engines.backtrader.hosting.cerebro import day_numbers, time_frame
from orchestrate.usecases.running.run import run
from tests.natives.backtrader.builders import AT_CLOSE, DAY, FIRST, MINUTE, PLAIN, Part, bare, host, market, walk

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

REAL = Path(__file__).parents[3].parent / "shared" / "data"


def test_labels_are_backtraders_own_to_the_last_bit():
    chance = np.random.default_rng(5)
    seconds = chance.integers(-2_000_000_000, 4_000_000_000, 20_000)
    label = np.concatenate([seconds * 1_000_000_000, FIRST + np.arange(5000) * MINUTE, FIRST + np.arange(500) * DAY])
    expected = [bt.date2num(dt.datetime(1970, 1, 1) + dt.timedelta(seconds=int(one) // 10**9)) for one in label]
    assert day_numbers(label).tolist() == expected


@pytest.mark.parametrize(
    ("length", "frame", "compression"),
    [
        (1_000_000, "MicroSeconds", 1000),
        (5_000_000_000, "Seconds", 5),
        (MINUTE, "Minutes", 1),
        (240 * MINUTE, "Minutes", 240),
        (DAY, "Days", 1),
        (7 * DAY, "Weeks", 1),
        (31 * DAY, "Months", 1),
        (91 * DAY, "Months", 3),
        (365 * DAY, "Years", 1),
    ],
)
def test_a_bars_length_as_a_time_frame(length, frame, compression):
    assert time_frame(length) == (getattr(bt.TimeFrame, frame), compression)


class Looking(bt.Strategy):
    """Notes what it finds by all the names that Backtrader gives it."""

    def __init__(self):
        self.seen = type(self).seen = []
        self.gained = bt.ind.PctChange(self.data1, period=3)

    def next(self):
        if len(self) == 5:
            self.buy("B", size=7)
            self.sell(self.dnames.A, size=3)
        broker = self.broker
        self.seen.append((
            self.datetime.datetime(), self.data.datetime.date(0), self.data.datetime.time(0),
            [(data._name, data._timeframe, data._compression, len(data)) for data in self.datas],
            list(self.getdatanames()), self.getdatabyname("B").close[0], self.dnames.A.close[-1],
            self.data1_close[0], self.data0.close.get(size=2).tolist(), self.data.tick_close == self.data.close[0],
            self.getpositionbyname("B").size, {name: p.size for name, p in self.getpositionsbyname().items()},
            round(broker.getcash(), 6), round(broker.cash, 6), round(broker.getvalue(), 6), broker.startingcash,
            round(broker.get_value([self.data1]), 6), round(broker.fundvalue, 8), round(broker.fundshares, 6),
            round(broker.get_leverage(), 8), broker.getposition(self.data).price, self.gained[0],
            self.p.some, self.cerebro is self.env, len(self.env.datas), broker.getcommissioninfo(self.data).p.mult,
        ))  # fmt: skip

    params = (("some", ()),)


@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE], ids=["open", "close"])
def test_everything_goes_by_its_name(rules):
    stage = market(walk("A", 60, 1, length=15 * MINUTE), walk("B", 60, 2, length=15 * MINUTE), walk("C", 60, 3))
    config = {"some": (1, "two")}
    bare(Looking, stage, rules, config, ("B", "A"))
    seen = Looking.seen
    hosted = host(Looking, stage, rules, config, ("B", "A"))
    assert hosted.status() == "completed", hosted.error()
    # ticks of the last bar are None in a bare run, and filled in here
    assert [*Looking.seen[:-1]] == [*seen[:-1]]


class Analysed(bt.Strategy):
    def __init__(self):
        self._addanalyzer(bt.analyzers.TradeAnalyzer, _name="trades")
        self._addanalyzer(bt.analyzers.TimeReturn, _name="returns")
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=3), bt.ind.SMA(period=8))

    def next(self):
        if self.cross[0]:
            self.order_target_size(target=100 if self.cross[0] > 0 else 0)

    def stop(self):
        type(self).last = self


def test_analyzers_of_its_own():
    stage = market(walk("A", 300, 4))
    alone = bare(Analysed, stage).strategy
    host(Analysed, stage)
    hosted = Analysed.last
    assert hosted is not alone
    for name in ("trades", "returns"):
        theirs, ours = (getattr(one.analyzers, name).get_analysis() for one in (alone, hosted))
        assert len(theirs) > 3
        assert dict(theirs) == dict(ours)


class MixedLengths(bt.Strategy):
    """Hours and days: a day is there when it is over."""

    def __init__(self):
        self.seen = type(self).seen = []

    def prenext(self):
        self.next()

    def next(self):
        hours, days = self.datas
        self.seen.append((self.datetime.datetime(), hours.datetime.datetime(), len(days) and days.datetime.datetime()))


def test_a_day_is_known_when_it_is_over():
    hours, days = walk("H", 96, 1, length=60 * MINUTE), walk("D", 4, 2)
    hours = replace(hours, available_at=hours.timestamp + hours.length - 1_000_000)
    days = replace(days, available_at=days.timestamp + DAY - 1_000_000)
    host(MixedLengths, market(hours, days))
    assert len(MixedLengths.seen) == 96
    for now, hour, day in MixedLengths.seen:
        assert now == hour
        over = hour.date() if hour.hour == 23 else hour.date() - dt.timedelta(days=1)
        assert day == (0 if over < dt.date(2020, 1, 1) else dt.datetime.combine(over, dt.time()))


CONFIG = """
capital: 1000000
end: {end}
data:
{data}
strategies:
  one: {{name: "{script}:{name}", allocation: 100, symbols: [{symbols}], sizing: {{method: fixed, quantity: 50}}}}
execution: {{fill: {fill}, commission: {{percent: 0.1}}}}
"""
SCRIPT = """
import backtrader as bt

class Cross(bt.Strategy):
    params = (("fast", 10), ("slow", 30))

    def __init__(self):
        self.crosses = [bt.ind.CrossOver(bt.ind.SMA(data, period=self.p.fast), bt.ind.SMA(data, period=self.p.slow))
                        for data in self.datas]

    def next(self):
        for data, cross in zip(self.datas, self.crosses):
            if cross[0] > 0:
                self.buy(data)
            elif cross[0] < 0:
                self.close(data)

class Daily(bt.Strategy):
    def __init__(self):
        self.add_timer(when=__import__("datetime").time(14, 30))

    def notify_timer(self, timer, when, *args, **kwargs):
        close = self.data.close[0]
        if self.position:
            for order in self.orders:
                self.cancel(order)
            self.close()
        else:
            self.orders = self.buy_bracket(limitprice=close * 1.002, stopprice=close * 0.998, exectype=bt.Order.Market)
"""


@pytest.mark.uncounted  # long runs of what short tests cover
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data, real prices that may not be published, is not here")
@pytest.mark.slow
@pytest.mark.parametrize("fill", ["next_open", "close"])
@pytest.mark.parametrize(
    ("name", "end", "files"),
    [
        ("Cross", "2015-12-31", {"SPY": "equities_daily/SPY.csv", "AAPL": "equities_daily/AAPL.csv"}),
        ("Cross", "2020-12-31", {"CL": "futures_daily/CL.csv"}),
        ("Daily", "2012-02-15", {"GBPUSD": "fx/GBPUSD_1min.csv.gz"}),
        ("Daily", "2023-09-30", {"FXY": "intraday/FXY_1min.csv.gz"}),
    ],
)
def test_real_prices(name, end, files, fill, tmp_path):
    """From the configuration to the trades, against a bare run on the same file."""
    (tmp_path / "script.py").write_text(SCRIPT)
    data = "\n".join(f"  {symbol}: {{path: {REAL / file}}}" for symbol, file in files.items())
    plan = tmp_path / "plan.yaml"
    text = CONFIG.format(data=data, end=end, script="script.py", name=name, symbols=", ".join(files), fill=fill)
    plan.write_text(text)
    resolution = wiring.read_plan(plan)
    assert resolution.plan is not None, resolution.problems
    result = run(resolution.plan, lookahead=False)
    assert result.strategies["one"].status == "completed", result.strategies["one"].error
    stage, _ = load_market(resolution.plan)
    space: dict = {}
    exec(SCRIPT, space)
    alone = bare(space[name], stage, resolution.plan.execution, stake=50)
    symbols = list(files)
    trades = [
        (record.t, record.fill.symbol, record.fill.quantity, round(record.fill.price, 9)) for record in result.fills
    ]
    theirs = [(round(when.timestamp()) * 10**9, *rest) for when, *rest in alone.trades]
    assert len(theirs) >= 20
    assert sorted(trades)[: len(theirs)] == sorted(theirs)
    assert symbols


class Portable:
    def on_bar(self, context):
        count = len(context.bars())
        if count % 20 == 5:
            yield Signal("entry", context.symbols[0])
        elif count % 20 == 15 and context.position():
            yield Signal("exit", context.symbols[0])


def test_a_portable_strategy_next_to_a_native_trades_as_without_it():
    stage = market(walk("A", 200, 1))
    portable = Part(Portable(), pct=50, kind="on_bar")
    together = host({"portable": portable, "native": Part(Analysed, pct=50)}, stage)
    alone = host({"portable": replace(portable, native=Portable())}, stage)
    assert together.trades("portable") == alone.trades("portable")
    assert len(together.trades("portable")) > 15
    assert together.orchestrator.results()["portable"].allocated == Decimal(500_000)
