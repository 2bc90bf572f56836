"""Runs of options from a YAML file: daily bars of `X`, a chain `XO` of CSV on it, and a strategy with a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestrate.config.resolution import Resolution
from orchestrate.config.resolve import resolve
from orchestrate.domain.events import DomainEvent
from orchestrate.domain.results import RunResult
from orchestrate.usecases.running.run import run
from orchestrate.wiring import choices, describe, settings_types

STRATEGY = '''\
"""Trades what its parameters say, by the number of the bar."""

from orchestrate import Leg, Signal


class Planned:
    def __init__(self, legs=(), bar=0, quantity=1, chain="XO"):
        self.legs, self.at, self.quantity, self.chain, self.bar = legs, bar, quantity, chain, -1

    def on_bar(self, context):
        self.bar += 1
        if self.bar == self.at:
            chain = context.chain(self.chain)
            legs = [Leg(self.contract(chain, one), one[-1]) for one in self.legs]
            yield Signal.structure(legs, self.quantity)

    def contract(self, chain, one):
        if len(one) == 2:
            return one[0]
        expiry, right, strike, _ = one
        return chain.expiring(expiry).pick(right, strike=strike)
'''


@dataclass
class Done:
    """A run, and its events."""

    result: RunResult
    events: list[DomainEvent]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def equity(self) -> float:
        return float(self.result.portfolio_equity[-1])


def write(
    folder: Path, days: Mapping[str, float], quotes: Sequence[str], legs: Sequence[Sequence[object]], **top: Any
) -> Path:
    """Write the data, the strategy and the configuration; `quotes` are `day,expiry,strike,right,bid,ask`."""
    bars = [f"{day},{close},{close},{close},{close},1" for day, close in days.items()]
    (folder / "x.csv").write_text("\n".join(["date,open,high,low,close,volume", *bars]) + "\n")
    (folder / "xo.csv").write_text("\n".join(["date,expiry,strike,right,bid,ask", *quotes]) + "\n")
    (folder / "planned.py").write_text(STRATEGY)
    chain = {"chain": "xo.csv", "format": "csv", "underlying": "X"} | top.pop("chain", {})
    terms = {"style": "american", "multiplier": 100, "delivery": "physical", "settlement": "pm"} | top.pop("terms", {})
    entry = {"name": "planned.py:Planned", "framework": "backtrader", "symbols": ["XO"], "config": {"legs": legs}}
    document = {
        "capital": 100_000,
        "data": {"X": {"path": "x.csv"}, "XO": chain} | top.pop("data", {}),
        "instruments": {"XO": terms},
        "strategies": {"s": entry | {"allocation": 100} | top.pop("strategy", {})},
    }
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(document | top, sort_keys=False))
    return path


def resolved(path: Path) -> Resolution:
    return resolve(path, catalogue=describe, settings=settings_types(), choices=choices())


def done(path: Path) -> Done:
    events: list[DomainEvent] = []
    resolution = resolved(path)
    assert resolution.problems == ()
    assert resolution.plan is not None
    return Done(run(resolution.plan, emit=events.append), events)
