"""The rows of a step, looked up on access, are the mapping that they stand for."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from orchestrate.domain.market.timeline import Timeline

STAMPS = np.array([10, 20, 30], dtype=np.int64)
ROWS = {"A": np.array([0, 1, 2]), "B": np.array([-1, 0, -1]), "C": np.array([-1, -1, 0])}
MEANT = [{"A": 0}, {"A": 1, "B": 0}, {"A": 2, "C": 0}]


@pytest.fixture
def timeline() -> Timeline:
    return Timeline(STAMPS, STAMPS - 5, ROWS)


def test_every_step_and_any_step(timeline: Timeline) -> None:
    steps = list(timeline.events())
    assert [(event.step, event.t) for event in steps] == [(0, 10), (1, 20), (2, 30)]
    assert [event.rows for event in steps] == MEANT
    assert [timeline.event(step) for step in range(3)] == steps


@pytest.mark.parametrize("step", range(3))
def test_rows_are_a_mapping(timeline: Timeline, step: int) -> None:
    rows, meant = timeline.event(step).rows, MEANT[step]
    assert list(rows) == list(meant)
    assert len(rows) == len(meant)
    assert repr(rows) == repr(meant)
    assert bool(rows)
    for symbol in "ABCD":
        assert (symbol in rows) == (symbol in meant)
        assert rows.get(symbol, -7) == meant.get(symbol, -7)
        if symbol in meant:
            assert rows[symbol] == meant[symbol]
        else:
            with pytest.raises(KeyError):
                rows[symbol]


def test_a_step_of_other_symbols_is_empty() -> None:
    assert not Timeline(STAMPS, STAMPS, {"B": ROWS["B"]}).event(0).rows


def test_another_process_can_have_it(timeline: Timeline) -> None:
    other = pickle.loads(pickle.dumps(timeline))
    assert list(other.events()) == list(timeline.events())
    assert other.ends.steps == timeline.ends.steps
