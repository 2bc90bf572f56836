"""What all results of the Python API share: their figures and tables, one screen of text, a picture."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure


class Display:
    """A result that shows itself, from the document of `backtest --format json` and the tables of its run."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def figures(self) -> Mapping[str, Any]:
            """The document of `backtest --format json`."""

    @abstractmethod
    def table(self, name: str) -> pd.DataFrame:
        """Return a table as runs store it."""

    @property
    def equity(self) -> pd.DataFrame:
        """A row for each step, indexed by the label of its bars: `portfolio`, and for each strategy `equity.ID`."""
        return self.table("equity").set_index("label")

    @property
    def trades(self) -> pd.DataFrame:
        """Closed round trips; `profit` is net of `fees`."""
        return self.table("trades")

    @property
    def decisions(self) -> pd.DataFrame:
        """Every demand with its outcome and reason."""
        return self.table("decisions")

    @property
    def fills(self) -> pd.DataFrame:
        """Every fill of an order."""
        return self.table("fills")

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
    def metrics(self) -> pd.DataFrame:
        """All metrics: a row for the portfolio and for each strategy, a column for each metric, NaN without a value."""
        import pandas as pd

        strategies = self.figures["strategies"]
        rows = {"portfolio": self.figures["portfolio"]} | {name: strategies[name] for name in strategies}
        return pd.DataFrame.from_dict({name: one["metrics"] for name, one in rows.items()}, orient="index", dtype=float)

    def plot(self) -> Figure:
        """Return equity of portfolio and strategies, and the portfolio's drawdown, as a figure of plotly."""
        from orchestrate.reporting.drawing import equity_figure

        table = self.equity
        names = {"portfolio": "portfolio"} | {name: f"equity.{name}" for name in self.figures["strategies"]}
        curves = {name: table[column].to_numpy(dtype="float64") for name, column in names.items()}
        labels = table.index.to_numpy(dtype="datetime64[ns]").astype("int64")
        return equity_figure(labels, curves, self.figures["portfolio"]["initial_capital"])

    def __repr__(self) -> str:
        from orchestrate.reporting.text.brief import brief_text

        return brief_text(self._shown())

    def _repr_html_(self) -> str:
        from orchestrate.reporting.text.brief import brief_html

        return brief_html(self._shown())

    def _shown(self) -> dict[str, Any]:
        return dict(self.figures)
