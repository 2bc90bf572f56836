"""Returns that were read take no memory for long, however many there are."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from orchestrate.analytics.sweeps.columns import chunks
from orchestrate.analytics.sweeps.parts import TrialReturns
from orchestrate.domain.sweeps import Measured, TrialStatus
from orchestrate.runs.sweeps.journal import TrialJournal
from orchestrate.runs.sweeps.tables import write_returns

TRIALS, DAYS = 640, 2_520
MEGABYTES = TRIALS * DAYS * 8 / 2**20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of the memory of a process")


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory):
    returns, days = np.zeros((TRIALS, DAYS)), np.arange(DAYS, dtype=np.int64)
    returns[:, 0] = 1.0  # little is written of them, much is read
    with TrialJournal(tmp_path_factory.mktemp("unfinished")) as opened:
        for number in range(TRIALS):
            opened.add(number, "", {}, Measured(TrialStatus.DONE, "", {}, 1.0, days, returns[number]))
        yield opened


def megabytes_in_memory() -> float:
    """Return how much of stored returns is in the memory of this process."""
    maps = Path("/proc/self/smaps").read_text()
    return sum(int(size) for size in re.findall(r"returns\.f64\n(?:.*\n)*?Rss: +(\d+) kB", maps)) / 2**10


def test_returns_are_given_back_once_they_are_written(journal, tmp_path):
    write_returns(tmp_path / "returns.parquet", list(journal.rows), journal)
    assert megabytes_in_memory() < MEGABYTES / 2
    assert sum(journal.returns(row).sum() for row in journal.rows) != 0.0
    assert megabytes_in_memory() > MEGABYTES / 2


def test_returns_are_given_back_as_statistics_read_them(journal):
    trials = [journal.trial(row) for row in journal.rows]
    for _, some in chunks(TrialReturns(trials, journal.release)):
        assert some.shape[0] == DAYS
        assert megabytes_in_memory() < MEGABYTES / 2
