"""The plan of a stored run, as a plan again."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from orchestrate.domain.errors import StoreError
from orchestrate.domain.plan import MultiFrameworkConfig, RunPlan, StrategyPlan, plan_hash
from orchestrate.domain.portfolio import PortfolioPlan
from orchestrate.domain.text.printable import one_line
from orchestrate.orchestration.risk.limits.registry import PORTFOLIO_LIMITS, STRATEGY_LIMITS
from orchestrate.runs.reading import StoredRun

#: The values of plans whose `limits` have settings of the types that these registries name.
_LIMITS: Final[Mapping[type, Mapping[str, Any]]] = {StrategyPlan: STRATEGY_LIMITS, PortfolioPlan: PORTFOLIO_LIMITS}
_PLAN: Final = "plan.json"


def plan_of(run: StoredRun, root: Path | None = None) -> RunPlan:
    """Return the plan of a run, with paths relative to `root`, or to where they were; StoreError where it is damaged.

    It is the one that was run: its hash stands in `run.json`. What a later version has added to plans has its default.
    """
    where = run.folder / _PLAN
    try:
        known = plan_hash(run.plan)
        plan = _of(RunPlan, {**run.plan, "root": str(root or run.manifest.get("root", "."))})
    except (ArithmeticError, AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{where}: damaged: {type(error).__name__}: {one_line(error)}") from None
    if known != run.manifest["plan_hash"]:
        raise StoreError(f"{where}: damaged: it is not the plan whose hash stands in run.json")
    assert isinstance(plan, RunPlan)
    return plan


def _of(kind: Any, stored: Any) -> Any:
    """Return the value of a type that `RunPlan.to_dict` has written as `stored`."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind, stored)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(inner, stored)
    if origin is tuple:
        kinds = inner[:1] * len(stored) if inner[1:] == (...,) else inner
        return tuple(_of(each, one) for each, one in zip(kinds, stored, strict=True))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {name: _of(inner[1], one) for name, one in stored.items()}
    if kind is MultiFrameworkConfig:
        return MultiFrameworkConfig(stored)
    return _plain(kind, stored)


def _plain(kind: Any, stored: Any) -> Any:
    """Return a number, text or flag; of `object` whatever JSON has."""
    if kind is Decimal and not isinstance(stored, bool):
        return Decimal(json.dumps(stored))
    if kind is Path:
        return Path(stored)
    if kind is float and not isinstance(stored, bool):
        return float(stored)
    if get_origin(kind) is not Literal and isinstance(kind, type) and not isinstance(stored, kind):
        raise TypeError(f"{stored!r} is no {kind.__name__}")
    return stored


def _one_of(kinds: tuple[Any, ...], stored: Any) -> Any:
    """Return the value of the first of several types that fits: a text is never a Decimal, a null always None."""
    if stored is None and type(None) in kinds:
        return None
    if isinstance(stored, str):
        kinds = tuple(kind for kind in kinds if kind is str or get_origin(kind) is Literal)
    return _of(next(kind for kind in kinds if kind is not type(None)), stored)


def _dataclass(base: type, stored: Mapping[str, Any]) -> Any:
    """Return a value of the type, or of the kind of it that has further fields where these are stored."""
    kinds = (base, *reversed(base.__subclasses__()))  # of one with slots, the class that it was made from comes first
    kind = next((kind for kind in kinds if stored.keys() <= {one.name for one in fields(kind)}), base)
    unknown = stored.keys() - {one.name for one in fields(kind)}
    if unknown:
        raise KeyError(f"{sorted(unknown)[0]} is no part of {kind.__name__}")
    hints = _hints(kind)
    values = {name: _of(hints[name], one) for name, one in stored.items() if name != "limits" or kind not in _LIMITS}
    if kind in _LIMITS and "limits" in stored:
        values["limits"] = {name: _of(_LIMITS[kind][name].settings, one) for name, one in stored["limits"].items()}
    return kind(**values)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
