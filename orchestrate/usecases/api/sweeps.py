"""Sweeps for notebooks and scripts: run the sweep of a configuration, read a stored one, look at it as tables."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrate.domain.errors import ConfigurationError, NotFoundError
from orchestrate.domain.sweeps import PLACED, Axis
from orchestrate.domain.text.spelling import did_you_mean
from orchestrate.runs.reading import LATEST, read_file
from orchestrate.runs.sweeps.reading import BEST, RETURNS, TRIALS, WALK_FORWARD, StoredSweep, read_sweep
from orchestrate.usecases.api.stored import frame, override
from orchestrate.usecases.sweeping.show import find_sweep
from orchestrate.usecases.sweeping.sweep import SweepRequest, sweep

if TYPE_CHECKING:
    import pandas as pd

    from orchestrate.analytics.sweeps.heatmaps import Reduction

_REPORTS: Final = Path("reports")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SweepResult:
    """A stored sweep: its figures are those of `report --format json`, its tables have the stored columns."""

    stored: StoredSweep

    @property
    def figures(self) -> dict[str, Any]:
        """The document of `sweep --format json`."""
        return self.stored.document()

    @property
    def run_id(self) -> str:
        """The id of the sweep."""
        return self.folder.name

    @property
    def folder(self) -> Path:
        """Where the sweep is stored."""
        return self.stored.folder

    @property
    def exit_code(self) -> int:
        """What `orchestrate sweep` exits with: 0, or 1 where a trial failed or a gate did not hold."""
        return int(self.stored.manifest["exit_code"])

    @property
    def verdict(self) -> str:
        """What the statistics say about the pick, in one sentence."""
        return str(self.figures["verdict"])

    @property
    def best(self) -> dict[str, object]:
        """The best value of each parameter; empty where no trial is eligible."""
        best = self.figures["best"]
        return {} if best is None else dict(best["parameters"])

    @property
    def best_configuration(self) -> str:
        """The best configuration, complete; `orchestrate backtest` runs it as it is."""
        return self._file(BEST).decode("utf-8")

    @property
    def trials(self) -> pd.DataFrame:
        """A row for each trial, indexed by its number: status, parameters, metrics."""
        return frame(self._file(TRIALS)).set_index("trial")

    @property
    def returns(self) -> pd.DataFrame:
        """A column of daily returns for each trial that is done, by its number."""
        table = frame(self._file(RETURNS)).set_index("label")
        return table.rename(columns=int)

    @property
    def walk_forward(self) -> pd.DataFrame | None:
        """A row for each window of the walk-forward; None where the sweep has none."""
        return frame(self._file(WALK_FORWARD)) if WALK_FORWARD in self.stored.manifest["files"] else None

    def heatmap(self, x: str, y: str, metric: str = "", reduction: Reduction = "median") -> pd.DataFrame:
        """Return a figure over two parameters: a column for each value of `x`, a row for each of `y`.

        `metric` is the first objective unless given. Trials that share a cell are reduced: `mean`, `median`, `max`,
        `min`, or `slice` for those that have the pick's values of all other parameters. A range has equal parts, named
        by their lower ends.
        """
        import numpy as np
        import pandas as pd

        from orchestrate.analytics.sweeps.heatmaps import REDUCTIONS, heatmap
        from orchestrate.analytics.sweeps.landscape import landscape

        if reduction not in REDUCTIONS:
            raise ConfigurationError(f"reduction must be one of {', '.join(REDUCTIONS)}, not {reduction!r}")
        table, axes = self.trials, self._axes_with(x, y)
        metric = metric or self._column(self.figures["objectives"][0]["metric"])
        if metric not in table:
            hint = did_you_mean(metric, map(str, table))
            raise NotFoundError(f"sweep {self.run_id} has no figure {metric!r}{f'; {hint}' if hint else ''}")
        names = [axis.name for axis in axes]
        placed = table[table["status"].isin([str(status) for status in PLACED])].dropna(subset=names)
        points = [dict(zip(names, row, strict=True)) for row in placed[names].itertuples(index=False)]
        figures = placed[metric].to_numpy(dtype=np.float64, na_value=np.nan)
        place = landscape(axes, points, figures)
        pick = self.figures["best"]
        numbers = placed.index.tolist()
        at = numbers.index(pick["trial"]) if pick and pick["trial"] in numbers else 0
        drawn = heatmap(place, names.index(x), names.index(y), figures, reduction, at)
        rows, columns = (_cells(place.scales[names.index(name)]) for name in (y, x))
        return pd.DataFrame(drawn.figures, pd.Index(rows, name=y), pd.Index(columns, name=x))

    def report(self, path: str | Path | None = None) -> Path:
        """Write the sweep as one page of HTML to `path`, by default into its folder; return where it is."""
        from orchestrate.usecases.pages.page import report_page

        return report_page(self.run_id, self.folder.parent, None if path is None else Path(path))

    def __repr__(self) -> str:
        from orchestrate.reporting.sweeps.text import show

        text = io.StringIO()
        show(self.figures, file=text)
        return text.getvalue().rstrip()

    def _axes_with(self, x: str, y: str) -> list[Axis]:
        """Return the parameters that vary together with both."""
        axes = [_axis(one) for one in self.figures["parameters"]]
        known = [axis.name for axis in axes]
        for name in (x, y):
            if name not in known:
                hint = did_you_mean(name, known) or f"it varies {', '.join(known)}"
                raise NotFoundError(f"sweep {self.run_id} has no parameter {name!r}; {hint}")
        if x == y:
            raise ConfigurationError("a heatmap has two parameters, not one twice")
        if self.figures["each"] == "portfolio":
            return axes
        owners = {axis.name: axis.path[1] for axis in axes if axis.path[0] == "strategies"}
        if owners.get(x) != owners.get(y):
            raise ConfigurationError(f"{x} and {y} vary apart: each strategy was varied alone")
        return [axis for axis in axes if owners.get(axis.name) == owners.get(x)]

    @staticmethod
    def _column(metric: str) -> str:
        return metric.removeprefix("strategies.").removeprefix("portfolio.")

    def _file(self, name: str) -> bytes:
        if name not in self.stored.manifest["files"]:
            raise NotFoundError(f"sweep {self.run_id} has no {name}: no trial is eligible")
        return read_file(self.folder, self.stored.manifest, name)


def _axis(parameter: dict[str, Any]) -> Axis:
    bounds = (parameter["low"], parameter["high"]) if "low" in parameter else None
    return Axis(parameter["name"], tuple(parameter["path"]), tuple(parameter.get("values", ())), bounds)


def _cells(scale: Any) -> list[object]:
    return list(scale.edges[:-1]) if scale.kind == "range" else list(scale.values)


def run_sweep(
    config: str | Path,
    *,
    trials: int | None = None,
    workers: int | None = None,
    on: str = "",
    resume: str = "",
    reports: str | Path = _REPORTS,
    **overrides: object,
) -> SweepResult:
    """Run the sweep of a configuration and store it, as `orchestrate sweep` does.

    `overrides` replace values of the file as those of `run` do. Mistakes in it raise ConfigurationError; Ctrl-C raises
    InterruptedRunError, and `resume` goes on with what is done.
    """
    request = SweepRequest(
        os.fspath(config),
        overrides=tuple(override(name, value) for name, value in overrides.items()),
        trials=trials,
        workers=workers,
        on=on,
        resume=resume,
        reports=Path(reports),
        environ=os.environ,
    )
    return load_sweep(sweep(request).folder.name, reports=reports)


def load_sweep(named: str = LATEST, *, reports: str | Path = _REPORTS) -> SweepResult:
    """Return the stored sweep called `named`: its id, a unique beginning of it, or `latest`.

    NotFoundError where there is none.
    """
    folder = find_sweep(Path(reports).absolute(), named)
    return SweepResult(read_sweep(folder.parent, folder.name))
