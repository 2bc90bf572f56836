"""Schemas of what is printed about several runs: `runs`, `batch`, `compare`, `clean`, `heart`."""

from __future__ import annotations

from typing import Final

from orchestrate.reporting.schemas.parts import (
    ANYTHING,
    COUNT,
    FLAG,
    HASH,
    MODE,
    NUMBER,
    RUN_ID,
    STATUS,
    TEXT,
    Json,
    array,
    document,
    metrics,
    nullable,
    one_of,
    record,
)

_DAMAGED: Final = array(record({"run_id": RUN_ID, "message": TEXT}))


def runs() -> Json:
    """Return the schema of `runs`."""
    return document({"runs": array(_run()), "damaged": _DAMAGED})


def batch() -> Json:
    """Return the schema of `batch`; a file that could not be run has no `run`."""
    file = {"file": TEXT, "exit_code": COUNT, "messages": array(TEXT), "run": nullable(_run())}
    return document({"exit_code": COUNT, "files": array(record(file))})


def compare() -> Json:
    """Return the schema of `compare`; `values` have one element a run."""
    figure = {"figure": TEXT, "label": TEXT, "values": _values(), "changes": _values()}
    different = array(record({"key": TEXT, "values": array(ANYTHING)}))
    equity = array(record({"label": TEXT, "values": _values()}))
    return document(
        {
            "runs": array(_run()),
            "figures": array(record(figure)),
            "strategies": array(record({"strategy": TEXT, **figure})),
            "configuration": different,
            "data": record({"same": FLAG, "hashes": array(HASH)}),
            "versions": different,
            "equity": record({"every": one_of("step", "day", "month", "year"), "rows": equity}),
        }
    )


def clean() -> Json:
    """Return the schema of `clean`."""
    return document({"dry_run": FLAG, "kept": array(RUN_ID), "removed": array(RUN_ID)})


def heart() -> Json:
    """Return the schema of `heart`."""
    measure = {
        "measure": TEXT,
        "unit": one_of("share", "count", "seconds"),
        "value": nullable({"type": "number", "minimum": 0}),
        "target": nullable({"type": "string", "pattern": r"^(>=|<=|==|!=|>|<) \S+$"}),
        "verdict": one_of("pass", "fail", "not measured"),
    }
    row = record({"row": TEXT, **measure, "guardrail": record(measure)})
    return document({"days": COUNT, "runs": COUNT, "damaged_lines": COUNT, "damaged": _DAMAGED, "rows": array(row)})


def _run() -> Json:
    facts = {"run_id": RUN_ID, "status": STATUS, "exit_code": COUNT, "mode": MODE, "started": TEXT}
    facts |= {"duration_seconds": NUMBER, "strategies": array(TEXT), "bars": COUNT}
    facts |= {"start": nullable(TEXT), "end": nullable(TEXT)}
    facts |= dict.fromkeys(("initial_capital", "final_equity", "reserve"), nullable(NUMBER))
    facts |= {"kind": one_of("run", "sweep"), "parameters": array(TEXT)}
    return record({**facts, **metrics()})


def _values() -> Json:
    return array(nullable(NUMBER))
