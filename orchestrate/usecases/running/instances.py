"""The strategies of a run: loaded, or given by who asks for the run; and their twins for the check of look-ahead."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

from orchestrate import wiring
from orchestrate.domain.errors import UserInterrupt
from orchestrate.domain.plan import RunPlan, StrategyPlan
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS
from orchestrate.orchestration.strategies.calls import CallScope
from orchestrate.usecases.running.watchdog import Watchdog


@dataclass(frozen=True, slots=True)
class Instances:
    """The strategies by id; and `twins`, second instances of the vectorised ones, None where nothing is checked."""

    strategies: dict[str, object]
    twins: Mapping[str, object] | None


def instances_of(plan: RunPlan, given: Mapping[str, object], watchdog: Watchdog, *, twins: bool) -> Instances:
    """Return the `given` strategies, and the plan's others loaded."""
    strategies = {one.id: given[one.id] if one.id in given else _load(one, plan, watchdog) for one in plan.strategies}
    return Instances(strategies, _twins(plan, strategies, given, watchdog) if twins else None)


def _twins(
    plan: RunPlan, instances: Mapping[str, object], given: Mapping[str, object], watchdog: Watchdog
) -> dict[str, object]:
    """Return a second instance of each vectorised strategy, which has seen nothing: loaded anew, or else a copy."""
    twins: dict[str, object] = {}
    for one in plan.strategies:
        if one.kind == "signals":
            anew = None if one.id in given else _load(one, plan, watchdog)
            copy_it = anew is None or isinstance(anew, BaseException)
            twins[one.id] = _copied(instances[one.id], CallScope(one.id, watchdog)) if copy_it else anew
    return twins


def _copied(strategy: object, scope: CallScope) -> object:
    """Return a copy made by the strategy's own code; the strategy itself where that fails."""
    try:
        with scope:
            return deepcopy(strategy)
    except UserInterrupt:
        raise
    except BaseException:
        return strategy


def _load(strategy: StrategyPlan, plan: RunPlan, watchdog: Watchdog) -> object:
    """Return the strategy, or the exception that its code raised while it was loaded or created."""
    description = wiring.describe(strategy.reference, plan.root)
    try:
        with CallScope(strategy.id, watchdog):
            if strategy.kind in PORTABLE_KINDS:
                return wiring.load(description, strategy.config)
            return wiring.load_class(description)
    except UserInterrupt:
        raise
    except BaseException as error:
        return error
