"""`portfolio.schedule`: changes at the first step at or after a moment, before its open."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from orchestrate.domain.market.stamps import moment_of
from orchestrate.domain.market.timeline import MarketEvent, Timeline
from orchestrate.domain.portfolio import Appointment
from orchestrate.domain.results import Finding
from orchestrate.orchestration.loop.clock import every_step, first_at, fixed_steps
from orchestrate.orchestration.loop.rules.lifecycle import Lifecycle

#: Moves capital to new targets, by strategy id.
Reallocate = Callable[[Mapping[str, Decimal]], None]
#: So many changes that did nothing are named in one finding.
_FIRST: Final = 5


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
        self._left = deque(sorted(schedule, key=lambda one: moment_of(one.at)))
        self._late: list[Appointment] = []
        self._labels = timeline.labels
        moments = [moment_of(one.at) for one in schedule]
        self.next_event = fixed_steps(first_at(timeline, moments)) if timeline.is_complete else every_step

    def before_open(self, event: MarketEvent) -> None:
        """See `PortfolioRule`."""
        now = self._labels[event.step]
        while self._left and moment_of(self._left[0].at) <= now:
            appointment = self._left.popleft()
            if self._lifecycle.stopped is not None:
                self._late.append(appointment)
                continue
            try:
                self._do(appointment)
            except ValueError as error:
                self._nothing_done(appointment, str(error))

    def after_close(self, event: MarketEvent) -> None:
        """See `PortfolioRule`."""

    def end(self) -> None:
        """Report what came after the portfolio was stopped, and what no bar has come for."""
        if self._late:
            late = tuple(one.description for one in self._late)
            which = f"{len(late)} changes did nothing, from {late[0]} on" if late[1:] else f"{late[0]} did nothing"
            message = f"{which}: {self._lifecycle.stopped}"
            self._findings.append(Finding("warning", "portfolio.schedule", message, len(late), late[:_FIRST]))
        for appointment in self._left:
            self._nothing_done(appointment, "no bar comes at or after it")

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
        message = f"{one.description} did nothing: {why}"
        self._findings.append(Finding("warning", "portfolio.schedule", message))
