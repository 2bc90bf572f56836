"""The supervisor over children that are forked here: when it ends them, and what it says of how they ended."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.domain.errors import ConfigurationError
from orchestrate.runs.store import claim
from orchestrate.supervision.board import A_CALL, BEGUN, CALL, CALL_LIMIT, DEADLINE, DUE, JOURNAL, Board
from orchestrate.supervision.ending import conclude
from orchestrate.supervision.settings import GRACE, seconds
from orchestrate.supervision.supervisor import Watch, shared_memory

USUAL = 0.1


def watch(child: Callable[[Board], object], *, grace: float = USUAL) -> Watch:
    """Watch a process that runs `child` until it ends, from a process without threads, as a supervisor is."""
    board, (reading, writing) = Board(shared_memory()), os.pipe()
    supervisor = os.fork()
    if not supervisor:
        try:
            watch_here(child, board, grace, writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        ended = Watch(0, board, grace)
        ended.status, ended.asked, ended.overdue = json.load(pipe)
    os.waitpid(supervisor, 0)
    return ended


def watch_here(child: Callable[[Board], object], board: Board, grace: float, writing: int) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, Watch.signals())
    process = os.fork()
    if not process:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, Watch.signals())
        try:
            child(board)
        finally:
            os._exit(0)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    watched = Watch(process, board, grace)
    watched.wait()
    os.write(writing, json.dumps([watched.status, watched.asked, watched.overdue]).encode())


def in_call(board: Board, name: str = "trend", *, limit: float = USUAL) -> None:
    board.words[CALL] = A_CALL | board.numbers[name]
    board.words[CALL_LIMIT] = round(limit * 1000)


def hang(_: object = None) -> None:
    while True:
        signal.pause()


def test_one_that_says_its_code_has_it(capfd):
    ended = watch(lambda board: board.over(3))
    assert (conclude(ended, 0.0), ended.overdue) == (3, "")
    assert capfd.readouterr().err == ""


def test_one_that_stays_after_it_stated_its_code_is_ended(capfd):
    ended = watch(lambda board: (board.over(0), hang()))
    assert (conclude(ended, 0.0), ended.overdue) == (0, "exit")
    assert "the process did not exit within 0.1 seconds of its result, and was ended" in capfd.readouterr().err


def test_a_call_is_ended_after_its_limit_and_the_grace(capfd):
    began = time.monotonic()
    ended = watch(lambda board: (in_call(board, limit=0.2), hang()))
    assert time.monotonic() - began >= 0.2 + USUAL
    assert conclude(ended, 0.0) == 124
    message = "no answer within 0.2 seconds (execution.strategy_timeout), and no end within 0.1 seconds more"
    assert capfd.readouterr().err == f"strategy 'trend': {message}\n"


def test_calls_that_follow_one_another_have_a_limit_each():
    def calls(board: Board) -> None:
        end = time.monotonic() + 6 * USUAL
        board.words[CALL_LIMIT] = round(USUAL * 1000)
        while time.monotonic() < end:
            board.words[CALL] += A_CALL
        board.over(0)

    assert watch(calls).overdue == ""


def test_code_of_ours_has_no_limit_of_a_call():
    ended = watch(lambda board: (in_call(board), board.words.__setitem__(CALL, 0), time.sleep(0.4), board.over(0)))
    assert ended.overdue == ""


def test_a_time_limit_that_the_run_ignores(capfd):
    ended = watch(lambda board: (board.words.__setitem__(DEADLINE, time.monotonic_ns()), hang()))
    assert conclude(ended, 0.0) == 124
    assert capfd.readouterr().err == "the time limit has passed, and the run did not end within 0.1 seconds more\n"


def test_time_in_which_it_was_stopped_does_not_count():
    def stops(board: Board) -> None:
        in_call(board, limit=0.3)
        if not os.fork():
            time.sleep(1.0)
            os.kill(os.getppid(), signal.SIGCONT)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGSTOP)
        board.over(0)

    assert watch(stops).overdue == ""


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (lambda: os._exit(0), "the process of the run ended with exit code 0 before there was a result\n"),
        (lambda: os._exit(7), "the process of the run ended with exit code 7 before there was a result\n"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "the process of the run ended by SIGKILL before there was"),
        (lambda: os.kill(os.getpid(), signal.SIGRTMIN + 1), "the process of the run ended by signal 35 before"),
    ],
)
def test_an_end_without_a_word_is_code_4(capfd, end, message):
    assert conclude(watch(lambda _: end()), 0.0) == 4
    assert capfd.readouterr().err.startswith(message)


def test_a_broken_pipe_stays_one(capfd):
    def breaks(_: Board) -> None:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)

    assert conclude(watch(breaks), 0.0) == -signal.SIGPIPE
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("sent", "code"), [([signal.SIGTERM], -signal.SIGTERM), ([signal.SIGINT, None, signal.SIGINT], 130)]
)
@pytest.mark.parametrize("deaf", [False, True])
def test_signals_that_request_the_end_are_passed_on(sent, code, deaf):
    def child(board: Board) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN if deaf else signal.SIG_DFL)
        for number in sent:
            if number is None:
                time.sleep(0.3)
            else:
                os.kill(os.getppid(), number)
        hang()

    ended = watch(child)
    assert conclude(ended, 0.0) == code
    assert ended.overdue == ("asked" if deaf else "")


def test_one_ctrl_c_sent_twice_at_once_is_one():
    def child(board: Board) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for _ in range(2):
            os.kill(os.getppid(), signal.SIGINT)
            time.sleep(0.02)
        time.sleep(3 * USUAL)
        board.over(130)

    assert watch(child).overdue == ""


@pytest.mark.parametrize("several", [False, True])
def test_the_journal_gets_the_end_and_what_was_claimed_goes(tmp_path, monkeypatch, several):
    monkeypatch.chdir(tmp_path)
    facts = {"journal": "logs/j", "user": "ann", "run_id": "RUN", "reports": "reports", "several": several}

    def child(board: Board) -> None:
        from datetime import UTC, datetime

        claim(Path("reports"), datetime.now(UTC))
        board.state(facts)
        board.words[JOURNAL] = BEGUN
        in_call(board)
        os._exit(0)

    assert conclude(watch(child), 1.5) == 4
    first, *others = (json.loads(line) for line in Path("logs/j").read_text().splitlines())
    assert (first["event"], first["run_id"], first["user"]) == ("backtest_failed", "RUN", "ann")
    assert (first["exit_code"], first["error_type"], first["duration_seconds"]) == (4, "ProcessError", 1.5)
    assert [(line["event"], line["strategy_id"]) for line in others] == (
        [("orchestrator.backtest_failed", "trend")] if several else []
    )
    assert list(Path("reports").iterdir()) == []


def test_a_run_that_ends_before_it_has_begun_is_journalled_whole(tmp_path, capfd):
    started = {"backtest_started": {"mode": "multi"}, "orchestrator.backtest_started": {"weights": None}}
    facts = {"journal": str(tmp_path / "j"), "user": "", "run_id": "RUN", "reports": str(tmp_path), "several": True}

    def child(board: Board) -> None:
        board.state(facts)
        board.state({"started": started})
        board.words[JOURNAL] = DUE
        in_call(board, "portfolio.allocation")
        os._exit(7)

    assert conclude(watch(child), 0.0) == 4
    message = "portfolio.allocation: the process of the run ended with exit code 7 in the function's code\n"
    assert capfd.readouterr().err == message
    lines = [json.loads(line) for line in (tmp_path / "j").read_text().splitlines()]
    assert [line["event"] for line in lines[:2]] == list(started)
    assert [line["event"] for line in lines[2:]] == ["backtest_failed", "orchestrator.backtest_failed"]
    assert (lines[1]["weights"], lines[3]["strategy_id"]) == (None, None)


def test_facts_that_do_not_fit_keep_no_others_out():
    board = Board()
    board.state({"started": "x" * 100_000})
    board.state({"run_id": "RUN"})
    assert board.facts() == {"run_id": "RUN"}


def test_a_journal_that_cannot_be_written_changes_no_code(tmp_path):
    (tmp_path / "j").mkdir()
    facts = {"journal": str(tmp_path / "j"), "user": "", "run_id": "RUN", "reports": str(tmp_path), "several": True}
    ended = watch(lambda board: (board.state(facts), board.words.__setitem__(JOURNAL, BEGUN)))
    assert conclude(ended, 0.0) == 4


def test_names_that_do_not_fit_are_unknown():
    board = Board()
    board.state({"run_id": "RUN"})
    board.name(["trend", "dips"])
    in_call(board, "dips")
    assert board.caller() == "dips"
    for size in (100_000, 1):
        board.name(["x" * size])
        in_call(board, "x" * size)
        assert (board.caller(), board.facts()["run_id"]) == ("", "RUN")


@pytest.mark.parametrize(("text", "expected"), [("", 5.0), ("0", 0.0), ("0.25", 0.25)])
def test_the_grace_comes_from_the_environment(text, expected):
    assert seconds(GRACE, {"ORCHESTRATE_GRACE": text}) == expected


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "1e9"])
def test_what_is_no_number_of_seconds_is_refused(text):
    with pytest.raises(ConfigurationError, match=f"ORCHESTRATE_GRACE: expected seconds .*, found '{text}'"):
        seconds(GRACE, {"ORCHESTRATE_GRACE": text})
