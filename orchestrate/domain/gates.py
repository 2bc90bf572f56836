"""Gates as people write them: `sharpe >= 0.5`, `strategies.trend.trades >= 5`, `sharpe >= baseline - 0.1`.

A bare name means the portfolio. Gates of the file and of the command line are read here.
"""

from __future__ import annotations

import math
import re
from typing import Final, cast

from orchestrate.domain.plan import BaselineGate, Gate, GateOperator

_GATE: Final = re.compile(r"([^\s<>=!]+)\s*(>=|<=|==|!=|>|<)\s*([^\s<>=!].*)")
_BASELINE: Final = re.compile(r"baseline(?:\s*([+-])\s*(\S+))?")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def parse_gate(text: str) -> Gate:
    """Return `METRIC OPERATOR NUMBER`, or `METRIC OPERATOR baseline ± NUMBER`, as a gate.

    ValueError says what is wrong with its form.

    See also `analytics.gates`.
    """
    text = text.strip()
    match = _GATE.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a gate; write METRIC OPERATOR NUMBER, such as 'sharpe >= 0.5'")
    metric, operator, bound = match[1], cast(GateOperator, match[2]), match[3]
    relative = _BASELINE.fullmatch(bound)
    if relative is None:
        return Gate(metric, operator, _number(bound, text))
    sign, change = relative.groups()
    if change is None:
        return BaselineGate(metric, operator, 0.0)
    if change[0] in "+-":
        raise ValueError(f"gate '{text}': '{bound}' has two signs; write it as 'baseline - 0.1'")
    return BaselineGate(metric, operator, _number(change, text) * (-1.0 if sign == "-" else 1.0))


def _number(number: str, text: str) -> float:
    if not _NUMBER.fullmatch(number) or not math.isfinite(float(number)):
        raise ValueError(f"gate '{text}': '{number}' is not a number; write it as 0.5, not as text or percent")
    return float(number)


def split_metric(metric: str) -> tuple[str, str, str]:
    """Return (group, id, figure): `sharpe` → ("portfolio", "", "sharpe"), `strategies.a.f` → ("strategies", "a", "f").

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


def passes(operator: GateOperator, value: float, threshold: float) -> bool:
    """Return whether `value operator threshold` holds."""
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
