"""A native Nautilus strategy under the orchestrator against its free run: 200,000 minute bars, CPU seconds by turns.

The free run is the cheapest there is: bars alone, made beforehand, and orders that fill at the close. The hosted run is
timed from its first step to its last.
"""

from __future__ import annotations

import gc
import time
from decimal import Decimal
from statistics import median

import numpy as np
import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.examples.strategies.ema_cross import EMACross, EMACrossConfig
from nautilus_trader.model.data import Bar
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.objects import Money

from bench.goals import Ledger
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from tests.natives.nautilus.builders import (
    AT_CLOSE,
    MINUTE,
    NEXT_OPEN,
    VENUE,
    Part,
    bar_type,
    instrument_id,
    market,
    play,
    share,
    silencing,
    usd,
    wave,
)

BARS = 200_000
TURNS = 3
CONFIG = {"trade_size": Decimal(100), "fast_ema_period": 200, "slow_ema_period": 600}


def free(stage: Market) -> tuple[float, int]:
    """Seconds of a plain engine's `run`, and how many orders it made."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True), run_analysis=False
        )
    )
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(10_000_000, usd())], base_currency=usd())
    engine.add_instrument(share("A"))
    minutes = bar_type("A", "1-MINUTE")
    engine.add_strategy(EMACross(EMACrossConfig(instrument_id=instrument_id("A"), bar_type=minutes, **CONFIG)))
    series, stamps = stage.series["A"], stage.timeline.stamps.astype(np.uint64)
    prices = [np.array(column) for column in (series.open, series.high, series.low, series.close)]
    bars = Bar.from_raw_arrays_to_list(minutes, 2, 0, *prices, np.full(len(series), 1e9), stamps, stamps)
    engine.add_data(bars)
    gc.collect()
    started = time.process_time()
    with silencing():
        engine.run(streaming=True)
    taken, orders = time.process_time() - started, engine.cache.orders_total_count()
    with silencing():
        engine.end()
    engine.dispose()
    return taken, orders


def hosted(stage: Market, rules: ExecutionRules) -> tuple[float, int]:
    """Seconds from the first step to the last, and how many orders filled."""
    moments: list[float] = []

    def look(_: CrossFrameworkOrchestrator, done: int) -> None:
        if done in (1, BARS):
            moments.append(time.process_time())

    gc.collect()
    played = play(stage, {"native": Part(EMACross, CONFIG)}, rules, each_step=look)
    assert played.error() == ""
    return moments[1] - moments[0], len(played.trades())


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rules", [NEXT_OPEN, AT_CLOSE], ids=["next_open", "close"])
def test_hosting_costs_little(rules: ExecutionRules, ledger: Ledger) -> None:
    stage = market(wave(bars=BARS, length=MINUTE, volatility=0.0008))
    alone, under = [], []
    for _ in range(TURNS):
        seconds, orders = free(stage)
        alone.append(seconds)
        seconds, filled = hosted(stage, rules)
        under.append(seconds)
        assert abs(orders - filled) <= 1
    ratio = median(under) / median(alone)
    ledger.report(
        f"hosted: Nautilus, {rules.fill}",
        f"A native on Nautilus, fill: {rules.fill}, {BARS:,} minute bars, {filled:,} fills: "
        f"free {median(alone):.2f} s, hosted {median(under):.2f} s, ratio {ratio:.3f}",
    )
    assert ratio <= 1.5
