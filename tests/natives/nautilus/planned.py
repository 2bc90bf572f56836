"""Runs a plan alone on a small market."""

from __future__ import annotations

from typing import Any

from orchestrate.domain.orders.execution import ExecutionRules
from tests.natives.nautilus.builders import NEXT_OPEN, Hosted, Part, drawn, market, play
from tests.natives.nautilus.scripts import Planned

FLAT = [(10.0, 10.5, 9.5, 10.0)] * 8


def run(
    plan: dict[int, Any],
    rows: list[tuple[float, float, float, float]] = FLAT,
    rules: ExecutionRules = NEXT_OPEN,
    *,
    capital: int = 10_000,
    **how: Any,
) -> Hosted:
    """The plan alone on a small market; its notifications are in `Planned.notices["default"]`."""
    Planned.plans["default"] = plan
    played = play(market(drawn("A", rows)), {"native": Part(Planned)}, rules, capital=capital, **how)
    assert played.error() == ""
    return played


def notices() -> list[object]:
    return Planned.notices["default"]
