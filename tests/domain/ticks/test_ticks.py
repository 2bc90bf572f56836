"""What a tick can't be, and what its symbol's sequence refuses and counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orchestrate.domain.errors import MessageError
from orchestrate.domain.market.stamps import LATEST
from orchestrate.domain.ticks.sequence import TickSequence
from orchestrate.domain.ticks.tick import Tick


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bid": "NaN"}, "not_finite"),
        ({"ask": "-Infinity"}, "not_finite"),
        ({"ask": "1e400"}, "not_finite"),
        ({"bid": "0"}, "not_positive"),
        ({"bid": "-1"}, "not_positive"),
        ({"bid": "1e-400"}, "not_positive"),
        ({"volume": "-1"}, "not_positive"),
        ({"volume": "sNaN"}, "not_finite"),
        ({"ask": "1e13"}, "too_great"),
        ({"volume": "1e19"}, "too_great"),
        ({"bid": "3"}, "bid_above_ask"),
        ({"t": LATEST + 1}, "no_time"),
    ],
)
def test_what_is_no_quote_is_refused_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    facts = {"bid": "1", "ask": "2", "volume": "0"} | {name: v for name, v in changes.items() if name != "t"}
    numbers = {name: Decimal(text) for name, text in facts.items()}
    with pytest.raises(MessageError, match="A: ") as error:
        Tick("A", changes.get("t", 5), **numbers)
    assert error.value.reason == reason


def tick(t: int, seq: int | None = None) -> Tick:
    return Tick("A", t, Decimal(1), Decimal(1), seq=seq)


def reasons(ticks: list[Tick], sequence: TickSequence) -> list[str]:
    refused = []
    for each in ticks:
        try:
            sequence.admit(each)
        except MessageError as error:
            refused.append(error.reason)
    return refused


def test_ticks_that_go_back_or_come_twice_are_refused_and_skipped_numbers_counted() -> None:
    sequence = TickSequence()
    ticks = [tick(5, 1), tick(5, 2), tick(5, 2), tick(4, 3), tick(6, 3), tick(7, 9)]
    assert reasons(ticks, sequence) == ["duplicate", "back_in_time"]
    assert (sequence.accepted, sequence.missed, sequence.restarted) == (4, 5, 0)


def test_a_feed_that_counts_anew_has_been_restarted() -> None:
    sequence = TickSequence()
    assert reasons([tick(5, 90), tick(6, 1), tick(7, 2)], sequence) == []
    assert (sequence.accepted, sequence.missed, sequence.restarted) == (3, 0, 1)


def test_without_numbers_nobody_knows_what_is_missing() -> None:
    sequence = TickSequence()
    assert reasons([tick(5), tick(5), tick(9)], sequence) == []
    assert (sequence.accepted, sequence.missed) == (3, None)
