"""The schema of the document of a sweep."""

from __future__ import annotations

from orchestrate.analytics.sweeps.document import FIGURES
from orchestrate.analytics.sweeps.verdict import Standing
from orchestrate.domain.sweeps import TrialStatus
from orchestrate.reporting.schemas.parts import (
    ANYTHING,
    COUNT,
    FINDING,
    FLAG,
    NUMBER,
    TEXT,
    Json,
    array,
    by_name,
    document,
    nullable,
    one_of,
    record,
)
from orchestrate.reporting.schemas.run import gate, stored_facts


def sweep() -> Json:
    """Return the schema of a stored sweep."""
    return document(
        {
            "kind": one_of("sweep"),
            **stored_facts(),
            **_varied(),
            **_counted(),
            **_judged(),
            "top": array(record(_trial(), {"strategy": TEXT})),
            "out_of_sample": nullable(_metrics()),
            "windows": array(record(_window())),
            "gates": array(gate()),
            "findings": array(FINDING),
            "paths": record({"run": TEXT, "journal": TEXT}),
        },
        {"strategies": by_name(record(_judged()))},
    )


def _varied() -> dict[str, Json]:
    parameter = record({"name": TEXT, "path": array(TEXT)}, {"values": array(ANYTHING), "low": NUMBER, "high": NUMBER})
    return {
        "method": TEXT,
        "seed": COUNT,
        "select": one_of("plateau", "best"),
        "each": one_of("portfolio", "strategy"),
        "objectives": array(record({"metric": TEXT, "maximize": FLAG})),
        "where": array(TEXT),
        "require": array(TEXT),
        "parameters": array(parameter),
    }


def _counted() -> dict[str, Json]:
    return {
        "trials": COUNT,
        "evaluated": COUNT,
        "eligible": COUNT,
        "statuses": record({status.value: COUNT for status in TrialStatus}),
        "failures": array(record({"trial": COUNT, "reason": TEXT})),
        "days": COUNT,
        "start": nullable(TEXT),
        "end": nullable(TEXT),
    }


def _judged() -> dict[str, Json]:
    """Return what is said of trials that compete with each other."""
    return {
        **{name: nullable(NUMBER) for name in FIGURES},
        "verdict": TEXT,
        "standing": one_of(*(standing.value for standing in Standing)),
        "reasons": by_name(TEXT),
        "best": nullable(record(_trial())),
        "peak": nullable(COUNT),
        "plateau": nullable(COUNT),
        "edges": array(record({"parameter": TEXT, "end": one_of("lowest", "highest")})),
        "modes": nullable(record({"count": COUNT, "trials": array(COUNT)})),
    }


def _window() -> dict[str, Json]:
    spans = dict.fromkeys(("train_start", "train_end", "test_start", "test_end"), TEXT)
    facts = {"trial": nullable(COUNT), "status": TEXT, "parameters": by_name(ANYTHING), "metrics": _metrics()}
    return spans | facts | {"final_equity": NUMBER}


def _trial() -> dict[str, Json]:
    facts = {"trial": COUNT, "id": TEXT, "parameters": by_name(ANYTHING), "metrics": _metrics()}
    return facts | {"final_equity": nullable(NUMBER)}


def _metrics() -> Json:
    return by_name(nullable(NUMBER))
