"""Write the beginning and the end of a run to its journal.

Runs of two or more strategies write both a second time, as events of the orchestrator (docs/reference/journal.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Final

from orchestrate.domain.errors import OrchestrateError, StoreError
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import RunResult, StrategyError
from orchestrate.runs.journal import Journal

BUG: Final = OrchestrateError.exit_code


class RunLogger:
    """Write one run's journal lines: `started` once, then `ended` or `failed`."""

    def __init__(self, journal: Journal, plan: RunPlan) -> None:
        self._journal = journal
        self._plan = plan
        self.several = len(plan.strategies) > 1
        self.begun = False

    def started(self, weights: Mapping[str, Decimal] | None) -> None:
        """Log the begin of a run: its plan, and its weights, unless the data for their estimation can't be read."""
        self.begun = True
        for event, facts in starting_lines(self._plan, weights).items():
            self._journal.write(event, "info", facts)

    def ended(self, result: RunResult, *, exit_code: int, duration_seconds: float, final_equity: float) -> None:
        """Log the end of a stored run: completed, unless no strategy did, or a user's function ended it."""
        if result.status == "failed" and result.error is not None:
            self._failed(result.error, None, exit_code, duration_seconds)
            return
        failures = [(one.error, one.id) for one in result.strategies.values() if one.error is not None]
        if result.status == "failed" and failures:
            error, strategy_id = min(failures, key=lambda failure: -1 if failure[0].t is None else failure[0].t)
            self._failed(error, strategy_id, exit_code, duration_seconds)
            return
        shared = {"duration_seconds": duration_seconds, "trade_count": _trades(result), "final_equity": final_equity}
        facts = {"status": result.status, "exit_code": exit_code} | shared
        self._journal.write("backtest_completed", "info", facts)
        if self.several:
            self._journal.write("orchestrator.backtest_completed", "info", shared | {"error_count": len(failures)})

    def failed(self, error: BaseException, *, duration_seconds: float) -> None:
        """Write that the run broke off and nothing was stored, if the journal can still be written."""
        message = str(error).partition("\n")[0]
        kind, code = type(error).__name__, error.exit_code if isinstance(error, OrchestrateError) else BUG
        if isinstance(error, KeyboardInterrupt):
            kind, code, message = KeyboardInterrupt.__name__, 130, "interrupted"
        with suppress(StoreError):
            if not self.begun:
                self.started(None)
            self._failed(StrategyError(kind, message, "", None), None, code, duration_seconds)

    def _failed(self, error: StrategyError, strategy_id: str | None, exit_code: int, duration_seconds: float) -> None:
        write_failure(
            self._journal,
            error,
            strategy_id,
            several=self.several,
            exit_code=exit_code,
            duration_seconds=duration_seconds,
        )


def starting_lines(plan: RunPlan, weights: Mapping[str, Decimal] | None) -> dict[str, dict[str, object]]:
    """Return by event the facts with which a run begins."""
    lines: dict[str, dict[str, object]] = {
        "backtest_started": {"mode": plan.mode, "strategy_count": len(plan.strategies)}
    }
    if len(plan.strategies) > 1:
        lines["orchestrator.backtest_started"] = {
            "strategy_count": len(plan.strategies),
            "total_capital": float(plan.capital.total),
            "weights": weights,
            "symbols": list(dict.fromkeys(symbol for one in plan.strategies for symbol in one.symbols)),
            "date_range": [plan.start or None, plan.end or None],
        }
    return lines


def write_failure(
    journal: Journal,
    error: StrategyError,
    strategy_id: str | None,
    *,
    several: bool,
    exit_code: int,
    duration_seconds: float,
) -> None:
    """Write that a run failed; `several` says that it has two or more strategies."""
    described: dict[str, object] = {"error_type": error.type, "error_message": error.message}
    facts = {"exit_code": exit_code, "duration_seconds": duration_seconds} | described
    journal.write("backtest_failed", "error", facts)
    if several:
        when = None if error.t is None else label_text(error.t)
        facts = described | {"strategy_id": strategy_id, "bar_date": when}
        journal.write("orchestrator.backtest_failed", "error", facts)


def _trades(result: RunResult) -> int:
    return sum(len(strategy.trades) for strategy in result.strategies.values())
