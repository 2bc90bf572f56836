"""Report the end of a command that could not report it itself: on stderr and in the journal."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from orchestrate.domain.errors import InterruptedRunError, OrchestrateError, ProcessError, TimeLimitError
from orchestrate.supervision.board import BEGUN, CALL_LIMIT, DUE, JOURNAL, Board
from orchestrate.supervision.settings import JOURNAL_WAIT, seconds

if TYPE_CHECKING:
    from orchestrate.supervision.supervisor import Watch

_SHOW_CURSOR = b"\x1b[?25h"


def conclude(watch: Watch, duration: float) -> int:
    """Say how a command ended after `duration` seconds; its exit code, or -n to die of signal n as it did."""
    code = watch.board.code
    if code is not None:
        if watch.overdue:
            late = f"the process did not exit within {watch.grace:g} seconds of its result, and was ended"
            _say(f"{late}; a strategy may have left a thread or a finalizer that does not end")
        return code
    strategy = watch.board.caller()
    error, number = _error(watch, strategy)
    if number and not watch.overdue:  # others ended it, and it was no strategy that delayed them
        strategy = ""
    code = 128 + number if number else error.exit_code
    if number != signal.SIGPIPE:
        _say(f"{_who(strategy)}: {error}" if strategy else str(error))
    _journal(watch.board, error, strategy, code, duration)
    return -number if number and number != signal.SIGINT else code


def conclude_worker(board: Board, code: int, given_up: OrchestrateError | None, duration: float) -> None:
    """Write to the journal how the run of a worker ended that is dead, if it has one under way.

    `code` is the exit code of the process, or -n for signal n; `given_up` is why its parent has ended it, if it has.
    """
    strategy = board.caller()
    error = given_up or _death(code, strategy)
    _journal(board, error, strategy, error.exit_code, duration)


def _error(watch: Watch, strategy: str) -> tuple[OrchestrateError, int]:
    """Return why there is no result, and the signal that others sent to get there, or 0."""
    grace = f"{watch.grace:g} seconds"
    if watch.overdue == "call":
        limit = watch.board.words[CALL_LIMIT] / 1000
        message = f"no answer within {limit:g} seconds (execution.strategy_timeout), and no end within {grace} more"
        return TimeLimitError(message), 0
    if watch.overdue == "limit":
        return TimeLimitError(f"the time limit has passed, and the run did not end within {grace} more"), 0
    assert watch.status is not None
    number = os.WTERMSIG(watch.status) if os.WIFSIGNALED(watch.status) else 0
    if watch.overdue == "asked":
        number = max(watch.asked)
    if number in watch.asked:
        return InterruptedRunError(f"ended by {signal.Signals(number).name}"), number
    if number == signal.SIGPIPE:
        return ProcessError("the output is not read"), number
    return _death(os.waitstatus_to_exitcode(watch.status), strategy), 0


def _death(code: int, strategy: str) -> ProcessError:
    """Return that a run's process has ended: with this exit code, or -n by signal n, in the code of this strategy."""
    how = f"by {_name(-code)}" if code < 0 else f"with exit code {code}"
    function = strategy if ":" in strategy else "the function's code"
    called = "the strategy's code" if strategy.isidentifier() else function
    where = f"in {called}" if strategy else "before there was a result"
    return ProcessError(f"the process of the run ended {how} {where}")


def _who(name: str) -> str:
    """Return a strategy's id, or a portfolio's function by file and name as in the configuration."""
    return f"strategy {name!r}" if name.isidentifier() else name


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _say(message: str) -> None:
    """Write a line to stderr, where it can be written."""
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, _SHOW_CURSOR)  # a progress bar may have hidden it
        os.write(2, f"{message}\n".encode(errors="replace"))


def _journal(board: Board, error: OrchestrateError, strategy: str, code: int, duration: float) -> None:
    """Write the end of the run that the board is of, and its begin if that is due; nothing where none is under way."""
    facts = board.facts() if board.words[JOURNAL] in (BEGUN, DUE) else {}
    if "journal" not in facts:
        return
    with suppress(OrchestrateError):
        _write_end(board, facts, error, strategy, code, duration)


def _write_end(
    board: Board, facts: Mapping[str, Any], error: OrchestrateError, strategy: str, code: int, duration: float
) -> None:
    from pathlib import Path

    from orchestrate.domain.plan import LoggingPlan
    from orchestrate.domain.results import StrategyError
    from orchestrate.runs.journal import Journal
    from orchestrate.runs.run_logger import write_failure
    from orchestrate.runs.store import sweep

    logging = LoggingPlan(path=facts["journal"], user=facts["user"])
    failure = StrategyError(type(error).__name__, str(error), "", None)
    with Journal(logging, facts["run_id"], patience=seconds(JOURNAL_WAIT, os.environ)) as journal:
        if board.words[JOURNAL] == DUE:
            for event, began in facts.get("started", {}).items():
                journal.write(event, "info", began)
        write_failure(
            journal,
            failure,
            strategy if strategy.isidentifier() else None,
            several=facts["several"],
            exit_code=code,
            duration_seconds=duration,
        )
    with suppress(OSError):
        sweep(Path(facts["reports"]))
