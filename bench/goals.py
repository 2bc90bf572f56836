"""Goals, in the order of the table that set them, and the figures that a run of the bench reached.

A ratio's measure is `ours / theirs`, both by the names of contestants; `workload` names the block that measures it.
"""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parents[1] / ".bench" / "result.json"
VERSIONS = ("numpy", "pandas", "backtrader", "nautilus_trader", "backtesting", "vectorbt")

DAILY, DAILY_FIVE, DAILY_HUNDRED = "1 strategy, 2,520 days", "5 on 5 symbols, 2,520 days", "100 on 100, 2,520 days"
MINUTES, SPARSE = "5 on 1, 500,000 minutes", "the same, sparser: 50/200"
NAUTILUS, NAUTILUS_SPARSE = "5 on 1, 20,000 minutes", "5 on 1, 50,000 minutes, 50/200"
FIVE_DAYS, FIVE_MINUTES = "5 against 1, 2,520 days", "5 against 1, 500,000 minutes"
FIVE_SPARSE = f"{FIVE_MINUTES}, 50/200"
WHOLE, MEMORY, STEP = "whole process", "memory", "step"
PAGES = "pages"
SWEEP = "399 pairs, 2,520 days"
BRACKETS = "brackets, 500,000 minutes"
PORTFOLIO = "100 on 100, 2,520 days, decided by the portfolio"


@dataclass(frozen=True)
class Goal:
    """A bound on a measure. A unit is `×` (times), `MB`, `ms`, `µs` or `%`."""

    workload: str
    measure: str
    at_most: float
    unit: str = "×"


GOALS = [
    Goal(DAILY, "Backtrader / raw Backtrader", 0.06),
    Goal(DAILY, "Backtrader / backtesting.py", 0.5),
    Goal(DAILY_FIVE, "Backtrader / raw Backtrader", 0.05),
    Goal(DAILY_FIVE, "Backtrader / backtesting.py", 0.5),
    Goal(DAILY_FIVE, "both / raw Backtrader", 0.08),
    Goal(DAILY_FIVE, "both / backtesting.py", 0.5),
    Goal(MINUTES, "Backtrader / raw Backtrader", 0.05),
    Goal(MINUTES, "Backtrader / backtesting.py", 0.5),
    Goal(SPARSE, "Backtrader / raw Backtrader", 0.05),
    Goal(SPARSE, "Backtrader / backtesting.py", 0.5),
    Goal(MINUTES, "loop, memory at most", 300, "MB"),
    Goal(MINUTES, "whole process from CSV, memory at most", 300, "MB"),
    Goal(NAUTILUS, "Nautilus / raw Nautilus", 0.06),
    Goal(NAUTILUS_SPARSE, "Nautilus / raw Nautilus", 0.06),
    Goal(DAILY_HUNDRED, "Backtrader / raw Nautilus", 0.05),
    Goal(DAILY_HUNDRED, "Backtrader / backtesting.py", 0.5),
    *(
        Goal(workload, f"{kind} / raw Backtrader", 0.2)
        for workload in (DAILY, DAILY_FIVE, MINUTES, SPARSE)
        for kind in ("IStrategy", "on_bar")
    ),
    Goal(DAILY, "IStrategy on Nautilus / raw Nautilus", 0.2),
    *(
        Goal(workload, f"{kind}, {what}", 2.0)
        for workload in (FIVE_DAYS, FIVE_MINUTES)
        for kind in ("vectorised", "IStrategy")
        for what in ("whole process", "run() against raw Backtrader with 1")
    ),
    *(Goal(FIVE_SPARSE, f"{kind}, whole process", 2.0) for kind in ("vectorised", "IStrategy")),
    *(Goal(FIVE_DAYS, f"{kind}, run() against raw Nautilus with 1", 2.0) for kind in ("vectorised", "IStrategy")),
    Goal(WHOLE, "Backtrader / raw Backtrader", 0.75),
    Goal(WHOLE, "Backtrader / raw Nautilus", 0.5),
    Goal(WHOLE, "Nautilus / raw Nautilus", 0.5),
    Goal(MEMORY, "a strategy more on daily bars", 1, "MB"),
    Goal(MEMORY, "one from 200 to 400 against one from 50 to 200", 1.5),
    *(
        Goal(MEMORY, f"{frameworks}, above the imports, {what}", 5, "%")
        for what in ("2,520 days", "500,000 minutes")
        for frameworks in ("Nautilus beside Backtrader", "Backtrader beside Nautilus")
    ),
    Goal(PORTFOLIO, "limits, stops and monthly rebalancing / without", 1.5),
    *(Goal(BRACKETS, f"{name}, brackets / market exits", 1.5) for name in ("Backtrader", "Nautilus")),
    *(Goal(BRACKETS, f"{name}, an order that rests for 10,000 bars", 50, "µs") for name in ("Backtrader", "Nautilus")),
    Goal(STEP, "one bar with five competing orders, p99", 200, "µs"),
    Goal(STEP, "one bar with five competing orders under any policy, p99", 250, "µs"),
    Goal(STEP, "of that, coordination alone, p99", 250, "µs"),
    Goal(STEP, "allocation for 100 strategies, p99", 5_000, "µs"),
    Goal(STEP, "an order in each engine within a step, p99", 1_000, "µs"),
    Goal(WHOLE, "--help", 150, "ms"),
    Goal(WHOLE, "validate", 400, "ms"),
    Goal(WHOLE, "runs, 1,000 stored", 500, "ms"),
    Goal(SWEEP, "whole process, 2 workers / vectorbt", 0.3),
    Goal(SWEEP, "whole process, 2 workers / backtesting.py", 0.35),
    Goal(SWEEP, "loop, 2 workers / vectorbt, warm", 2.0),
    Goal(SWEEP, "loop, 2 workers / loop, 1 workers", 0.556),
    Goal(SWEEP, "a trial beside its orders", 0.4, "ms"),
    Goal(SWEEP, "10,000 trials above 100, memory", 50, "MB"),
    Goal(WHOLE, "heart, 1,000 stored", 1000, "ms"),
    Goal(PAGES, "5 strategies, 504 days, CPU, P95 of 20", 2_000, "ms"),
    Goal(PAGES, "5 strategies, 500,000 minutes, CPU", 5_000, "ms"),
    Goal(PAGES, "500,000 minutes, size", 2.5, "MB"),
    Goal(PAGES, "500,000 minutes, until the first chart", 2_000, "ms"),
    Goal(PAGES, "sweep of 2,000 trials, 2,520 days, CPU", 5_000, "ms"),
    Goal(PAGES, "sweep of 2,000 trials, size", 2.5, "MB"),
    Goal(PAGES, "sweep of 2,000 trials, until the first chart", 2_000, "ms"),
]


def goals_of(workload: str) -> list[Goal]:
    return [goal for goal in GOALS if goal.workload == workload]


@dataclass
class Ledger:
    """The output and figures of one run of the bench, written after every entry, also of an interrupted run."""

    path: Path = RESULT
    started: float = field(default_factory=time.time)
    blocks: dict[str, str] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def report(self, block: str, *lines: str) -> None:
        """Print lines, which become one block of the page."""
        self.blocks[block] = "\n".join(lines)
        print("\n\n" + self.blocks[block], flush=True)
        self._write()

    def reached(self, workload: str, measure: str, value: float | None, note: str = "") -> None:
        """Enter the figure of a goal; None where it could not be measured, for the reason in `note`."""
        goal = next(goal for goal in GOALS if (goal.workload, goal.measure) == (workload, measure))
        met = None if value is None else value <= goal.at_most
        self.rows[f"{workload} | {measure}"] = {"reached": value, "met": met, "note": note}
        self._write()

    def missed(self, workload: str, measure: str) -> bool:
        return self.rows.get(f"{workload} | {measure}", {}).get("met") is False

    def _write(self) -> None:
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(
            json.dumps(
                {
                    "started": time.strftime("%Y-%m-%d %H:%M", time.gmtime(self.started)),
                    "minutes": round((time.time() - self.started) / 60),
                    "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
                    "versions": {name: _version(name) for name in VERSIONS},
                    "blocks": self.blocks,
                    "goals": [asdict(goal) | self.rows.get(f"{goal.workload} | {goal.measure}", {}) for goal in GOALS],
                },
                indent=1,
            )
        )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def figure(value: float, unit: str) -> str:
    if unit == "×":
        return f"{value:.4f}" if value < 0.1 else f"{value:.3f}" if value < 1 else f"{value:.2f}"
    return f"{value:,.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"


def table(goals: list[dict[str, Any]]) -> list[str]:
    """Return the goals beside the figures reached, a line each, as a table of Markdown."""
    lines = ["| workload | measure | goal | reached | |", "|---|---|---|---|---|"]
    for row in goals:
        value, unit, met = row.get("reached"), row["unit"], row.get("met")
        cells = [row["workload"], row["measure"], f"≤ {row['at_most']:g}{'' if unit == '×' else ' ' + unit}"]
        cells.append("–" if value is None else figure(value, unit))
        verdict = "not measured" if met is None else "met" if met else "**missed**"
        cells.append(": ".join(filter(None, (verdict, row.get("note")))))
        lines.append(f"| {' | '.join(cells)} |")
    return lines
