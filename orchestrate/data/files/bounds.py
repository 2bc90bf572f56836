"""How much may be read: regular files only, unpacked to what their entry allows, and no more than memory can hold."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import BufferedIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from orchestrate.domain.errors import DataError
from orchestrate.domain.text.sizes import size_text

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

#: Below this, memory is not checked: it takes longer than reading.
_SMALL: Final = 1_000_000
#: The address space that importing numpy takes with one thread of OpenBLAS.
_LIBRARIES: Final = 120_000_000
_PIECE: Final = 1 << 20
_CELL: Final = 8
#: Arrow holds the columns while numpy gets its own.
_COPIES: Final = 2
#: Rows of text that are read at once, and the bytes that they may take at the worst.
_ROWS: Final = 4096
_AT_ONCE: Final = 1 << 32
#: The limit and the use of a container's memory, of cgroups 2 and 1.
_GROUPS: Final = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)


def read_regular(path: Path, where: str) -> bytes:
    """Return the bytes of a regular file that fits into memory; OSError where it can't be read."""
    require_regular(path, where)
    require_memory(path.stat().st_size, where)
    return path.read_bytes()


def require_regular(path: Path, where: str) -> None:
    """Raise DataError for a pipe, a device or a socket: reading one may never end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise DataError("this is a pipe or a device, not a regular file", where=where, hint="write the bars to a file")


def read_bounded(file: IO[bytes] | BufferedIOBase, most: int, where: str) -> bytes:
    """Return all that `file` unpacks to, if that is at most `most` bytes and fits into memory beside its copy."""
    pieces: list[bytes] = []
    size = 0
    while piece := file.read(_PIECE):
        pieces.append(piece)
        size += len(piece)
        require_unpacked(size, most, where)
        if len(pieces) % 64 == 0:
            require_memory(size, where)
    return b"".join(pieces)


def require_unpacked(size: int, most: int, where: str) -> None:
    """Raise DataError if `size` is above what the entry allows."""
    if size > most:
        raise DataError(
            f"it unpacks to more than {size_text(most)}",
            where=where,
            hint="raise max_unpacked: of this data entry if that size is right",
        )


def require_memory(size: int, where: str) -> None:
    """Raise DataError if less than `size` bytes of memory are free."""
    free = free_memory() if size > _SMALL else None
    if free is not None and size > free:
        raise DataError(
            f"out of memory: it needs {size_text(size)}, and {size_text(max(0, free))} are free",
            where=where,
            hint="free memory, or use a shorter or coarser series",
        )


def read_table(parquet: pq.ParquetFile, wanted: list[str], most: int, where: str) -> pa.Table:
    """Return the columns `wanted`, if they unpack to at most `most` bytes and fit into memory.

    Texts are read and counted in small parts: one long text may stand in every row, and is stored once.
    """
    stored = unpacked_size(parquet.metadata, wanted)
    require_unpacked(stored, most, where)
    require_memory(_COPIES * stored, where)
    if not _has_texts(parquet.metadata, wanted):
        return parquet.read(columns=wanted)
    import pyarrow as pa

    batches, size = [], 0
    for batch in parquet.iter_batches(max(1, min(_ROWS, _AT_ONCE // max(1, stored))), columns=wanted):
        batches.append(batch)
        size += batch.nbytes
        require_unpacked(size, most, where)
        require_memory(size, where)
    return pa.Table.from_batches(batches) if batches else parquet.read(columns=wanted)


def _has_texts(metadata: pq.FileMetaData, wanted: Sequence[str]) -> bool:
    columns = (metadata.schema.column(place) for place in range(metadata.num_columns))
    return any(one.physical_type == "BYTE_ARRAY" for one in columns if one.path.partition(".")[0] in wanted)


def unpacked_size(metadata: pq.FileMetaData, wanted: Sequence[str]) -> int:
    """Return the bytes that the columns `wanted` of a Parquet file unpack to, by the file's own metadata."""
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    stored = sum(
        group.column(place).total_uncompressed_size
        for group in groups
        for place in range(metadata.num_columns)
        if group.column(place).path_in_schema.partition(".")[0] in wanted
    )
    return int(max(stored, metadata.num_rows * _CELL * len(wanted)))


def require_room(needed: int = _LIBRARIES) -> None:
    """Raise DataError if the process's own limit leaves no room for libraries that would end the process.

    Call it before numpy is imported. Under a limit OpenBLAS gets one thread: each further one reserves 40 MB.
    """
    free = _free_of_process()
    if free is None:
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if free < needed:
        raise DataError(
            f"out of memory: importing what this needs takes {size_text(needed)}, {size_text(max(0, free))} are free",
            where="memory",
            hint="raise the limit of this process (ulimit -v)",
        )


def free_memory() -> int | None:
    """Return bytes that this process can still get: of the machine, of its container, of its own limit.

    None if unknown.
    """
    return min(_free(), default=None)


def _free() -> Iterator[int]:
    with suppress(OSError, ValueError, LookupError):
        yield _fields("/proc/meminfo")["MemAvailable:"] * 1024
    for limit, used, details in _GROUPS:
        with suppress(OSError, ValueError):
            most = int(Path(limit).read_text())  # "max" where there is no limit
            values = _fields(details)
            files = values.get("inactive_file", 0) + values.get("active_file", 0)
            yield most - int(Path(used).read_text()) + files
    free = _free_of_process()
    if free is not None:
        yield free


def _free_of_process() -> int | None:
    """Return what is left of the limit that `ulimit -v` sets; None without one."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            return limit - int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return None


def _fields(path: str) -> dict[str, int]:
    """Return the first number of each line of a file such as /proc/meminfo, by the line's first word."""
    lines = (line.split() for line in Path(path).read_text().splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}
