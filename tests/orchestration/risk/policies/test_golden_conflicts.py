"""One run a policy, with exits both ways, on each engine and on both: the journal and the fills as expected files.

The script stands in script.py. To write the files anew: ORCHESTRATE_WRITE_GOLDEN=1, and read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest

from orchestrate.domain.orders.conflicts import ConflictDemand, ConflictView, Exits
from orchestrate.engines.backtrader.adapter import BacktraderOrchestrationAdapter
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.risk.policies.script import act, journal

GOLDEN = Path(__file__).parent / "golden"
ADAPTERS = {
    "backtrader": BacktraderOrchestrationAdapter,
    "nautilus": NautilusOrchestrationAdapter,
    "in_memory": InMemoryAdapter,
}
FRAMEWORKS = {
    "backtrader": ["backtrader"] * 3,
    "nautilus": ["nautilus"] * 3,
    "mixed": ["backtrader", "nautilus", "backtrader"],
    "in_memory": ["in_memory"] * 3,
}


def halves(demands: Sequence[ConflictDemand], view: ConflictView) -> Sequence[float]:
    """A function as a user may write it: half of what each wants, nothing for those that hold something."""
    return [0.0 if view.positions[each.strategy_id][each.symbol] else each.quantity / 2 for each in demands]


SETTLE = {name: policy.settle for name, policy in CONFLICT_POLICIES.items()} | {"function": halves}


@pytest.mark.parametrize("frameworks", FRAMEWORKS)
@pytest.mark.parametrize("exits", get_args(Exits))
@pytest.mark.parametrize("name", SETTLE)
def test_a_policy_settles_as_its_file_says(name: str, exits: Exits, frameworks: str) -> None:
    done = act(SETTLE[name], exits, ADAPTERS, FRAMEWORKS[frameworks])
    lines, path = journal(done.events), GOLDEN / f"{name}-{exits}.txt"
    if os.environ.get("ORCHESTRATE_WRITE_GOLDEN"):
        path.write_text(lines, encoding="utf-8")
    assert lines == path.read_text(encoding="utf-8")
