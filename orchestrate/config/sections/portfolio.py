"""`portfolio:`: conflicts, limits, rebalancing and the schedule."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from orchestrate.config.document.nodes import Table, find
from orchestrate.config.reading import Reading, is_function
from orchestrate.config.schema import Appointment as AppointmentSection
from orchestrate.config.sections.limits import portfolio_limits
from orchestrate.domain.market.stamps import moment_of
from orchestrate.domain.portfolio import (
    Action,
    Appointment,
    CompatibilityPlan,
    PortfolioPlan,
    RebalancePlan,
    VolatilityTarget,
)
from orchestrate.domain.text.spelling import did_you_mean

_ACTIONS: Final[tuple[Action, ...]] = ("pause", "resume", "remove", "add", "allocation")
_EXAMPLE: Final = "write {at: 2015-01-02, pause: ID}, or resume, remove, add or allocation in place of pause"
#: The status of a strategy after a change.
_BECOMING: Final = {"add": "active", "pause": "paused", "resume": "active", "remove": "removed"}
_PAST: Final = {"waiting": "added", "removed": "removed"}
#: The status in which a change has nothing to do.
_SAME: Final[Mapping[str, tuple[str, ...]]] = {"add": ("active", "paused"), "pause": ("paused",)}
_COMES_BACK: Final = "leave it out; a strategy that is to come back needs a second entry, which is added"


class _Standing(NamedTuple):
    """The status of a strategy, and since when; of one that waits, until when."""

    status: str
    moment: str


def portfolio_plan(reading: Reading, enabled: list[str], share: Mapping[str, Decimal]) -> PortfolioPlan:
    """Return the section with every question answered; `share` are the weights of the strategies, 0..1."""
    written = reading.values.portfolio
    rebalance, target = written.rebalance, written.target_volatility
    if target is not None and rebalance.every is None and written.allocation.every is None:
        message = "weights are scaled at calendar rebalances, and there are none"
        reading.wrong(("portfolio", "target_volatility"), message, "write portfolio: {rebalance: {every: month}}")
    plan = PortfolioPlan(
        conflicts=_conflicts(reading),
        exits=written.exits,
        limits=portfolio_limits(reading),
        rebalance=RebalancePlan(rebalance.threshold, rebalance.every, rebalance.top_up),
        target_volatility=VolatilityTarget(target.annual, target.lookback, target.max_leverage) if target else None,
        schedule=_schedule(reading, enabled, share),
        compatibility=CompatibilityPlan(written.compatibility.require),
    )
    if rebalance.model_fields_set and not plan.moves_capital and written.allocation.every is None:
        reading.finding("warning", "portfolio.rebalance", "there is no 'threshold' and no 'every': nothing moves")
    return plan


def _conflicts(reading: Reading) -> str:
    """Return the name of a policy, or a function whose file is looked up from the root."""
    written, known, path = reading.values.portfolio.conflicts, reading.choices.conflicts, ("portfolio", "conflicts")
    if is_function(written):
        reading.check_function(path, written)
        return reading.function(path, written)
    if written not in known:
        hint = did_you_mean(written, known) or f"known: {', '.join(known)}, and path.py:function"
        reading.wrong(path, f"there is no '{written}'", hint)
    return written


def _schedule(reading: Reading, enabled: list[str], share: Mapping[str, Decimal]) -> tuple[Appointment, ...]:
    appointments = {
        index: appointment
        for index, written in enumerate(reading.values.portfolio.schedule)
        if (appointment := _appointment(reading, index, written, enabled)) is not None
    }
    _refuse_impossible(reading, appointments)
    _refuse_too_much(reading, appointments, share)
    return tuple(appointments.values())


def _in_order(appointments: Mapping[int, Appointment]) -> list[tuple[int, Appointment]]:
    return sorted(appointments.items(), key=lambda item: moment_of(item[1].at))


def _refuse_impossible(reading: Reading, appointments: Mapping[int, Appointment]) -> None:
    """Report changes that the status of a strategy does not allow at their moment."""
    standing: dict[str, _Standing] = {}
    for _, one in reversed(_in_order(appointments)):
        if one.action == "add":
            standing[one.strategy_id] = _Standing("waiting", one.at)
    for index, one in _in_order(appointments):
        for name in one.allocation or [one.strategy_id]:
            objection, hint = _objection(reading, one, name, standing.get(name, _Standing("active", "the start")))
            if objection:
                of_one = (name,) if one.allocation else ()
                path = ("portfolio", "schedule", index, one.action, *of_one)
                reading.wrong(path, f"'{name}' {objection}", hint)
            elif one.action in _BECOMING:
                standing[name] = _Standing(_BECOMING[one.action], one.at)


def _objection(reading: Reading, one: Appointment, name: str, standing: _Standing) -> tuple[str, str]:
    """Return why a change can't be made to a strategy, and a hint; empty where it can."""
    status, since = standing
    if status == "removed" and one.action == "add":
        return f"is removed at {since}, it can't be added again at {one.at}", "give it a second entry, and add that"
    if status == "removed" or (status == "waiting" and one.action != "add"):
        hint = _COMES_BACK if (status, one.action) == ("waiting", "remove") else "leave it out"
        return f"is {_PAST[status]} at {since}, it takes no part at {one.at}", hint
    if status in _SAME.get(one.action, ()):
        return f"takes part since {since}" if one.action == "add" else f"is paused at {since} already", "leave it out"
    if one.action == "resume" and status == "active" and not _has_drawdown_stop(reading, name):
        return f"is not paused at {one.at}", "leave it out, or pause it before"
    return "", ""


def _has_drawdown_stop(reading: Reading, name: str) -> bool:
    """Return whether a drawdown may pause or flatten the strategy, so that a resume has a meaning at any time."""
    own = reading.values.strategies[name].limits if name in reading.values.strategies else {}
    return "max_drawdown" in own or "max_drawdown" in reading.values.portfolio.limits


def _refuse_too_much(reading: Reading, appointments: Mapping[int, Appointment], share: Mapping[str, Decimal]) -> None:
    """Report the first change after which the strategies that take part have more than all of the capital."""
    added = {one.strategy_id for one in appointments.values() if one.action == "add"}
    weights = {name: Decimal(0) if name in added else weight * 100 for name, weight in share.items()}
    for index, one in _in_order(appointments):
        if one.action == "add":
            weights[one.strategy_id] = share.get(one.strategy_id, Decimal(0)) * 100
        elif one.action == "remove":
            weights[one.strategy_id] = Decimal(0)
        weights |= one.allocation
        total = sum(weights.values(), Decimal(0))
        if total > 100:
            path = ("portfolio", "schedule", index)
            reading.wrong(
                path,
                f"from {one.at} on allocations add up to {total.normalize():f} percent",
                "lower them to 100 in all",
            )
            return


def _appointment(reading: Reading, index: int, written: AppointmentSection, enabled: list[str]) -> Appointment | None:
    path = ("portfolio", "schedule", index)
    actions = [action for action in _ACTIONS if getattr(written, action) is not None]
    if len(actions) != 1:
        reading.wrong(path, f"an entry does one thing, this one has {', '.join(actions) or 'none'}", _EXAMPLE)
        return None
    action = actions[0]
    if written.positions is not None and action != "remove":
        reading.wrong((*path, "positions"), "'positions' belongs to 'remove'", "leave it out")
    if action == "allocation":
        return _allocation(reading, index, written, enabled)
    name = getattr(written, action)
    if name not in enabled:
        reading.wrong((*path, action), f"there is no enabled strategy '{name}'", f"known: {', '.join(enabled)}")
    return Appointment(written.at, action, name, written.positions or "flatten")


def _allocation(reading: Reading, index: int, written: AppointmentSection, enabled: list[str]) -> Appointment | None:
    path = ("portfolio", "schedule", index, "allocation")
    shares = dict(written.allocation or {})
    node = find(reading.shaped.table, path)[0]
    if isinstance(node, Table) and not node.entries:
        reading.wrong(path, "an allocation names no strategy", "write {at: 2015-01-02, allocation: {ID: 50}}")
    for name in shares:
        if name not in enabled:
            reading.wrong((*path, name), f"there is no enabled strategy '{name}'", f"known: {', '.join(enabled)}")
    return Appointment(written.at, "allocation", allocation=shares)
