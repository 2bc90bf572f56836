from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from orchestrate.domain.errors import DataError, ProcessError
from orchestrate.domain.sweeps import Measured, TrialStatus
from orchestrate.sweep.executors.local import cores, run
from tests.sweep.executors import workers

ROOT = Path(__file__).parents[3]
BOTH = pytest.mark.parametrize("size", [1, 2])


def numbered(count: int) -> list[tuple[int, int]]:
    return [(number, number) for number in range(count)]


def ended(process: int) -> bool:
    """Return whether a process is gone, or only waits to be reaped by the process that adopted it."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def await_true(condition: object, *, least: int = 1) -> None:
    """Wait until the condition holds; the test's own limit ends it if it never does."""
    while not callable(condition) or condition() < least:
        time.sleep(0.01)


@BOTH
def test_every_task_has_its_result(size: int) -> None:
    results = list(run(numbered(20), workers.Squares(), size))
    assert sorted(results) == [(number, number * number) for number in range(20)]


def test_one_worker_is_this_process_and_goes_in_order() -> None:
    results = list(run(numbered(4), workers.ProcessIds(0.0), 1))
    assert results == [(number, os.getpid()) for number in range(4)]


def test_no_more_processes_than_workers_none_of_them_this_one() -> None:
    ids = {result for _, result in run(numbered(6), workers.ProcessIds(), 2)}
    assert len(ids) == 2
    assert os.getpid() not in ids
    assert all(map(ended, ids))


def test_no_process_without_a_task_for_it() -> None:
    ids = {result for _, result in run(numbered(1), workers.ProcessIds(), 3)}
    assert len(ids) == 1
    assert list(run([], workers.Stillborn(), 3)) == []


@BOTH
def test_a_none_waits_for_all_that_came_before(size: int) -> None:
    used: list[int] = []

    def batches() -> Iterator[tuple[int, int] | None]:
        for batch in range(3):
            assert len(used) == 4 * batch
            yield from ((4 * batch + place, place) for place in range(4))
            yield None

    for number, _ in run(batches(), workers.Squares(), size):
        used.append(number)
    assert sorted(used) == list(range(12))


@BOTH
def test_tasks_are_taken_only_for_a_free_worker(size: int) -> None:
    handed: list[int] = []

    def endless() -> Iterator[tuple[int, int]]:
        while True:
            handed.append(len(handed))
            yield handed[-1], 2

    results = run(endless(), workers.Squares(), size)
    assert [next(results)[1] for _ in range(10)] == [4] * 10
    assert len(handed) <= 10 + size
    results.close()


def test_columns_are_shared_and_nobody_can_write_them() -> None:
    close = np.arange(1000.0)
    results = dict(run(numbered(3), workers.Sums({"close": close, "same": close, "none": close[:0]}), 2))
    assert [(total, same) for _, (total, same, _) in sorted(results.items())] == [
        (499500.0 + n, True) for n in range(3)
    ]
    assert all("WRITEABLE" in refusal for _, _, refusal in results.values())


def test_tasks_of_dead_workers_are_done_by_others_up_to_three_times(tmp_path: Path) -> None:
    results = dict(run(numbered(8), workers.Killers({2: 1, 3: 9, 4: 2}, tmp_path), 2))
    assert results.pop(3) == Measured(TrialStatus.FAILED, "it was the end of 3 workers: SIGKILL")
    assert results == {number: number for number in (0, 1, 2, 4, 5, 6, 7)}
    assert len(list(tmp_path.iterdir())) == 6


def test_a_call_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATE_GRACE", "0.2")
    results = dict(run(numbered(4), workers.Hanging(), 2))
    why = "no answer within 0.1 seconds (execution.strategy_timeout), and no end within 0.2 more"
    assert results.pop(2) == Measured(TrialStatus.FAILED, f"it was the end of 3 workers: {why}")
    assert results == {0: 0, 1: 1, 3: 3}


def test_workers_that_never_begin_are_an_error() -> None:
    with pytest.raises(ProcessError, match="workers end before their first task: exit code 7"):
        list(run(numbered(2), workers.Stillborn(), 2))


@BOTH
def test_an_error_of_a_task_ends_all(size: int) -> None:
    with pytest.raises(DataError) as caught:
        list(run(numbered(9), workers.Broken(readable=True), size))
    assert (caught.value.where, caught.value.hint) == ("IBM", "buy some")
    assert str(caught.value) == "IBM: no such bars\n    hint: buy some"


def test_an_error_that_cannot_be_sent_keeps_its_text_and_traceback() -> None:
    with pytest.raises(ProcessError, match="Unreadable: 3 and 1") as caught:
        list(run(numbered(9), workers.Broken(readable=False), 2))
    assert "workers.py" in caught.value.__notes__[0]


@BOTH
def test_a_stop_keeps_what_was_yielded(size: int) -> None:
    used: list[int] = []
    for number, _ in run(numbered(50), workers.ProcessIds(0.001), size, stop=lambda: len(used) >= 5):
        used.append(number)
    assert 5 <= len(used) <= 5 + size


def test_a_stop_does_not_wait_for_a_task_under_way(tmp_path: Path) -> None:
    def begun() -> bool:
        return len(list(tmp_path.iterdir())) == 2

    assert list(run([(0, 0), (1, 1), (2, 2)], workers.Sleepers(tmp_path), 2, stop=begun)) == [(0, 0)]
    assert all(ended(int(one.name)) for one in tmp_path.iterdir())


def ends_in(folder: Path) -> list[tuple[str, str, int, str]]:
    """Return what the journal in a folder says of the ends of runs."""
    lines = [json.loads(line) for line in (folder / "journal").read_text().splitlines()]
    return [(line["event"], line["error_type"], line["exit_code"], line["error_message"]) for line in lines]


def test_a_run_that_is_given_up_has_an_end_in_its_journal(tmp_path: Path) -> None:
    def begun() -> bool:
        return len(list(tmp_path.glob("begun-*"))) == 2

    assert list(run(numbered(2), workers.Runners(tmp_path), 2, stop=begun)) == []
    assert ends_in(tmp_path) == [("backtest_failed", "InterruptedRunError", 130, "interrupted")] * 2


def test_a_run_whose_call_does_not_end_has_an_end_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATE_GRACE", "0.2")
    ((_, result),) = run(numbered(1), workers.Runners(tmp_path, limit=100), 2)
    why = "no answer within 0.1 seconds (execution.strategy_timeout), and no end within 0.2 more"
    assert result.reason == f"it was the end of 3 workers: {why}"
    assert ends_in(tmp_path) == [("backtest_failed", "TimeLimitError", 124, why)] * 3


def test_prints_of_workers_go_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    list(run(numbered(2), workers.Printers(), 2))
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("from python") == err.count("from below") == 2


@pytest.mark.parametrize(
    ("quota", "least"),
    [("50000 100000", 1), ("100000 100000", 1), ("max 100000", None), ("nonsense", None), (None, None)],
)
def test_a_container_has_as_many_cores_as_its_quota(tmp_path: Path, quota: str | None, least: int | None) -> None:
    if quota is not None:
        (tmp_path / "cpu.max").write_text(f"{quota}\n")
    there = len(os.sched_getaffinity(0))
    assert cores(tmp_path / "cpu.max") == (there if least is None else least)


PARENT = """
import sys
from pathlib import Path
from orchestrate.sweep.executors.local import cores, run
from tests.sweep.executors.workers import Sleepers
for result in run([(0, 0), (1, 1), (2, 2)], Sleepers(Path(sys.argv[1])), 2):
    print(result, flush=True)
"""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process whose two workers are in the middle of a task."""
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, **options) as process:
        await_true(lambda: len(list(tmp_path.iterdir())), least=2)
        yield process
        process.kill()


def test_workers_end_with_a_parent_that_is_killed(parent: subprocess.Popen[str], tmp_path: Path) -> None:
    parent.kill()
    parent.wait()
    ids = [int(one.name) for one in tmp_path.iterdir()]
    await_true(lambda: all(map(ended, ids)))


def test_ctrl_c_ends_all_without_a_word_of_workers(parent: subprocess.Popen[str], tmp_path: Path) -> None:
    os.killpg(parent.pid, signal.SIGINT)
    out, err = parent.communicate()
    assert out == "(0, 0)\n"
    assert err.count("Traceback") == 1
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert all(ended(int(one.name)) for one in tmp_path.iterdir())
