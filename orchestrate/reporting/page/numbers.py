"""Figures as a page shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from orchestrate.analytics.metrics import METRICS
from orchestrate.reporting.page.markup import Number

NOTHING: Final = Number("–")


def change(value: float | None) -> Number:
    """Return a fraction as percent with its sign."""
    return _percent(value, "+")


def share(value: float | None) -> Number:
    """Return a fraction as percent; such a one is no gain and no loss."""
    return _percent(value, "")._replace(sign=0)


def ratio(value: float | None) -> Number:
    """Return a number of two decimals."""
    if value is None:
        return NOTHING
    return Number(f"{_plain(value, 2):,.2f}" if abs(value) < 1e5 else f"{value:.1e}", _sign(value))


def money(value: float | None) -> Number:
    """Return an amount."""
    if value is None:
        return NOTHING
    digits = 2 if abs(value) < 1e7 else 0
    return Number(f"{_plain(value, digits):,.{digits}f}", _sign(value))


def quantity(value: float | None) -> Number:
    """Return a quantity or a price with the digits that it has."""
    if value is None:
        return NOTHING
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return Number("0" if text == "-0" else text, _sign(value))


def prices(values: Sequence[float]) -> list[Number]:
    """Return prices with the digits that the finest of them has."""
    digits = max((len(quantity(value).text.partition(".")[2]) for value in values), default=0)
    return [Number(f"{value:,.{digits}f}") for value in values]


def count(value: float | None) -> Number:
    """Return a number of things."""
    return NOTHING if value is None else Number(f"{value:,}", _sign(value))


FORMATS: Final[dict[str, Callable[[float | None], Number]]] = {
    "change": change,
    "share": share,
    "ratio": ratio,
    "count": count,
    "money": money,
}


def metric(name: str, metrics: Mapping[str, Any]) -> Number:
    """Return a metric as its format says; a stored run may lack one that is newer than it."""
    return FORMATS.get(METRICS[name].format, quantity)(metrics.get(name))


def _percent(value: float | None, sign: str) -> Number:
    if value is None:
        return NOTHING
    digits = 2 if abs(value) < 100.0 else 0
    return Number(f"{_plain(value * 100.0, digits):{sign},.{digits}f}%", _sign(value))


def _plain(value: float, digits: int) -> float:
    """Return `value`, or a plain 0 where no digit of it would show."""
    return value if round(value, digits) else 0.0


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
