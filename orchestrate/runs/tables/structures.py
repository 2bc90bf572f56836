"""`structures.parquet`: each structure of options from its entry to its exit. Runs without options have none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrate.analytics.options.structures import StructureResult, structures
from orchestrate.domain.results import RunResult
from orchestrate.runs.tables.arrow import Kind, Row, table_of

STRUCTURES: Final[Mapping[str, Kind]] = {
    "strategy_id": "text",
    "framework": "text",
    "tag": "text",
    "structure": "text",
    "underlying": "text",
    "quantity": "number",
    "entered": "stamp",
    "exited": "stamp",
    "entry": "number",
    "exit": "number",
    "credit": "number",
    "days": "number",
    "profit": "number",
    "fees": "number",
    "most": "number",
    "least": "number",
    "share": "number",
    "cause": "text",
}


def structures_table(result: RunResult) -> Any:
    """Return one row a structure, in the order of entries."""
    return table_of(STRUCTURES, [_row(one) for one in structures(result)])


def _row(one: StructureResult) -> Row:
    what = (one.structure.tag, one.structure.symbol, one.structure.underlying, float(one.structure.quantity))
    prices = [round(price, 8) for price in (one.entry, one.exit)]
    money = [None if each is None else round(each, 6) for each in (one.profit, one.fees, one.most, one.least)]
    when = (one.entered, one.exited, *prices, round(one.credit, 6), one.days)
    return (one.strategy_id, one.framework, *what, *when, *money, one.share, one.cause)
