"""A portfolio that leaves something in every stored table, and the tables of its run."""

from __future__ import annotations

import json
import shutil

import pyarrow.parquet as pq
import pytest

from orchestrate.runs.manifest import seal, unseal
from orchestrate.usecases.backtest import Request, backtest

PLANNED = '''\
"""Strategies that trade at the bars that they are given."""

from orchestrate import Signal


class Bracketed:
    """Buys with a target that is reached and a stop that is not."""

    def __init__(self) -> None:
        self.bar = -1

    def on_bar(self, context):
        self.bar += 1
        if self.bar == 0:
            yield Signal.enter("A", quantity=10.0, take_profit=12.0, stop_loss=5.0, tag="in")
        if self.bar == 4:
            yield Signal.enter("A", quantity=10.0, limit=1.0, tag="low", tif="day")
        if self.bar == 7:
            yield Signal.enter("A", quantity=1e9)


class Short:
    """Sells short, and stays so."""

    def __init__(self) -> None:
        self.bar = -1

    def on_bar(self, context):
        self.bar += 1
        if self.bar < 2:
            yield Signal.enter("A", "short", quantity=(0.5, 4.0)[self.bar])
'''
#: Opens of 10, 11 … and closes half a point above.
BARS = 8
PORTFOLIO = """\
capital: 10000
data: {A: {path: a.csv}}
instruments: {A: {borrow: 0.365}}
strategies:
  whole: {name: "planned.py:Bracketed", framework: backtrader, allocation: 50}
  short: {name: "planned.py:Short", framework: nautilus, allocation: 40}
benchmark: A
execution: {slippage: {ticks: 2}, commission: {per_share: 0.0, minimum: 1.0}}
portfolio:
  schedule: [{at: 2024-01-06, remove: short, positions: keep}]
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The portfolio and its run on eight bars that rise by one."""
    folder = tmp_path_factory.mktemp("made")
    rows = [f"2024-01-{bar + 1:02},{bar + 10},{bar + 11},{bar + 9},{bar + 10}.5,1000" for bar in range(BARS)]
    (folder / "a.csv").write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")
    (folder / "planned.py").write_text(PLANNED)
    (folder / "stored.yaml").write_text(PORTFOLIO)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert backtest(Request("stored.yaml")).exit_code == 0
    return folder


@pytest.fixture
def stored(prompt, made):
    """Put the run into the folder of the prompt, as if it were made there; return a function that reads its tables."""
    shutil.copytree(made, prompt.folder, dirs_exist_ok=True)
    path = prompt.runs[0] / "run.json"
    facts = json.loads(unseal(path.read_bytes())) | {"root": prompt.folder.as_posix()}
    path.write_bytes(seal(json.dumps(facts, indent=2).encode() + b"\n"))

    def rows(table):
        last = max(prompt.runs, key=lambda run: (run / "run.json").stat().st_mtime_ns)
        return pq.read_table(last / f"{table}.parquet").to_pylist()

    return rows
