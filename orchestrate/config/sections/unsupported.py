"""What the contracts promise and what hasn't landed yet: read, checked, and refused by name. Nothing is ignored."""

from __future__ import annotations

from collections.abc import Collection

from orchestrate.config.reading import Reading
from orchestrate.config.sections.allocations import ALLOCATIONS
from orchestrate.domain.text.spelling import did_you_mean

_PLANNED_ALLOCATIONS = ("inverse_volatility", "risk_parity", "hrp")
_PLANNED_CONFLICTS = ("net_signal", "first_wins", "priority", "cancel_both", "weighted_average")


def refuse_pending(reading: Reading) -> None:
    """Every feature that is asked for and isn't there."""
    values = reading.values
    for symbol, instrument in values.instruments.items():
        for key in ("fx", "borrow"):
            if getattr(instrument, key):
                reading.not_landed(("instruments", symbol, key))
    for name, entry in values.strategies.items():
        if not entry.enabled:
            continue
        method = entry.sizing.method
        if method not in reading.choices.sizings:
            what = f"strategies.{name}.sizing: the method '{method}'"
            reading.not_landed(
                ("strategies", name, "sizing", "method"), what, "use percent, fixed or notional until it has"
            )
    _portfolio(reading)


def _portfolio(reading: Reading) -> None:
    portfolio = reading.values.portfolio
    _choice(reading, "allocation", portfolio.allocation, ALLOCATIONS, _PLANNED_ALLOCATIONS)
    _choice(reading, "conflicts", portfolio.conflicts, reading.choices.conflicts, _PLANNED_CONFLICTS)
    if portfolio.lookback is not None:
        reading.not_landed(("portfolio", "lookback"))
    if portfolio.exits != "protected":
        reading.not_landed(("portfolio", "exits"), "portfolio.exits 'included'", "write 'protected', or leave it out")
    if portfolio.rebalance.threshold is not None or portfolio.rebalance.every is not None:
        reading.not_landed(("portfolio", "rebalance"))
    if portfolio.target_volatility is not None:
        reading.not_landed(("portfolio", "target_volatility"))
    if portfolio.schedule:
        reading.not_landed(("portfolio", "schedule"))


def _choice(reading: Reading, key: str, written: str, there: Collection[str], planned: Collection[str]) -> None:
    """One of those that are `there`; a `planned` one, or a function in a file, is refused by name."""
    if written in there:
        return
    known = [*there, *(name for name in planned if name not in there)]
    path = ("portfolio", key)
    file, _, function = written.rpartition(":")
    if written in known:
        hint = f"use {' or '.join(there)} until it has"
        reading.not_landed(path, f"portfolio.{key} '{written}'", hint)
    elif file.endswith(".py") and function.isidentifier():
        reading.not_landed(path, f"portfolio.{key}: a function of one's own")
    else:
        hint = did_you_mean(written, known) or f"known: {', '.join(known)}, and path.py:function"
        reading.wrong(path, f"there is no '{written}'", hint)
