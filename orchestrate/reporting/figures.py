"""Figures as plain text, in the format that their registry gives them: for files, lists and CI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from orchestrate.analytics.metrics import METRICS

NOTHING: Final = "–"
#: Larger ones are shown by their powers of ten, so that columns stay narrow.
_HUGE: Final = 1e15


def figure_text(name: str, value: float | None) -> str:
    """Return a figure by the format of its metric; one that no metric is named after, as money."""
    metric = METRICS.get(name)
    return NOTHING if value is None else FORMATS[metric.format if metric else "money"](value)


def change_text(name: str, value: float | None) -> str:
    """Return the difference of two figures, with its sign."""
    text = figure_text(name, value)
    return text if value is None or text[0] in "+-" else f"+{text}"


def quantity_text(value: float) -> str:
    """Return a quantity or a price with the digits that it has, at most six decimals."""
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def exact(value: object) -> str:
    """Return a value with all its digits; nothing for None."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def columns(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = (), gap: int = 2) -> list[str]:
    """Return a table as aligned lines, the columns at the places in `right` to the right; nothing is cut."""
    table = [heads, *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(heads))]
    return [(" " * gap).join(_padded(cell, widths, right, at) for at, cell in enumerate(row)).rstrip() for row in table]


def _padded(cell: str, widths: Sequence[int], right: Sequence[int], at: int) -> str:
    return cell.rjust(widths[at]) if at in right else cell.ljust(widths[at])


def _change(value: float) -> str:
    return _percent(value, "+")


def _share(value: float) -> str:
    return _percent(value, "")


def _percent(value: float, sign: str) -> str:
    if abs(value) >= _HUGE:
        return f"{value * 100.0:{sign}.2e}%"
    digits = 2 if abs(value) < 100.0 else 0
    return f"{_unsigned(value * 100.0, digits):{sign},.{digits}f}%"


def _ratio(value: float) -> str:
    return f"{_unsigned(value, 2):,.2f}" if abs(value) < 1e5 else f"{value:.1e}"


def _money(value: float) -> str:
    if abs(value) >= _HUGE:
        return f"{value:.6e}"
    digits = 2 if abs(value) < 1e7 else 0
    return f"{_unsigned(value, digits):,.{digits}f}"


def _count(value: float) -> str:
    return f"{value:,}"


def _unsigned(value: float, digits: int) -> float:
    """Return `value`, or a plain 0 where no digit of it would show."""
    return value if round(value, digits) else 0.0


def _days(value: float) -> str:
    return f"{value:,.1f} days"


#: The text of a value by the format of its metric.
FORMATS: Final[Mapping[str, Callable[[float], str]]] = {
    "change": _change,
    "share": _share,
    "ratio": _ratio,
    "money": _money,
    "count": _count,
    "days": _days,
}
