"""How long a call of a strategy's code may last in a worker, as its parent counts it."""

from __future__ import annotations

import pytest

from orchestrate.supervision.board import CALL, CALL_LIMIT, Board
from orchestrate.sweep.executors import patience
from orchestrate.sweep.executors.patience import BEAT, Patience


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(patience, "time", made)
    return made


def looks(watched: Patience, clock: Clock, count: int, step: float = BEAT) -> list[bool]:
    """Look so often, at these intervals; return whether the worker has to be ended."""
    reasons = []
    for _ in range(count):
        clock.now += step
        reasons.append(bool(watched.reason()))
    return reasons


def test_only_one_call_that_lasts_is_late(clock: Clock) -> None:
    board = Board()
    watched = Patience(board, grace=0.25)
    board.words[CALL_LIMIT], board.words[CALL] = 1000, 7
    assert looks(watched, clock, 13) == [False] * 13
    assert looks(watched, clock, 1) == [True]
    for call in range(8, 40):  # each look sees another call
        board.words[CALL] = call
        assert looks(watched, clock, 1) == [False]


def test_calls_of_different_tasks_are_different_ones(clock: Clock) -> None:
    board = Board()
    watched = Patience(board, grace=0.25)
    board.words[CALL_LIMIT], board.words[CALL] = 1000, 7
    for _ in range(4):
        watched.begin()
        assert looks(watched, clock, 12) == [False] * 12


def test_time_in_which_all_was_stopped_does_not_count(clock: Clock) -> None:
    board = Board()
    watched = Patience(board, grace=0.25)
    board.words[CALL_LIMIT], board.words[CALL] = 1000, 7
    assert looks(watched, clock, 4, step=3600.0) == [False] * 4


def test_nothing_is_late_where_nothing_is_limited(clock: Clock) -> None:
    board = Board()
    watched = Patience(board, grace=0.0)
    board.words[CALL] = 7
    assert looks(watched, clock, 50) == [False] * 50
