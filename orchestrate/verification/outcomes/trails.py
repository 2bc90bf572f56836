"""The rows of `decisions.parquet` with the stages that cut them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrate.verification.facts import Row, Run
from orchestrate.verification.options.fills import OptionFills
from orchestrate.verification.options.structures import is_structure


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision and the stages that cut it; `is_first` where it is the first one on its order."""

    row: Row
    stages: Sequence[Mapping[str, Any]]
    is_first: bool

    @property
    def is_cut(self) -> bool:
        """Whether stages resized or refused the demand; else it passed, or its order ended."""
        return bool(self.stages) and self.row["outcome"] != "approved"

    @property
    def has_ended(self) -> bool:
        """Whether an order ended without a fill, which no stage decided."""
        return not self.stages and self.row["outcome"] != "approved"

    @property
    def is_of_a_rule(self) -> bool:
        """Whether the orchestrator demanded it and no strategy."""
        if self.stages:
            return bool(self.stages[0]["stage"] == "rule")
        return self.row["outcome"] == "approved" and bool(self.row["reason"])


def decided(run: Run) -> Iterator[Decided]:
    """Yield all decisions of a run, in order."""
    placed: set[str] = set()
    options = OptionFills(run) if run.contracts else None
    settled = {fill["order_id"] for fill in run.rows("fills") if options is not None and options.is_free(fill)}
    structures = {row["order_id"] for row in run.rows("decisions") if is_structure(run, row["symbol"])}
    for row in run.rows("decisions"):
        order = row["order_id"]
        if order in settled or (row["group"].startswith("legs:") and order not in structures):
            continue  # of a structure or an expiry, for which no strategy asked
        yield Decided(row, json.loads(row["stages"]) if row["stages"] else (), not order or order not in placed)
        placed.add(order)
