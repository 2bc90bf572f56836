"""`sizing:` of a strategy: one method, and the figure that belongs to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from orchestrate.config.document.nodes import Table, find
from orchestrate.config.reading import Reading
from orchestrate.config.schema import SizingSection
from orchestrate.domain.plan import Sizing

_EXAMPLES: Final = {"quantity": 100, "amount": 10000, "annual": 0.15, "risk": 0.01}
#: The keys with a method's figure, and the keys beside it of the methods that have more.
_FIGURES: Final = ("percent", *_EXAMPLES)
_SETTINGS: Final = {
    "lookback": "volatility",
    "stop_atr": "risk",
    "period": "risk",
    "take_profit_risk_reward": "risk",
}


def sizing_of(reading: Reading, name: str) -> Sizing:
    """Return the entry's sizing; keys of another method are mistakes."""
    entry = reading.values.strategies[name]
    written = entry.sizing
    path = ("strategies", name, "sizing")
    figures = reading.choices.sizings
    if written.method not in figures:
        return Sizing()
    owners = {figure: method for method, figure in reversed(list(figures.items()))} | _SETTINGS
    for key in sorted([*_FIGURES, *_SETTINGS]):
        method = owners[key]
        if getattr(written, key) is not None and method != written.method and key != figures[written.method]:
            hint = f"write 'method: {method}', or leave '{key}' out"
            message = f"'{key}' belongs to the method {method}, and the method is {written.method}"
            reading.problems.append(reading.key(*path, key).problem(f"{'.'.join(path)}: {message}", hint))
    figure = _figure(reading, written, path)
    if figures[written.method] == "quantity" and reading.values.execution.lots == "integer" and figure < 1:
        hint = "raise it, or write 'execution: {lots: fractional}'"
        reading.wrong((*path, "quantity"), f"{figure:f} rounds down to zero lots", hint)
    settings = {key: given for key in _SETTINGS if (given := getattr(written, key)) is not None}
    return Sizing(written.method, figure, **settings)


def _figure(reading: Reading, written: SizingSection, path: tuple[str, ...]) -> Decimal:
    key = reading.choices.sizings[written.method]
    figure: Decimal | None = getattr(written, key)
    if figure is not None:
        return figure
    node = find(reading.shaped.table, path)[0]
    if key != "percent" and isinstance(node, Table) and node.get(key) is None:
        reading.wrong(path, f"the method {written.method} needs '{key}'", f"write {key}: {_EXAMPLES[key]}")
    return Sizing().value if key == "percent" else Decimal(1)
