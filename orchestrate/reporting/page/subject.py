"""What a page is about: a stored run, with its columns as arrays, each read and computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from orchestrate.analytics.attribution import CrossFrameworkAnalytics
from orchestrate.analytics.returns import Curve, growth
from orchestrate.analytics.series import drawdown, period_ends
from orchestrate.data.calendar import periods_per_year
from orchestrate.domain.market.timeline import BarSeries, Floats, Stamps
from orchestrate.domain.results import Transfers
from orchestrate.reporting.page import sampling
from orchestrate.reporting.page.charts import moments
from orchestrate.runs.arrays import Arrays, arrays
from orchestrate.runs.decisions import DecisionTable
from orchestrate.runs.explanation import Explanation
from orchestrate.runs.reading import STRUCTURES, Document, StoredRun

EQUITY: Final = "equity.parquet"
TRADES: Final = "trades.parquet"
EXPOSURE: Final = "exposure.parquet"
POSITIONS: Final = "positions.parquet"
CONFIG: Final = "config.yaml"
#: What `read_run` has to bring with it.
FILES: Final = (EQUITY, TRADES, POSITIONS, EXPOSURE, STRUCTURES, CONFIG, *DecisionTable.FILES)
#: So many strategies have a curve of their own; tables have all.
DRAWN: Final = 12
PORTFOLIO: Final = "portfolio"
BENCHMARK: Final = "benchmark"
#: Nanoseconds of four days: a longer gap is no weekend.
_APART: Final = 4 * 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Prices:
    """The bars that a run was made of, by symbol; or why they are not there."""

    series: Mapping[str, BarSeries] = field(default_factory=dict)
    missing: str = ""


def fall(curve: Curve) -> Floats:
    """Return how far a curve lies below its highest value so far; 0 where it never had one."""
    with np.errstate(all="ignore"):
        falls = drawdown(np.concatenate([[curve.initial], curve.equity]))[1:]
    return np.where(np.isfinite(falls), falls, 0.0)


@dataclass(frozen=True, eq=False)
class Subject:
    """A stored run that was read with `FILES`, the explanation of its cuts, and the prices it was made of.

    `detail` says which part of the usual number of points and rows is shown.
    """

    run: StoredRun
    explanation: Explanation
    prices: Prices
    detail: float = 1.0

    def few(self, usual: int) -> int:
        """Return how many are shown, where `usual` ones are."""
        return max(int(usual * self.detail), 10)

    @cached_property
    def document(self) -> Document:
        """Return the run's document, from which all figures come."""
        return self.run.document()

    @cached_property
    def currency(self) -> str:
        """Return the currency of the capital."""
        return str(self.run.plan.get("capital", {}).get("currency", ""))

    @cached_property
    def contributions(self) -> dict[str, float]:
        """Return what each strategy added to the portfolio's return."""
        known: dict[str, float] = (self.document.get("attribution") or {}).get("strategies", {})
        return known or CrossFrameworkAnalytics(self.document).strategies

    @cached_property
    def drawn(self) -> list[str]:
        """Return the strategies that have curves: all, or those that moved the portfolio most."""
        names = list(self.document["strategies"])
        ranked = sorted(names, key=lambda name: -abs(self.contributions[name]))[:DRAWN]
        return [name for name in names if name in ranked]

    @property
    def left_out(self) -> str:
        """Return how many strategies have curves; "" where all have."""
        return sampling.note(len(self.drawn), len(self.document["strategies"]), "strategies")

    @cached_property
    def equity(self) -> Arrays:
        """Return the columns of equity of the portfolio and of the strategies drawn."""
        known = self.run.names(EQUITY)
        own = [f"{kind}.{name}" for name in self.drawn for kind in ("equity", "flow")]
        names = ["label", "t", PORTFOLIO, *(name for name in (*own, BENCHMARK) if name in known)]
        return arrays(self.run, EQUITY, names)

    @cached_property
    def labels(self) -> Stamps:
        """Return the label of every step."""
        return self.equity["label"].astype(np.int64)

    @cached_property
    def portfolio(self) -> Curve:
        """Return the curve of the portfolio."""
        return Curve(float(self.document["portfolio"]["initial_capital"]), self.equity[PORTFOLIO])

    @cached_property
    def curves(self) -> dict[str, Curve]:
        """Return the curves of the strategies drawn, without money that was moved; a single one is the portfolio's."""
        return {name: self._curve(name) for name in self.drawn} if len(self.document["strategies"]) > 1 else {}

    @cached_property
    def earned(self) -> dict[str, Floats]:
        """Return what each strategy drawn had earned at each step, in money."""
        given = {name: float(self.document["strategies"][name]["allocated_capital"]) for name in self.drawn}
        return {name: self._without_flows(name) - given[name] for name in self.drawn}

    @cached_property
    def benchmark(self) -> Curve | None:
        """Return the benchmark bought with the whole capital at its first close; None where there is none."""
        closes = self.equity.get(BENCHMARK, np.zeros(0))
        known = np.isfinite(closes)
        if not known.any():
            return None
        first = closes[np.argmax(known)]
        worths = np.where(known, closes, first)  # before its first bar nothing is bought
        return Curve(self.portfolio.initial, worths / first * self.portfolio.initial)

    @cached_property
    def places(self) -> sampling.Places:
        """Return the steps that charts over time show: those that show all curves, and their deepest falls."""
        curves = [self.portfolio.equity, *(one.equity for one in self.curves.values())]
        if not len(self.labels):
            return np.zeros(0, dtype=np.int64)
        falls = sampling.extremes_of([fall(self.portfolio), *map(fall, self.curves.values())])
        return np.unique(np.concatenate([sampling.shown(curves, self.few(sampling.MOST)), falls]))

    @cached_property
    def x(self) -> Floats:
        """Return the labels of these steps as charts have them."""
        return moments(self.labels[self.places])

    @property
    def note(self) -> str:
        """Return how many points are shown, and of how many strategies."""
        notes = (sampling.note(len(self.places), len(self.labels)), self.left_out)
        return "; ".join(note for note in notes if note)

    @cached_property
    def days(self) -> sampling.Places:
        """Return the last step of every day."""
        return np.asarray(period_ends(self.labels, "day"), dtype=np.int64)

    @cached_property
    def periods(self) -> float:
        """Return how many of them a year has that returns are annualised with."""
        given = self.run.plan.get("periods_per_year")
        return float(given) if given else periods_per_year(self.labels[self.days], daily=self.unit == "days")

    @cached_property
    def unit(self) -> str:
        """Return what lies between two of them: `days`, or `bars` where most are further apart."""
        gaps = np.diff(self.labels[self.days])
        return "bars" if len(gaps) and float(np.median(gaps)) > _APART else "days"

    def _curve(self, name: str) -> Curve:
        allocated = float(self.document["strategies"][name]["allocated_capital"])
        flows = self.equity.get(f"flow.{name}")
        if flows is None or not flows.any():
            return Curve(allocated, self.equity[f"equity.{name}"])
        earned = self._without_flows(name)
        return Curve(1.0, growth(allocated, Transfers(flows, earned)))

    def _without_flows(self, name: str) -> Floats:
        equity, flows = self.equity[f"equity.{name}"], self.equity.get(f"flow.{name}")
        return equity if flows is None else equity - Transfers(flows, equity).so_far
