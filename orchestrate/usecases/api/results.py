"""What the Python API hands back: figures as a dict, everything else as DataFrames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from orchestrate.analytics.summary import summarise
from orchestrate.domain.errors import NotFoundError
from orchestrate.domain.results import Finding, RunError, RunResult, RunStatus, StrategyResult
from orchestrate.usecases.api.display import Display

if TYPE_CHECKING:
    import pandas as pd

Result = TypeVar("Result", bound="BacktestResult")
_COMPARED: Final = {
    "total_return": "total_return",
    "sharpe_ratio": "sharpe",
    "max_drawdown": "max_drawdown",
    "win_rate": "win_rate",
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BacktestResult(Display):
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
    def findings(self) -> tuple[Finding, ...]:
        """Notes about the data and the run."""
        return (*self.facts.findings, *self.facts.checks)

    def table(self, name: str) -> pd.DataFrame:
        """Return a table as runs store it: `equity`, `trades`, `decisions`, `fills`, `positions` or `flows`."""
        from orchestrate.runs.parquet import TABLES

        if name not in TABLES:
            raise NotFoundError(f"there is no table '{name}': {', '.join(TABLES)}")
        table: pd.DataFrame = TABLES[name](self.facts).to_pandas()
        return table

    def report(self, path: str | Path) -> Path:
        """Write the run as one page of HTML to `path`, which is returned."""
        from orchestrate.usecases.api.page import write_page

        return write_page(self.facts, self.figures, Path(path))

    def _shown(self) -> dict[str, Any]:
        return {**self.figures, "status": self.status}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
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
