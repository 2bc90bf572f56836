"""Exposure, margin and what was available, from the positions of the ledgers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from orchestrate.verification.curves import Curve, Place
from orchestrate.verification.facts import Difference, Floats, Run
from orchestrate.verification.tables import Curves, unlike_steps

#: A group of positions: `scope` and `id`.
Key = tuple[str, str]
#: What of each curve counts in a group.
Members = Sequence[tuple[Curve, Sequence[str]]]
_TEXTS: Final = ("t", "label", "scope", "id")


def check_exposure(run: Run, curves: Curves) -> Iterator[Difference]:
    """Yield the first step at which exposure or margin of a group does not follow from its positions."""
    table = run.tables["exposure"]
    steps = np.searchsorted(run.stamps, np.asarray(table["t"], dtype=np.int64)) % max(len(run.stamps), 1)
    yield from unlike_steps(run, "exposure", "t", table["t"], run.stamps[steps])
    yield from unlike_steps(run, "exposure", "label", table["label"], run.labels[steps])
    stored = _stored(run)
    yield from _check_reserved(run, stored)
    for (scope, name), members in _groups(run, curves, stored).items():
        own = stored.get((scope, name), {})
        for figure, due in _due(run, scope, members, stored).items():
            column = own.get(figure, np.zeros(0))
            yield from unlike_steps(run, "exposure", f"{scope} {name} {figure}", column, due)


def _check_reserved(run: Run, stored: Mapping[Key, Mapping[str, Floats]]) -> Iterator[Difference]:
    """Yield the first step at which what is reserved for all symbols is not what is reserved in all."""
    if stored:
        symbols = [own["reserved"] for (scope, _), own in stored.items() if scope == "symbol" and "reserved" in own]
        due = np.asarray(sum(symbols, np.zeros(len(run.stamps))))
        whole = stored.get(("portfolio", "portfolio"), {}).get("reserved", np.zeros(0))
        yield from unlike_steps(run, "exposure", "reserved of all symbols", whole, due)


def _stored(run: Run) -> dict[Key, dict[str, Floats]]:
    """Return the stored figures of each group at every step; a row holds until the next one."""
    table = {name: np.asarray(column) for name, column in run.tables["exposure"].items()}
    scopes, names, moments = table["scope"], table["id"], table["t"]
    if not len(scopes):
        return {}
    edges = np.flatnonzero((scopes[1:] != scopes[:-1]) | (names[1:] != names[:-1])) + 1
    groups: dict[Key, dict[str, Floats]] = {}
    for start, stop in zip([0, *edges], [*edges, len(scopes)], strict=True):
        steps = np.searchsorted(run.stamps, moments[start:stop].astype(np.int64))
        lasts = np.diff(steps, prepend=0, append=len(run.stamps))
        groups[str(scopes[start]), str(names[start])] = {
            figure: np.repeat(np.concatenate([[np.nan], column[start:stop].astype(np.float64)]), lasts)
            for figure, column in table.items()
            if figure not in _TEXTS and (lasts >= 0).all()
        }
    return groups


def _groups(run: Run, curves: Curves, stored: Mapping[Key, Any]) -> dict[Key, Members]:
    """Return the members of each group that has rows: curves, and the symbols of theirs that count."""
    everything = list(run.bars)
    groups: dict[Key, Members] = {("portfolio", "portfolio"): [(curve, everything) for curve in curves.values()]}
    for name, curve in curves.items():
        groups["strategy", name] = [(curve, everything)]
        framework = ("framework", curve.ledger.strategy.framework)
        groups[framework] = [*groups.get(framework, ()), (curve, everything)]
    for symbol in run.bars:
        known = [(curve, {*curve.ledger.strategy.symbols, *curve.places}) for curve in curves.values()]
        trading = [curve for curve, symbols in known if symbol in symbols]
        if ("symbol", symbol) in stored or any(symbol in curve.places for curve in curves.values()):
            groups["symbol", symbol] = [(curve, [symbol]) for curve in trading]
    return groups


def _due(run: Run, scope: str, members: Members, stored: Mapping[Key, Mapping[str, Floats]]) -> dict[str, Floats]:
    """Return what can be computed of a group's figures.

    What is reserved is known of strategies alone; what is available in a common account depends on shares of it, which
    are not stored.
    """
    places = [place for curve, symbols in members for symbol, place in curve.places.items() if symbol in symbols]
    due = _figures(places, len(run.stamps))
    for curve, symbols in members:
        if all(symbol in symbols for symbol in curve.places if symbol in run.contracts):
            _add(due, curve)
    if scope in ("portfolio", "framework"):
        due["reserved"] = _reserved(run, [curve for curve, _ in members], stored)
    if not run.pooled:
        due["available"] = _available(run, [curve for curve, _ in members], stored)
    return due


def _figures(places: Sequence[Place], steps: int) -> dict[str, Floats]:
    def total(values: Iterator[Floats]) -> Floats:
        return np.asarray(sum(values, np.zeros(steps)))

    return {
        "gross": total(np.abs(place.worth) for place in places),
        "net": total(place.worth for place in places),
        "used": total(place.used for place in places),
        "margin_initial": total(place.initial for place in places),
        "margin_maintenance": total(place.maintenance for place in places),
    }


def _add(figures: dict[str, Floats], curve: Curve) -> None:
    """Add what all options of a strategy use and hold back."""
    used, held = curve.options
    for name, more in (("used", used), ("margin_initial", held), ("margin_maintenance", held)):
        figures[name] = figures[name] + more


def _reserved(run: Run, members: Sequence[Curve], stored: Mapping[Key, Mapping[str, Floats]]) -> Floats:
    """Return the sum of what is reserved for strategies."""
    nothing = np.full(len(run.stamps), np.nan)
    own = [stored.get(("strategy", one.ledger.strategy.id), {}).get("reserved", nothing) for one in members]
    return np.asarray(sum(own, np.zeros(len(run.stamps))))


def _available(run: Run, members: Sequence[Curve], stored: Mapping[Key, Mapping[str, Floats]]) -> Floats:
    """Return what strategies with accounts of their own could spend, given what is reserved for each."""
    total = np.zeros(len(run.stamps))
    for curve in members:
        if not curve.ledger.strategy.is_unmanaged:
            held = _figures(list(curve.places.values()), len(run.stamps))
            _add(held, curve)
            profit = sum((place.profit for place in curve.places.values()), np.zeros(len(run.stamps)))
            bound = np.maximum(held["used"] + profit, held["margin_initial"])
            total += np.maximum(curve.equity - bound - _reserved(run, [curve], stored), 0.0)
    return total
