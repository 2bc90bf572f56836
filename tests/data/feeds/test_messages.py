"""Messages of the users' feed become ticks; whatever else comes is refused by its reason and ends nothing."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.data.feeds.formats import FORMATS
from orchestrate.data.feeds.messages import LARGEST, read_tick, write_tick
from orchestrate.domain.errors import MessageError
from orchestrate.domain.market.stamps import EARLIEST, LATEST, moment_of
from orchestrate.domain.ticks.tick import Tick
from tests.data.feeds.sources import received

T = moment_of("2026-03-02T09:00:00")
PLAIN = FORMATS["topic_json"]
STAMP = '"timestamp": "2026-03-02T09:00:00Z"'
QUOTE = f'{{"bid": 1.1, "ask": 1.2, {STAMP}}}'


def read(body: str, topic: str = "A") -> Tick:
    return read_tick([f"{topic} {body}".encode()], PLAIN, {"A": "A", "EURUSD.s": "EURUSD"})


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ('"2026-03-02T09:00:00Z"', T),
        ('"2026-03-02T09:00:00"', T),
        ('"2026-03-02 10:00:00+01:00"', T),
        ('"2026-03-02T09:00:00.123456789Z"', T + 123_456_789),
        (f"{T // 10**9}", T),
        (f"{T // 10**9}.25", T + 250_000_000),
        (f"{T // 10**6}", T),
        (f"{T // 10**6}.000001", T + 1),
    ],
)
def test_a_timestamp_is_iso_or_seconds_or_milliseconds(stamp: str, moment: int) -> None:
    assert read(f'{{"bid": 1, "ask": 2, "timestamp": {stamp}}}').t == moment
    assert read(f'{{"bid": 1, "ask": 2, "time": {stamp}}}').t == moment


@pytest.mark.parametrize(
    ("prices", "bid", "ask"),
    [
        ('"bid": 1.1, "ask": 1.3, "last": 9', "1.1", "1.3"),
        ('"bid": 1.1, "last": 1.2, "price": 9', "1.2", "1.2"),
        ('"bid": null, "ask": null, "price": 1.3', "1.3", "1.3"),
    ],
)
def test_a_price_is_bid_and_ask_else_last_else_price(prices: str, bid: str, ask: str) -> None:
    tick = read(f'{{{prices}, "volume": 0.1, "seq": 7, {STAMP}}}')
    assert tick == Tick("A", T, Decimal(bid), Decimal(ask), Decimal("0.1"), 7)


def test_names_of_the_feed_become_ours() -> None:
    assert read(QUOTE, "EURUSD.s").symbol == "EURUSD"
    assert read(f'{{"symbol": "EURUSD.s", "bid": 1, "ask": 2, {STAMP}}}', "EURUSD.s").symbol == "EURUSD"


BAD: dict[str, list[list[bytes]]] = {
    "frames": [[], [b""], [b"A"], [b"A{}"], [b" {}"], [b"A", b"{}"], [QUOTE.replace(" ", "").encode()]],
    "too_large": [[b"A " + QUOTE.encode() + b" " * LARGEST], [b"A" * (LARGEST + 1)]],
    "not_text": [[b"A \xff\xfe"], [b"\xc3 " + QUOTE.encode()], [b'A {"bid": "\xed\xa0\x80"}']],
    "not_json": [
        [b"A "],
        [b"A {"],
        [b"A {'bid': 1}"],
        [b"A __import__('os').system('true')"],
        [b"A " + b"[" * 60_000],
        [b'A {"bid": 1e99999999999999999999}'],
        [b'A {"bid": 01}'],
    ],
    "not_an_object": [[b"A []"], [b"A 1"], [b"A null"], [b'A "text"'], [b"A NaN"], [b"A true"]],
    "no_symbol": [[b'A {"symbol": 5}'], [b'A {"symbol": ["A"]}']],
    "topic_contradicts": [[f'A {{"symbol": "B", "bid": 1, "ask": 2, {STAMP}}}'.encode()]],
    "unknown_symbol": [[b"Z " + QUOTE.encode()], [b"A.s " + QUOTE.encode()], [b"a " + QUOTE.encode()]],
    "no_price": [[f"A {{{STAMP}}}".encode()], [f'A {{"bid": 1, {STAMP}}}'.encode()], [b"A {}"]],
    "not_a_number": [
        [f'A {{"bid": "1", "ask": 2, {STAMP}}}'.encode()],
        [f'A {{"bid": true, "ask": 2, {STAMP}}}'.encode()],
        [f'A {{"bid": 1, "ask": [2], {STAMP}}}'.encode()],
        [f'A {{"bid": 1, "ask": 2, "volume": "x", {STAMP}}}'.encode()],
        [f'A {{"bid": 1, "ask": 2, "seq": 1.5, {STAMP}}}'.encode()],
        [f'A {{"bid": 1, "ask": 2, "seq": -1, {STAMP}}}'.encode()],
    ],
    "not_finite": [
        [f'A {{"bid": NaN, "ask": 2, {STAMP}}}'.encode()],
        [f'A {{"bid": 1, "ask": Infinity, {STAMP}}}'.encode()],
        [f'A {{"bid": 1, "ask": 1e999, {STAMP}}}'.encode()],
        [f'A {{"bid": 1, "ask": {"9" * 500}, {STAMP}}}'.encode()],
    ],
    "not_positive": [
        [f'A {{"bid": 0, "ask": 2, {STAMP}}}'.encode()],
        [f'A {{"bid": -1, "ask": 2, {STAMP}}}'.encode()],
        [f'A {{"last": 1e-999, {STAMP}}}'.encode()],
        [f'A {{"bid": 1, "ask": 2, "volume": -1, {STAMP}}}'.encode()],
    ],
    "bid_above_ask": [[f'A {{"bid": 2, "ask": 1, {STAMP}}}'.encode()]],
    "no_time": [
        [b'A {"bid": 1, "ask": 2}'],
        [b'A {"bid": 1, "ask": 2, "time": "yesterday"}'],
        [b'A {"bid": 1, "ask": 2, "time": "2026"}'],
        [b'A {"bid": 1, "ask": 2, "time": "2026-03-02 at nine"}'],
        [b'A {"bid": 1, "ask": 2, "time": "0001-01-01T00:00:00+23:59"}'],
        [b'A {"bid": 1, "ask": 2, "time": NaN}'],
        [b'A {"bid": 1, "ask": 2, "time": 1e18}'],
        [b'A {"bid": 1, "ask": 2, "time": 1e30}'],
        [b'A {"bid": 1, "ask": 2, "time": true}'],
    ],
    "from_the_future": [[f'A {{"bid": 1, "ask": 2, "time": {T // 10**9 + 2 * 86_400}}}'.encode()]],
    "too_great": [[f'A {{"last": 1e20, {STAMP}}}'.encode()]],
    "back_in_time": [[b'A {"bid": 1, "ask": 2, "time": 1000}']],
}


def test_bad_messages_are_counted_by_reason_and_the_good_ones_among_them_are_all_used() -> None:
    bad = [(reason, frames) for reason, several in BAD.items() for frames in several]
    assert len(bad) > 40
    drawn = random.Random(17).choices(bad, k=1_000)
    first = [f"A {QUOTE}".encode()]
    good = [[f'A {{"bid": 1, "ask": 2, "time": {T // 10**6 + number}}}'.encode()] for number in range(1_000)]
    mixed = [first, *(frames for pair in zip((frames for _, frames in drawn), good, strict=True) for frames in pair)]
    ticks, counts, receiver = received(mixed)
    assert [tick.t - T for tick in ticks] == [0, *(number * 1_000_000 for number in range(1_000))]
    assert counts.refused == {r: n for r in sorted(BAD) if (n := sum(reason == r for reason, _ in drawn))}
    assert (counts.received, receiver.sequences["A"].accepted) == (2_001, 1_001)


@pytest.mark.parametrize("reason", BAD)
def test_each_kind_of_bad_message_has_its_reason(reason: str) -> None:
    _, counts, _ = received([[f"A {QUOTE}".encode()], *BAD[reason]])
    assert counts.refused == {reason: len(BAD[reason])}


@pytest.mark.parametrize("frames", [[b"A"], [b"", b"{}"], [b"A", b"{}", b""]])
def test_two_frames_are_two_and_the_first_is_a_topic(frames: list[bytes]) -> None:
    with pytest.raises(MessageError) as error:
        read_tick(frames, FORMATS["two_frames"], {"A": "A"})
    assert error.value.reason == "frames"


@given(st.binary(max_size=80))
def test_any_bytes_are_a_tick_or_refused(body: bytes) -> None:
    try:
        tick = read_tick([b"A " + body], PLAIN, {"A": "A"})
    except MessageError as error:
        assert error.reason
    else:
        assert tick.bid <= tick.ask


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["symbol", "bid", "ask", "last", "time", "timestamp", "seq", "volume"]), JSON))
def test_any_object_is_a_tick_or_refused(facts: dict[str, Any]) -> None:
    try:
        tick = read(json.dumps(facts))
    except MessageError as error:
        assert error.reason
    else:
        assert EARLIEST <= tick.t <= LATEST


PRICES = st.decimals("0.00001", "99999", places=5)


@pytest.mark.parametrize("layout", FORMATS)
@given(t=st.integers(0, moment_of("2100-01-01")), prices=st.tuples(PRICES, PRICES), seq=st.none() | st.integers(0, 9))
def test_a_tick_that_is_written_is_read_back(layout: str, t: int, prices: tuple[Decimal, Decimal], seq: Any) -> None:
    tick = Tick("A", t, min(prices), max(prices), prices[0], seq)
    frames = write_tick(tick, FORMATS[layout], "A.s")
    assert read_tick(frames, FORMATS[layout], {"A.s": "A"}) == tick


def test_a_subscription_ends_with_a_blank_only_where_the_topic_does() -> None:
    assert {name: layout.topic("EURUSD") for name, layout in FORMATS.items()} == {
        "topic_json": b"EURUSD ",
        "two_frames": b"EURUSD",
        "bare_json": b"",
    }
