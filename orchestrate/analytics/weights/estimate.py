"""From the returns of strategies to exact weights, by a method of the registry; checks of weights that users give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from numbers import Real
from typing import Final

from orchestrate.analytics.weights.formulas import UndefinedWeightsError
from orchestrate.analytics.weights.methods import ALLOCATIONS
from orchestrate.domain.market.timeline import Floats, Stamps
from orchestrate.orchestration.risk.capital import PortfolioCapitalManager

#: Weights are exact to so many decimals.
_DIGITS: Final = 12
#: A sum of weights as near to 1 as that is 1.
_TOLERANCE: Final = Decimal("1e-9")


@dataclass(frozen=True, slots=True, eq=False)
class StrategyReturns:
    """Simple returns: a row for each of `stamps`, in nanoseconds, and a column for each of `ids`."""

    ids: tuple[str, ...]
    stamps: Stamps
    values: Floats

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.stamps), len(self.ids)):
            raise ValueError(
                f"{len(self.stamps)} stamps and {len(self.ids)} strategies, but a matrix of {self.values.shape}"
            )


@dataclass(frozen=True, slots=True)
class Estimate:
    """Weights in 0..1 by strategy, of sum 1 at most; where they are equal for want of better ones, `note` says why."""

    weights: Mapping[str, Decimal]
    note: str = ""


class WrongWeightsError(ValueError):
    """Weights that can't be used: missing, negative, or more than there is to give."""


#: What gives weights to returns: `partial(estimate, "hrp")`, or a user's function.
Estimator = Callable[[StrategyReturns], Estimate]


def estimate(method: str, returns: StrategyReturns) -> Estimate:
    """Weigh strategies by a method of the registry; equally, with a note, where it has no answer.

    The order of the strategies changes nothing: the method sees them in the order of their ids.
    """
    known = ALLOCATIONS[method]
    if known.source == "file":
        raise ValueError(f"{method} is not estimated: its weights stand in the configuration")
    if known.source == "nothing" or len(returns.ids) == 1:
        return Estimate(equal_weights(returns.ids))
    order = sorted(range(len(returns.ids)), key=lambda column: returns.ids[column])
    names = [returns.ids[column] for column in order]
    try:
        found = _function(known.function)(returns.values[:, order])
    except UndefinedWeightsError as error:
        of = f" of {', '.join(names[column] for column in error.columns)}" if error.columns else ""
        return Estimate(equal_weights(returns.ids), error.reason.replace("returns", f"returns{of}", 1))
    by_name = dict(zip(names, found.tolist(), strict=True))
    return Estimate(_exact({name: Decimal(by_name[name]) for name in returns.ids}))


def equal_weights(ids: Sequence[str]) -> dict[str, Decimal]:
    """Return the same weight for each strategy."""
    return _exact(dict.fromkeys(ids, Decimal(1)))


def require_weights(answer: object, ids: Sequence[str]) -> dict[str, Decimal]:
    """Return a user's `answer` as exact weights, or raise WrongWeightsError; what they leave of 1 is reserve."""
    items = getattr(answer, "items", None)
    if not callable(items):
        raise WrongWeightsError(f"expected a mapping from ids to weights, got {type(answer).__name__}")
    given = {str(name): weight for name, weight in items()}
    missing = [name for name in ids if name not in given]
    strange = [name for name in given if name not in ids]
    if missing:
        raise WrongWeightsError(f"no weight for {', '.join(missing)}")
    if strange:
        raise WrongWeightsError(f"a weight for {', '.join(strange)}, which takes no part")
    weights = {name: _number(name, given[name]) for name in ids}
    total = sum(weights.values(), Decimal(0))
    if total > 1 + _TOLERANCE:
        raise WrongWeightsError(f"weights add up to {float(total):.10g}, more than 1")
    return _exact(weights, whole=total if abs(total - 1) <= _TOLERANCE else Decimal(1))


def _number(name: str, weight: object) -> Decimal:
    if not isinstance(weight, Real | Decimal):
        raise WrongWeightsError(f"the weight of {name} is no number, but {type(weight).__name__}")
    exact = weight if isinstance(weight, Decimal) else Decimal(repr(float(weight)))
    if not exact.is_finite() or exact < 0:
        raise WrongWeightsError(f"the weight of {name} is {exact:.10g}, expected 0 or more")
    return exact


def _exact(weights: Mapping[str, Decimal], whole: Decimal | None = None) -> dict[str, Decimal]:
    """Return shares of `whole`, of all weights together unless it is given; they add up exactly."""
    whole = sum(weights.values(), Decimal(0)) if whole is None else whole
    shares = {name: weight / whole for name, weight in weights.items()}
    parts = PortfolioCapitalManager().calculate_allocations(Decimal(1), shares, digits=_DIGITS)
    return {name: part.normalize() for name, part in parts.items()}


def _function(reference: str) -> Callable[[Floats], Floats]:
    module, name = reference.split(":")
    function: Callable[[Floats], Floats] = getattr(import_module(module), name)
    return function
