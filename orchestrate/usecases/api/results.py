"""What the Python API hands back: figures as a dict, everything else as DataFrames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from orchestrate.analytics.summary import summarise
from orchestrate.domain.results import Finding, RunError, RunResult, RunStatus, StrategyResult

if TYPE_CHECKING:
    import pandas as pd

Result = TypeVar("Result", bound="BacktestResult")
_COMPARED: Final = {
    "total_return": "total_return",
    "sharpe_ratio": "sharpe",
    "max_drawdown": "max_drawdown",
    "win_rate": "win_rate",
}


@dataclass(frozen=True, slots=True, eq=False)
class BacktestResult:
    """The result of a run: figures, equity, trades and decisions.

    `facts` is everything that the run left behind, `figures` the document of `backtest --format json`.
    """

    facts: RunResult
    figures: Mapping[str, Any]

    @property
    def status(self) -> RunStatus:
        """`completed`, `degraded` (a strategy failed), `failed` (all did, or see `error`) or `interrupted`."""
        return self.facts.status

    @property
    def error(self) -> RunError | None:
        """What ended the run before its last bar: a failure of a function that decides for the portfolio."""
        return self.facts.error

    @property
    def aggregate_metrics(self) -> dict[str, float | None]:
        """The metrics of the whole portfolio; None where a figure has no meaning."""
        return dict(self.figures["portfolio"]["metrics"])

    @property
    def final_equity(self) -> float:
        """The portfolio's equity at the last close."""
        equity: float = self.figures["portfolio"]["final_equity"]
        return equity

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Notes about the data and the run."""
        return (*self.facts.findings, *self.facts.checks)

    @property
    def equity(self) -> pd.DataFrame:
        """Marked equity at every close: columns `portfolio` and each strategy's id; index: labels of the bars, UTC."""
        import pandas as pd

        columns = {"portfolio": self.facts.portfolio_equity}
        columns.update({one.id: one.equity for one in self.facts.strategies.values()})
        return pd.DataFrame(columns, index=_moments(self.facts.labels))

    @property
    def trades(self) -> pd.DataFrame:
        """Closed round trips; `profit` is net of `fees`."""
        import pandas as pd

        names = ("symbol", "quantity", "entered", "exited", "entry_price", "exit_price", "profit", "fees")
        rows = [
            (strategy.id, *(getattr(trade, name) for name in names))
            for strategy in self.facts.strategies.values()
            for trade in strategy.trades
        ]
        frame = pd.DataFrame(rows, columns=["strategy_id", *names])
        for name in ("entered", "exited"):
            frame[name] = _moments(frame[name].to_numpy(dtype="int64"))
        return frame

    @property
    def decisions(self) -> pd.DataFrame:
        """Every demand with its outcome and reason."""
        import pandas as pd

        rows = [
            (
                record.t,
                record.decision.demand.strategy_id,
                record.decision.demand.symbol,
                record.decision.demand.quantity,
                record.decision.outcome.value,
                record.decision.quantity,
                record.decision.reason.value,
                record.decision.detail,
            )
            for record in self.facts.decisions
        ]
        names = ["t", "strategy_id", "symbol", "wanted", "outcome", "quantity", "reason", "detail"]
        frame = pd.DataFrame(rows, columns=names)
        frame["t"] = _moments(frame["t"].to_numpy(dtype="int64"))
        return frame


@dataclass(frozen=True, slots=True, eq=False)
class OrchestratorResult(BacktestResult):
    """The result of a run of several strategies."""

    @property
    def strategy_results(self) -> dict[str, StrategyResult]:
        """Each strategy's own facts, by its id."""
        return dict(self.facts.strategies)

    @property
    def comparison_table(self) -> pd.DataFrame:
        """The strategies side by side, one row each; NaN where a figure has no meaning."""
        import pandas as pd

        rows = [
            {"strategy_id": name} | {column: document["metrics"][metric] for column, metric in _COMPARED.items()}
            for name, document in self.figures["strategies"].items()
        ]
        return pd.DataFrame(rows, columns=["strategy_id", *_COMPARED]).astype(dict.fromkeys(_COMPARED, float))


def result_of(facts: RunResult, shape: type[Result]) -> Result:
    """Return the facts of a run with its figures."""
    figures: dict[str, Any] = summarise(facts)
    figures["findings"] += [finding.document() for finding in facts.checks]
    return shape(facts, figures)


def _moments(labels: Any) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.DatetimeIndex(labels.astype("datetime64[ns]")).tz_localize("UTC")
