"""Real sockets on loopback: all messages come, in order, and go on coming after the publisher was away."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal

import pytest

from orchestrate.data.feeds.counts import FeedCounts
from orchestrate.data.feeds.formats import FORMATS
from orchestrate.data.feeds.queue import TickQueue
from orchestrate.data.feeds.receiver import Receiver
from orchestrate.data.feeds.replay import replay
from orchestrate.data.feeds.zeromq import Publisher, Subscriber
from orchestrate.domain.errors import ConfigurationError
from orchestrate.domain.ticks.tick import Tick

pytest.importorskip("zmq", reason="the extra `live` is not installed")
PLAIN = FORMATS["topic_json"]
WAIT = 20.0  # seconds after which something never comes


def ticks(symbol: str, first: int, count: int) -> list[Tick]:
    return [Tick(symbol, number * 10**9, Decimal(1), Decimal(2), seq=number) for number in range(first, first + count)]


def until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + WAIT
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


@contextmanager
def receiving(
    url: str, names: dict[str, str], layout: str = "topic_json"
) -> Iterator[tuple[TickQueue, Receiver, FeedCounts]]:
    counts = FeedCounts()
    queue = TickQueue(counts)
    source = Subscriber(url, names, FORMATS[layout])
    with Receiver(source, FORMATS[layout], names, queue, counts, time.time_ns) as receiver:
        yield queue, receiver, counts


def take(queue: TickQueue, count: int) -> list[Tick | None]:
    return [queue.get(WAIT) for _ in range(count)]


@pytest.mark.parametrize("layout", FORMATS)
def test_every_message_comes_in_order_however_fast_it_is_sent(layout: str) -> None:
    sent = ticks("EURUSD", 1, 5_000)
    with (
        closing(Publisher("tcp://127.0.0.1:*")) as publisher,
        receiving(publisher.url, {"EURUSD.s": "EURUSD"}, layout) as (queue, receiver, counts),
    ):
        assert publisher.wait_for([FORMATS[layout].topic("EURUSD.s")], WAIT)
        assert replay(sent, publisher, FORMATS[layout], {"EURUSD": "EURUSD.s"}) == 5_000
        assert take(queue, 5_000) == sent
    assert (counts.received, counts.refused, counts.dropped) == (5_000, {}, 0)
    assert receiver.sequences["EURUSD"].missed == 0


def test_a_symbol_whose_name_begins_alike_does_not_arrive() -> None:
    with (
        closing(Publisher("tcp://127.0.0.1:*")) as publisher,
        receiving(publisher.url, {"EURUSD": "EURUSD"}) as (queue, _, counts),
    ):
        assert publisher.wait_for([b"EURUSD "], WAIT)
        replay([*ticks("EURUSD.s", 1, 3), *ticks("EURUSD", 1, 1)], publisher, PLAIN, {})
        assert take(queue, 1) == ticks("EURUSD", 1, 1)
    assert (counts.received, counts.refused) == (1, {})


def test_a_subscriber_connects_again_when_its_publisher_comes_back() -> None:
    first = Publisher("tcp://127.0.0.1:*")
    url, source = first.url, Subscriber(first.url, ["A"], PLAIN)
    counts = FeedCounts()
    queue = TickQueue(counts)
    with Receiver(source, PLAIN, {"A": "A"}, queue, counts, time.time_ns) as receiver:
        with closing(first):
            assert first.wait_for([b"A "], WAIT)
            replay(ticks("A", 1, 3), first, PLAIN, {})
            assert take(queue, 3) == ticks("A", 1, 3)
        assert until(lambda: source.disconnected >= 1)
        with closing(Publisher(url)) as second:
            assert second.wait_for([b"A "], WAIT)
            replay(ticks("A", 6, 2), second, PLAIN, {})
            assert take(queue, 2) == ticks("A", 6, 2)
            assert until(lambda: source.connected >= 2)
    assert receiver.sequences["A"].missed == 2


def test_a_publisher_waits_in_vain_where_nobody_subscribes() -> None:
    with closing(Publisher("tcp://127.0.0.1:*")) as publisher:
        assert not publisher.wait_for([b"A "], 0.01)


@pytest.mark.parametrize("make", [Publisher, lambda url: Subscriber(url, ["A"], PLAIN)])
def test_an_address_that_is_none_is_refused(make: Callable[[str], object]) -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)'nowhere:1' can't be used.*tcp://localhost:5556"):
        make("nowhere:1")


def test_a_missing_library_is_named_with_its_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zmq", None)
    with pytest.raises(ConfigurationError, match=r"(?s)needs pyzmq.*pip install 'orchestrate-portfolio\[live\]'"):
        Publisher("tcp://127.0.0.1:*")
