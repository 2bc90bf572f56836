"""The cost of an order from the strategy's flag to the booked fill, and the share of each file."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.goals import Ledger
from bench.parts import sampled
from bench.races import OURS
from bench.scenes.scene import Scene

SCENE = Scene(20_000, 1, 5, 60)


@pytest.mark.timeout(600)
def test_an_order(ledger: Ledger) -> None:
    lines = [f"{SCENE}; microseconds of the loop for each of its orders"]
    for name in ("Backtrader", "Nautilus"):
        run = OURS[name]
        seconds = min(run(SCENE).seconds for _ in range(3))
        orders = sum(map(len, run(SCENE).fills))
        shares = sampled(lambda around, run=run: run(SCENE, around=around), 4.0)
        each = seconds / orders * 1e6
        folders: Counter[str] = Counter()
        for part, share in shares.items():
            folders[part.split("/")[0] if "/" in part else part] += share * each
        by_folder = ", ".join(f"{folder} {microseconds:.1f}" for folder, microseconds in folders.most_common())
        lines.append(f"  {name}: {each:.1f} for each of {orders:,}: {by_folder}")
        lines += [f"    {share * each:5.1f}  {part}" for part, share in shares.items() if share >= 0.03]
    ledger.report("an order", *lines)
