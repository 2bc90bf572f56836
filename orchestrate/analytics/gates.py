"""Gates against the figures that exist, and against those of a run. One that is missing or null fails its gate."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, cast

from orchestrate.analytics.metrics import ANY, METRICS, NOT_NEGATIVE, Range
from orchestrate.domain.gates import passes, split_metric
from orchestrate.domain.plan import BaselineGate, Gate
from orchestrate.domain.text.spelling import did_you_mean

_CORRELATION: Final = (-1.0, 1.0)
#: What a path may name beside the metrics.
_BESIDE_METRICS: Final[dict[str, dict[str, Range]]] = {
    "portfolio": {"final_equity": ANY, "initial_capital": NOT_NEGATIVE, "reserve": NOT_NEGATIVE},
    "strategies": {"final_equity": ANY, "allocated_capital": ANY, "blocked": NOT_NEGATIVE, "resized": NOT_NEGATIVE},
    "frameworks": {"final_equity": ANY},
}


def judge(gates: Sequence[Gate], figures: Mapping[str, object]) -> list[dict[str, object]]:
    """Return each gate with the value it found and whether it passed, as `backtest --format json` prints it."""
    judged: list[dict[str, object]] = []
    for gate in gates:
        value = figure(gate.metric, figures)
        passed = value is not None and passes(gate.operator, value, gate.bound)
        against = {"baseline": gate.baseline} if isinstance(gate, BaselineGate) else {}
        judged.append({"gate": str(gate), "value": value, "passed": passed, **against})
    return judged


def figure(metric: str, figures: Mapping[str, object]) -> float | None:
    """Return the figure at a metric path such as `sharpe` or `strategies.trend.trades`; None where there is none."""
    group, owner, name = split_metric(metric)
    place: object = figures.get(group)
    for key in (owner, *(["metrics"] if name in METRICS and group != "correlation" else []), name):
        if key:
            place = place.get(key) if isinstance(place, Mapping) else None
    return cast(float, place) if isinstance(place, (int, float)) else None


def gate_figures(figures: Mapping[str, Any]) -> dict[str, object]:
    """Return of the figures of a run those that gates may name, where gates look for them."""
    named: dict[str, object] = {}
    for group, beside in _BESIDE_METRICS.items():
        owners = {"": figures[group]} if group == "portfolio" else figures[group]
        kept = {one: {name: facts[name] for name in (*beside, "metrics")} for one, facts in owners.items()}
        named[group] = kept[""] if group == "portfolio" else kept
    return named | {"correlation": figures["correlation"]}


def gate_problem(
    gate: Gate, strategies: Collection[str], frameworks: Collection[str], benchmark: str
) -> tuple[str, str] | None:
    """Return why `gate` can't be judged in a run of these strategies, frameworks and benchmark, and a hint.

    None where it can be.
    """
    wrong = path_problem(gate.metric, strategies, frameworks)
    group, _, name = split_metric(gate.metric)
    if not wrong and not benchmark and group != "correlation" and name in METRICS and METRICS[name].of_benchmark:
        wrong = f"'{name}' compares with a benchmark, and none is named", "write benchmark: SYMBOL"
    if wrong:
        return f"gate '{gate}': {wrong[0]}", wrong[1]
    if isinstance(gate, BaselineGate):
        return None
    return _pointless(gate, _known(group, strategies)[name])


def path_problem(metric: str, strategies: Collection[str], frameworks: Collection[str]) -> tuple[str, str] | None:
    """Return why a path names no figure of a run of these strategies and frameworks, and a hint; None where it does."""
    group, owner, name = split_metric(metric)
    known = _known(group, strategies)
    if not known:
        paths = ("strategies.ID.METRIC", "frameworks.NAME.METRIC", "correlation.ID.ID", "portfolio.METRIC")
        return f"'{metric}' names no metric", f"write METRIC, or {', '.join(paths)}"
    owners = {"portfolio": ("",), "frameworks": frameworks}.get(group, strategies)
    if owner not in owners:
        kind = "framework" if group == "frameworks" else "strategy"
        return f"no {kind} '{owner}' in this run", did_you_mean(owner, owners)
    return None if name in known else (f"'{name}' names no metric", did_you_mean(name, known))


def _known(group: str, strategies: Collection[str]) -> Mapping[str, Range]:
    """Return the figures that a path of this group may name, and their ranges; none for a group that doesn't exist."""
    if group == "correlation":
        return dict.fromkeys(strategies, _CORRELATION)
    more = _BESIDE_METRICS.get(group)
    return {} if more is None else {name: metric.range for name, metric in METRICS.items()} | more


def _pointless(gate: Gate, bounds: tuple[float, float]) -> tuple[str, str] | None:
    """Return why a gate checks nothing: every value of its metric passes it, or none does; None for any other."""
    low, high = bounds
    least, most = passes(gate.operator, low, gate.threshold), passes(gate.operator, high, gate.threshold)
    inside = low < gate.threshold < high
    always = least and most and not (inside and gate.operator == "!=")
    never = not least and not most and not (inside and gate.operator == "==")
    bounds_text = f"{gate.metric.rpartition('.')[2]} lies in {low:g} .. {high:g}".replace("inf", "∞")
    if always:
        return f"gate '{gate}' can't fail", bounds_text
    if never:
        return f"gate '{gate}' can't be passed", bounds_text
    return None
