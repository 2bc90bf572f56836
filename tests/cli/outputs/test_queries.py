"""The users' own queries, word for word, run by bash on a journal that real runs wrote."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

QUERIES = Path(__file__).with_name("queries.sh")

ALL_FAIL = """\
capital: 1000
data: {AAA: {synthetic: {bars: 60, seed: 7, frequency: 1d}}}
strategies:
  one: {name: "broken.py:Quitter", allocation: 50}
  two: {name: "broken.py:Quitter", allocation: 50}
"""
NO_DATA = "strategy: MOMENTUM\ncapital: 1000\ndata: {AAA: gone.csv}\n"


@pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("bash", "jq", "bc", "awk", "grep")),
    reason="the users' queries need bash, jq, bc, awk and grep",
)
def test_the_eight_queries(prompt):
    prompt.write("all_fail.yaml", ALL_FAIL)
    prompt.write("no_data.yaml", NO_DATA)
    codes = [
        prompt("backtest", name).code
        for name in ("single.yaml", "portfolio.yaml", "all_fail.yaml", "no_data.yaml", "portfolio.yaml", "single.yaml")
    ]
    assert codes == [0, 0, 1, 3, 0, 0]
    prompt("report", "latest")
    prompt("backtest", "no_such_file.yaml")
    durations = sorted(
        line["duration_seconds"] for line in prompt.journal if line["event"] == "orchestrator.backtest_completed"
    )
    done = subprocess.run(["bash", str(QUERIES)], capture_output=True, text=True, check=True)
    average, p95, rest = done.stdout.splitlines()
    # six runs began and ended; three were portfolios, of which one failed: 6 × 100 / 12, 1 × 100 / 3, (3 + 2 + 3) / 3
    assert rest == "12 6 50.00 1 2 33.33"
    assert average == "2.66667"
    assert float(p95) == pytest.approx(durations[0], rel=1e-4)
    assert done.stderr == ""
