"""Schemas of what is printed about whether a stored run is what it says: `reproduce`, `verify`."""

from __future__ import annotations

from orchestrate.reporting.schemas.parts import (
    ANYTHING,
    FLAG,
    RUN_ID,
    TEXT,
    Json,
    array,
    document,
    nullable,
    one_of,
    record,
)


def reproduce() -> Json:
    """Return the schema of `reproduce`; `stored` and `now` are versions, hashes, rows or sections of figures."""
    kind = one_of("code", "version", "strategy_file", "data", "result")
    difference = record({"kind": kind, "name": TEXT, "stored": ANYTHING, "now": ANYTHING})
    return document({"run_id": RUN_ID, "identical": FLAG, "differences": array(difference)})


def verify() -> Json:
    """Return the schema of `verify`."""
    difference = record({"check": TEXT, "where": TEXT, "stored": ANYTHING, "computed": ANYTHING})
    return document(
        {"run_id": RUN_ID, "verified": FLAG, "checks": array(TEXT), "difference": nullable(difference)},
    )
