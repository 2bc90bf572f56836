"""Whether ticks still come, by a monotonic clock of ours, and what time it is by the feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from orchestrate.domain.ticks.tick import Tick


class Freshness:
    """When each symbol was last heard of; `clock` returns seconds that only rise.

    Feed time is that of the newest tick, and goes on with our clock, `speed` times as fast, until a tick says more.
    """

    def __init__(self, symbols: Iterable[str], clock: Callable[[], float], *, speed: float = 1.0) -> None:
        self._clock, self._speed = clock, speed
        self._began = clock()
        self._noted = dict.fromkeys(symbols, self._began)
        self._newest: int | None = None
        self._arrived = self._began

    def note(self, tick: Tick) -> None:
        """Take in the time of a tick that has just come."""
        now = self._clock()
        self._noted[tick.symbol] = now
        if self._newest is None or tick.t >= self._newest:
            self._newest, self._arrived = tick.t, now

    def time(self) -> int | None:
        """Return what time it is by the feed; None before its first tick."""
        if self._newest is None:
            return None
        return self._newest + int((self._clock() - self._arrived) * self._speed * 1_000_000_000)

    def silent_since_start(self) -> float | None:
        """Return the seconds since the start if nothing at all has come; else None."""
        return self._clock() - self._began if self._newest is None else None

    def stale(self, after: float) -> list[str]:
        """Return the symbols that had no tick for more than `after` seconds."""
        now = self._clock()
        return [symbol for symbol, noted in self._noted.items() if now - noted > after]
