"""Scripts as users have them trade under the orchestrator as in a bare Cerebro."""

from __future__ import annotations

import backtrader as bt

from orchestrate.domain.execution import Commission, ExecutionRules
from tests.natives.backtrader_stage import AT_CLOSE, PLAIN, bare, host, market, walk

import pytest

FEES = ExecutionRules(commission=Commission(percent=0.1, minimum=1.0))


class SmaCross(bt.Strategy):
    params = dict(fast=5, slow=20)

    def __init__(self):
        fast, slow = bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow)
        self.crossover = bt.ind.CrossOver(fast, slow)

    def next(self):
        if not self.position:
            if self.crossover > 0:
                self.buy(size=100)
        elif self.crossover < 0:
            self.close()


@pytest.mark.parametrize("rules", [PLAIN, AT_CLOSE, FEES], ids=["open", "close", "fees"])
def test_the_classic_sma_cross(rules):
    stage = market(walk("A", 600, 1))
    alone, hosted = bare(SmaCross, stage, rules), host(SmaCross, stage, rules)
    assert len(alone.trades) > 20
    assert hosted.status() == "completed", hosted.error()
    assert hosted.trades() == alone.trades
    assert hosted.equity() == pytest.approx(alone.value, rel=1e-12)
