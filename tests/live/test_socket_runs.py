"""A run on ticks that came over a socket is the backtest of the bars that were sent."""

from __future__ import annotations

import time
from contextlib import closing
from threading import Thread
from typing import Any

import pytest

from orchestrate.data.feeds.counts import FeedCounts
from orchestrate.data.feeds.formats import FORMATS, Frames
from orchestrate.data.feeds.live_steps import LiveSteps
from orchestrate.data.feeds.queue import TickQueue
from orchestrate.data.feeds.receiver import Receiver
from orchestrate.data.feeds.replay import replay
from orchestrate.data.feeds.zeromq import Publisher, Subscriber
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.ticks.freshness import Freshness
from orchestrate.domain.ticks.replay import last_labels, lengths_of, ticks_of
from orchestrate.domain.ticks.steps import StepBuilder
from orchestrate.orchestration.loop.clock import FeedClock
from tests.live.replayed import stamped
from tests.orchestration.loop.feed_runs import ENGINES, NATIVES, PORTABLES, Part, buffer_for, facts, stage

pytest.importorskip("zmq", reason="the extra `live` is not installed")
PLAIN = FORMATS["topic_json"]


class Counted(Subscriber):
    """Is over after so many messages, as a socket never is."""

    left: int

    def receive(self, timeout: float) -> Frames | None:
        frames = super().receive(timeout)
        self.left -= frames is not None
        self.is_over = self.left == 0
        return frames


def sent_facts(parts: list[Part], scene: Market, rules: ExecutionRules) -> dict[str, Any]:
    """All that comes of a run while a publisher sends the market, as fast as it is taken."""
    symbols, ticks, counts, buffer = list(scene.series), list(ticks_of(scene)), FeedCounts(), buffer_for(scene)
    queue = TickQueue(counts)
    with closing(Publisher("tcp://127.0.0.1:*")) as publisher:
        source = Counted(publisher.url, symbols, PLAIN)
        source.left = len(ticks)
        with Receiver(source, PLAIN, dict(zip(symbols, symbols, strict=True)), queue, counts, time.time_ns):
            assert publisher.wait_for(map(PLAIN.topic, symbols), 20.0)
            Thread(target=replay, args=(ticks, publisher, PLAIN, {}), daemon=True).start()
            builder = StepBuilder(lengths_of(scene), last=last_labels(scene))
            freshness = Freshness(symbols, time.monotonic)
            clock = FeedClock(buffer, LiveSteps(queue, builder, freshness, counts))
            done = facts(parts, buffer.market, rules, clock)
    assert (counts.received, counts.refused, counts.dropped) == (len(ticks), {}, 0)
    return done


@pytest.mark.parametrize("seed", [3, 17])
def test_ticks_over_a_socket_make_the_run_of_stored_bars(seed: int) -> None:
    scene = stamped(stage(seed, [(0, 45), (5, 40), (10, 20)]))
    together = [*(Part(make, ENGINES[number % 2]) for number, make in enumerate(PORTABLES)), *NATIVES]
    stored = facts(together, scene, ExecutionRules())
    assert stored["fills"]
    assert sent_facts(together, scene, ExecutionRules()) == stored
