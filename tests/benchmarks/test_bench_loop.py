"""Our loop against raw scripts of both engines and of backtesting.py: CPU seconds without imports and loading.

No ratio is printed where fills or equity differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec

import pytest

from tests.benchmarks import ours, raw_backtrader, raw_nautilus, raw_numpy
from tests.benchmarks.by_turns import Taken, by_turns
from tests.benchmarks.scenes import Done, Scene

CONTESTANTS: dict[str, Callable[[Scene], Done]] = {
    "raw Backtrader": raw_backtrader.run,
    "raw Nautilus": raw_nautilus.run,
    "Backtrader": lambda scene: ours.run(scene, "backtrader"),
    "Nautilus": lambda scene: ours.run(scene, "nautilus"),
    "both": lambda scene: ours.run(scene, "backtrader", "nautilus"),
    "IStrategy": lambda scene: ours.run(scene, "backtrader", kind="istrategy"),
    "on_bar": lambda scene: ours.run(scene, "backtrader", kind="on_bar"),
    "every bar fed": lambda scene: ours.run(scene, "backtrader", feed="full"),
    "numpy, the floor": raw_numpy.run,
}
if find_spec("backtesting"):
    from tests.benchmarks import raw_backtesting

    CONTESTANTS["backtesting.py"] = raw_backtesting.run


OTHERS = ("raw Backtrader", "raw Nautilus", "numpy, the floor", "backtesting.py")


@dataclass(frozen=True)
class Race:
    """A scene, who of ours takes part, and the goals: (ours, against, at most so many times its seconds)."""

    scene: Scene
    turns: int
    ours: tuple[str, ...]
    goals: tuple[tuple[str, str, float], ...] = field(default=())
    without: tuple[str, ...] = ()


RACES = [
    Race(
        Scene(2_520, 1, 1),
        9,
        ("Backtrader", "Nautilus", "IStrategy", "on_bar", "every bar fed"),
        (
            ("Backtrader", "raw Backtrader", 0.06),
            ("Backtrader", "backtesting.py", 0.5),
            ("IStrategy", "raw Backtrader", 0.2),
            ("on_bar", "raw Backtrader", 0.2),
        ),
    ),
    Race(
        Scene(2_520, 5, 5),
        5,
        ("Backtrader", "Nautilus", "both", "IStrategy", "on_bar"),
        (
            ("Backtrader", "raw Backtrader", 0.05),
            ("both", "raw Backtrader", 0.08),
            ("Backtrader", "backtesting.py", 0.5),
            ("both", "backtesting.py", 0.5),
            ("IStrategy", "raw Backtrader", 0.2),
            ("on_bar", "raw Backtrader", 0.2),
        ),
    ),
    Race(
        Scene(500_000, 1, 5, 60),
        1,
        ("Backtrader", "Nautilus", "on_bar"),
        (("Backtrader", "raw Backtrader", 0.05), ("Backtrader", "backtesting.py", 0.5)),
        without=("raw Nautilus",),  # its time grows with the square of its orders: hours
    ),
    Race(Scene(20_000, 1, 5, 60), 1, ("Backtrader", "Nautilus"), (("Nautilus", "raw Nautilus", 0.06),)),
    Race(
        Scene(2_520, 100, 100),
        2,
        ("Backtrader", "both"),
        (("Backtrader", "raw Nautilus", 0.05), ("Backtrader", "backtesting.py", 0.5)),
    ),
]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("race", RACES, ids=lambda race: str(race.scene))
def test_loop(race: Race, capsys: pytest.CaptureFixture[str]) -> None:
    names = [name for name in CONTESTANTS if name in race.ours or (name in OTHERS and name not in race.without)]
    taken = by_turns({name: partial(CONTESTANTS[name], race.scene) for name in names}, race.turns)
    reference = taken["raw Backtrader"].last
    with capsys.disabled():
        print(f"\n\n{race.scene}, {sum(map(len, reference.fills)):,} fills; CPU ms of the loop, median of {race.turns}")
        for name, one in taken.items():
            same = "" if one.last.same_as(reference) else "  fills or equity differ from raw Backtrader's"
            print(f"  {name:<16}{one.seconds * 1000:11.1f}{same}")
        for mine, theirs, goal in race.goals:
            print(f"  {mine + ' / ' + theirs:<34} goal {goal:5.2f}  reached {_ratio(taken, mine, theirs)}")
    assert sum(map(len, reference.fills))
    for name in race.ours:
        assert taken[name].last.same_as(reference), f"{name} trades otherwise than raw Backtrader"


def _ratio(taken: dict[str, Taken], mine: str, theirs: str) -> str:
    if theirs not in taken:
        return "not installed"
    if not taken[mine].last.same_as(taken[theirs].last):
        return "no ratio: fills or equity differ"
    return f"{taken[mine].seconds / taken[theirs].seconds:6.3f}"
