"""Whether options that were assigned before their expiry could have been, by the rule of the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from orchestrate.verification.facts import Contract, Difference, Row, Run
from orchestrate.verification.options.contracts import is_exercised, quote_at, worth_at

_DAY: Final = 86_400 * 10**9
#: Within so many days of its expiry an option is assigned for lack of time value: this much, or less.
_LAST_DAYS: Final = 4
_LEFT: Final = 0.01


def check_assignments(run: Run) -> Iterator[Difference]:
    """Yield shorts that were assigned early though nobody would have exercised them."""
    for number, fill in enumerate(run.rows("fills")):
        contract = run.contracts.get(fill["symbol"])
        if contract is not None and fill["reason"] == "assigned" and not _is_due(run, contract, fill):
            yield Difference("fills", f"fills, row {number}: reason", "assigned", "a short that is kept")


def _is_due(run: Run, contract: Contract, fill: Row) -> bool:
    price = float(run.closes(contract.underlying)[run.step(fill["t"])])
    if not contract.is_american or fill["quantity"] < 0 or not is_exercised(contract, price):
        return False
    if run.rules.early_assignment == "deep":
        return _is_near(contract, fill["t"]) and _time_value(contract, fill["t"], price) <= _LEFT
    return run.rules.early_assignment == "dividend" and contract.is_call and contract.delivers


def _is_near(contract: Contract, moment: int) -> bool:
    """Return whether an option expires soon; time runs from the instant that a moment of its chain stands for."""
    row = int(np.searchsorted(contract.moments, moment, side="right")) - 1
    now = moment if row < 0 else int(contract.instants[row] + moment - contract.moments[row])
    return 0 <= contract.expiry - now <= _LAST_DAYS * _DAY


def _time_value(contract: Contract, moment: int, price: float) -> float:
    """Return what the middle of a quote has beyond what exercise is worth, NaN without both sides."""
    return round(sum(quote_at(contract, moment)) / 2 - worth_at(contract, price), 8)
