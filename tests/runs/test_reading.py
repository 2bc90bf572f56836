"""Runs found by what people call them."""

from __future__ import annotations

import json

import pytest

from orchestrate.domain.errors import NotFoundError
from orchestrate.runs.reading import Undecoded, find, run_ids

IDS = ["20260101T000000Z-aaaaaa", "20260101T000000Z-bbbbbb", "20260202T000000Z-cccccc"]


@pytest.fixture
def reports(tmp_path):
    for place, run_id in enumerate(IDS):
        (tmp_path / run_id).mkdir()
        (tmp_path / run_id / "run.json").write_text(json.dumps({"place": place}))
    (tmp_path / ".20260303T000000Z-dddddd.unfinished").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "20260404T000000Z-eeeeee").write_text("a file, no run")
    return tmp_path


def test_only_finished_runs_are_runs(reports):
    assert run_ids(reports) == IDS
    assert run_ids(reports / "nowhere") == []


@pytest.mark.parametrize(
    ("named", "place"), [("latest", 2), (IDS[0], 0), ("20260101T000000Z-b", 1), ("202602", 2), (IDS[2], 2)]
)
def test_found_by(reports, named, place):
    assert find(reports, named).name == IDS[place]


def test_the_path_that_people_copy_is_understood(reports):
    assert find(reports, f"{reports}/{IDS[1]}/") == reports / IDS[1]


def test_of_two_runs_of_one_second_the_one_completed_last_is_the_latest(reports):
    later, earlier = (reports / IDS[place] for place in (0, 1))
    (reports / IDS[2] / "run.json").unlink()
    (reports / IDS[2]).rmdir()
    import os

    os.utime(earlier / "run.json", (1, 1))
    os.utime(later / "run.json", (2, 2))
    assert find(reports, "latest") == later


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("2026", "'2026' begins 3 runs in .*: 20260101T000000Z-aaaaaa, 20260101T000000Z-bbbbbb, 20260202"),
        ("20260202T000000Z-ccccdd", "no run '20260202T000000Z-ccccdd' .*\n.*did you mean 20260202T000000Z-cccccc"),
        ("x", "no run 'x' .*\n.*the latest is 20260202T000000Z-cccccc"),
        ("", "no run ''"),
        ("../../etc", "no run '../../etc'"),
    ],
)
def test_not_found(reports, named, message):
    with pytest.raises(NotFoundError, match=message) as caught:
        find(reports, named)
    assert caught.value.exit_code == 5


def test_no_run_at_all(tmp_path):
    with pytest.raises(NotFoundError, match="there is no run in"):
        find(tmp_path, "latest")


FIGURES = {
    "bars": 3,
    "none": {},
    "start": None,
    "portfolio": {"metrics": {"sharpe": 1.5, "cagr": None, "none": {}}, "reserve": -0.0, "tables": [{"metrics": 1}]},
    "strategies": {'a"b': {"metrics": {"sharpe": 2}, "name": "x\n  y: {"}, "c": {"metrics": {}}},
    "metrics": [1, {"portfolio": 2}, "three"],
}


def plain(undecoded):
    """The object with all that is in it, by its keys alone."""
    return {name: plain(value) if isinstance(value, Undecoded) else value for name, value in undecoded.items()}


def test_an_object_that_is_decoded_key_by_key():
    text = json.dumps(FIGURES, indent=2)
    undecoded = Undecoded(text)
    assert plain(undecoded) == undecoded.decoded() == FIGURES
    assert (list(undecoded), len(undecoded)) == (list(FIGURES), len(FIGURES))
    assert undecoded["strategies"]['a"b'].decoded() == FIGURES["strategies"]['a"b']
    assert "sharpe" not in undecoded
    assert "reserve" not in undecoded["portfolio"]["metrics"]
    with pytest.raises(KeyError):
        undecoded["portfolio"]["bars"]
