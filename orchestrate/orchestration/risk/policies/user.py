"""A policy that a user has written: called as strategies are, its answers checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Final

from orchestrate.domain.errors import FunctionError, UserInterrupt
from orchestrate.domain.orders.conflicts import ConflictDemand, ConflictView
from orchestrate.orchestration.risk.policies.source import FunctionSource
from orchestrate.orchestration.strategies.calls import CallScope

#: An answer may exceed its demand by what several roundings of floats leave.
_BLUR: Final = 1e-9


class UserPolicy:
    """A user's function as a policy; `scope` surrounds its code, also while its answer is read."""

    def __init__(self, function: Callable[..., object], source: FunctionSource, scope: CallScope) -> None:
        self._function, self._source, self._scope = function, source, scope

    def __call__(self, demands: Sequence[ConflictDemand], view: ConflictView) -> Sequence[float]:
        """Return the function's answer; FunctionError where it raises or the answer is illegal."""
        try:
            with self._scope:
                answers = self._numbers(self._function(tuple(demands), view), len(demands))
        except (FunctionError, UserInterrupt):
            raise
        except BaseException as error:
            raise self._source.raised(error, self._scope) from None
        for demand, answer in zip(demands, answers, strict=True):
            self._check(demand, answer)
        return answers

    def _numbers(self, answer: object, count: int) -> list[float]:
        if not _is_sequence(answer):
            raise self._source.wrong(f"answers {_kind(answer)}: expected a sequence of {count} quantities")
        values = [answer[place] for place in range(len(answer))]  # type: ignore[index, arg-type]  # it is a sequence
        if len(values) != count:
            raise self._source.wrong(f"answers {len(values)} quantities for {count} demands")
        for value in values:
            if isinstance(value, bool) or not isinstance(value, Real | Decimal):
                raise self._source.wrong(f"answers {_kind(value)} for a quantity: expected a number")
        return [float(value) for value in values]

    def _check(self, demand: ConflictDemand, answer: float) -> None:
        what = f"answers {answer:g} to {demand.strategy_id}, which wants {demand.quantity:g} of {demand.symbol}"
        if not math.isfinite(answer):
            raise self._source.wrong(f"{what}: expected a finite number")
        if answer * demand.quantity < 0:
            raise self._source.wrong(f"{what}: an answer has the sign of its demand, or is 0")
        if abs(answer) > abs(demand.quantity) * (1 + _BLUR):
            raise self._source.wrong(f"{what}: an answer is not larger than its demand")


def _is_sequence(answer: object) -> bool:
    if isinstance(answer, str | bytes | Mapping):
        return False
    return hasattr(answer, "__len__") and hasattr(answer, "__getitem__")


def _kind(value: object) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"
