"""The executor on a Ray cluster of this machine, with two workers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from orchestrate.domain.errors import ConfigurationError, DataError
from orchestrate.sweep.executors.ray_cluster import run
from orchestrate.usecases.sweeping.sweep import SweepRequest, sweep
from tests.sweep.executors import workers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One cluster for all tests: it takes seconds to begin."""
    from orchestrate.sweep.executors import ray_cluster

    ray = pytest.importorskip("ray")
    with ray_cluster._connected(ray, "", 2):
        yield
    assert not ray.is_initialized()


def numbered(count: int) -> list[tuple[int, int]]:
    return [(number, number) for number in range(count)]


def test_a_killed_actor_changes_nothing(tmp_path: Path) -> None:
    assert sorted(run(numbered(8), workers.Killers({2: 1}, tmp_path), 2)) == numbered(8)
    assert len(list(tmp_path.iterdir())) == 1


def test_columns_are_shared_and_errors_end_all() -> None:
    close = np.arange(1000.0)
    results = run([(0, 1), (1, 2), (2, 3)], workers.Sums({"close": close, "same": close}), 2)
    number, (total, is_same, refusal) = next(results)
    assert (total, is_same) == (499501.0 + number, True)
    assert "WRITEABLE" in refusal
    with pytest.raises(DataError, match="no more bars"):
        list(results)


def test_a_missing_ray_is_an_error_that_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'orchestrate-portfolio\[ray\]'"):
        list(run(numbered(1), workers.Squares(), 1))


CONFIGURATION = """\
capital: 100000
data: {ALPHA: {synthetic: {bars: 120, seed: 7}}}
strategies: {mortal: {name: "mortal.py:Mortal", allocation: 100}}
sweep: {parameters: {mortal.n: [2, 3, 4, 5, 6, 7]}}
"""
MORTAL = '''\
import os
import signal
from pathlib import Path


class Mortal:
    """Kills its process once, if it is not that of the test."""

    def __init__(self, n: int = 2) -> None:
        self.n = n

    def should_enter(self, bars) -> bool:
        mark = Path(__file__).parent / "killed"
        if self.n == 4 and os.environ.get("RAY_JOB_ID") and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return len(bars) % (2 * self.n) < self.n

    def should_exit(self, position, bars) -> bool:
        return len(bars) % (2 * self.n) >= self.n
'''


def test_a_sweep_is_the_same_bytes_as_in_this_process(tmp_path: Path) -> None:
    (tmp_path / "mortal.py").write_text(MORTAL)
    (tmp_path / "sweep.yaml").write_text(CONFIGURATION)
    config = (tmp_path / "sweep.yaml").as_posix()
    here = sweep(SweepRequest(config, workers=1, reports=tmp_path / "here"))
    there = sweep(SweepRequest(config, workers=2, on="ray", reports=tmp_path / "there"))
    assert (tmp_path / "killed").exists()
    for name in ("trials.parquet", "returns.parquet", "best.yaml"):
        assert (here.folder / name).read_bytes() == (there.folder / name).read_bytes(), name
