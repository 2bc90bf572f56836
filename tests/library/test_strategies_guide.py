"""The code in docs/strategies.md is understood, loads and trades."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrate.domain.plan import CapitalPlan, DataPlan, RunPlan, StrategyPlan
from orchestrate.usecases.running.run import run
from orchestrate.wiring import describe

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
BLOCKS = {
    name: block
    for block in re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    for name in re.findall(r"^class (\w+)", block, re.M)
}


def test_what_the_guide_shows():
    assert list(BLOCKS) == ["Crossing", "Reversal", "Leader", "Dips", "Breakout", "Protected", "Trailing", "Declared"]


@pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Crossing", "signals"),
        ("Reversal", "istrategy"),
        ("Leader", "on_bar"),
        ("Dips", "on_bar"),
        ("Breakout", "on_bar"),
        ("Protected", "signals"),
        ("Trailing", "istrategy"),
        ("Declared", "signals"),
    ],
)
def test_it_trades(tmp_path: Path, write: Callable[..., Path], name: str, kind: str, framework: str):
    write("own.py", BLOCKS[name])
    description = describe(f"own.py:{name}", tmp_path)
    assert description.kind == kind
    symbols = ("ALPHA", "BRAVO")
    plan = RunPlan(
        "single",
        CapitalPlan(Decimal(100_000)),
        {symbol: DataPlan(symbol, path=str(ROOT / "configs" / "data" / f"{symbol}.csv")) for symbol in symbols},
        {},
        (StrategyPlan("own", "own", description.kind, f"own.py:{name}", framework, Decimal(1), symbols),),
        root=tmp_path,
    )
    result = run(plan)
    assert result.strategies["own"].error is None
    warnings = [finding.message for finding in result.findings if finding.severity != "info"]
    assert [message for message in warnings if "touched their stop_loss" not in message] == []
    assert len(result.strategies["own"].trades) >= 10
