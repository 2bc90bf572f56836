"""Gates held against the figures of a run. A figure that is missing or null fails its gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from orchestrate.domain.gates import METRICS, passes, split_metric
from orchestrate.domain.plan import Gate


def judge(gates: Sequence[Gate], figures: Mapping[str, object]) -> list[dict[str, object]]:
    """Each gate with the value it found and whether it passed, as `backtest --format json` tells it."""
    judged: list[dict[str, object]] = []
    for gate in gates:
        value = figure(gate.metric, figures)
        passed = value is not None and passes(gate.operator, value, gate.threshold)
        judged.append({"gate": str(gate), "value": value, "passed": passed})
    return judged


def figure(metric: str, figures: Mapping[str, object]) -> float | None:
    """The figure at a metric path such as `sharpe` or `strategies.trend.trades`; None where there is none."""
    group, owner, name = split_metric(metric)
    place: object = figures.get(group)
    for key in (owner, *(["metrics"] if name in METRICS and group != "correlation" else []), name):
        if key:
            place = place.get(key) if isinstance(place, Mapping) else None
    return cast(float, place) if isinstance(place, (int, float)) else None
