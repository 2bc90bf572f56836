"""Schemas of `explain` and `parity`: what became of orders, and whether engines agree on it."""

from __future__ import annotations

from orchestrate.reporting.schemas.parts import (
    ANYTHING,
    COUNT,
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
from orchestrate.reporting.schemas.validation import one_file


def explain() -> Json:
    """Return the schema of `explain`; a whole run has `reasons` and `costliest`."""
    reason = record({"reason": TEXT, "count": COUNT, "money": NUMBER})
    costliest = record({**_order(), "money": NUMBER})
    return document({"orders": array(record(_order()))}, {"reasons": array(reason), "costliest": array(costliest)})


def _order() -> dict[str, Json]:
    figures = by_name(nullable(NUMBER))
    stage = record(
        {"stage": TEXT, "before": NUMBER, "after": NUMBER, "reason": TEXT, "detail": TEXT, "figures": figures}
    )
    price = nullable(NUMBER)
    terms = record({"limit": price, "stop": price, "trail": price, "tif": TEXT, "until": nullable(TEXT)})
    return {
        "strategy_id": TEXT,
        "symbol": nullable(TEXT),
        "bar": TEXT,
        "wanted": NUMBER,
        "granted": NUMBER,
        "outcome": TEXT,
        "reason": TEXT,
        "order_id": nullable(TEXT),
        "order_type": nullable(TEXT),
        "terms": nullable(terms),
        "engine": nullable(TEXT),
        "fill": nullable({"type": "object", "additionalProperties": ANYTHING}),
        "stages": array(stage),
    }


def parity() -> Json:
    """Return the schema of `parity`: of a comparison, or of what `validate` says of a file that can't be run.

    A difference has a side for each engine, under the engine's name.
    """
    agreed = record({"compared": COUNT, "equal": COUNT})
    strategy = record({"orders": agreed, "trades": agreed, "equity": record({"steps": COUNT, "worst": NUMBER})})
    side = nullable({"type": "object", "additionalProperties": ANYTHING})
    kinds = one_of("order", "trade", "equity", "status")
    difference = record({"strategy": TEXT, "kind": kinds, "t": nullable(TEXT), "explained_by": TEXT})
    difference["additionalProperties"] = side
    compared = document(
        {"equal": FLAG, "strategies": by_name(strategy), "differences": array(difference), "skipped": array(TEXT)}
    )
    return {"anyOf": [compared, one_file()]}
