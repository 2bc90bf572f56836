"""The registry of allocation methods, each with its function by reference: the configuration reads it without numpy."""

from __future__ import annotations

from typing import Final

from orchestrate.domain.portfolio import AllocationMethod

_FORMULAS: Final = "orchestrate.analytics.weights.formulas:"
ALLOCATIONS: Final[dict[str, AllocationMethod]] = {
    "custom": AllocationMethod("its own `allocation`, in percent", "file"),
    "equal": AllocationMethod("the same", "nothing"),
    "inverse_volatility": AllocationMethod(
        "a share in proportion to 1 / volatility", function=f"{_FORMULAS}inverse_volatility"
    ),
    "risk_parity": AllocationMethod(
        "the share with which all contribute equally to the portfolio's variance", function=f"{_FORMULAS}risk_parity"
    ),
    "hrp": AllocationMethod(
        "a share by hierarchical risk parity: a tree of correlations, halved from the top, each half weighed by its "
        "inverse variance",
        function=f"{_FORMULAS}hrp",
    ),
}
