"""Send ticks as a users' feed would: at the pace of their times, faster, or as fast as they are taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from orchestrate.data.feeds.formats import Frames, WireFormat
from orchestrate.data.feeds.messages import write_tick
from orchestrate.domain.ticks.tick import Tick

_SECOND = 1_000_000_000


class Outlet(Protocol):
    """Where messages go."""

    def send(self, frames: Frames) -> None:
        """Send one message."""


def replay(
    ticks: Iterable[Tick],
    outlet: Outlet,
    layout: WireFormat,
    names: Mapping[str, str],
    *,
    speed: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Send the ticks, `speed` times as fast as they once came, without a speed at once; return how many.

    `names` are the feed's for our symbols, where they differ.
    """
    sent, first, began = 0, None, clock()
    for tick in ticks:
        first = tick.t if first is None else first
        ahead = 0.0 if speed is None else (tick.t - first) / _SECOND / speed - (clock() - began)
        if ahead > 0:
            sleep(ahead)
        outlet.send(write_tick(tick, layout, names.get(tick.symbol, tick.symbol)))
        sent += 1
    return sent
