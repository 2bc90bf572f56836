"""Ticks between the thread that receives them and the one that uses them. It is bounded, so that memory is."""

from __future__ import annotations

from collections import deque
from threading import Condition
from typing import Final, Literal

from orchestrate.data.feeds.counts import FeedCounts
from orchestrate.domain.errors import DataError
from orchestrate.domain.ticks.tick import Tick

OnOverflow = Literal["halt", "latest_per_symbol"]
CAPACITY: Final = 65_536


class TickQueue:
    """Up to `capacity` ticks. One that comes when it is full ends it, or takes the place of older ones of its symbol.

    Both are counted as dropped.
    """

    def __init__(self, counts: FeedCounts, capacity: int = CAPACITY, on_overflow: OnOverflow = "halt") -> None:
        self._counts, self._capacity, self._on_overflow = counts, capacity, on_overflow
        self._ticks: deque[Tick] = deque()
        self._changed = Condition()
        self._closed = False
        self._error: BaseException | None = None

    def put(self, tick: Tick) -> None:
        """Add a tick, or do what the policy says."""
        with self._changed:
            if self._closed:
                return
            if len(self._ticks) >= self._capacity and not self._make_room(tick):
                return
            self._ticks.append(tick)
            self._changed.notify()

    def get(self, timeout: float) -> Tick | None:
        """Return the oldest tick; None if none comes within `timeout` seconds, or ever. Raises what ended the feed."""
        with self._changed:
            return self._ticks.popleft() if self._has_tick(timeout) else None

    def peek(self, timeout: float) -> Tick | None:
        """Return the oldest tick as `get` does, and leave it here."""
        with self._changed:
            return self._ticks[0] if self._has_tick(timeout) else None

    @property
    def is_over(self) -> bool:
        """Whether no tick is left and none will come."""
        with self._changed:
            return self._closed and not self._ticks and self._error is None

    def close(self, error: BaseException | None = None) -> None:
        """Take no tick any more; those that are here can still be had, then `error` is raised."""
        with self._changed:
            if not self._closed:
                self._closed, self._error = True, error
            self._changed.notify_all()

    def _has_tick(self, timeout: float) -> bool:
        if not self._ticks and not self._closed:
            self._changed.wait(timeout)
        if not self._ticks and self._error is not None:
            raise self._error
        return bool(self._ticks)

    def _make_room(self, tick: Tick) -> bool:
        if self._on_overflow == "latest_per_symbol":
            kept = _latest(self._ticks, tick.symbol)
            self._counts.dropped += len(self._ticks) - len(kept)
            self._ticks = kept
            return True
        self._counts.dropped += 1
        hint = "use a machine that is less busy, or 'latest_per_symbol', which leaves ticks out"
        self._closed = True
        self._error = DataError(f"{self._capacity} ticks wait: strategies are slower than the feed", hint=hint)
        self._changed.notify_all()
        return False


def _latest(ticks: deque[Tick], replaced: str) -> deque[Tick]:
    """Return the newest tick of each symbol but the one that is `replaced`, in the order in which they came."""
    kept: deque[Tick] = deque()
    symbols = {replaced}
    for tick in reversed(ticks):
        if tick.symbol not in symbols:
            symbols.add(tick.symbol)
            kept.appendleft(tick)
    return kept
