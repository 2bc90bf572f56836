"""The floor: the scene's trades by numpy alone. No engine fills them, no book keeps them, no decision is recorded."""

from __future__ import annotations

import time

import numpy as np

from bench.scenes.scene import CASH, FEE, QUANTITY, Done, Scene


def run(scene: Scene) -> Done:
    data, fills, equity = scene.data, [], CASH
    seconds = 0.0
    for symbol, fast, slow in scene.rules:
        stamps, opened, close = (data[symbol][name] for name in ("t", "open", "close"))
        started = time.process_time()
        sums = np.cumsum(np.concatenate(([0.0], close)))
        gap = (sums[slow:] - sums[slow - fast : -fast]) / fast - (sums[slow:] - sums[:-slow]) / slow
        crossed = np.zeros(len(close), dtype=np.int8)
        crossed[slow:][(gap[:-1] <= 1e-9) & (gap[1:] > 1e-9)] = 1
        crossed[slow:][(gap[:-1] >= -1e-9) & (gap[1:] < -1e-9)] = -1
        bars = np.flatnonzero(crossed)
        bars = bars[np.cumsum(crossed[bars] == 1) > 0]  # the first of all is an entry
        bars = bars[np.diff(crossed[bars], prepend=-1) != 0]
        bars = bars[bars < len(close) - 1]
        change = np.zeros(len(close))
        change[bars + 1] = crossed[bars] * float(QUANTITY)
        paid = change * opened + np.abs(change) * opened * FEE
        curve = np.cumsum(change) * close - np.cumsum(paid)
        seconds += time.process_time() - started
        fills.append([(int(stamps[bar]), float(change[bar]), float(opened[bar])) for bar in bars + 1])
        equity += float(curve[-1])
    return Done(seconds, equity, fills)
