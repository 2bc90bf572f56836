"""The command line in a folder with flat and jumping prices, and strategies that trade as they are planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Done, Prompt, kept, prompt

__all__ = ["kept", "prompt"]

PLANNED = '''\
"""Strategies that trade at the bars that they are given."""

from orchestrate import Signal


def signal(symbol, what):
    if what == "out":
        return Signal.exit(symbol)
    return Signal.enter(symbol, "short" if float(what) < 0 else "long", quantity=abs(float(what)))


class Planned:
    """`plan`: "0 A 100, 4 A out" buys 100 A at the close of bar 0 and sells them at that of bar 4."""

    def __init__(self, plan: str) -> None:
        self.plan = [entry.split() for entry in plan.split(",")]
        self.bar = -1

    def on_bar(self, context):
        self.bar += 1
        return [signal(symbol, what) for bar, symbol, what in self.plan if int(bar) == self.bar]


class Rising:
    """In while closes rise; without any state, in the words of IStrategy."""

    def should_enter(self, bars):
        return len(bars) > 1 and bars.close[-1] > bars.close[-2]

    def should_exit(self, position, bars):
        return bars.close[-1] < bars.close[-2]
'''
FIRST = date(2024, 1, 1)


def day(bar: int) -> str:
    """Return the date of a bar."""
    return (FIRST + timedelta(days=bar)).isoformat()


@dataclass
class Portfolio:
    """A portfolio as users have it: its files, its command, its journal and its stored run."""

    prompt: Prompt

    def prices(self, symbol: str, closes: Sequence[float]) -> None:
        """Write bars that open, stay and close at one price."""
        rows = [f"{day(bar)},{price},{price},{price},{price},1000" for bar, price in enumerate(closes)]
        text = "\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n"
        self.prompt.write(f"{symbol}.csv", text)

    def backtest(self, text: str, *words: str) -> Done:
        """Run a configuration; its document is on stdout."""
        self.prompt.write("portfolio.yaml", text)
        return self.prompt("backtest", "portfolio.yaml", "--format", "json", *words)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of the journal with the event `orchestrator.<name>`."""
        return [line for line in self.prompt.journal if line["event"] == f"orchestrator.{name}"]

    def stored(self, table: str) -> list[dict[str, Any]]:
        """Return the rows of a table of the last run."""
        rows: list[dict[str, Any]] = pq.read_table(self.prompt.runs[-1] / f"{table}.parquet").to_pylist()
        return rows

    def fills(self) -> list[tuple[str, float]]:
        """Return strategy and quantity of each decision that let something pass, in their order."""
        return [(row["strategy_id"], row["granted"]) for row in self.stored("decisions") if row["granted"]]


@pytest.fixture
def portfolio(prompt: Prompt) -> Portfolio:
    """A folder with `planned.py` and ten bars of A and B at 10."""
    project = Portfolio(prompt)
    prompt.write("planned.py", PLANNED)
    project.prices("A", [10.0] * 10)
    project.prices("B", [10.0] * 10)
    return project
