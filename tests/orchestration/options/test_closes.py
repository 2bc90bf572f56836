"""No rule that closes a strategy's positions leaves a structure in part where all of its legs have quotes."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrate.domain.portfolio import PortfolioPlan
from orchestrate.domain.strategies.protocols import Signal
from orchestrate.orchestration.risk.limits.losses import MaxDrawdown
from tests.orchestration.harness import Part, Scripted
from tests.orchestration.loop.rebalancing.rebalances import ENGINES, walk
from tests.orchestration.options.chains import options_market
from tests.orchestration.options.test_structures import condor


def fails(_context: object) -> None:
    raise RuntimeError("a bug of the strategy")


#: What acts before the bar 3, what the strategy says at bar 2, its limits, and the reason of the fills.
CLOSES: dict[str, Any] = {
    "removed": (lambda run: run.remove_strategy("s"), (), {}, "flattened"),
    "drawdown": (None, (), {"max_drawdown": MaxDrawdown(0.001)}, "flattened"),
    "failed": (None, fails, {}, "flattened"),
    "paused": (lambda run: run.pause_strategy("s"), (), {}, "settlement"),
}


@pytest.mark.parametrize("engine", list(ENGINES))
@pytest.mark.parametrize("how", list(CLOSES))
def test_no_close_leaves_a_structure_in_part(engine, how):
    act, said, limits, reason = CLOSES[how]
    market = options_market((100, 100, 101, 104, 107, 107, 107))
    plan = {0: [Signal.structure(condor(market, 3))], 2: said}
    parts = {"s": Part(Scripted(plan), ("X", "XO"), framework=engine, limits=limits)}
    run = walk(market, parts, PortfolioPlan(), {3: act} if act else {}, capital=10_000)
    legs = [one for one in run.orchestrator.fills if str(one.reason) == reason]
    assert sorted(one.fill.quantity for one in legs) == [-3.0, -3.0, 3.0, 3.0]
    assert len({one.t for one in legs}) == 1
    assert not run.results["s"].open_positions
