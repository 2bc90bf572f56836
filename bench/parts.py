"""Where a contestant's time goes: the interpreter is interrupted a few hundred times, and the file noted."""

from __future__ import annotations

import gc
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType

from bench.scenes.scene import Done

ROOT = str(Path(__file__).parents[1]) + "/"
EVERY = 0.001  # seconds of CPU; the system may round it up


class Sampler(AbstractContextManager[None]):
    """Entered around the code to look at, as often as needed."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __enter__(self) -> None:
        self.before = signal.signal(signal.SIGPROF, lambda _, frame: self.seen.update((part(frame),)))
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, self.before)


def part(frame: FrameType | None) -> str:
    """The innermost file of ours, of Backtrader or of a strategy: what libraries in C take is their caller's."""
    while frame is not None:
        name = frame.f_code.co_filename
        if "site-packages/backtrader/" in name:
            return "Backtrader itself"
        if name.startswith(ROOT) and "site-packages" not in name:
            inside = name.removeprefix(ROOT)
            if inside.startswith(("bench/scenes/crossing", "strategies/")):
                return "the strategies"
            if inside.startswith("orchestrate/"):
                return inside.removeprefix("orchestrate/").removesuffix(".py")
        frame = frame.f_back
    return "elsewhere"


def sampled(run: Callable[[Sampler], Done], seconds: float) -> dict[str, float]:
    """Shares of a run's loop by file, the largest first. It is repeated until there are enough samples."""
    sampler, taken = Sampler(), 0.0
    gc.collect()
    gc.freeze()
    while taken < seconds:
        taken += run(sampler).seconds
        gc.collect()
    gc.unfreeze()
    return {name: count / sampler.seen.total() for name, count in sampler.seen.most_common()}


def parts(run: Callable[[Sampler], Done]) -> str:
    """Every part of at least three percent, and the rest."""
    shares = sampled(run, 1.5)
    largest = [f"{name} {share:.0%}" for name, share in shares.items() if share >= 0.03]
    rest = sum(share for share in shares.values() if share < 0.03)
    return ", ".join([*largest, f"smaller ones {rest:.0%}"])
