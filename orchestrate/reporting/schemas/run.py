"""Schemas of the documents of runs: of `backtest`, `report` and `baseline`."""

from __future__ import annotations

from orchestrate.reporting.schemas.parts import (
    ANYTHING,
    COUNT,
    FINDING,
    FLAG,
    HASH,
    MODE,
    NUMBER,
    RUN_ID,
    STATUS,
    TEXT,
    Json,
    array,
    by_name,
    document,
    metrics,
    nullable,
    one_of,
    record,
)
from orchestrate.reporting.schemas.validation import one_file


def backtest() -> Json:
    """Return the schema of `backtest`: of a run, or of what `validate` says of a file that can't be run."""
    return {"anyOf": [run(), one_file()]}


def run() -> Json:
    """Return the schema of a run."""
    return document(
        {
            **stored_facts(),
            "bars": COUNT,
            "start": nullable(TEXT),
            "end": nullable(TEXT),
            **_figures(),
            "gates": array(gate()),
            "findings": array(FINDING),
            "paths": record({"run": TEXT, "journal": TEXT}),
        },
        _sometimes(),
    )


def stored_facts() -> dict[str, Json]:
    """Return what is said of every stored run and sweep: which it is, how it ended, what it was made of."""
    facts = {"run_id": RUN_ID, "status": STATUS, "exit_code": COUNT, "mode": MODE}
    return facts | {"plan_hash": HASH, "data_hash": HASH, "duration_seconds": NUMBER}


def baseline() -> Json:
    """Return the schema of the figures that gates of other runs compare with."""
    figures = {"final_equity": NUMBER, "metrics": _all_metrics()}
    strategy = record({"allocated_capital": NUMBER, "blocked": COUNT, "resized": COUNT, **figures})
    return document(
        {
            **{"run_id": RUN_ID, "started": TEXT, "plan_hash": HASH, "data_hash": HASH},
            "portfolio": record({"initial_capital": NUMBER, "reserve": NUMBER, **figures}),
            "strategies": by_name(strategy),
            "frameworks": by_name(record(figures)),
            "correlation": _CORRELATION,
        }
    )


def _figures() -> dict[str, Json]:
    owners = {"final_equity": NUMBER, "metrics": _all_metrics()}
    return {
        "portfolio": record({"initial_capital": NUMBER, "reserve": NUMBER, **owners}, _TABLES),
        "strategies": by_name(_strategy(owners)),
        "frameworks": by_name(record(owners, _TABLES)),
        "correlation": _CORRELATION,
    }


def _all_metrics() -> Json:
    return record(metrics())


def _strategy(owners: dict[str, Json]) -> Json:
    statuses = one_of("completed", "failed", "paused", "waiting", "removed", "ruined")
    change = record({"status": TEXT, "bar_date": nullable(TEXT), "moment": one_of("open", "close")})
    return record(
        {
            "name": TEXT,
            "framework": TEXT,
            "status": statuses,
            "symbols": array(TEXT),
            "allocated_capital": NUMBER,
            **owners,
            "blocked": COUNT,
            "resized": COUNT,
            "error": nullable(_error()),
        },
        {"transferred": NUMBER, "status_changes": array(change), **_TABLES},
    )


def _error() -> Json:
    where = {"file": nullable(TEXT), "line": nullable(COUNT)}
    return record({"type": TEXT, "message": TEXT, "bar_date": nullable(TEXT)}, where)


def gate() -> Json:
    return record({"gate": TEXT, "value": nullable(NUMBER), "passed": FLAG}, {"baseline": NUMBER})


def _sometimes() -> dict[str, Json]:
    """Return what a run has where its configuration asks for it, or something happened."""
    held = record({"symbol": TEXT, "metrics": {"type": "object", "properties": metrics()}}, _TABLES)
    stop = record({"limit": TEXT, "figure": NUMBER, "bound": NUMBER, "bar_date": TEXT})
    compatibility = record({"score": COUNT, "required": COUNT, "warnings": array(TEXT)})
    return {
        "benchmark": held,
        "stopped": stop,
        "peaks": {"type": "object", "additionalProperties": ANYTHING},
        "marks": record(dict.fromkeys(("fresh", "last", "intrinsic", "bounded"), COUNT)),
        "compatibility": compatibility,
        "error": _error(),
        **_MORE,
    }


#: A value and the label of its bar.
_POINT: Json = record({"value": NUMBER, "label": TEXT})
_CORRELATION: Json = by_name(by_name(nullable(NUMBER)))
_ROW: Json = {"type": "object", "additionalProperties": ANYTHING}
#: Tables that stand beside metrics.
_TABLES: dict[str, Json] = {
    "drawdowns": array(
        record(
            {"depth": NUMBER, "peak": TEXT, "trough": TEXT, "recovery": nullable(TEXT), "days": NUMBER},
        )
    ),
    "monthly": by_name(NUMBER),
    "yearly": by_name(NUMBER),
}


def _attribution() -> Json:
    parts = by_name(NUMBER)
    effects = record({"allocation": NUMBER, "selection": NUMBER, "interaction": NUMBER})
    against = {"total_return": NUMBER, "excess": NUMBER, "strategies": by_name(effects), "reserve": effects}
    of_return = dict.fromkeys(("strategies", "frameworks", "symbols", "months"), parts)
    return nullable(record({**of_return, "risk": nullable(parts), "equal_weights": nullable(record(against))}))


_PAIRS: Json = array(record({"strategies": array(TEXT), "correlation": NUMBER}))
#: What became of demands, and what each part gave; documents of older runs lack it.
_MORE: dict[str, Json] = {
    "demands": record(
        {
            "count": COUNT,
            "resized": COUNT,
            "blocked": COUNT,
            "reasons": array(record({"reason": TEXT, "count": COUNT, "money": NUMBER})),
        },
        {"limits": by_name(COUNT)},
    ),
    "conflicts": record({"count": COUNT, "opposite": COUNT, "policy": TEXT, "symbols": by_name(COUNT)}),
    "structures": array(
        record(
            {
                **dict.fromkeys(("strategy_id", "tag"), TEXT),
                **dict.fromkeys(("count", "won"), COUNT),
                **dict.fromkeys(("credit", "profit", "fees"), NUMBER),
                **dict.fromkeys(("days", "share"), nullable(NUMBER)),
                "causes": by_name(COUNT),
            }
        )
    ),
    "open_positions": array(
        record(
            {
                **dict.fromkeys(("strategy_id", "symbol", "opened"), TEXT),
                **dict.fromkeys(("quantity", "average_price", "price", "worth", "open_profit"), NUMBER),
            }
        )
    ),
    "equity_sketch": record({"values": array(NUMBER), "lowest": nullable(_POINT), "highest": nullable(_POINT)}),
    "attribution": _attribution(),
    "correlated": record({"diversifiers": _PAIRS, "alike": _PAIRS}),
}
