"""Gates as people write them: `sharpe >= 0.5`, `strategies.trend.trades >= 5`. The one list of figures that exist.

A bare name means the portfolio. Whoever reads a gate, from the file or the command line, reads it here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import Final, cast

from orchestrate.domain.plan import Gate, GateOperator
from orchestrate.domain.spelling import did_you_mean

_FOREVER: Final = (-math.inf, math.inf)

#: Every metric and the range that its values lie in.
METRICS: Final[dict[str, tuple[float, float]]] = {
    "total_return": _FOREVER,
    "cagr": _FOREVER,
    "volatility": (0.0, math.inf),
    "sharpe": _FOREVER,
    "sortino": _FOREVER,
    "calmar": _FOREVER,
    "max_drawdown": (-math.inf, 0.0),
    "win_rate": (0.0, 1.0),
    "profit_factor": (0.0, math.inf),
    "exposure": (0.0, 1.0),
    "trades": (0.0, math.inf),
    "fees": (0.0, math.inf),
}
_AMOUNT: Final = {"final_equity": _FOREVER}
#: What a path may name beyond the metrics.
PORTFOLIO_FIGURES: Final = METRICS | _AMOUNT | {"initial_capital": (0.0, math.inf), "reserve": (0.0, math.inf)}
STRATEGY_FIGURES: Final = (
    METRICS | _AMOUNT | {"allocated_capital": _FOREVER, "blocked": (0.0, math.inf), "resized": (0.0, math.inf)}
)
FRAMEWORK_FIGURES: Final = METRICS | _AMOUNT
_CORRELATION: Final = (-1.0, 1.0)

_GATE: Final = re.compile(r"([^\s<>=!]+)\s*(>=|<=|==|!=|>|<)\s*([^\s<>=!].*)")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def parse_gate(text: str) -> Gate:
    """`METRIC OPERATOR NUMBER` as a gate; ValueError says what is wrong. `gate_problem` says if the metric exists."""
    text = text.strip()
    match = _GATE.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a gate; write METRIC OPERATOR NUMBER, such as 'sharpe >= 0.5'")
    metric, operator, number = match.groups()
    if not _NUMBER.fullmatch(number) or not math.isfinite(float(number)):
        raise ValueError(f"gate '{text}': '{number}' is not a number; write it as 0.5, not as text or percent")
    return Gate(metric, cast(GateOperator, operator), float(number))


def split_metric(metric: str) -> tuple[str, str, str]:
    """(group, id, figure): `sharpe` → ("portfolio", "", "sharpe"), `strategies.a.trades` → ("strategies", "a", …).

    An id may hold dots itself, hence the last dot counts; ("", "", metric) where the path has no such form.
    """
    if "." not in metric:
        return "portfolio", "", metric
    group, rest = metric.split(".", 1)
    if group == "portfolio":
        return group, "", rest
    owner, _, figure = rest.rpartition(".")
    if group in ("strategies", "frameworks", "correlation") and owner and figure:
        return group, owner, figure
    return "", "", metric


def gate_problem(gate: Gate, strategies: Collection[str], frameworks: Collection[str]) -> tuple[str, str] | None:
    """Why `gate` can't be judged in a run of these strategies and frameworks, and a hint; None where it can be."""
    group, owner, figure = split_metric(gate.metric)
    known = {
        "portfolio": PORTFOLIO_FIGURES,
        "strategies": STRATEGY_FIGURES,
        "frameworks": FRAMEWORK_FIGURES,
        "correlation": dict.fromkeys(strategies, _CORRELATION),
    }.get(group)
    if known is None:
        paths = ("strategies.ID.METRIC", "frameworks.NAME.METRIC", "correlation.ID.ID", "portfolio.METRIC")
        return f"gate '{gate}': '{gate.metric}' names no metric", f"write METRIC, or {', '.join(paths)}"
    owners = {"portfolio": ("",), "frameworks": frameworks}.get(group, strategies)
    if owner not in owners:
        kind = "framework" if group == "frameworks" else "strategy"
        return f"gate '{gate}': no {kind} '{owner}' in this run", did_you_mean(owner, owners)
    if figure not in known:
        return f"gate '{gate}': '{figure}' names no metric", did_you_mean(figure, known)
    return _pointless(gate, known[figure])


def _pointless(gate: Gate, bounds: tuple[float, float]) -> tuple[str, str] | None:
    """A gate that every value of the metric passes, or none, checks nothing."""
    low, high = bounds
    least, most = passes(gate.operator, low, gate.threshold), passes(gate.operator, high, gate.threshold)
    inside = low < gate.threshold < high
    always = least and most and not (inside and gate.operator == "!=")
    never = not least and not most and not (inside and gate.operator == "==")
    told = f"{gate.metric.rpartition('.')[2]} lies in {low:g} .. {high:g}".replace("inf", "∞")
    if always:
        return f"gate '{gate}' can't fail", told
    if never:
        return f"gate '{gate}' can't be passed", told
    return None


def passes(operator: GateOperator, value: float, threshold: float) -> bool:
    """Whether `value operator threshold` holds."""
    match operator:
        case ">=":
            return value >= threshold
        case "<=":
            return value <= threshold
        case ">":
            return value > threshold
        case "<":
            return value < threshold
        case "==":
            return value == threshold
        case "!=":
            return value != threshold
