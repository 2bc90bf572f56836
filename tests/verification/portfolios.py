"""Random portfolios: every class of instruments, kind of order, native engines, rules of money, both fill rules."""

from __future__ import annotations

import random

STRATEGIES = '''\
"""Strategies that trade at random, the same way each time."""

import random

import backtrader as bt
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.trading.strategy import Strategy

from orchestrate import Signal


class Random:
    """Enters long or short, plain or with exits, at the market or resting; adds, leaves."""

    def __init__(self, seed: int = 1, shorts: bool = True) -> None:
        self.dice, self.shorts = random.Random(seed), shorts

    def on_bar(self, context):
        for symbol in context.symbols:
            bars = context.bars(symbol)
            if len(bars):
                yield from self.wishes(context, symbol, bars[-1].close)

    def wishes(self, context, symbol, close):
        throw = self.dice.random()
        position = context.position(symbol)
        if position is not None and position.quantity:
            if throw < 0.12:
                yield Signal.exit(symbol)
            elif throw < 0.16:
                yield Signal.exit(symbol, stop=close * (0.98 if position.quantity > 0 else 1.02), tif="day")
            return
        if throw < 0.25:
            side = "short" if self.shorts and self.dice.random() < 0.4 else "long"
            up = 1 if side == "long" else -1
            kind = self.dice.randrange(5)
            words = [
                {},
                {"limit": close * (1 - 0.01 * up), "tif": "day"},
                {"stop": close * (1 + 0.005 * up)},
                {"stop_loss": close * (1 - 0.03 * up), "take_profit": close * (1 + 0.04 * up)},
                {"trail_loss": close * 0.03},
            ][kind]
            yield Signal.enter(symbol, side, **words)


class OwnConfig(StrategyConfig, frozen=True):
    instrument_id: InstrumentId
    bar_type: BarType
    seed: int = 1


class Other(Strategy):
    def __init__(self, config: OwnConfig) -> None:
        super().__init__(config)
        self.dice = random.Random(config.seed)

    def on_start(self) -> None:
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar) -> None:
        throw, name = self.dice.random(), self.config.instrument_id
        instrument, size = self.cache.instrument(name), Quantity.from_int(20)
        if self.portfolio.is_flat(name) and throw < 0.25:
            side = OrderSide.BUY if throw < 0.15 else OrderSide.SELL
            if throw < 0.08:
                price = instrument.make_price(bar.close.as_double() * 0.99)
                self.submit_order(self.order_factory.limit(name, side, size, price))
            else:
                self.submit_order(self.order_factory.market(name, side, size))
        elif throw < 0.1:
            self.cancel_all_orders(name)
            self.close_all_positions(name)


class Native(bt.Strategy):
    params = (("seed", 1),)

    def __init__(self):
        self.dice = random.Random(self.p.seed)

    def next(self):
        throw = self.dice.random()
        if not self.position and throw < 0.2:
            close = self.data.close[0]
            if throw < 0.1:
                self.buy_bracket(price=close * 0.99, limitprice=close * 1.03, stopprice=close * 0.96)
            else:
                self.buy() if throw < 0.17 else self.sell()
        elif self.position and throw < 0.1:
            self.close()
'''
DATA = """\
data:
  S: {synthetic: {bars: 90, seed: %(seed)d, frequency: 1d}}
  T: {synthetic: {bars: 70, seed: %(other)d, frequency: 1d}}
  E: {synthetic: {bars: 120, seed: 5, frequency: 1d}}
  F: {synthetic: {bars: 90, seed: %(third)d, frequency: %(frequency)s}}
"""
INSTRUMENTS = """\
instruments:
  S: {borrow: 0.05, asset_class: %(class)s}
  T: {currency: EUR, fx: E, asset_class: %(foreign)s, margin_rate: 0.5}
  N: {borrow: 0.1}
  F: {asset_class: future, multiplier: 10, margin_rate: 0.2, tick_size: 0.05%(expiry)s}
"""
PORTFOLIOS = (
    "",
    "portfolio: {rebalance: {every: month, top_up: true}}\n",
    "portfolio: {rebalance: {threshold: 0.02}}\n",
    "portfolio:\n  schedule: [{at: %(day)s, remove: one, positions: keep}]\n",
    "portfolio:\n  limits: {max_drawdown: 0.1}\n",
    "portfolio:\n  conflicts: net_signal\n  exits: included\n",
)


def portfolio(seed: int) -> str:
    """Return the configuration of the portfolio of that seed."""
    dice = random.Random(seed)
    engines = [dice.choice(("backtrader", "nautilus")) for _ in range(3)]
    facts = {
        "seed": seed + 1,
        "other": seed + 100,
        "third": seed + 200,
        "frequency": dice.choice(("1d", "1d", "4h")),
        "class": dice.choice(("equity", "crypto", "etf")),
        "foreign": dice.choice(("equity", "cfd", "future")),
        "expiry": dice.choice(("", ", expiry: 2010-03-31")),
        "day": "2010-02-10",
    }
    rules = [f"fill: {dice.choice(('next_open', 'close'))}", f"lots: {dice.choice(('integer', 'fractional'))}"]
    rules.append(dice.choice(("slippage: {percent: 0.07}", "slippage: {ticks: 1}", "slippage: {percent: 0.0}")))
    commissions = ("{percent: 0.1, minimum: 1}", "{per_share: 0.01}", "{percent: 0.0}")
    rules.append(f"commission: {dice.choice(commissions)}")
    rules.append(f"close_at_end: {dice.choice(('true', 'false'))}")
    mode = dice.choice(("isolated", "isolated", "pooled"))
    strategies = "".join(
        f'  {name}: {{name: "own.py:Random", framework: {engine}, allocation: {share}, symbols: [{symbols}],'
        f" sizing: {{method: percent, percent: {dice.choice((40, 95))}}},"
        f" config: {{seed: {dice.randrange(1000)}}}}}\n"
        for name, engine, share, symbols in (
            ("one", engines[0], 30, "S, T"),
            ("two", engines[1], 25, dice.choice(("F", "F, S"))),
            ("three", engines[2], 20, dice.choice(("T", "S"))),
        )
    )
    for name, kind in (("own", "Native"), ("other", "Other")):
        symbol = dice.choice(("N", "T", "F"))
        strategies += f'  {name}: {{name: "own.py:{kind}", allocation: 10, symbols: [{symbol}],'
        strategies += f" config: {{seed: {seed}}}}}\n"
    data = DATA % facts + "  N: {synthetic: {bars: 60, seed: 3, frequency: 1d}}\n"
    text = f"capital: {{total: 100000, mode: {mode}}}\n{data}{INSTRUMENTS % facts}strategies:\n{strategies}"
    text += f"execution: {{{', '.join(rules)}}}\n" + dice.choice(PORTFOLIOS) % facts
    return f"{text}benchmark: {dice.choice(('S', 'T', 'E'))}\n"
