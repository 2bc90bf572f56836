"""The schema of each command's JSON, by the name of the command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orchestrate.reporting.schemas import audit, lists, orders, run, surroundings, sweep, validation
from orchestrate.reporting.schemas.parts import Json

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def report() -> Json:
    """Return the schema of `report`: of a run, or of a sweep."""
    return {"anyOf": [run.run(), sweep.sweep()]}


OUTPUTS: Final[dict[str, Callable[[], Json]]] = {
    "backtest": run.backtest,
    "batch": lists.batch,
    "report": report,
    "sweep": sweep.sweep,
    "runs": lists.runs,
    "compare": lists.compare,
    "clean": lists.clean,
    "heart": lists.heart,
    "baseline": run.baseline,
    "validate": validation.validate,
    "explain": orders.explain,
    "reproduce": audit.reproduce,
    "verify": audit.verify,
    "parity": orders.parity,
    "data": surroundings.data,
    "strategies": surroundings.strategies,
    "doctor": surroundings.doctor,
}


def output_schema(command: str) -> Json:
    """Return the schema of what `command --format json` prints."""
    return {"$schema": DIALECT, "title": f"orchestrate {command} --format json", **OUTPUTS[command]()}
