"""Gates as people write them: `sharpe >= 0.5`, `strategies.trend.trades >= 5`.

A bare name means the portfolio. Gates of the file and of the command line are read here.
"""

from __future__ import annotations

import math
import re
from typing import Final, cast

from orchestrate.domain.plan import Gate, GateOperator

_GATE: Final = re.compile(r"([^\s<>=!]+)\s*(>=|<=|==|!=|>|<)\s*([^\s<>=!].*)")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def parse_gate(text: str) -> Gate:
    """Return `METRIC OPERATOR NUMBER` as a gate; ValueError says what is wrong with its form.

    See also `analytics.gates`.
    """
    text = text.strip()
    match = _GATE.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a gate; write METRIC OPERATOR NUMBER, such as 'sharpe >= 0.5'")
    metric, operator, number = match.groups()
    if not _NUMBER.fullmatch(number) or not math.isfinite(float(number)):
        raise ValueError(f"gate '{text}': '{number}' is not a number; write it as 0.5, not as text or percent")
    return Gate(metric, cast(GateOperator, operator), float(number))


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
