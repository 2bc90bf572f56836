"""No decision of any portfolio breaks a limit at the moment it is taken, and jumping over steps changes nothing.

Many limits on simple runs; `loop/test_run_properties.py` has fewer limits on runs of every kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.portfolio import Limits
from orchestrate.orchestration.risk.limits.losses import Cooldown, MaxDailyLoss, MaxDrawdown, MaxPortfolioDrawdown
from orchestrate.orchestration.risk.limits.sizes import (
    MaxFrameworkPct,
    MaxGrossLeverage,
    MaxLeverage,
    MaxNetLeverage,
    MaxPositionPct,
    MaxPositions,
    MaxSymbolPct,
)
from tests.engines.builders import market_of, series
from tests.orchestration.harness import PLAIN, Flags, HarnessRun, Part, fixed, prepare
from tests.orchestration.risk.checked import Checked
from tests.whole_runs import whole_runs

BARS = 24
SYMBOLS = ("A", "B", "C")
PCT = st.floats(5, 120)
OWN = st.fixed_dictionaries(
    {},
    optional={
        "max_position_pct": st.builds(MaxPositionPct, PCT),
        "max_positions": st.builds(MaxPositions, st.integers(1, 2)),
        "max_leverage": st.builds(MaxLeverage, st.floats(0.05, 1.2)),
        "max_daily_loss": st.builds(MaxDailyLoss, st.floats(0.002, 0.1)),
        "max_drawdown": st.builds(MaxDrawdown, st.floats(0.005, 0.2), st.sampled_from(["flatten", "pause"])),
        "cooldown": st.builds(Cooldown, st.integers(1, 4)),
    },
)
SHARED = st.fixed_dictionaries(
    {},
    optional={
        "max_symbol_pct": st.builds(MaxSymbolPct, PCT),
        "max_framework_pct": st.builds(MaxFrameworkPct, PCT),
        "max_gross_leverage": st.builds(MaxGrossLeverage, st.floats(0.05, 1.2)),
        "max_net_leverage": st.builds(MaxNetLeverage, st.floats(0.02, 1.0)),
        "max_daily_loss": st.builds(MaxDailyLoss, st.floats(0.002, 0.1)),
        "max_drawdown": st.builds(
            MaxPortfolioDrawdown, st.floats(0.005, 0.2), st.sampled_from(["flatten", "pause", "stop"])
        ),
    },
)


def run(seed: int, own: Sequence[Limits], shared: Limits, full: Sequence[str] = ("in_memory",)) -> HarnessRun:
    """Three strategies on three symbols that swing widely, with fixed sizes."""
    random = np.random.default_rng(seed)
    walks = 5000 + np.cumsum(random.integers(-300, 301, size=(3, 2 * BARS)), axis=1)
    columns = [
        series(symbol, [(walk[2 * n] / 100, walk[2 * n + 1] / 100) for n in range(BARS)])
        for symbol, walk in zip(SYMBOLS, walks, strict=True)
    ]
    parts = {
        name: Part(
            Flags(*(sorted(random.choice(BARS, 6, replace=False)) for _ in range(4))),
            symbols=SYMBOLS,
            pct=30,
            sizing=fixed(int(random.integers(10, 300))),
            limits=limits,
        )
        for name, limits in zip("abc", own, strict=True)
    }
    coordinator = Checked(limits=shared)
    coordinator.run = prepare(parts, capital=100_000, coordinator=coordinator, full=full)
    coordinator.run.orchestrator.run(market_of(*columns), PLAIN)
    return coordinator.run


def outcome(done: HarnessRun) -> tuple[object, ...]:
    """All that a run leaves behind."""
    decisions = [(record.t, record.decision) for record in done.orchestrator.session.log.decisions]
    curves = {name: result.equity.tolist() for name, result in done.results.items()}
    return done.events, decisions, curves, [record.fill for record in done.orchestrator.fills]


@pytest.mark.uncounted
@given(st.integers(0, 2**32), st.tuples(OWN, OWN, OWN), SHARED)
@whole_runs(20)
def test_no_decision_breaks_a_limit_and_jumping_changes_nothing(seed: int, own: Any, shared: Any) -> None:
    dense, jumping = run(seed, own, shared), run(seed, own, shared, full=())
    assert outcome(dense) == outcome(jumping)


def test_most_runs_of_this_file_open_something() -> None:
    """The property would hold of runs in which nothing happens, too."""
    counts = []
    for seed in range(20):
        done = run(seed, [{"max_leverage": MaxLeverage(0.5)}] * 3, {"max_net_leverage": MaxNetLeverage(0.3)})
        counts.append(getattr(done.orchestrator.coordinator, "openings", 0))
    assert sum(count > 3 for count in counts) >= 18
