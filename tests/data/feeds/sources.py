"""A source of messages that are known beforehand, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrate.data.feeds.counts import FeedCounts
from orchestrate.data.feeds.formats import FORMATS, Frames
from orchestrate.data.feeds.queue import TickQueue
from orchestrate.data.feeds.receiver import Receiver
from orchestrate.domain.market.stamps import moment_of
from orchestrate.domain.ticks.tick import Tick

NOW = moment_of("2026-03-02T10:00:00")


class Messages:
    """Gives each of the messages, then is over."""

    def __init__(self, messages: Iterable[Frames]) -> None:
        self._messages = iter(messages)
        self.is_over = self.is_closed = False

    def receive(self, timeout: float) -> Frames | None:
        frames = next(self._messages, None)
        self.is_over = frames is None
        return frames

    def close(self) -> None:
        self.is_closed = True


def received(
    messages: Iterable[Frames], symbols: Iterable[str] = ("A", "B"), layout: str = "topic_json"
) -> tuple[list[Tick], FeedCounts, Receiver]:
    """The ticks of all messages, their counts, and the receiver."""
    counts = FeedCounts()
    queue = TickQueue(counts)
    names = {symbol: symbol for symbol in symbols}
    with Receiver(Messages(messages), FORMATS[layout], names, queue, counts, lambda: NOW) as receiver:
        ticks = list(_taken(queue))
    return ticks, counts, receiver


def _taken(queue: TickQueue) -> Iterator[Tick]:
    while not queue.is_over:
        tick = queue.get(1.0)
        if tick is not None:
            yield tick
