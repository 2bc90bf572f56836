"""`sizing:` of a strategy: one method, and the figure that belongs to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from orchestrate.config.document.nodes import Table, find
from orchestrate.config.reading import Reading
from orchestrate.config.schema import SizingSection
from orchestrate.domain.plan import Sizing

_EXAMPLES: Final = {"quantity": 100, "amount": 10000, "annual": 0.15}
_KEYS: Final = ("percent", *_EXAMPLES)
_RISK_KEYS: Final = ("risk", "stop_atr")


def sizing_of(reading: Reading, name: str) -> Sizing:
    """Return the entry's sizing; figures of another method are mistakes."""
    entry = reading.values.strategies[name]
    written = entry.sizing
    path = ("strategies", name, "sizing")
    figures = reading.choices.sizings
    if written.method not in figures:
        return Sizing()
    for key in sorted({*_KEYS, *_RISK_KEYS} - {figures[written.method]}):
        if getattr(written, key) is not None:
            method = next((method for method, figure in figures.items() if figure == key), "risk")
            hint = f"write 'method: {method}', or leave '{key}' out"
            message = f"'{key}' belongs to the method {method}, and the method is {written.method}"
            reading.problems.append(reading.key(*path, key).problem(f"{'.'.join(path)}: {message}", hint))
    figure = _figure(reading, written, path)
    if figures[written.method] == "quantity" and reading.values.execution.lots == "integer" and figure < 1:
        hint = "raise it, or write 'execution: {lots: fractional}'"
        reading.wrong((*path, "quantity"), f"{figure:f} rounds down to zero lots", hint)
    if written.lookback is None:
        return Sizing(written.method, figure)
    if written.method != "volatility":
        message = f"'lookback' belongs to the method volatility, and the method is {written.method}"
        hint = "write 'method: volatility', or leave 'lookback' out"
        reading.problems.append(reading.key(*path, "lookback").problem(f"{'.'.join(path)}: {message}", hint))
    return Sizing(written.method, figure, written.lookback)


def _figure(reading: Reading, written: SizingSection, path: tuple[str, ...]) -> Decimal:
    key = reading.choices.sizings[written.method]
    figure: Decimal | None = getattr(written, key)
    if figure is not None:
        return figure
    node = find(reading.shaped.table, path)[0]
    if key != "percent" and isinstance(node, Table) and node.get(key) is None:
        reading.wrong(path, f"the method {written.method} needs '{key}'", f"write {key}: {_EXAMPLES[key]}")
    return Sizing().value if key == "percent" else Decimal(1)
