"""Gates against the figures that they name."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from orchestrate.verification.documents import unlike
from orchestrate.verification.facts import Difference, Run

_HOLDS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}


def check_gates(run: Run) -> Iterator[Difference]:
    """Yield gates of the plan that are missing, and values and verdicts that the figures do not have."""
    due = []
    for gate in run.gates:
        value = _figure(run.figures, gate.metric)
        passed = value is not None and _HOLDS[gate.operator](value, gate.bound)
        baseline = {} if gate.baseline is None else {"baseline": gate.baseline}
        due.append({"gate": gate.text, "value": value, "passed": passed, **baseline})
    yield from unlike("gates", "gates", run.figures["gates"], due)


def _figure(figures: Mapping[str, Any], path: str) -> float | None:
    """Return what stands at a path such as `sharpe`, `strategies.ID.trades`, `correlation.ID.ID`."""
    group, _, rest = path.partition(".") if "." in path else ("portfolio", "", path)
    owner, _, name = rest.rpartition(".") if group != "portfolio" else ("", "", rest)
    place = figures[group][owner] if owner else figures[group]
    found = place.get(name) if group == "correlation" or name in place else place["metrics"].get(name)
    return None if found is None else float(found)
