"""What limits, drawdown stops and rebalancing cost a run that jumps: 100 strategies on 100 symbols."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.goals import PORTFOLIO, Ledger
from bench.interleave import interleave, timed
from orchestrate import wiring
from orchestrate.domain.plan import RunPlan
from orchestrate.usecases.running.run import run

NAMES = range(100)
OWN_LIMITS = ", limits: {max_position_pct: 90, max_drawdown: 0.5, max_daily_loss: 0.2}"
LIMITS = "limits: {max_symbol_pct: 5, max_gross_leverage: 1.0, max_drawdown: 0.5}"
MONTHLY = "rebalance: {every: month}"


def plan(folder: Path, name: str, own: str = "", portfolio: str = "") -> RunPlan:
    """A hundred strategies of one per cent each, each on a symbol of its own."""
    data = "\n".join(f"  S{n}: {{synthetic: {{bars: 2520, seed: {n}, frequency: 1d}}}}" for n in NAMES)
    entry = "{{name: MOMENTUM, allocation: 1, symbols: [S{n}], config: {{fast: 5, slow: 20}}{own}}}"
    strategies = "\n".join(f"  t{n}: {entry.format(n=n, own=own)}" for n in NAMES)
    text = f"capital: 10000000\ndata:\n{data}\nstrategies:\n{strategies}\nportfolio: {{{portfolio}}}\n"
    file = folder / f"{name}.yaml"
    file.write_text(text)
    resolution = wiring.read_plan(str(file))
    assert resolution.plan is not None, resolution.problems
    return resolution.plan


@pytest.mark.timeout(3600)
def test_limits_stops_and_rebalancing(tmp_path: Path, ledger: Ledger) -> None:
    plans = {
        "without": plan(tmp_path, "without"),
        "limits and stops": plan(tmp_path, "limits", OWN_LIMITS, LIMITS),
        "monthly rebalancing": plan(tmp_path, "monthly", "", MONTHLY),
        "both": plan(tmp_path, "both", OWN_LIMITS, f"{LIMITS}, {MONTHLY}"),
    }
    runs = {name: lambda one=one: timed(lambda: run(one, lookahead=False)) for name, one in plans.items()}
    taken = interleave(runs, 5, float, patience=60.0)
    without = taken["without"].middle
    lines = [f"{name}: {one.middle:.2f} s CPU, {one.middle / without:.2f} ×" for name, one in taken.items()]
    ledger.report("portfolio: 100 strategies on 100 symbols, 2,520 days", *lines)
    ledger.reached(PORTFOLIO, "limits, stops and monthly rebalancing / without", taken["both"].middle / without)
