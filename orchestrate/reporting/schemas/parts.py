"""What schemas are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from orchestrate.analytics.metrics import METRICS

Json = dict[str, Any]

TEXT: Final[Json] = {"type": "string"}
NUMBER: Final[Json] = {"type": "number"}
COUNT: Final[Json] = {"type": "integer", "minimum": 0}
FLAG: Final[Json] = {"type": "boolean"}
ANYTHING: Final[Json] = {}


def one_of(*values: object) -> Json:
    """Return the schema of one of these values."""
    return {"enum": list(values)}


def nullable(part: Json) -> Json:
    """Return the schema of what may be null."""
    return {"anyOf": [part, {"type": "null"}]}


def array(part: Json) -> Json:
    """Return the schema of a list."""
    return {"type": "array", "items": part}


def by_name(part: Json) -> Json:
    """Return the schema of an object whose keys are names of the user."""
    return {"type": "object", "additionalProperties": part}


def record(required: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> Json:
    """Return the schema of an object with these keys."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def document(required: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> Json:
    """Return the schema of a document of ours, which says by which version of its schema it is made."""
    return record({"schema_version": {"const": 1}, **required}, optional)


def metrics() -> dict[str, Json]:
    """Return the schema of each metric: in its range, or null where it has no meaning."""
    return {name: nullable(_figure(metric.label, metric.range)) for name, metric in METRICS.items()}


def _figure(label: str, bounds: tuple[float, float]) -> Json:
    low, high = bounds
    limits = {"minimum": low} if math.isfinite(low) else {}
    limits |= {"maximum": high} if math.isfinite(high) else {}
    return {"type": "number", "description": label, **limits}


FINDING: Final = record(
    {"severity": one_of("info", "warning", "error"), "where": TEXT, "message": TEXT, "count": COUNT}
)
HASH: Final[Json] = {"type": "string", "pattern": "^[0-9a-f]*$"}
RUN_ID: Final[Json] = {"type": "string", "pattern": "^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$"}
MODE: Final = one_of("single", "multi")
STATUS: Final = one_of("completed", "degraded", "failed", "interrupted")
