"""MOMENTUM_FUTURES holds as much as its leverage says, as far as the margin of its instruments goes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestrate import StrategyLibrary
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.wiring import build_adapter
from tests.engines.builders import market_of
from tests.engines.conformance.resting import bars
from tests.orchestration.harness import HarnessRun, Part, run_harness

#: Equal steps have no volatility, so that all of the leverage is used.
CLOSES = [100.0, 102.0, 104.0, 106.0, 108.0, 110.0, 112.0]


def run(framework: str, leverage: float, instrument: Instrument) -> HarnessRun:
    config = {"lookback": 2, "rebalance_frequency": 1, "target_volatility": 9.0, "volatility_window": 2}
    strategy = StrategyLibrary.get_strategy("MOMENTUM_FUTURES", leverage=leverage, **config)
    adapters = {framework: build_adapter(framework, {"feed": "on_demand"})}
    market = market_of(bars([(close, close, close, close) for close in CLOSES]), A=instrument)
    return run_harness(market, {"own": Part(strategy, framework=framework)}, capital=104_000, adapters=adapters)


@pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
def test_leverage_is_carried_by_margin(framework: str):
    """At 104: 3 × 104 000 ÷ 1 040 are 300 contracts of 10, of whose notional at 106 a tenth is held."""
    future = Instrument("A", multiplier=10.0, margin_rate=0.1, asset_class="future")
    done = run(framework, 3.0, future)
    assert done.fills() == [(300.0, 106.0)]
    assert done.orchestrator.session.runner.views["own"].allocation().used_capital == Decimal(31_800)
    assert done.results["own"].equity[-1] == pytest.approx(104_000 + 300 * 10 * 6)


@pytest.mark.parametrize(("rate", "held"), [(1.0, 98.0), (0.5, 196.0), (0.25, 300.0)])
def test_the_margin_rate_bounds_it(rate: float, held: float):
    """At the open of 106 a contract costs 1 060 × the rate: 104 000 pay for 98, 196, 392 of the 300 asked for."""
    future = Instrument("A", multiplier=10.0, margin_rate=rate, asset_class="future")
    assert run("backtrader", 3.0, future).fills() == [(held, 106.0)]


def test_a_share_is_not_leveraged():
    """It pays its whole notional: 104 000 ÷ 106 are 981."""
    assert run("backtrader", 3.0, Instrument("A")).fills() == [(981.0, 106.0)]
