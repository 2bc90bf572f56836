"""Figures as a page shows them: by the formats of `reporting/figures.py`, each with its sign."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrate.analytics.metrics import METRICS
from orchestrate.reporting import figures
from orchestrate.reporting.page.markup import Number

NOTHING: Final = Number(figures.NOTHING)
#: Formats of figures that are gains or losses.
_SIGNED: Final = ("change", "ratio", "money")


def metric(name: str, metrics: Mapping[str, Any]) -> Number:
    """Return a metric as its format says; a stored run may lack one that is newer than it."""
    return _number(METRICS[name].format, metrics.get(name))


def change(value: float | None) -> Number:
    """Return a fraction as percent with its sign."""
    return _number("change", value)


def share(value: float | None) -> Number:
    """Return a fraction as percent; such a one is no gain and no loss."""
    return _number("share", value)


def ratio(value: float | None) -> Number:
    """Return a number of two decimals."""
    return _number("ratio", value)


def money(value: float | None) -> Number:
    """Return an amount."""
    return _number("money", value)


def count(value: float | None) -> Number:
    """Return a number of things."""
    return _number("count", value)


def quantity(value: float) -> Number:
    """Return a quantity or a price with the digits that it has."""
    return Number(figures.quantity_text(value))


def prices(values: Sequence[float]) -> list[Number]:
    """Return prices with the digits that most of them have: averages of several fills have more."""
    lengths = sorted(len(quantity(value).text.partition(".")[2]) for value in values)
    digits = lengths[len(lengths) // 2] if lengths else 0
    return [Number(f"{value:,.{digits}f}") for value in values]


def _number(form: str, value: float | None) -> Number:
    if value is None or math.isnan(value):
        return NOTHING
    sign = (value > 0) - (value < 0) if form in _SIGNED else 0
    return Number(figures.FORMATS[form](value), sign)
