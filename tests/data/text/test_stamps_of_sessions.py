"""The begin and end of sessions decide whether a stamp is the start or the end of its bar."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from orchestrate.data.calendar import DAY, SECOND
from orchestrate.data.columns import Columns
from orchestrate.data.findings import Evidence, stamped_at_the_end

MINUTE = 60 * SECOND


def sessions(days: int, length: int, *, late: bool, jitter: int = 0) -> Columns:
    """Sessions from 9:30 to 16:00, stamped at the start of each bar or (`late`) at its end."""
    first, last = (9 * 60 + 30) * MINUTE, 16 * 60 * MINUTE
    one = np.arange(first, last, length, dtype=np.int64) + (length if late else 0)
    generator = np.random.default_rng(1)
    starts = [day * DAY + (int(generator.integers(0, jitter + 1)) * length) for day in range(days)]
    label = np.concatenate([one[(start % DAY) // length :] + start - start % DAY for start in starts])
    price = np.full(len(label), 10.0)
    return Columns(label, price, price, price, price, price)


def look(columns: Columns, length: int, stamp: Literal["start", "end"] = "start") -> object:
    return stamped_at_the_end(Evidence("X", columns, length, stamp=stamp))


@pytest.mark.parametrize("minutes", [1, 3, 5])
def test_sessions_that_begin_a_bar_late(minutes: int) -> None:
    length = minutes * MINUTE
    verdict = stamped_at_the_end(Evidence("X", sessions(8, length, late=True), length))
    assert verdict is not None
    assert (verdict.severity, verdict.count) == ("info", 7)
    assert "set stamp: end" in verdict.message


@pytest.mark.parametrize("minutes", [1, 3, 5])
def test_their_clean_twins(minutes: int) -> None:
    length = minutes * MINUTE
    assert look(sessions(8, length, late=False), length) is None
    assert look(sessions(8, length, late=True), length, "end") is None, "that is what was said"


def test_too_little_to_go_by() -> None:
    assert look(sessions(5, MINUTE, late=True), MINUTE) is None, "four breaks"
    assert look(sessions(40, MINUTE, late=True, jitter=5), MINUTE) is None, "a thin market begins anywhere"
    assert look(sessions(8, 15 * MINUTE, late=True), 15 * MINUTE) is None, "quarters of an hour decide nothing"
