"""Runs that were made under several Pythons, numpys and engines give the same again, to the last digit.

`REMADE=write python -m pytest tests/cli/tables/test_other_pythons.py` stores that of the Python at hand anew: together
with a change of what runs come to, under each of these Pythons.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from orchestrate.runs.manifest import seal, unseal
from orchestrate.usecases.audit.reproduce import Request, reproduce
from orchestrate.usecases.backtest import Request as Backtest
from orchestrate.usecases.backtest import backtest

REMADE = Path(__file__).parent / "remade"
#: The id of the run that was made under each.
RUNS = {"3.11": "20261130T031100Z-c0ffee", "3.13": "20261130T031300Z-c0ffee"}
HERE = ".".join(map(str, sys.version_info[:2]))


def store(folder: Path) -> None:
    """Keep the run of this Python, without what names a machine."""
    with contextlib.chdir(folder):
        made = backtest(Backtest(str(REMADE / "portfolio.yaml"), reports=folder / "reports")).folder
    assert made is not None
    kept = REMADE / RUNS[HERE]
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(made, kept)
    facts = json.loads(unseal((made / "run.json").read_bytes())) | {"run_id": kept.name, "root": "/nowhere"}
    (kept / "run.json").write_bytes(seal(json.dumps(facts, indent=2).encode() + b"\n"))


@pytest.mark.parametrize("python", RUNS)
def test_a_run_of_that_python_gives_the_same_here(python: str, tmp_path: Path) -> None:
    if os.environ.get("REMADE") == "write" and python == HERE:
        store(tmp_path)
    made = json.loads(unseal((REMADE / RUNS[python] / "run.json").read_bytes()))["versions"]["python"]
    assert made.startswith(python)
    done = reproduce(Request(RUNS[python], reports=REMADE))
    assert [one for one in done.differences if one.kind == "result"] == []
    assert {one.kind for one in done.differences} <= {"code", "version"}
    assert python == HERE or ("version", "python") in [(one.kind, one.name) for one in done.differences]
