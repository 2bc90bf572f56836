"""The weights in force: those of the plan, or estimated from the closes before its start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from orchestrate import wiring
from orchestrate.analytics.weights.estimate import (
    Estimate,
    Estimator,
    StrategyReturns,
    WrongWeightsError,
    estimate,
    require_weights,
)
from orchestrate.analytics.weights.history import common_stamps, returns_of
from orchestrate.analytics.weights.methods import ALLOCATIONS
from orchestrate.domain.errors import ConfigurationError, UserInterrupt
from orchestrate.domain.market.timeline import Closes, Floats, Stamps
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.results import Finding
from orchestrate.orchestration.loop.rebalancing.targets import Estimation
from orchestrate.orchestration.strategies.calls import CallScope, CallStack, error_kind, error_text

if TYPE_CHECKING:
    import pandas as pd

    from orchestrate.library.functions import LoadedFunction, UserFunction

_WHERE: Final = "portfolio.allocation"
_CENT: Final = Decimal("0.01")


def symbols_to_weigh(plan: RunPlan) -> tuple[str, ...]:
    """Return the symbols whose closes before the start are needed; none where the weights are written."""
    if not wiring.estimates_weights(plan):
        return ()
    own = dict.fromkeys(symbol for symbols in _own_symbols(plan).values() for symbol in symbols)
    return tuple(dict.fromkeys((*own, *(fx for symbol in own if (fx := _rate_of(plan, symbol))))))


def allocate(plan: RunPlan, before: Mapping[str, Closes], calls: CallStack) -> tuple[RunPlan, tuple[Finding, ...]]:
    """Put the weights in force into the plan; equal ones, and a finding, where they can't be estimated.

    ConfigurationError where a user's function fails or its weights are wrong.
    """
    if not wiring.estimates_weights(plan):
        return plan, ()
    method, lookback = plan.allocation.method, plan.allocation.lookback
    symbols = _own_symbols(plan)
    before = {symbol: _in_capital(plan, symbol, before) for symbol in before}
    stamps = common_stamps(before, symbols)
    if len(stamps) < lookback:
        why = f"{method} looks at {lookback} bars before start, and all strategies have {len(stamps)} in common"
        return plan, (_equal(why),)
    found = estimator(plan, calls)(returns_of(before, symbols, stamps[-lookback:]))
    if found.note:
        return plan, (_equal(f"{method}: {found.note}"),)
    poor = [name for name, weight in found.weights.items() if weight * plan.capital.total < _CENT]
    if poor:
        return plan, (_too_little(plan, poor),)
    strategies = tuple(replace(strategy, weight=found.weights[strategy.id]) for strategy in plan.strategies)
    return replace(plan, strategies=strategies), ()


def _too_little(plan: RunPlan, poor: list[str]) -> Finding:
    """Return the finding on strategies that would get nothing; of a user's function it is a mistake."""
    method, message = plan.allocation.method, f"{', '.join(poor)} would get less than a cent"
    if method in ALLOCATIONS:
        return _equal(f"{method}: {message}")
    found = wiring.find_function(method, plan.root)
    raise ConfigurationError([found.problem(f"{_WHERE}: {found.name}: {message}")])


def estimator(plan: RunPlan, calls: CallStack) -> Estimator:
    """Return the function that estimates a plan's weights; a user's own is loaded for it."""
    method = plan.allocation.method
    if method in ALLOCATIONS:
        return partial(estimate, method)
    return _UserEstimator(wiring.find_function(method, plan.root), CallScope(_WHERE, calls))


def estimation(plan: RunPlan, calls: CallStack, periods_per_year: float) -> Estimation:
    """Return the estimation of weights at calendar rebalances; where returns decide nothing, those in force stay."""
    lookback, every = plan.allocation.lookback, plan.allocation.every
    if not wiring.weighs_returns(plan):
        return Estimation(None, lookback, every, periods_per_year)
    estimated = estimator(plan, calls)

    def weigh(ids: Sequence[str], stamps: Stamps, returns: Floats) -> Mapping[str, Decimal]:
        found = estimated(StrategyReturns(tuple(ids), stamps, returns))
        return {} if found.note else found.weights

    return Estimation(weigh, lookback, every, periods_per_year)


def _own_symbols(plan: RunPlan) -> dict[str, tuple[str, ...]]:
    """Return each strategy's symbols; a resampled one counts as its source."""
    return {
        strategy.id: tuple(dict.fromkeys(_source(plan, symbol) for symbol in strategy.symbols or plan.data))
        for strategy in plan.strategies
    }


def _source(plan: RunPlan, symbol: str) -> str:
    return (plan.data[symbol].resample or {}).get("of", symbol)


def _rate_of(plan: RunPlan, symbol: str) -> str:
    """Return the symbol of the rate between a symbol's currency and the capital's; "" where they are the same."""
    fx = plan.instruments[symbol].fx if symbol in plan.instruments else None
    return _source(plan, fx) if fx else ""


def _in_capital(plan: RunPlan, symbol: str, before: Mapping[str, Closes]) -> Closes:
    """Return a symbol's closes in the capital's currency, from the first one that has a rate."""
    own, fx = before[symbol], _rate_of(plan, symbol)
    if fx not in before:
        return own
    rate = before[fx]
    places = np.searchsorted(rate.stamps, own.stamps, side="right") - 1
    rated = places >= 0
    return Closes(own.stamps[rated], own.closes[rated] * rate.closes[places[rated]])


def _equal(why: str) -> Finding:
    return Finding("warning", _WHERE, f"{why}: equal weights")


class _UserEstimator:
    """A user's function as an estimator; what it does wrong is a mistake of the configuration."""

    def __init__(self, found: UserFunction, scope: CallScope) -> None:
        self._found, self._scope = found, scope
        self._function: LoadedFunction | None = None

    def __call__(self, returns: StrategyReturns) -> Estimate:
        name = self._found.name
        try:
            with self._scope:
                self._function = self._function or wiring.load_function(self._found)
                answer = self._function(_frame(returns), list(returns.ids))
                return Estimate(require_weights(answer, returns.ids))
        except UserInterrupt:
            raise
        except WrongWeightsError as error:
            wrong = self._found.problem(f"{_WHERE}: {name}: {error}")
        except BaseException as error:
            said = f"{error_kind(error)}: {error_text(error, self._scope)}".removesuffix(": ")
            wrong = self._found.problem(f"{_WHERE}: {name} failed: {said}", error)
        raise ConfigurationError([wrong])


def _frame(returns: StrategyReturns) -> pd.DataFrame:
    """Return a copy of the returns as pandas has them, a column an id."""
    import pandas as pd

    index = pd.DatetimeIndex(returns.stamps.astype("datetime64[ns]")).tz_localize("UTC")
    return pd.DataFrame(returns.values.copy(), index=index, columns=list(returns.ids))
