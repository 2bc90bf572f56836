"""Symbols that sections name, against those that `data:` has."""

from __future__ import annotations

from orchestrate.config.document.nodes import Table
from orchestrate.config.reading import Reading
from orchestrate.domain.text.spelling import did_you_mean


def symbols_of(reading: Reading, name: str) -> tuple[str, ...]:
    """Return the entry's symbols; left out: every symbol of data that can be traded."""
    written = reading.values.strategies[name].symbols
    data = reading.values.data
    if written is None:
        return tuple(symbol for symbol, entry in (data or {}).items() if entry.resample is None)
    seen: set[str] = set()
    for index, symbol in enumerate(written):
        if reading.enough:
            break
        if symbol in seen:
            reading.wrong(("strategies", name, "symbols", index), f"'{symbol}' is named twice")
        elif knows_data(reading) and not has_symbol(reading, symbol):
            message = f"the symbol '{symbol}' is not in data"
            reading.wrong(("strategies", name, "symbols", index), message, symbol_hint(reading, symbol))
        seen.add(symbol)
    return tuple(written)


def knows_data(reading: Reading) -> bool:
    """Return True where the configuration says anything about data."""
    return isinstance(reading.shaped.table.get("data"), Table)


def has_symbol(reading: Reading, symbol: str) -> bool:
    """Return True for a symbol that `data` names, be its entry right or wrong."""
    node = reading.shaped.table.get("data")
    return isinstance(node, Table) and symbol in node


def symbol_hint(reading: Reading, symbol: str) -> str:
    """Return a name near `symbol`, else all there are."""
    node = reading.shaped.table.get("data")
    known = list(node.entries) if isinstance(node, Table) else []
    return did_you_mean(symbol, known) or (f"data has {', '.join(known)}" if 0 < len(known) <= 8 else "")
