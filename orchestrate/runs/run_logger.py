"""How a run tells the journal of its beginning and its end.

Every run says so; one of two or more strategies says it a second time as the orchestrator (contracts, section 5).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from orchestrate.domain.errors import OrchestrateError, StoreError
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import RunResult, StrategyError
from orchestrate.runs.journal import Journal

BUG: Final = OrchestrateError.exit_code


class Chronicle:
    """One run's own lines. `started` once, then `ended` or `broke_off`."""

    def __init__(self, journal: Journal, plan: RunPlan) -> None:
        self._journal = journal
        self._plan = plan
        self.several = len(plan.strategies) > 1

    def started(self) -> None:
        """The plan is known; nothing else is."""
        plan = self._plan
        self._journal.write("backtest_started", "info", {"mode": plan.mode, "strategy_count": len(plan.strategies)})
        if self.several:
            facts = {
                "strategy_count": len(plan.strategies),
                "total_capital": plan.capital.total,
                "weights": {strategy.id: strategy.weight for strategy in plan.strategies},
                "symbols": list(dict.fromkeys(symbol for one in plan.strategies for symbol in one.symbols)),
                "date_range": [plan.start or None, plan.end or None],
            }
            self._journal.write("orchestrator.backtest_started", "info", facts)

    def ended(self, result: RunResult, *, exit_code: int, duration_seconds: float, final_equity: float) -> None:
        """The run is stored: completed, unless not one strategy did, or a user's function ended it."""
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

    def broke_off(self, error: BaseException, *, duration_seconds: float) -> None:
        """There will be no run; said as far as the journal can still be written."""
        message = str(error).partition("\n")[0]
        kind, code = type(error).__name__, error.exit_code if isinstance(error, OrchestrateError) else BUG
        if isinstance(error, KeyboardInterrupt):
            kind, code, message = KeyboardInterrupt.__name__, 130, "interrupted"
        with suppress(StoreError):
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


def write_failure(
    journal: Journal,
    error: StrategyError,
    strategy_id: str | None,
    *,
    several: bool,
    exit_code: int,
    duration_seconds: float,
) -> None:
    """Write how a run failed; `several`: it has two or more strategies."""
    told: dict[str, object] = {"error_type": error.type, "error_message": error.message}
    facts = {"exit_code": exit_code, "duration_seconds": duration_seconds} | told
    journal.write("backtest_failed", "error", facts)
    if several:
        when = None if error.t is None else label_text(error.t)
        facts = told | {"strategy_id": strategy_id, "bar_date": when}
        journal.write("orchestrator.backtest_failed", "error", facts)


def _trades(result: RunResult) -> int:
    return sum(len(strategy.trades) for strategy in result.strategies.values())
