"""`sweep.json`: what was varied, what became of the trials, and what the statistics say about the pick.

Every surface takes its figures from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from orchestrate.analytics.metrics import METRICS
from orchestrate.analytics.metrics.metric import NoFigureError
from orchestrate.analytics.sweeps.landscape import score
from orchestrate.analytics.sweeps.neighbours import best
from orchestrate.analytics.sweeps.parts import EVALUATED, SweepPart, TrialReturns, statuses
from orchestrate.analytics.sweeps.statistics import Evidence, SweepFigures, sweep_figures
from orchestrate.analytics.sweeps.verdict import Standing, Verdict, verdict
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.sweeps import Axis, SweepPlan, Trial, TrialStatus

Document = dict[str, Any]
SCHEMA_VERSION: Final = 1
#: So many of the best trials and of the local modes are named.
_TOP: Final = 20
_MODES: Final = 10
_FAILURES: Final = 5
#: From the worst standing to the best.
_STANDINGS: Final = (Standing.LUCK, Standing.DOUBTFUL, Standing.UNKNOWN, Standing.HOLDS)
_NO_PICK: Final = "no trial can be chosen"


def sweep_document(
    plan: SweepPlan,
    parts: Sequence[SweepPart],
    out_of_sample: Mapping[str, float | None] | None = None,
    windows: Sequence[Document] = (),
    together: Trial | None = None,
) -> Document:
    """Return the document of a finished sweep.

    `out_of_sample` has the metrics of its walk-forward account, `windows` what each window picked and gave; of their
    metrics those are kept by which trials are compared. With several parts, a figure of the whole is that of the part
    that it speaks against most, and `together` is the trial of what was picked in each.
    """
    outside = None if out_of_sample is None else out_of_sample.get("sharpe")
    documents = {part.strategy: _part(plan, part, outside) for part in parts}
    trials = [*(trial for part in parts for trial in part.trials), *([] if together is None else [together])]
    whole: Document = {
        "schema_version": SCHEMA_VERSION,
        **_plan(plan),
        "trials": len(trials),
        "evaluated": sum(trial.measured.status in EVALUATED for trial in trials),
        "eligible": sum(len(part.eligible) for part in parts),
        "statuses": statuses(trials),
        "failures": _failures(trials),
        **_period(trials),
        **_weakest(list(documents.values())),
        "top": _top(plan, parts),
        "out_of_sample": None if out_of_sample is None else dict(out_of_sample),
        "windows": [
            {**one, "metrics": {name: one["metrics"].get(name) for name in _compared(plan)}} for one in windows
        ],
    }
    if together is not None:
        whole["best"] = _trial(together)
    return whole if plan.each == "portfolio" else whole | {"strategies": documents}


def _plan(plan: SweepPlan) -> Document:
    return {
        "method": plan.method,
        "seed": plan.seed,
        "select": plan.select,
        "each": plan.each,
        "objectives": [{"metric": one.metric, "maximize": one.maximize} for one in plan.objectives],
        "where": [relation.text for relation in plan.where],
        "require": [str(gate) for gate in plan.require],
        "parameters": [_parameter(axis) for axis in plan.axes],
    }


def _failures(trials: Sequence[Trial]) -> list[Document]:
    failed = [trial for trial in trials if trial.measured.status is TrialStatus.FAILED]
    return [{"trial": trial.number, "reason": trial.measured.reason} for trial in failed[:_FAILURES]]


def _period(trials: Sequence[Trial]) -> Document:
    """Return how many days the longest returns have, and the first and last day of all."""
    days = [one for trial in trials if (one := trial.measured.days) is not None and len(one)]
    ends = (min(int(one[0]) for one in days), max(int(one[-1]) for one in days)) if days else ()
    start, end = map(label_text, ends) if ends else (None, None)
    return {"days": max(map(len, days), default=0), "start": start, "end": end}


def _parameter(axis: Axis) -> Document:
    values: Document = {"values": list(axis.values)}
    if axis.bounds is not None:
        values = dict(zip(("low", "high"), axis.bounds, strict=True))
    return {"name": axis.name, "path": list(axis.path)} | values


def _part(plan: SweepPlan, part: SweepPart, outside: float | None) -> Document:
    """Return what is said about the trials that compete with each other."""
    around = part.neighbourhoods(plan.objectives[0], grid=plan.method == "grid")
    landscape = around.landscape
    placed, numbers = part.placed, [trial.number for trial in part.placed]
    eligible = np.array([number in part.eligible for number in numbers], dtype=np.bool_)
    try:
        peaks = {"peak": numbers[best(landscape, eligible)], "plateau": numbers[around.plateau(eligible)]}
    except NoFigureError:
        peaks = {}
    if part.pick is None:
        figures = SweepFigures({}, {"deflated_sharpe": _NO_PICK, "pbo": _NO_PICK})
    else:
        returns, column = _returns(part)
        point = numbers.index(part.pick)
        figures = sweep_figures(Evidence(returns, column, part.evaluated, landscape, point), around)
    found = verdict(figures, part.evaluated, outside, part.strategy)
    chosen = next((trial for trial in placed if trial.number == part.pick), None)
    return _figures(figures, found) | {
        "best": None if chosen is None else _trial(chosen),
        "peak": peaks.get("peak"),
        "plateau": peaks.get("plateau"),
        "edges": [{"parameter": edge.name, "end": edge.end} for edge in figures.edges],
        "modes": {"count": len(figures.modes), "trials": [numbers[mode] for mode in figures.modes[:_MODES]]},
    }


def _returns(part: SweepPart) -> tuple[TrialReturns, int]:
    """Return the returns of all trials that have some, the pick's column among them; none where it has no returns."""
    done = part.done
    columns = [column for column, trial in enumerate(done) if trial.number == part.pick]
    return (TrialReturns(done, part.release), columns[0]) if columns else (TrialReturns(()), 0)


def _figures(figures: SweepFigures, found: Verdict) -> Document:
    values = {name: figures.values.get(name) for name in FIGURES}
    return {**values, "verdict": found.sentence, "standing": found.standing.value, "reasons": dict(figures.reasons)}


#: The figures of a sweep, and whether more of one speaks for the pick.
FIGURES: Final[dict[str, bool]] = {
    "daily_sharpe": True,
    "expected_maximum_sharpe": False,
    "probabilistic_sharpe": True,
    "deflated_sharpe": True,
    "minimum_track_record": False,
    "pbo": False,
    "stability": True,
}


def _trial(trial: Trial) -> Document:
    measured = trial.measured
    return {
        "trial": trial.number,
        "id": trial.id,
        "parameters": dict(trial.point),
        "metrics": dict(measured.metrics),
        "final_equity": measured.final_equity,
    }


def _top(plan: SweepPlan, parts: Sequence[SweepPart]) -> list[Document]:
    """Return the best eligible trials by the first objective, with the figures by which trials are compared."""
    ranked = [
        (-score(trial.measured.metrics, first.metric, maximize=first.maximize), trial.number, part.strategy, trial)
        for first in plan.objectives[:1]
        for part in parts
        for trial in part.trials
        if trial.number in part.eligible
    ]
    shown = _compared(plan)
    rows = []
    for _, _, strategy, trial in sorted(ranked, key=lambda row: row[:2])[:_TOP]:
        facts = _trial(trial)
        facts["metrics"] = {name: facts["metrics"].get(name) for name in shown}
        rows.append({"strategy": strategy, **facts} if strategy else facts)
    return rows


def _compared(plan: SweepPlan) -> list[str]:
    """Return the figures by which trials are compared: what is sought and required, then those of every comparison."""
    sought = [one.metric for one in plan.objectives] + [gate.metric for gate in plan.require]
    return list(dict.fromkeys([*sought, *(name for name, metric in METRICS.items() if metric.column)]))


def _weakest(parts: Sequence[Document]) -> Document:
    """Return the figures of the whole: of several parts the worst of each, and the verdict of the worst part."""
    if len(parts) == 1:
        return parts[0]
    worst = min(parts, key=lambda part: _STANDINGS.index(Standing(part["standing"])))
    whole: Document = {}
    for name, more_is_better in FIGURES.items():
        known = [part[name] for part in parts if part[name] is not None]
        whole[name] = (min if more_is_better else max)(known) if len(known) == len(parts) else None
    reasons = {name: reason for part in parts for name, reason in part["reasons"].items()}
    facts = {name: worst[name] for name in ("verdict", "standing")}
    return whole | facts | {"reasons": reasons, "best": None, "peak": None, "plateau": None, "edges": [], "modes": None}
