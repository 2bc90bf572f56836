"""The conflict policy of a run: one of the registry, a function in a user's file, or one that is in memory already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from orchestrate import wiring
from orchestrate.domain.errors import FunctionError, UserInterrupt
from orchestrate.domain.orders.conflicts import Settle
from orchestrate.domain.plan import RunPlan
from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES
from orchestrate.orchestration.risk.policies.sides import independent
from orchestrate.orchestration.risk.policies.source import FunctionSource
from orchestrate.orchestration.risk.policies.user import UserPolicy
from orchestrate.orchestration.strategies.calls import CallScope, CallStack


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy and what the journal calls it; `error` where its file could not be loaded."""

    settle: Settle
    mode: str
    error: FunctionError | None = None


@contextmanager
def conflict_policy(plan: RunPlan, function: Callable[..., object] | None, calls: CallStack) -> Iterator[Policy]:
    """Yield the policy of the plan, or the user's `function` in its place."""
    mode = plan.portfolio.conflicts
    scope = CallScope(mode, calls)
    if function is not None:
        yield Policy(UserPolicy(function, FunctionSource.of(function), scope), mode)
        return
    if mode in CONFLICT_POLICIES:
        yield Policy(CONFLICT_POLICIES[mode].settle, mode)
        return
    file, _, name = mode.rpartition(":")
    source = FunctionSource(name, file, "")
    try:
        found = wiring.find_function(mode, plan.root)
        source = FunctionSource(name, file, str(found.path))
        with scope:
            own = wiring.load_function(found)
    except UserInterrupt:
        raise
    except BaseException as error:
        yield Policy(independent, mode, source.raised(error, scope))
        return
    yield Policy(UserPolicy(own, FunctionSource.of(own.function, file), scope), mode)
