"""Figures as text: every digit that counts, never a part of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rich.text import Text

from orchestrate.analytics.metrics import METRICS

NOTHING: Final = "–"
#: Larger ones are shown by their powers of ten, so that columns stay narrow.
_HUGE: Final = 1e12


def metric(name: str, metrics: dict[str, Any]) -> Text:
    """Return a metric as its format says; a stored run may lack one that is newer than it."""
    return FORMATS[METRICS[name].format](metrics.get(name))


def percent(value: float | None, sign: str = "+") -> Text:
    """Return a fraction in percent, losses in red."""
    if value is None:
        return absent()
    digits = 2 if abs(value) < 100.0 else 0
    text = f"{_unsigned(value * 100.0, digits):{sign},.{digits}f}%"
    if abs(value) >= _HUGE:
        text = f"{value * 100.0:{sign}.2e}%"
    return Text(text, "red" if sign and value < 0.0 else "")


def share(value: float | None) -> Text:
    """Return a fraction in percent, without a sign for gains."""
    return percent(value, sign="")


def ratio(value: float | None) -> Text:
    """Return a ratio with two decimals."""
    if value is None:
        return absent()
    text = f"{_unsigned(value, 2):,.2f}" if abs(value) < 1e5 else f"{value:.1e}"
    return Text(text, "red" if value < 0.0 else "")


def money(value: float | None) -> Text:
    """Return money to the cent, large amounts to the unit."""
    if value is None:
        return absent()
    digits = 2 if abs(value) < 1e7 else 0
    text = f"{_unsigned(value, digits):,.{digits}f}" if abs(value) < 1e3 * _HUGE else f"{value:.6e}"
    return Text(text, "red" if value < 0.0 else "")


def count(value: float | None) -> Text:
    """Return a whole number."""
    return absent() if value is None else Text(f"{value:,}")


def days(value: float | None) -> Text:
    """Return a time in days, with one decimal."""
    return absent() if value is None else Text(f"{value:,.1f} days")


def number(value: float) -> Text:
    """Return a quantity or a price with the digits that it has, at most six decimals."""
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return Text("0" if text == "-0" else text)


def absent() -> Text:
    """Return what stands for a figure without a value."""
    return Text(NOTHING, "dim")


def _unsigned(value: float, digits: int) -> float:
    """Return `value`, or a plain 0 where no digit of it would show."""
    return value if round(value, digits) else 0.0


FORMATS: Final[dict[str, Callable[[float | None], Text]]] = {
    "change": percent,
    "share": share,
    "ratio": ratio,
    "count": count,
    "money": money,
    "days": days,
}
