"""Schema of the documents of `validate`, which `backtest` and `parity` print, too, where they can't run a file."""

from __future__ import annotations

from orchestrate.reporting.schemas.parts import (
    ANYTHING,
    COUNT,
    FINDING,
    FLAG,
    MODE,
    TEXT,
    Json,
    array,
    document,
    nullable,
    record,
)

_PROBLEM: Json = record({"file": TEXT, "line": COUNT, "column": COUNT, "message": TEXT, "hint": TEXT})
_PLAN: Json = {"type": "object", "additionalProperties": ANYTHING}


def _facts() -> dict[str, Json]:
    return {
        "valid": FLAG,
        "mode": nullable(MODE),
        "errors": array(_PROBLEM),
        "findings": array(FINDING),
        "plan": nullable(_PLAN),
    }


def one_file() -> Json:
    """Return the schema of the document about one file."""
    return document(_facts())


def validate() -> Json:
    """Return the schema of `validate`: of one file, or of several."""
    each = document({"file": TEXT, **_facts()})
    return {"anyOf": [one_file(), document({"valid": FLAG, "files": array(each)})]}
