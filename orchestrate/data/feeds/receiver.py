"""The thread that takes messages off a source, so that the source never waits for a strategy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event, Thread
from types import TracebackType
from typing import Final, Protocol

from orchestrate.data.feeds.counts import FeedCounts
from orchestrate.data.feeds.formats import Frames, WireFormat
from orchestrate.data.feeds.messages import read_tick
from orchestrate.data.feeds.queue import TickQueue
from orchestrate.domain.errors import MessageError
from orchestrate.domain.ticks.sequence import TickSequence
from orchestrate.domain.ticks.tick import Refusal, Tick

#: Seconds for which a source may wait before it is asked whether the end has come.
PATIENCE: Final = 0.1
_DAY: Final = 86_400_000_000_000


class Source(Protocol):
    """Where messages come from: a socket, a file, a test. One thread at a time uses it."""

    @property
    def is_over(self) -> bool:
        """Whether no message is left and none will come."""

    def receive(self, timeout: float) -> Frames | None:
        """Return the frames of the next message; None if none comes within `timeout` seconds."""

    def close(self) -> None:
        """Let go of everything."""


class Receiver:
    """Reads messages of `source` into `queue` until it is over or the receiver is closed.

    `symbols` are ours by the feed's. `now` is our time in nanoseconds: a tick more than a day ahead of it is refused,
    because after it every good one would go back in time. `sequences` say what has come and what was missed.
    """

    def __init__(
        self,
        source: Source,
        layout: WireFormat,
        symbols: Mapping[str, str],
        queue: TickQueue,
        counts: FeedCounts,
        now: Callable[[], int],
    ) -> None:
        self._source, self._layout, self._symbols = source, layout, symbols
        self._queue, self._counts, self._now = queue, counts, now
        self.sequences = {symbol: TickSequence() for symbol in symbols.values()}
        self._ending = Event()
        self._thread = Thread(target=self._work, name="orchestrate-receiver", daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self._thread.join()
        self._source.close()

    def _work(self) -> None:
        try:
            while not self._ending.is_set() and not self._source.is_over:
                frames = self._source.receive(PATIENCE)
                if frames is not None:
                    self._take(frames)
        except BaseException as error:
            self._queue.close(error)
        else:
            self._queue.close()

    def _take(self, frames: Frames) -> None:
        self._counts.received += 1
        try:
            tick = read_tick(frames, self._layout, self._symbols)
            self._require_present(tick)
            self.sequences[tick.symbol].admit(tick)
        except MessageError as error:
            self._counts.refuse(error)
            return
        self._queue.put(tick)

    def _require_present(self, tick: Tick) -> None:
        if tick.t > self._now() + _DAY:
            message = f"its tick at {tick.t} is more than a day ahead of this machine's clock"
            raise MessageError(Refusal.FROM_THE_FUTURE, message, where=tick.symbol)
