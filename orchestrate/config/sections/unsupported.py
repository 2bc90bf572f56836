"""Refuse by name what a file may ask for and is not supported yet (docs/reference/configuration.md)."""

from __future__ import annotations

from collections.abc import Collection

from orchestrate.config.reading import Reading
from orchestrate.domain.text.spelling import did_you_mean

_PLANNED_CONFLICTS = ("net_signal", "first_wins", "priority", "cancel_both", "weighted_average")


def refuse_unsupported(reading: Reading) -> None:
    """Report each feature that the file asks for and that is not supported."""
    values = reading.values
    if values.capital and values.capital.mode == "pooled":
        reading.not_supported(("capital", "mode"), "capital.mode 'pooled'", "write 'isolated', or leave it out")
    for symbol, instrument in values.instruments.items():
        for key in ("fx", "borrow"):
            if getattr(instrument, key):
                reading.not_supported(("instruments", symbol, key))
    for name, entry in values.strategies.items():
        if not entry.enabled:
            continue
        method = entry.sizing.method
        if method not in reading.choices.sizings:
            what = f"strategies.{name}.sizing: the method '{method}'"
            reading.not_supported(
                ("strategies", name, "sizing", "method"), what, "use percent, fixed or notional until it has"
            )
    _portfolio(reading)


def _portfolio(reading: Reading) -> None:
    portfolio = reading.values.portfolio
    _choice(reading, "conflicts", portfolio.conflicts, reading.choices.conflicts, _PLANNED_CONFLICTS)
    if portfolio.allocation.every is not None:
        reading.not_supported(("portfolio", "allocation", "every"))
    if portfolio.exits != "protected":
        reading.not_supported(
            ("portfolio", "exits"), "portfolio.exits 'included'", "write 'protected', or leave it out"
        )
    if portfolio.rebalance.threshold is not None or portfolio.rebalance.every is not None:
        reading.not_supported(("portfolio", "rebalance"))
    if portfolio.target_volatility is not None:
        reading.not_supported(("portfolio", "target_volatility"))


def _choice(reading: Reading, key: str, written: str, there: Collection[str], planned: Collection[str]) -> None:
    """Check that the name is `there`; refuse a `planned` one, or a function in a file, by name."""
    if written in there:
        return
    known = [*there, *(name for name in planned if name not in there)]
    path = ("portfolio", key)
    file, _, function = written.rpartition(":")
    if written in known:
        hint = f"use {' or '.join(there)} until it has"
        reading.not_supported(path, f"portfolio.{key} '{written}'", hint)
    elif file.endswith(".py") and function.isidentifier():
        reading.not_supported(path, f"portfolio.{key}: a custom function")
    else:
        hint = did_you_mean(written, known) or f"known: {', '.join(known)}, and path.py:function"
        reading.wrong(path, f"there is no '{written}'", hint)
