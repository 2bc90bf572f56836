"""What is read has a bound: regular files, unpacked to what the entry allows, and no more than memory can hold."""

from __future__ import annotations

import gzip
import io
import os
import socket
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrate.data.files.bounds import free_memory
from orchestrate.data.sources import read_bars
from orchestrate.data.synthetic.generator import generate
from orchestrate.data.synthetic.samples import csv_text
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.synthetic import SyntheticSpec
from orchestrate.domain.plan import Adjustment, DataPlan
from orchestrate.domain.text.sizes import size_of, size_text
from tests.data.reading import Load, Read, same

CLEAN = csv_text(generate("X", SyntheticSpec(bars=40, seed=3)), 2).encode()
ZEROS = b"0" * 30_000_000


def zipped(content: bytes) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bars.csv", content)
    return memory.getvalue()


def members(content: bytes) -> bytes:
    return gzip.compress(content[:10_000]) * (len(content) // 10_000)


@pytest.mark.parametrize("pack", [gzip.compress, zipped, members])
def test_what_unpacks_to_more_than_allowed_is_refused_early(pack: Callable[[bytes], bytes], read: Read) -> None:
    packed = pack(ZEROS)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="it unpacks to more than 2 MB") as refused:
            read(packed, max_unpacked=2_000_000)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "max_unpacked" in refused.value.hint
    assert most < 10_000_000


@pytest.mark.parametrize("pack", [gzip.compress, zipped])
def test_what_unpacks_to_as_much_as_allowed_is_read(pack: Callable[[bytes], bytes], read: Read) -> None:
    same(read(pack(CLEAN), max_unpacked=len(CLEAN))[0], read(CLEAN)[0])
    with pytest.raises(DataError, match="unpacks to more"):
        read(pack(CLEAN), max_unpacked=len(CLEAN) - 1)


def test_plain_text_is_not_unpacked(read: Read) -> None:
    same(read(CLEAN, max_unpacked=1)[0], read(CLEAN)[0])


def table(rows: int) -> pa.Table:
    day = np.full(rows, 1, dtype=np.float64)
    stamps = pa.array(np.arange(rows) * 86_400_000_000_000, pa.timestamp("ns"))
    return pa.table({"timestamp": stamps, **dict.fromkeys(("open", "high", "low", "close", "volume"), day)})


def test_parquet_is_judged_by_what_it_says_of_itself(tmp_path: Path) -> None:
    pq.write_table(table(20_000), tmp_path / "bars.parquet")
    decoded = 20_000 * 6 * 8
    entry = DataPlan("X", path="bars.parquet", max_unpacked=decoded - 1)
    assert (tmp_path / "bars.parquet").stat().st_size < decoded / 4
    before = pa.total_allocated_bytes()
    with pytest.raises(DataError, match="it unpacks to more than"):
        read_bars(entry, tmp_path)
    assert pa.total_allocated_bytes() == before
    assert len(read_bars(DataPlan("X", path="bars.parquet", max_unpacked=2 * decoded), tmp_path)[0]) == 20_000


def test_one_long_text_in_every_row_of_parquet_is_counted(tmp_path: Path) -> None:
    rows = 20_000
    stamps = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array(["x" * 5_000]))
    pq.write_table(table(rows).set_column(0, "timestamp", stamps), tmp_path / "bars.parquet", store_schema=False)
    assert (tmp_path / "bars.parquet").stat().st_size < 50_000
    with pytest.raises(DataError, match="it unpacks to more than 30 MB"):
        read_bars(DataPlan("X", path="bars.parquet", max_unpacked=30_000_000), tmp_path)


@pytest.mark.parametrize("name", ["pipe", "device", "link", "socket"])
@pytest.mark.parametrize("kind", ["auto", "csv", "parquet"])
def test_only_regular_files_are_read(name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("link").symlink_to("/dev/zero")
    opened = socket.socket(socket.AF_UNIX)
    opened.bind("socket")
    path = "/dev/zero" if name == "device" else name
    with opened, pytest.raises(DataError, match="this is a pipe or a device, not a regular file"):
        read_bars(DataPlan("X", path=path, format=kind), tmp_path)  # type: ignore[arg-type]


def test_a_factor_file_has_a_bound_too(load: Load, tmp_path: Path) -> None:
    entry = {"path": "bars.csv", "adjust": Adjustment(factors="factors.csv")}
    (tmp_path / "bars.csv").write_bytes(CLEAN)
    (tmp_path / "factors.csv").write_bytes(gzip.compress(ZEROS))
    with pytest.raises(DataError, match="it unpacks to more than 10 MB"):
        load({"X": entry})
    (tmp_path / "factors.csv").unlink()
    os.mkfifo(tmp_path / "factors.csv")
    with pytest.raises(DataError, match="not a regular file"):
        load({"X": entry})


def test_a_file_larger_than_memory_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "bars.csv").open("wb") as file:
        file.write(CLEAN)
        os.truncate(file.fileno(), 1 << 43)
    with pytest.raises(DataError, match=r"out of memory: it needs 8\.8 TB, and .* are free"):
        read_bars(DataPlan("X", path="bars.csv"), tmp_path)


def test_free_memory_is_known_here() -> None:
    free = free_memory()
    assert free is not None
    assert 0 < free < 1 << 48


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2 * 10**9), ("500 MB", 5 * 10**8), ("1.5KB", 1500), ("999999TB", 999_999 * 10**12)]
)
def test_sizes_are_read_and_written(text: str, size: int) -> None:
    assert size_of(text) == size
    assert size_of(size_text(size)) == size


@pytest.mark.parametrize("text", ["", "0GB", "2", "GB", "-1MB", "1e3MB", "2 gb", "1234567MB", "2GiB", "２GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a size such as 500MB or 2GB"):
        size_of(text)
