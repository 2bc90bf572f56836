"""The largest exposures once more: of the portfolio, and of each strategy, framework and symbol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from orchestrate.verification.curves import Place
from orchestrate.verification.facts import Difference, Floats, Run
from orchestrate.verification.figures.lines import Lines
from orchestrate.verification.figures.metrics import is_figure

_FIGURES: Final = ("gross", "net", "gross_leverage", "net_leverage")


def check_peaks(lines: Lines) -> Iterator[Difference]:
    """Yield the first largest exposure that the positions never had, or that they had on another bar."""
    run, stored = lines.run, lines.run.figures.get("peaks")
    if stored is None:
        return
    for scope, name, places, equity in _groups(lines, stored):
        where = ".".join(filter(None, ("peaks", scope, name)))
        own = stored[scope] if not name else stored.get(scope, {}).get(name, {})
        for figure, path in _paths(places, equity, len(run.stamps)).items():
            yield from _unlike_peak(run, f"{where}.{figure}", own.get(figure, {}), path)


def _groups(lines: Lines, stored: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[Place], Floats]]:
    """Yield the positions of each group, and the equity that their leverage is of."""
    run, owned = lines.run, {name: curve.places for name, curve in lines.curves.items()}
    every = [(name, symbol, place) for name, own in owned.items() for symbol, place in own.items()]
    yield "portfolio", "", [place for _, _, place in every], lines.whole
    for name in lines.names:
        yield "strategies", name, [place for owner, _, place in every if owner == name], lines.equity(name)
    for framework in dict.fromkeys(one.framework for one in run.strategies.values()):
        own = [place for owner, _, place in every if run.strategies[owner].framework == framework]
        yield "frameworks", framework, own, lines.whole
    for symbol in dict.fromkeys([*stored["symbols"], *(symbol for _, symbol, _ in every)]):
        yield "symbols", symbol, [place for _, traded, place in every if traded == symbol], lines.whole


def _paths(places: Sequence[Place], equity: Floats, steps: int) -> dict[str, Floats]:
    """Return the figures at every step; leverage is 0 where there is no equity."""
    gross = np.asarray(sum((np.abs(place.worth) for place in places), np.zeros(steps)))
    net = np.abs(np.asarray(sum((place.worth for place in places), np.zeros(steps))))
    owned = equity > 0.0
    leverages = (np.divide(one, equity, out=np.zeros(steps), where=owned) for one in (gross, net))
    return dict(zip(_FIGURES, (gross, net, *leverages), strict=True))


def _unlike_peak(run: Run, where: str, stored: Mapping[str, Any], path: Floats) -> Iterator[Difference]:
    """Yield a peak that is none; of several bars with the same value any one may be named, of 0 there is no bar."""
    due, named = float(path.max(initial=0.0)), stored.get("label")
    if not is_figure(stored.get("value"), due):
        yield Difference("peaks", f"metrics.json: {where}.value", stored.get("value"), due)
    labels = run.labels[path >= due - 1e-9 - 1e-9 * due] if due else run.labels[:0]
    if not (_moment(named) in labels if due else named is None):
        first = str(np.datetime64(int(labels[0]), "ns")) if due else None
        yield Difference("peaks", f"metrics.json: {where}.label", named, first)


def _moment(label: str | None) -> int | None:
    return None if label is None else int(np.datetime64(label.removesuffix("Z"), "ns").astype(np.int64))
