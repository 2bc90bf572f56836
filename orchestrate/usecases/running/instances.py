"""The strategies of a run: loaded, or given by who asks for the run; and their twins for the check of look-ahead."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from orchestrate import wiring
from orchestrate.domain.errors import UserInterrupt
from orchestrate.domain.plan import RunPlan, StrategyPlan
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS, StrategyDescription
from orchestrate.orchestration.strategies.calls import CallScope
from orchestrate.usecases.running.watchdog import Watchdog


@dataclass(frozen=True, slots=True)
class Instances:
    """The strategies by id; and `twins`, second instances of the vectorised ones, None where nothing is checked."""

    strategies: dict[str, object]
    twins: Mapping[str, object] | None


class Loader:
    """Load the strategies of a run; the file of each is executed anew, so that no two share anything."""

    def describe(self, reference: str, root: Path) -> StrategyDescription:
        """Return all that is known of a strategy without its code."""
        return wiring.describe(reference, root)

    def load(self, strategy: StrategyPlan, description: StrategyDescription) -> object:
        """Return a new instance of a portable strategy, and of a native its class; what its code raises is raised."""
        if strategy.kind in PORTABLE_KINDS:
            return wiring.load(description, strategy.config)
        return wiring.load_class(description)

    def renew(self) -> None:
        """Note that the bars are others from now on."""


def instances_of(
    plan: RunPlan, loader: Loader, given: Mapping[str, object], watchdog: Watchdog, *, twins: bool
) -> Instances:
    """Return the `given` strategies, and the plan's others loaded."""
    others = {one.id: _load(one, loader, plan, watchdog) for one in plan.strategies if one.id not in given}
    strategies = {one.id: given[one.id] if one.id in given else others[one.id] for one in plan.strategies}
    return Instances(strategies, _twins(plan, loader, strategies, given, watchdog) if twins else None)


def _twins(
    plan: RunPlan,
    loader: Loader,
    instances: Mapping[str, object],
    given: Mapping[str, object],
    watchdog: Watchdog,
) -> dict[str, object]:
    """Return a second instance of each vectorised strategy, which has seen nothing: loaded anew, or else a copy."""
    twins: dict[str, object] = {}
    for one in plan.strategies:
        if one.kind == "signals":
            anew = None if one.id in given else _load(one, loader, plan, watchdog)
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


def _load(strategy: StrategyPlan, loader: Loader, plan: RunPlan, watchdog: Watchdog) -> object:
    """Return the strategy, or the exception that its code raised while it was loaded or created."""
    description = loader.describe(strategy.reference, plan.root)
    try:
        with CallScope(strategy.id, watchdog):
            return loader.load(strategy, description)
    except UserInterrupt:
        raise
    except BaseException as error:
        return error
