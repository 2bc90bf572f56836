"""A native Backtrader strategy under the orchestrator against its free run: 200,000 minute bars, CPU seconds by turns.

Loading rows into the free run's feed isn't counted; everything that the hosted run does is.
"""

from __future__ import annotations

import gc
import time
from statistics import median

import backtrader as bt
import pytest

from bench.goals import Ledger
from bench.preloading import Preloading
from tests.natives.backtrader.builders import MINUTE, bare, host, market, walk

BARS = 200_000
TURNS = 3


class Cross(bt.Strategy):
    def __init__(self) -> None:
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=20), bt.ind.SMA(period=100))

    def next(self) -> None:
        if not self.position:
            if self.cross > 0:
                self.buy(size=100)
        elif self.cross < 0:
            self.close()


@pytest.mark.timeout(1800)
def test_hosting_costs_little(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = market(walk("A", BARS, 1, length=MINUTE, sigma=0.0005))
    loading = Preloading(monkeypatch)
    free, hosted = [], []
    for _ in range(TURNS):
        gc.collect()
        loading.seconds = 0.0
        started = time.process_time()
        alone = bare(Cross, stage)
        free.append(time.process_time() - started - loading.seconds)
        gc.collect()
        started = time.process_time()
        under = host(Cross, stage)
        hosted.append(time.process_time() - started)
        assert under.trades() == alone.trades
    ratio = median(hosted) / median(free)
    ledger.report(
        "hosted: Backtrader",
        f"A native on Backtrader, {BARS:,} minute bars, {len(alone.trades):,} fills: free {median(free):.2f} s, "
        f"hosted {median(hosted):.2f} s, ratio {ratio:.3f}",
    )
    assert ratio <= 1.15
