"""Put stored runs side by side: figures, configuration, data, versions, equity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrate.analytics.metrics import METRICS
from orchestrate.domain.market.stamps import label_text
from orchestrate.runs.arrays import arrays
from orchestrate.runs.manifest import SCHEMA_VERSION
from orchestrate.runs.reading import StoredRun, read_run
from orchestrate.runs.sweeps.reading import RETURNS, StoredSweep, as_run, is_sweep, picked_curve, read_sweep
from orchestrate.usecases.stored.runs import Summary

if TYPE_CHECKING:
    from orchestrate.domain.market.timeline import Floats, Stamps

Document = dict[str, Any]
_EQUITY: Final = "equity.parquet"
#: Equity is shown at the last step of each of these periods, the shortest of which there are at most so many.
_PERIODS: Final = {"step": "ns", "day": "D", "month": "M", "year": "Y"}
_MOST: Final = 24
#: What a sweep adds to the configuration.
_OF_A_SWEEP: Final = ("method", "seed", "select", "each", "objectives", "where", "require", "parameters")


def compare(named: Sequence[str], reports: Path) -> Document:
    """Return what runs have in common and what not; `changes` are against the first of them.

    A sweep is compared by the trial that it picked.
    """
    stored = [_read(reports, one) for one in named]
    figures = [as_run(one.figures) if isinstance(one, StoredSweep) else one.figures for one in stored]
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [Summary(one.manifest, own).row() for one, own in zip(stored, figures, strict=True)],
        "figures": list(_figures([own["portfolio"] for own in figures])),
        "strategies": list(_strategies([own["strategies"] for own in figures])),
        "configuration": list(_differences([_by_id(_plan(one)) for one in stored])),
        "data": _data([str(one.manifest["data_hash"]) for one in stored]),
        "versions": list(_differences([one.manifest.get("versions", {}) for one in stored])),
        "equity": _equity(stored),
    }


def _read(reports: Path, named: str) -> StoredRun:
    if is_sweep(reports, named):
        return read_sweep(reports, named, also=(RETURNS,))
    return read_run(reports, named, also=(_EQUITY,))


def _plan(stored: StoredRun) -> Document:
    """Return what was configured; of a sweep also what it varied, and the point that it picked."""
    if not isinstance(stored, StoredSweep):
        return stored.plan
    best = stored.figures["best"]
    picked = {"best": best["parameters"]} if best else {}
    return stored.plan | {"sweep": {name: stored.figures.get(name) for name in _OF_A_SWEEP} | picked}


def _figures(portfolios: Sequence[Document]) -> Iterator[Document]:
    yield _row("final_equity", "final equity", [one["final_equity"] for one in portfolios])
    for name, metric in METRICS.items():
        yield _row(name, metric.label, [one["metrics"].get(name) for one in portfolios])


def _strategies(strategies: Sequence[Document]) -> Iterator[Document]:
    """Yield the figures by which strategies are compared, of each strategy that any of the runs has."""
    for one in dict.fromkeys(name for own in strategies for name in own):
        for name, metric in METRICS.items():
            if metric.column:
                values = [own[one]["metrics"].get(name) if one in own else None for own in strategies]
                yield {"strategy": one, **_row(name, metric.label, values)}


def _row(name: str, label: str, values: Sequence[float | None]) -> Document:
    first = values[0]
    changes = [None if first is None or value is None else value - first for value in values]
    return {"figure": name, "label": label, "values": list(values), "changes": changes}


def _by_id(plan: Document) -> Document:
    """Return a plan whose strategies have their ids as keys."""
    strategies = plan.get("strategies")
    return plan | {"strategies": {one["id"]: one for one in strategies}} if isinstance(strategies, list) else plan


def _differences(values: Sequence[object], path: str = "") -> Iterator[Document]:
    """Yield each path at which the runs differ, with what each of them has there: null for nothing.

    What not all of them have is one difference, however much is in it.
    """
    if all(value == values[0] for value in values):
        return
    objects = [value for value in values if isinstance(value, Mapping)]
    if len(objects) < len(values):
        yield {"key": path, "values": list(values)}
        return
    for name in dict.fromkeys(name for one in objects for name in one):
        yield from _differences([one.get(name) for one in objects], f"{path}.{name}" if path else str(name))


def _data(hashes: Sequence[str]) -> Document:
    return {"same": len(set(hashes)) == 1, "hashes": list(hashes)}


def _equity(stored: Sequence[StoredRun]) -> Document:
    """Return the equity of all runs at the last steps of periods; null before a run's first and after its last one."""
    curves = [_curve(one) for one in stored]
    every, ends, starts = _ends([labels for labels, _ in curves])
    columns = [_at(labels, equity, ends, starts) for labels, equity in curves]
    rows = [
        {"label": label_text(int(end)), "values": list(values)}
        for end, values in zip(ends, zip(*columns, strict=True), strict=True)
    ]
    return {"every": every, "rows": rows}


def _curve(stored: StoredRun) -> tuple[Stamps, Floats]:
    if isinstance(stored, StoredSweep):
        return picked_curve(stored)
    columns = arrays(stored, _EQUITY, ("label", "portfolio"))
    return columns["label"].astype("int64"), columns["portfolio"]


def _ends(labels: Sequence[Stamps]) -> tuple[str, Stamps, Stamps]:
    """Return the period, and of each the last and the first of all labels in it."""
    import numpy as np

    together = np.unique(np.concatenate(list(labels)))
    begins = {every: _begins(together, unit) for every, unit in _PERIODS.items()}
    every = next((every for every, starts in begins.items() if len(starts) <= _MOST), "year")
    starts = begins[every]
    ends = np.append(starts[1:], len(together))[: len(starts)] - 1
    return every, together[ends], together[starts]


def _begins(labels: Stamps, unit: str) -> Stamps:
    """Return the places at which a period begins."""
    import numpy as np

    periods = labels.astype("datetime64[ns]").astype(f"datetime64[{unit}]")
    return np.flatnonzero(np.append(True, periods[1:] != periods[:-1])[: len(periods)])


def _at(labels: Stamps, equity: Floats, ends: Stamps, starts: Stamps) -> list[float | None]:
    import numpy as np

    places = np.searchsorted(labels, ends, side="right") - 1
    return [
        None if place < 0 or labels[place] < start else float(equity[place])
        for place, start in zip(places, starts, strict=True)
    ]
