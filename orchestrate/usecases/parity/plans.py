"""One plan for each engine: the portable strategies of a file, all of them on that engine."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from orchestrate.domain.plan import RunPlan
from orchestrate.domain.portfolio import Appointment
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS


def natives_in(plan: RunPlan) -> tuple[str, ...]:
    """Return the ids of the native strategies, which run on their own engine alone."""
    return tuple(strategy.id for strategy in plan.strategies if strategy.kind not in PORTABLE_KINDS)


def portable_plan(plan: RunPlan, engine: str) -> RunPlan:
    """Return the plan with its portable strategies alone, all on `engine`; what natives would get stays in reserve."""
    natives = natives_in(plan)
    strategies = tuple(
        replace(one, framework=engine, depends_on=tuple(name for name in one.depends_on if name not in natives))
        for one in plan.strategies
        if one.id not in natives
    )
    schedule = tuple(kept for one in plan.portfolio.schedule if (kept := _without(natives, one)) is not None)
    return replace(plan, strategies=strategies, portfolio=replace(plan.portfolio, schedule=schedule), gates=())


def _without(natives: Collection[str], appointment: Appointment) -> Appointment | None:
    """Return an appointment as far as it is about others; None where nothing is left of it."""
    if appointment.strategy_id in natives:
        return None
    allocation = {name: share for name, share in appointment.allocation.items() if name not in natives}
    if appointment.allocation and not allocation:
        return None
    return replace(appointment, allocation=allocation)
