"""Figures as styled text: as `reporting/figures.py` writes them, losses in red."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from orchestrate.analytics.metrics import METRICS
from orchestrate.reporting.figures import FORMATS, NOTHING, quantity_text


def metric(name: str, metrics: dict[str, Any]) -> Text:
    """Return a metric as its format says; a stored run may lack one that is newer than it."""
    return _styled(METRICS[name].format, metrics.get(name))


def percent(value: float | None) -> Text:
    """Return a fraction in percent, with its sign."""
    return _styled("change", value)


def ratio(value: float | None) -> Text:
    """Return a ratio with two decimals."""
    return _styled("ratio", value)


def money(value: float | None) -> Text:
    """Return money to the cent, large amounts to the unit."""
    return _styled("money", value)


def count(value: float | None) -> Text:
    """Return a whole number."""
    return _styled("count", value)


def number(value: float) -> Text:
    """Return a quantity or a price with the digits that it has."""
    return Text(quantity_text(value))


def absent() -> Text:
    """Return what stands for a figure without a value."""
    return Text(NOTHING, "dim")


def _styled(kind: str, value: float | None) -> Text:
    if value is None:
        return absent()
    return Text(FORMATS[kind](value), "red" if value < 0.0 and kind != "share" else "")
