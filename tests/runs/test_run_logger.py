"""A run writes its beginning and its end to the journal, a portfolio both twice."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from orchestrate.domain.errors import StoreError, UserInterrupt
from orchestrate.domain.plan import LoggingPlan
from orchestrate.runs.journal import Journal
from orchestrate.runs.run_logger import RunLogger
from tests.runs.conftest import lines


def logger_of(tmp_path, result):
    journal = Journal(LoggingPlan(path=str(tmp_path / "j"), user="ann"), "RUN", now=lambda: datetime.now(UTC))
    return RunLogger(journal, result.plan), journal


def written(journal):
    return [
        {key: value for key, value in line.items() if key not in ("ts", "run_id", "user")} for line in lines(journal)
    ]


def test_a_portfolio_says_everything_twice(tmp_path, one_failed):
    run_logger, journal = logger_of(tmp_path, one_failed)
    run_logger.started({"wave": Decimal("0.6"), "climb": Decimal("0.3")})
    run_logger.ended(one_failed, exit_code=1, duration_seconds=2.5, final_equity=1003.06)
    assert written(journal) == [
        {"event": "backtest_started", "level": "info", "mode": "multi", "strategy_count": 2},
        {
            "event": "orchestrator.backtest_started",
            "level": "info",
            "strategy_count": 2,
            "total_capital": 1000.0,
            "weights": {"wave": 0.6, "climb": 0.3},
            "symbols": ["IBM"],
            "date_range": [None, None],
        },
        {
            "event": "backtest_completed",
            "level": "info",
            "status": "degraded",
            "exit_code": 1,
            "duration_seconds": 2.5,
            "trade_count": 5,
            "final_equity": 1003.06,
        },
        {
            "event": "orchestrator.backtest_completed",
            "level": "info",
            "duration_seconds": 2.5,
            "trade_count": 5,
            "final_equity": 1003.06,
            "error_count": 1,
        },
    ]
    journal.close()


def test_one_strategy_alone_is_no_portfolio(tmp_path, result_of, hand_made):
    result = result_of({"a": hand_made([1.0, 2.0])})
    run_logger, journal = logger_of(tmp_path, result)
    run_logger.started({"a": Decimal(1)})
    run_logger.ended(result, exit_code=0, duration_seconds=1.0, final_equity=2.0)
    assert [line["event"] for line in lines(journal)] == ["backtest_started", "backtest_completed"]
    journal.close()


def test_all_failed_is_failed_and_names_the_first(tmp_path, one_failed):
    wave = replace(one_failed.strategies["wave"], status="failed")
    error = one_failed.strategies["climb"].error
    wave = replace(wave, error=replace(error, type="KeyError", message="earlier", t=error.t - 86_400 * 10**9))
    result = replace(one_failed, status="failed", strategies={**one_failed.strategies, "wave": wave})
    run_logger, journal = logger_of(tmp_path, result)
    run_logger.ended(result, exit_code=1, duration_seconds=1.0, final_equity=0.0)
    assert written(journal)[1] == {
        "event": "orchestrator.backtest_failed",
        "level": "error",
        "error_type": "KeyError",
        "error_message": "earlier",
        "strategy_id": "wave",
        "bar_date": "2020-01-03",
    }
    assert [line["event"] for line in lines(journal)] == ["backtest_failed", "orchestrator.backtest_failed"]
    journal.close()


@pytest.mark.parametrize(
    ("error", "code", "name", "message"),
    [
        (StoreError("the disk is full\nhint"), 4, "StoreError", "the disk is full"),
        (UserInterrupt(), 130, "KeyboardInterrupt", "interrupted"),
        (ZeroDivisionError("division by zero"), 4, "ZeroDivisionError", "division by zero"),
    ],
)
def test_a_run_that_breaks_off(tmp_path, two_strategies, error, code, name, message):
    run_logger, journal = logger_of(tmp_path, two_strategies)
    run_logger.failed(error, duration_seconds=0.5)
    started, of_the_portfolio, first, second = written(journal)
    assert started["event"] == "backtest_started"
    assert (of_the_portfolio["event"], of_the_portfolio["weights"]) == ("orchestrator.backtest_started", None)
    assert (first["event"], first["exit_code"], first["error_type"], first["error_message"]) == (
        "backtest_failed",
        code,
        name,
        message,
    )
    assert (second["strategy_id"], second["bar_date"]) == (None, None)
    journal.close()


def test_breaking_off_is_silent_where_the_journal_is_what_broke(tmp_path, two_strategies):
    run_logger, journal = logger_of(tmp_path, two_strategies)
    os.close(journal._descriptor)
    run_logger.failed(StoreError("disk"), duration_seconds=0.5)
    journal._descriptor = -1
    assert lines(journal) == []
