"""A run of which one byte isn't as it was is refused, whichever file holds it, and the file is named."""

from __future__ import annotations

import json
import subprocess

import pytest

from orchestrate.domain.errors import StoreError
from orchestrate.runs.manifest import seal, unseal
from orchestrate.runs.reading import read_run
from orchestrate.runs.store import digest

RUN = "20260101T000000Z-aaaaaa"
FIGURES = {"bars": 0, "start": None, "end": None, "portfolio": {}, "strategies": {}, "frameworks": {}}
FIGURES |= {"correlation": {}, "gates": [], "findings": []}
FACTS = {"schema_version": 1, "run_id": RUN, "status": "completed", "exit_code": 0, "mode": "single"}
FACTS |= {"plan_hash": "p", "data_hash": "d", "duration_seconds": 1.5, "journal": "j.jsonl"}


def encoded(facts):
    return json.dumps(facts, indent=2).encode() + b"\n"


def stored(reports, figures=FIGURES, *, extra=None, **facts):
    """A run with all that is read of it, and a file that is only verified."""
    folder = reports / RUN
    folder.mkdir(parents=True)
    files = {"metrics.json": encoded(figures), "plan.json": b"{}", "equity.parquet": b"PAR1"} | (extra or {})
    for name, content in files.items():
        (folder / name).write_bytes(content)
    recorded = FACTS | {"files": {name: digest(content) for name, content in files.items()}} | facts
    (folder / "run.json").write_bytes(seal(encoded(recorded)))
    return folder


def test_a_whole_run_is_read(tmp_path):
    folder = stored(tmp_path)
    run = read_run(tmp_path, "latest")
    assert (run.folder, run.figures, run.plan) == (folder, FIGURES, {})
    assert run.document()["status"] == "completed"


@pytest.mark.parametrize("name", ["metrics.json", "plan.json", "equity.parquet"])
def test_each_file_is_verified(tmp_path, name):
    path = stored(tmp_path) / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(StoreError, match=rf"{RUN}/{name}: changed since the run"):
        read_run(tmp_path, "latest")
    path.unlink()
    with pytest.raises(StoreError, match=rf"{RUN}/{name}: can't be read: No such file"):
        read_run(tmp_path, "latest")
    path.mkdir()
    with pytest.raises(StoreError, match=rf"{RUN}/{name}: can't be read: Is a directory"):
        read_run(tmp_path, "latest")


@pytest.mark.parametrize("name", ["run.json", "equity.parquet"])
def test_pipes_and_devices_are_refused(tmp_path, name):
    path = stored(tmp_path) / name
    path.unlink()
    path.symlink_to("/dev/null")
    with pytest.raises(StoreError, match=rf"{RUN}/{name}: can't be read: a pipe or a device, not a regular file"):
        read_run(tmp_path, "latest")


def test_no_byte_of_run_json_can_change(tmp_path):
    path = stored(tmp_path) / "run.json"
    whole = path.read_bytes()
    for place in range(len(whole)):
        for damaged in (whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :], whole[:place]):
            path.write_bytes(damaged)
            with pytest.raises(StoreError, match=r"run\.json: damaged: its checksum is missing or wrong"):
                read_run(tmp_path, "latest")


@pytest.mark.parametrize("text", ["", "[1]", "7", "null", '{"schema_version": 1, "files": [1]}', "[" * 100_000])
def test_whatever_else_is_in_its_place_is_refused(tmp_path, text):
    (stored(tmp_path) / "run.json").write_text(text)
    with pytest.raises(StoreError, match=r"run\.json: damaged: its checksum"):
        read_run(tmp_path, "latest")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"schema_version": 9}, "written by another version of orchestrate"),
        ({"status": 5}, "damaged: status is missing or of a wrong type"),
        ({"journal": None}, "damaged: journal is missing or of a wrong type"),
        ({"files": ["metrics.json"]}, "damaged: files is missing or of a wrong type"),
        ({"files": {"metrics.json": "x"}}, r"damaged: its files lack plan\.json"),
    ],
)
def test_a_manifest_of_wrong_types_is_refused(tmp_path, facts, message):
    stored(tmp_path, **facts)
    with pytest.raises(StoreError, match=rf"run\.json: {message}"):
        read_run(tmp_path, "latest")


def test_files_of_wrong_types_are_refused(tmp_path):
    stored(tmp_path / "gates", FIGURES | {"gates": {}})
    stored(tmp_path / "lines", [1])
    stored(tmp_path / "plan", extra={"plan.json": b"[" * 100_000})
    for reports, message in (
        ("gates", r"metrics\.json: damaged: gates is missing or of a wrong type"),
        ("lines", r"metrics\.json: damaged: not a JSON object"),
        ("plan", r"plan\.json: damaged: "),
    ):
        with pytest.raises(StoreError, match=message):
            read_run(tmp_path / reports, "latest")


def test_anybody_can_check_the_checksum(tmp_path):
    path = stored(tmp_path) / "run.json"
    shell = f"sed 2d {path} | sha256sum"
    checksum = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True).stdout.split()[0]
    assert json.loads(path.read_bytes())["checksum"] == checksum
    assert json.loads(unseal(path.read_bytes())) == {
        name: fact for name, fact in json.loads(path.read_bytes()).items() if name != "checksum"
    }
