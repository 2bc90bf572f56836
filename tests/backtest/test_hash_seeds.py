"""A run is the same to the last bit under every hash seed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.backtest.plans import HERE


def run_with(seed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.backtest.digest_of_a_run"],
        capture_output=True,
        check=True,
        cwd=HERE.parents[1],
        env={**os.environ, "PYTHONHASHSEED": seed},
        text=True,
        timeout=60,
    )
    return done.stdout.splitlines()


@pytest.mark.slow  # of stored runs, test_same_bytes.py holds it in `make test`
def test_two_hash_seeds() -> None:
    one, other = run_with("1"), run_with("4242")
    (first, fills, hashed), (second, _, hashed_otherwise) = one[0].split(), other[0].split()
    assert hashed != hashed_otherwise  # the seeds did work
    assert int(fills) > 100
    assert first == second
    assert one[1:] == other[1:]
