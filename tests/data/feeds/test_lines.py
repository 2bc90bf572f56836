"""Lines of a pipe as messages: whole ones, bounded ones, and an end."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from orchestrate.data.feeds.counts import FeedCounts
from orchestrate.data.feeds.formats import FORMATS
from orchestrate.data.feeds.lines import Lines
from orchestrate.data.feeds.messages import LARGEST
from orchestrate.data.feeds.queue import TickQueue
from orchestrate.data.feeds.receiver import Receiver

TICK = b'{"symbol": "A", "last": %d, "time": %d}'


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def received(lines: Lines) -> list[bytes]:
    """Each line that can be had now."""
    return [frames[0] for frames in iter(lambda: lines.receive(0), None)]


def test_a_line_is_a_message_once_it_is_whole(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    lines = Lines(reading)
    os.write(writing, b"one\r\n\n  two\nthr")
    assert received(lines) == [b"one", b"two"]
    os.write(writing, b"ee\nfour")
    assert (received(lines), lines.is_over) == ([b"three"], False)
    os.close(writing)
    assert received(lines) == [b"four"]
    assert (lines.receive(0), lines.is_over) == (None, True)


def test_ticks_of_a_pipe_are_used_and_a_line_without_end_is_refused(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    counts = FeedCounts()
    queue = TickQueue(counts)
    with Receiver(Lines(reading), FORMATS["bare_json"], {"A": "A"}, queue, counts, lambda: 0):
        os.write(writing, TICK % (1, 1) + b"\n")
        for _ in range(4):
            os.write(writing, b"x" * (LARGEST // 2))
        os.write(writing, b"\n" + TICK % (2, 2))
        os.close(writing)
        ticks = [queue.get(20.0), queue.get(20.0)]
    assert [tick and int(tick.bid) for tick in ticks] == [1, 2]
    assert counts.refused.keys() <= {"too_large", "not_json"}
    assert counts.refused["too_large"] >= 1
