"""Schemas of what commands say about data files, strategies and the installation."""

from __future__ import annotations

from typing import Final

from orchestrate.reporting.schemas.parts import (
    ANYTHING,
    COUNT,
    FINDING,
    FLAG,
    NUMBER,
    TEXT,
    Json,
    array,
    document,
    nullable,
    one_of,
    record,
)

_BAR: Final[Json] = {"type": "array", "prefixItems": [TEXT, *[NUMBER] * 5], "minItems": 6, "maxItems": 6}
_PLACED: Final = record({**FINDING["properties"], "first": array(TEXT)})
_FILE: Final = record(
    {
        "file": TEXT,
        "usable": FLAG,
        "error": nullable(TEXT),
        "bars": COUNT,
        "first": TEXT,
        "last": TEXT,
        "frequency": TEXT,
        "seconds": NUMBER,
        "weekdays": array(one_of("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")),
        "periods_per_year": NUMBER,
        "precision": COUNT,
        "head": array(_BAR),
        "tail": array(_BAR),
        "findings": array(_PLACED),
    }
)
_PARAMETER: Final = record(
    {
        "name": TEXT,
        "type": TEXT,
        "required": FLAG,
        "minimum": nullable(NUMBER),
        "maximum": nullable(NUMBER),
        "exclusive": FLAG,
        "choices": array(ANYTHING),
        "help": TEXT,
    },
    {"default": ANYTHING},
)
_STRATEGY: Final[dict[str, Json]] = {
    "name": TEXT,
    "kind": TEXT,
    "frameworks": array(TEXT),
    "summary": TEXT,
    "parameters": nullable(array(_PARAMETER)),
    "relations": array(TEXT),
    "source": TEXT,
}
_CHECK: Final = record(
    {"name": TEXT, "status": one_of("ok", "info", "warning", "error"), "detail": TEXT, "fix": TEXT},
)


def data() -> Json:
    """Return the schema of `data`."""
    return document({"files": array(_FILE)})


def strategies() -> Json:
    """Return the schema of `strategies`: of all of them, or of one in full."""
    broken = array(record({"name": TEXT, "message": TEXT}))
    one = document({"strategy": record({**_STRATEGY, "rules": TEXT})})
    return {"anyOf": [document({"strategies": array(record(_STRATEGY)), "broken": broken}), one]}


def doctor() -> Json:
    """Return the schema of `doctor`."""
    return document({"healthy": FLAG, "checks": array(_CHECK)})
