"""Our loop against raw scripts of both engines, of backtesting.py and of vectorbt: no imports, no loading.

Raw Nautilus slows down with the square of its orders, so on minutes it races on fewer bars.
"""

from __future__ import annotations

import pytest

from bench import goals
from bench.goals import Ledger
from bench.races import Race, race, report
from bench.scenes.scene import Scene

SLOW = ("raw Nautilus",)
RACES = [
    Race(
        goals.DAILY,
        Scene(2_520, 1, 1),
        9,
        ("Backtrader", "Nautilus", "IStrategy", "on_bar", "on_bar, TA-Lib", "IStrategy on Nautilus", "every bar fed"),
    ),
    Race(goals.DAILY_FIVE, Scene(2_520, 5, 5), 5, ("Backtrader", "Nautilus", "both", "IStrategy", "on_bar")),
    Race(goals.DAILY_HUNDRED, Scene(2_520, 100, 100), 2, ("Backtrader", "Nautilus", "both")),
    Race(goals.NAUTILUS, Scene(20_000, 1, 5, 60), 1, ("Backtrader", "Nautilus")),
    Race(goals.NAUTILUS_SPARSE, Scene(50_000, 1, 5, 60, (50, 200)), 1, ("Backtrader", "Nautilus")),
    Race(goals.MINUTES, Scene(500_000, 1, 5, 60), 3, ("Backtrader", "Nautilus", "IStrategy", "on_bar"), SLOW),
    Race(goals.SPARSE, Scene(500_000, 1, 5, 60, (50, 200)), 3, ("Backtrader", "Nautilus", "IStrategy", "on_bar"), SLOW),
]
PACES = ((20, 50), (50, 200), (100, 400), (250, 1_000))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("one", RACES, ids=lambda one: one.workload)
def test_loop(one: Race, ledger: Ledger) -> None:
    raced = race(one)
    report(one, raced, ledger)
    assert raced.fills()
    faults = {name: raced.fault(name) for name in raced.taken}
    assert not {name: fault for name, fault in faults.items() if fault}


@pytest.mark.timeout(3600)
def test_density(ledger: Ledger) -> None:
    """The same race at slower and slower averages: a ratio of loops depends on the number of orders."""
    lines = [
        "5 strategies, 1 symbol, 100,000 minutes; CPU ms of the loop; ratios of our Backtrader loop",
        "  averages   orders per     raw      back-     our       our      / raw      / back-",
        "  from       1,000 bars  Backtrader testing  Backtrader Nautilus  Backtrader  testing.py",
    ]
    for pace in PACES:
        raced = race(Race("", Scene(100_000, 1, 5, 60, pace), 1, ("Backtrader", "Nautilus"), SLOW))
        names = ("raw Backtrader", "backtesting.py", "Backtrader", "Nautilus")
        cells = [f"{pace[0]}/{pace[1]}".ljust(10), f"{raced.fills() / 100:10.1f}"]
        cells += ["         –" if raced.fault(name) else f"{raced.taken[name].middle * 1000:10.0f}" for name in names]
        for theirs in names[:2]:
            ratio, why = raced.ratio("Backtrader", theirs)
            cells.append(why if ratio is None else f"{ratio:10.3f}")
        lines.append("  " + " ".join(cells))
        assert not raced.fault("Backtrader")
    ledger.report("density", *lines)
