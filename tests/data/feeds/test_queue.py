"""Ticks that wait: bounded, in order, and counted where they are dropped. Time that passes without one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orchestrate.data.feeds.counts import FeedCounts
from orchestrate.data.feeds.formats import FORMATS
from orchestrate.data.feeds.live_steps import LiveSteps
from orchestrate.data.feeds.queue import TickQueue
from orchestrate.data.feeds.receiver import Receiver
from orchestrate.data.feeds.replay import replay
from orchestrate.domain.errors import DataError
from orchestrate.domain.ticks.freshness import Freshness
from orchestrate.domain.ticks.steps import StepBuilder
from orchestrate.domain.ticks.tick import Tick
from tests.data.feeds.sources import Messages

SECOND = 1_000_000_000


def tick(symbol: str, t: int, price: int = 1) -> Tick:
    return Tick(symbol, t, Decimal(price), Decimal(price))


def taken(queue: TickQueue) -> list[tuple[str, int]]:
    ticks = []
    while (each := queue.get(0)) is not None:
        ticks.append((each.symbol, each.t))
    return ticks


def test_a_full_queue_halts_after_the_ticks_that_it_has() -> None:
    counts = FeedCounts()
    queue = TickQueue(counts, capacity=2)
    for t in range(4):
        queue.put(tick("A", t))
    assert [queue.get(0), queue.get(0)] == [tick("A", 0), tick("A", 1)]
    with pytest.raises(DataError, match="2 ticks wait: strategies are slower than the feed"):
        queue.get(0)
    assert (counts.dropped, queue.is_over) == (1, False)


def test_a_full_queue_may_keep_the_latest_of_each_symbol() -> None:
    counts = FeedCounts()
    queue = TickQueue(counts, capacity=4, on_overflow="latest_per_symbol")
    for t, symbol in enumerate("ABAABCA"):
        queue.put(tick(symbol, t))
    assert taken(queue) == [("A", 3), ("B", 4), ("C", 5), ("A", 6)]
    assert counts.dropped == 3


def test_what_ends_the_source_is_raised_where_its_ticks_are_used() -> None:
    class Broken(Messages):
        def receive(self, timeout: float) -> Any:
            raise OSError("the line is cut")

    counts, source = FeedCounts(), Broken([])
    queue = TickQueue(counts)
    with (
        Receiver(source, FORMATS["topic_json"], {"A": "A"}, queue, counts, lambda: 0),
        pytest.raises(OSError, match="cut"),
    ):
        queue.get(5)
    assert source.is_closed


class Ticking:
    """A clock that goes on by itself at every look."""

    def __init__(self, step: float) -> None:
        self.now, self._step = 0.0, step

    def __call__(self) -> float:
        self.now += self._step
        return self.now


def test_feed_time_goes_on_with_our_clock_and_symbols_grow_stale() -> None:
    clock = Ticking(0)
    fresh = Freshness(["A", "B"], clock, speed=10)
    assert (fresh.time(), fresh.silent_since_start()) == (None, 0.0)
    clock.now = 4.0
    fresh.note(tick("A", 50 * SECOND))
    clock.now = 6.0
    fresh.note(tick("B", 49 * SECOND))
    assert (fresh.time(), fresh.silent_since_start()) == (70 * SECOND, None)
    assert (fresh.stale(1.0), fresh.stale(2.0)) == (["A"], [])


def test_time_makes_the_step_of_a_feed_that_is_silent_and_its_late_tick_is_counted() -> None:
    counts = FeedCounts()
    queue = TickQueue(counts)
    builder = StepBuilder({"A": 60 * SECOND}, grace=SECOND)
    freshness = Freshness(["A"], Ticking(30))
    queue.put(tick("A", 0))
    steps = iter(LiveSteps(queue, builder, freshness, counts))
    assert next(steps).bars["A"].timestamp == 0
    queue.put(tick("A", 59 * SECOND))
    queue.put(tick("A", 60 * SECOND))
    queue.close()
    assert [step.bars["A"].timestamp for step in steps] == [60 * SECOND]
    assert counts.refused == {"late": 1}


def test_a_run_that_is_stopped_leaves_the_unfinished_bar_out() -> None:
    counts = FeedCounts()
    queue = TickQueue(counts)
    queue.put(tick("A", 0))
    looks = iter([False, True])
    steps = LiveSteps(queue, StepBuilder({"A": SECOND}), Freshness(["A"], Ticking(0)), counts, lambda: next(looks))
    assert list(steps) == []


class Kept(list[Any]):
    """An outlet that keeps what it is given."""

    send = list.append


@pytest.mark.parametrize(("speed", "slept"), [(None, []), (2.0, [1.0, 2.0])])
def test_a_replay_goes_at_the_pace_of_its_ticks_or_at_once(speed: float | None, slept: list[float]) -> None:
    outlet, pauses = Kept(), []
    ticks = [tick("A", 5 * SECOND), tick("A", 7 * SECOND), tick("B", 9 * SECOND)]
    layout = FORMATS["topic_json"]
    sent = replay(ticks, outlet, layout, {"A": "A.s"}, speed=speed, clock=lambda: 0.0, sleep=pauses.append)
    assert (sent, pauses) == (3, slept)
    assert [frames[0].split(b" ")[0] for frames in outlet] == [b"A.s", b"A.s", b"B"]
