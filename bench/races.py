"""Races: contestants by name; one race run by turns, printed and entered into the ledger.

No ratio is reported where fills or equity differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from bench.goals import Ledger, goals_of
from bench.interleave import Taken, interleave
from bench.parts import parts
from bench.scenes import ours
from bench.scenes.scene import Done, Scene
from bench.scripts import raw_backtrader, raw_nautilus, raw_numpy

OURS: dict[str, Callable[..., Done]] = {
    "Backtrader": lambda scene, **how: ours.run(scene, "backtrader", **how),
    "Nautilus": lambda scene, **how: ours.run(scene, "nautilus", **how),
    "both": lambda scene, **how: ours.run(scene, "backtrader", "nautilus", **how),
    "IStrategy": lambda scene, **how: ours.run(scene, "backtrader", kind="istrategy", **how),
    "on_bar": lambda scene, **how: ours.run(scene, "backtrader", kind="on_bar", **how),
    "on_bar, TA-Lib": lambda scene, **how: ours.run(scene, "backtrader", kind="streaming", **how),
    "IStrategy on Nautilus": lambda scene, **how: ours.run(scene, "nautilus", kind="istrategy", **how),
    "every bar fed": lambda scene, **how: ours.run(scene, "backtrader", feed="full", **how),
}
OTHERS: dict[str, Callable[[Scene], Done]] = {
    "raw Backtrader": raw_backtrader.run,
    "raw Nautilus": raw_nautilus.run,
}
if find_spec("backtesting"):
    from bench.scripts import raw_backtesting

    OTHERS["backtesting.py"] = raw_backtesting.run
if find_spec("vectorbt"):
    from bench.scripts import raw_vectorbt

    OTHERS["vectorbt"] = raw_vectorbt.run
OTHERS["numpy, the floor"] = raw_numpy.run


@dataclass(frozen=True)
class Race:
    """`workload` is the goals' name for it, or one of its own."""

    workload: str
    scene: Scene
    turns: int
    ours: tuple[str, ...]
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Raced:
    """Every contestant as it was taken, and the one whose fills the others must have."""

    taken: dict[str, Taken[Done]]

    @property
    def reference(self) -> Done:
        """Of raw Backtrader; where it took no part or broke, of plain numpy."""
        for name in ("raw Backtrader", "numpy, the floor"):
            if name in self.taken and self.taken[name].last:
                return self.taken[name].last
        raise AssertionError("nobody finished")

    def fills(self) -> int:
        return sum(map(len, self.reference.fills))

    def fault(self, name: str) -> str:
        """Return why it has no ratio; "" if it has one."""
        if name not in self.taken:
            return f"{name} not installed" if name in ("backtesting.py", "vectorbt") else f"{name} takes no part"
        taken = self.taken[name]
        if taken.broken:
            return f"{name} broke: {taken.broken}"
        same = taken.last is not None and taken.last.same_as(self.reference)
        return "" if same else f"{name}'s fills or equity differ"

    def ratio(self, mine: str, theirs: str) -> tuple[float | None, str]:
        """The ratio, or None and why there is none."""
        fault = self.fault(mine) or self.fault(theirs)
        return (None, fault) if fault else (self.taken[mine].middle / self.taken[theirs].middle, "")


def race(one: Race) -> Raced:
    others = {name: run for name, run in OTHERS.items() if name not in one.without}
    contestants = {name: partial(run, one.scene) for name, run in others.items()}
    contestants |= {name: partial(OURS[name], one.scene) for name in one.ours}
    return Raced(interleave(contestants, one.turns, lambda done: done.seconds))


def report(one: Race, raced: Raced, ledger: Ledger) -> None:
    """The race as a block; its goals into the ledger, with the parts of every contestant that missed one."""
    reached = {}
    for goal in goals_of(one.workload):
        mine, _, theirs = goal.measure.partition(" / ")
        if theirs:
            reached[goal] = raced.ratio(mine, theirs)
            ledger.reached(one.workload, goal.measure, *reached[goal])
    late = [
        mine
        for mine in one.ours
        if any(ledger.missed(one.workload, goal.measure) for goal in reached if goal.measure.startswith(mine + " / "))
    ]
    lines = [f"{one.scene}; {raced.fills():,} fills; CPU ms of the loop, median of up to {one.turns}"]
    for name, taken in raced.taken.items():
        figure = "     broke" if taken.broken else f"{taken.middle * 1000:11.1f}"
        lines.append(f"  {name:<22}{figure}  {raced.fault(name)}".rstrip())
    for goal, (ratio, why) in reached.items():
        outcome = f"{ratio:6.3f}{'' if ratio <= goal.at_most else '  missed'}" if ratio is not None else why
        lines.append(f"  {goal.measure:<38} goal {goal.at_most:5.2f}  reached {outcome}")
    for mine in one.ours:
        ratio, _ = raced.ratio(mine, "vectorbt")
        if ratio is not None and mine in ("Backtrader", "Nautilus", "both"):
            lines.append(f"  {mine + ' / vectorbt':<38} no goal     reached {ratio:6.3f}")
    if late:
        lines.append("  where the time goes:")
        lines += [
            f"    {mine}: {parts(lambda around, mine=mine: OURS[mine](one.scene, around=around))}" for mine in late
        ]
    ledger.report(one.workload, *lines)
