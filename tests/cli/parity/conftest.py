"""Files of portable and native strategies, and engines that break their promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrate.wiring import ENGINES

RULES = '''\
"""Strategies of three kinds."""

import backtrader as bt

from orchestrate import Signal


class Dip:
    """Buys after two falls, sells at the next rise."""

    def should_enter(self, bars):
        return len(bars) > 2 and bars.close[-1] < bars.close[-2] < bars.close[-3]

    def should_exit(self, position, bars):
        return bars.close[-1] > bars.close[-2]


class Ladder:
    """Rests on orders of all kinds."""

    def on_bar(self, context):
        (symbol,) = context.symbols
        close, count = context.bars(symbol).close[-1], len(context.bars(symbol))
        if context.position(symbol) is None and count % 3 == 1:
            below = Signal.enter(symbol, quantity=10, limit=0.99 * close, stop_loss=0.9 * close, tif="day")
            return [Signal.cancel("above"), below]
        if context.position(symbol) is None and count % 3 == 2:
            bracket = {"stop_loss": 0.98 * close, "take_profit": 1.1 * close, "trail_loss": 0.05 * close}
            return [Signal.enter(symbol, quantity=7, stop=1.005 * close, tag="above", **bracket)]
        if context.position(symbol) is not None and count % 7 == 0:
            return [Signal.oco(Signal.exit(symbol, limit=1.03 * close), Signal.exit(symbol, stop=0.97 * close))]
        return []


class Fails:
    """Gives up."""

    def should_enter(self, bars):
        if len(bars) == 20:
            raise LookupError("no such thing")
        return False

    def should_exit(self, position, bars):
        return False


class Crossing(bt.Strategy):
    """A native."""

    def next(self):
        if len(self) == 10:
            self.buy()
'''

MIXED = """\
mode: multi
capital: 300000
data:
  AAA: {synthetic: {bars: 120, seed: 7, frequency: 1d}}
  BBB: {synthetic: {bars: 120, seed: 8, frequency: 1d}}
strategies:
  trend: {name: MOMENTUM, framework: backtrader, allocation: 40, symbols: [AAA], config: {fast: 3, slow: 8}}
  native: {name: "rules.py:Crossing", allocation: 20, symbols: [AAA]}
  dips: {name: "rules.py:Dip", framework: nautilus, allocation: 30, symbols: [BBB]}
execution:
  commission: {percent: 0.1}
  slippage: {percent: 0.02}
"""

SINGLE = """\
strategy: "rules.py:%s"
capital: 100000
data:
  AAA: {synthetic: {bars: 120, seed: 7, frequency: 1d}}
execution:
  commission: {percent: 0.1}
"""


@pytest.fixture
def folder(prompt):
    """A prompt with `rules.py`, `mixed.yaml`, and a file for each single strategy."""
    prompt.write("rules.py", RULES)
    prompt.write("mixed.yaml", MIXED)
    for name in ("Dip", "Ladder", "Fails", "Crossing"):
        prompt.write(f"{name.lower()}.yaml", SINGLE % name)
    return prompt


@pytest.fixture
def broken_engine(monkeypatch):
    """Put another adapter, given by its reference, behind an engine's name."""

    def put(adapter: str, name: str = "nautilus") -> None:
        monkeypatch.setitem(ENGINES, name, replace(ENGINES[name], adapter=adapter))

    return put
