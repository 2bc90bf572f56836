"""`portfolio.schedule`: changes at the first step at or after a moment, before its open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import numpy as np

from orchestrate.domain.market.stamps import moment_of
from orchestrate.domain.market.timeline import MarketEvent, Timeline
from orchestrate.domain.portfolio import Appointment
from orchestrate.domain.results import Finding
from orchestrate.orchestration.loop.clock import fixed_steps
from orchestrate.orchestration.loop.rules.lifecycle import Lifecycle

#: Moves capital to new targets, by strategy id.
Reallocate = Callable[[Mapping[str, Decimal]], None]


class Appointments:
    """The changes of the schedule, in the order of their moments, then of the file; `PortfolioRule`."""

    def __init__(
        self,
        schedule: Sequence[Appointment],
        timeline: Timeline,
        lifecycle: Lifecycle,
        reallocate: Reallocate,
        findings: list[Finding],
    ) -> None:
        self._lifecycle, self._reallocate, self._findings = lifecycle, reallocate, findings
        self._due: dict[int, list[Appointment]] = {}
        for appointment in sorted(schedule, key=lambda one: moment_of(one.at)):
            step = int(np.searchsorted(timeline.labels, moment_of(appointment.at)))
            if step < len(timeline):
                self._due.setdefault(step, []).append(appointment)
            else:
                self._nothing_done(appointment, "no bar comes at or after it")
        self.next_event = fixed_steps(self._due)

    def before_open(self, event: MarketEvent) -> None:
        """See `PortfolioRule`."""
        for appointment in self._due.get(event.step, ()):
            try:
                self._do(appointment)
            except ValueError as error:
                self._nothing_done(appointment, str(error))

    def after_close(self, event: MarketEvent) -> None:
        """See `PortfolioRule`."""

    def _do(self, one: Appointment) -> None:
        if one.action == "allocation":
            self._reallocate({name: share / 100 for name, share in one.allocation.items()})
        elif one.action == "remove":
            self._lifecycle.remove(one.strategy_id, one.positions)
        else:
            {"pause": self._lifecycle.pause, "resume": self._lifecycle.resume, "add": self._lifecycle.add}[one.action](
                one.strategy_id
            )

    def _nothing_done(self, one: Appointment, why: str) -> None:
        message = f"{one.action} {one.strategy_id} at {one.at} did nothing: {why}"
        self._findings.append(Finding("warning", "portfolio.schedule", message))
