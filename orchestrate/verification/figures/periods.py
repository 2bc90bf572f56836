"""The tables beside the metrics once more: returns of months and years, and the deepest drawdowns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from orchestrate.verification.facts import Difference, Flags, Stamps
from orchestrate.verification.figures.distribution import ends_of
from orchestrate.verification.figures.lines import DAY, Line, Lines
from orchestrate.verification.figures.metrics import is_figure

_DEEPEST: Final = 5
_UNITS: Final = {"monthly": "M", "yearly": "Y"}


def check_periods(lines: Lines) -> Iterator[Difference]:
    """Yield the first month, year or drawdown that a curve does not have."""
    for where, stored, line, own in _sections(lines):
        for name, unit in _UNITS.items():
            due = _returns(line, unit)
            yield from _unlike(f"{where}.{name}", stored.get(name, due), due)
        falls = _drawdowns(line, lines.run.labels[own])
        known = stored.get("drawdowns", falls)
        if len(known) != len(falls):
            yield Difference("periods", f"metrics.json: {where}.drawdowns", len(known), len(falls))
        for rank, (one, other) in enumerate(zip(known, falls, strict=False)):
            yield from _unlike(f"{where}.drawdowns.{rank}", one, other)


def _sections(lines: Lines) -> Iterator[tuple[str, Mapping[str, Any], Line, Flags]]:
    """Yield each section of the document that has tables, its line, and the steps of that."""
    figures = lines.run.figures
    yield "portfolio", figures["portfolio"], lines.portfolio, lines.union
    for name in lines.names:
        yield f"strategies.{name}", figures["strategies"][name], lines.strategies[name], lines.own(name)
    for name, facts in figures["frameworks"].items():
        yield f"frameworks.{name}", facts, lines.frameworks[name], lines.union
    held = lines.benchmark
    if held is not None and lines.closes is not None and "benchmark" in figures:
        yield "benchmark", figures["benchmark"], held, lines.union & np.isfinite(lines.closes)


def _unlike(where: str, stored: Mapping[str, Any], due: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys([*stored, *due]):
        one, other = stored.get(name), due.get(name)
        if not (one == other if isinstance(other, str) else is_figure(one, other)):
            yield Difference("periods", f"metrics.json: {where}.{name}", one, other)


def _returns(line: Line, unit: str) -> dict[str, float]:
    """Return the return of each period that has a close, the first one from the initial capital on."""
    if not len(line.returns):
        return {}
    periods = line.stamps.astype("datetime64[ns]").astype(f"datetime64[{unit}]")
    marks = line.equity[ends_of(periods.astype(np.int64))]
    returns = marks / np.concatenate([[line.initial], marks[:-1]]) - 1.0
    return dict(zip(np.unique(periods).astype(str).tolist(), returns.tolist(), strict=True))


def _drawdowns(line: Line, labels: Stamps) -> Sequence[Mapping[str, Any]]:
    """Return the deepest falls, deepest first, each from its highest value to the next one or to the end."""
    if not len(line.returns):
        return []
    ahead = len(line.curve) > len(line.equity)
    stamps, labels = (np.concatenate([one[:1], one]) if ahead else one for one in (line.stamps, labels))
    fall = line.curve / np.maximum.accumulate(line.curve) - 1.0
    highs = np.append(np.flatnonzero(fall >= 0.0), len(fall))
    spans = [highs[place : place + 2].tolist() for place in np.flatnonzero(np.diff(highs) > 1)]
    spans.sort(key=lambda span: float(fall[slice(*span)].min()))
    found: list[dict[str, Any]] = []
    for peak, end in spans[:_DEEPEST]:
        trough, last = peak + int(np.argmin(fall[peak:end])), min(end, len(fall) - 1)
        found.append(
            {
                "depth": float(fall[trough]),
                "peak": text_of(labels[peak]),
                "trough": text_of(labels[trough]),
                "recovery": text_of(labels[end]) if end < len(fall) else None,
                "days": float(stamps[last] - stamps[peak]) / DAY,
            }
        )
    return found


def text_of(label: Any) -> str:
    """Return a label as reports show it: a date at midnight, else a moment without zeros at its end."""
    whole = str(np.datetime64(int(label), "ns"))
    if int(label) % DAY == 0:
        return whole[:10]
    return whole.rstrip("0").rstrip(".") + "Z" if "." in whole else whole + "Z"
