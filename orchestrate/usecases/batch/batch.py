"""Run many configurations on the executors of sweeps; each is a stored run of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from orchestrate.domain.errors import InterruptedRunError, ProcessError, gravest
from orchestrate.runs.manifest import SCHEMA_VERSION
from orchestrate.sweep.executors.registry import executor, place
from orchestrate.usecases.batch.files import BatchRequest, FileResult, Files
from orchestrate.usecases.running.stopping import Stop

Document = dict[str, Any]
#: Seconds that runs under way get to be stored after Ctrl-C.
_GRACE: Final = 5.0


def batch(request: BatchRequest, progress: Callable[[int, int], None] | None = None) -> Document:
    """Run all files, and return the document of the batch: a row for each file, in the order given.

    After Ctrl-C no further file is begun; runs under way are stored as interrupted where they can be. `progress` is
    called after each file.
    """
    name, address = place(request.on)
    results: dict[int, FileResult] = {}
    with Stop() as stop:
        done = executor(name)(
            _until(stop, results, request.files),
            Files(request),
            request.workers,
            lost=_lost,
            address=address,
            stop=_End(stop),
        )
        for number, result in done:
            results[number] = result
            if progress is not None:
                progress(len(results), len(request.files))
    left = FileResult(InterruptedRunError.exit_code, ("interrupted",))
    return _document([(file, results.get(number, left)) for number, file in enumerate(request.files)])


def _until(stop: Stop, results: Mapping[int, FileResult], files: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield the files with their numbers, as long as nobody interrupts; a run in this process hides that from us."""
    for number, file in enumerate(files):
        if stop() or any(one.exit_code == InterruptedRunError.exit_code for one in results.values()):
            return
        yield number, file


class _End:
    """Decide when to give up the runs under way: a while after the stop."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._since: float | None = None

    def __call__(self) -> bool:
        if not self._stop():
            return False
        if self._since is None:
            self._since = time.monotonic()
        return time.monotonic() - self._since > _GRACE


def _lost(reason: str) -> FileResult:
    return FileResult(ProcessError.exit_code, (reason,))


def _document(results: list[tuple[str, FileResult]]) -> Document:
    rows = [
        {"file": file, "exit_code": one.exit_code, "messages": list(one.messages), "run": one.run}
        for file, one in results
    ]
    code = gravest(one.exit_code for _, one in results)
    return {"schema_version": SCHEMA_VERSION, "exit_code": code, "files": rows}
