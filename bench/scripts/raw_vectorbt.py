"""The scene in vectorbt, where it is installed: all strategies as columns of one portfolio.

What numba compiles is compiled before: a user pays for that once, about a quarter of a minute.
"""

from __future__ import annotations

import time
from functools import cache

import pandas as pd
import vectorbt as vbt

from bench.scenes.scene import CASH, FEE, QUANTITY, SAME, Done, Scene


def run(scene: Scene) -> Done:
    _compiled()
    return _run(scene)


@cache
def _compiled() -> None:
    for strategies in (1, 2):
        _run(Scene(300, 1, strategies))


def _run(scene: Scene) -> Done:
    stamps = pd.to_datetime(scene.data["S0"]["t"])
    opens, closes = (
        pd.DataFrame({k: scene.data[rule[0]][name] for k, rule in enumerate(scene.rules)}, index=stamps)
        for name in ("open", "close")
    )
    started = time.process_time()
    gaps = pd.DataFrame(
        {
            k: vbt.MA.run(closes[k], fast).ma - vbt.MA.run(closes[k], slow).ma
            for k, (_, fast, slow) in enumerate(scene.rules)
        }
    )
    before = gaps.shift()
    portfolio = vbt.Portfolio.from_signals(
        closes,
        ((before <= SAME) & (gaps > SAME)).shift(fill_value=False),  # decided at a close, filled at the next open
        ((before >= -SAME) & (gaps < -SAME)).shift(fill_value=False),
        price=opens,
        size=QUANTITY,
        fees=FEE,
        init_cash=CASH / scene.strategies,
        freq="1D" if scene.step == 86_400 else "1min",
    )
    curves = portfolio.value()
    seconds = time.process_time() - started
    fills: list[list[tuple[int, float, float]]] = [[] for _ in scene.rules]
    orders = portfolio.orders.records
    for column, row, size, price, side in zip(
        *(orders[name] for name in ("col", "idx", "size", "price", "side")), strict=True
    ):
        fills[column].append((int(stamps[row].value), float(-size if side else size), float(price)))
    return Done(seconds, float(curves.iloc[-1].sum()), fills)
