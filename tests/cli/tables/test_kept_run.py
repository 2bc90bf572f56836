"""A run folder of this version, committed in `kept/`, is read by every later one.

`KEPT=write python -m pytest tests/cli/tables/test_kept_run.py` stores it anew: only before a release, or together with
a decision on how older runs are read.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from orchestrate.runs.manifest import seal, unseal

KEPT = Path(__file__).parent / "kept"
RUN = "20261130T120000Z-c0ffee"
#: What was said of the machine on which it was stored.
ELSEWHERE = "/a/folder/that/is/not/here"
READERS = [
    ("report", "latest"),
    *(("report", "latest", "--format", kind) for kind in ("json", "md", "csv", "html")),
    ("explain", "latest"),
    ("explain", "latest", "--order", "whole-4"),
    ("explain", "latest", "--format", "json"),
    ("runs",),
    ("compare", "latest", "latest"),
    ("baseline", "latest"),
    *(("export", "latest", table) for table in ("trades", "equity", "decisions", "fills", "positions", "flows")),
    ("export", "latest", "exposure"),
    ("verify", "latest", "--root", "."),
]


def store(folder: Path, run: Path) -> None:
    """Keep a run with the files that it was made of, without what names a machine."""
    shutil.rmtree(KEPT, ignore_errors=True)
    shutil.copytree(run, KEPT / RUN)
    shutil.copy(folder / "a.csv", KEPT / "a.csv")
    facts = json.loads(unseal((run / "run.json").read_bytes())) | {"run_id": RUN, "root": ELSEWHERE}
    (KEPT / RUN / "run.json").write_bytes(seal(json.dumps(facts, indent=2).encode() + b"\n"))


@pytest.fixture
def kept(prompt, stored):
    """The committed run, alone in `reports/`, and its data."""
    if os.environ.get("KEPT") == "write":
        store(prompt.folder, prompt.runs[0])
    for path in prompt.folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(KEPT / RUN, prompt.folder / "reports" / RUN)
    shutil.copy(KEPT / "a.csv", prompt.folder)
    return prompt


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_kept_run_is_read(kept, words):
    done = kept(*words)
    assert (done.code, done.err) == (0, "")
    assert done.out


def test_its_figures_are_those_that_were_stored(kept):
    document = kept("report", "latest", "--format", "json").document
    stored = json.loads((KEPT / RUN / "metrics.json").read_bytes())
    assert document["run_id"] == RUN
    assert document["portfolio"] == stored["portfolio"]
    assert document["portfolio"]["final_equity"] == pytest.approx(9_984.353)


def test_no_machine_is_named_in_it():
    assert json.loads((KEPT / RUN / "run.json").read_bytes())["root"] == ELSEWHERE
    for path in (KEPT / RUN).iterdir():
        assert b"/tmp/" not in path.read_bytes(), path.name
