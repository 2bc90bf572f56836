"""Stored sweeps are read again, and are no runs."""

from __future__ import annotations

import json

import pytest

from orchestrate.domain.errors import NotFoundError, StoreError
from orchestrate.runs.manifest import seal
from orchestrate.runs.reading import read_run, read_summary
from orchestrate.runs.store import digest
from orchestrate.runs.sweeps.reading import RETURNS, TRIALS, WALK_FORWARD, is_sweep, read_sweep
from tests.analytics.sweeps.builders import sweep_of
from tests.analytics.sweeps.stored import RUN_ID, store_sweep


@pytest.fixture
def reports(tmp_path):
    plan, part = sweep_of(days=40)
    store_sweep(tmp_path / "reports", plan, [part])
    return tmp_path / "reports"


def rewrite(folder, change):
    """Seal a changed run.json."""
    text = (folder / "run.json").read_bytes().split(b"\n", 2)[2]
    manifest = json.loads(b"{" + text)
    change(manifest)
    (folder / "run.json").write_bytes(seal(json.dumps(manifest, indent=2).encode() + b"\n"))


def test_a_sweep_is_read_with_the_files_that_it_has(reports):
    assert is_sweep(reports, "latest")
    stored = read_sweep(reports, "latest", (TRIALS, RETURNS, WALK_FORWARD))
    assert list(stored.files) == ["plan.json", TRIALS, RETURNS]
    document = stored.document()
    assert document["kind"] == "sweep"
    assert document["run_id"] == RUN_ID
    assert document["gates"] == []
    assert document["best"]["trial"] == stored.figures["best"]["trial"]
    assert stored.columns(TRIALS, ["trial"])[0] == list(range(30))


def test_a_sweep_is_no_run_and_a_run_no_sweep(reports):
    with pytest.raises(NotFoundError, match=f"{RUN_ID} is a sweep, no run"):
        read_run(reports, "latest")
    rewrite(reports / RUN_ID, lambda manifest: manifest.pop("kind"))
    assert not is_sweep(reports, "latest")
    with pytest.raises(StoreError, match="holds a run, no sweep"):
        read_sweep(reports, "latest")


def test_lists_see_the_figures_of_its_pick(reports):
    manifest, figures = read_summary(reports / RUN_ID)
    best = read_sweep(reports, "latest").figures["best"]
    assert manifest["kind"] == "sweep"
    assert figures["portfolio"]["metrics"]["sharpe"] == best["metrics"]["sharpe"]
    assert figures["strategies"]["trend"]["metrics"]["trades"] == best["metrics"]["trend.trades"]
    assert figures["bars"] == 40


def test_a_damaged_sweep_names_its_file(reports):
    (reports / RUN_ID / TRIALS).write_bytes(b"other")
    with pytest.raises(StoreError, match=r"trials.parquet: changed since the run"):
        read_sweep(reports, "latest")


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"parameters": 5}', b"\xff"])
def test_a_document_that_is_none_is_damage(reports, content):
    folder = reports / RUN_ID
    (folder / "sweep.json").write_bytes(content)
    rewrite(folder, lambda manifest: manifest["files"].update({"sweep.json": digest(content)}))
    with pytest.raises(StoreError, match=r"sweep.json: damaged"):
        read_sweep(reports, "latest")
    with pytest.raises(StoreError, match=r"sweep.json: damaged"):
        read_summary(folder)
