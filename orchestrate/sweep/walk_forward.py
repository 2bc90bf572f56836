"""The windows of a walk-forward: which steps each training and each test has."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, pairwise
from typing import Final

import numpy as np

from orchestrate.domain.errors import ConfigurationError, DataError, Problem
from orchestrate.domain.market.stamps import EARLIEST, FIRST_YEAR, LAST_YEAR, LATEST, saturated
from orchestrate.domain.market.timeline import Stamps
from orchestrate.domain.sweeps import Span, WalkForwardPlan

_DAY: Final = 86_400 * 10**9
_WHERE: Final = "sweep.walk_forward"
#: A training of fewer bars has no return.
_LEAST: Final = 2


@dataclass(frozen=True, slots=True)
class Window:
    """The steps of a training and of the test that follows it; a test `is_short` where the data end before it."""

    train: range
    test: range
    is_short: bool = False


def windows(plan: WalkForwardPlan, stamps: Stamps) -> tuple[Window, ...]:
    """Return the windows on a timeline whose steps have these moments.

    The first training begins with the data. Each further window begins a `step` later; with `anchored`, only its test
    does. A training ends `embargo` before its test. ConfigurationError where tests overlap; DataError where there is
    not enough data for one window; one without bars to train on or to test is left out.
    """
    made = tuple(window for window in _windows(plan, stamps) if len(window.train) >= _LEAST and window.test)
    if not made:
        embargo = f", {plan.embargo} left out," if plan.embargo else ""
        message = f"{len(stamps)} bars are too few for a training of {plan.train}{embargo} and a test"
        raise DataError(message, where=_WHERE, hint="give more data, or shorter spans")
    _require_order(plan, made)
    return made


def _windows(plan: WalkForwardPlan, stamps: Stamps) -> Iterator[Window]:
    train, test, step, embargo = map(Span.of, (plan.train, plan.test, plan.step, plan.embargo))
    clock = _Calendar(stamps)
    for number in count():
        begin, split = (clock.after(clock.origin, step.times(number) + span) for span in (Span(), train))
        first = clock.step(split)
        if first >= len(stamps):
            return
        end = clock.after(clock.origin, step.times(number) + train + test)
        trained = clock.step(clock.after(split, embargo.times(-1)))
        begun = 0 if plan.anchored else clock.step(begin)
        is_short = clock.is_before(end)
        yield Window(range(begun, trained), range(first, clock.step(end)), is_short)
        if is_short:
            return


def _require_order(plan: WalkForwardPlan, made: tuple[Window, ...]) -> None:
    """Raise where one account can't go through all tests."""
    pauses = [later.test.start - earlier.test.stop for earlier, later in pairwise(made)]
    wrong = ""
    if any(pause < 0 for pause in pauses):
        wrong = f"tests of {plan.test} overlap with a step of {plan.step}"
    elif any(pauses) and plan.positions == "carry":
        wrong = f"no position can be carried from a test of {plan.test} to the next one, {plan.step} later"
    if wrong:
        raise ConfigurationError([Problem("", 0, 0, f"{_WHERE}.step: {wrong}", f"write step: {plan.test}")])


class _Calendar:
    """Moments and steps of a timeline. Moments beyond its end exist, too."""

    def __init__(self, stamps: Stamps) -> None:
        self._stamps = stamps
        first = int(stamps[0])
        self.origin = first - first % _DAY
        gaps = np.diff(stamps)
        self._longest = int(gaps.max()) if len(gaps) else _DAY

    def step(self, moment: int) -> int:
        """Return the first step at or after a moment."""
        return int(np.searchsorted(self._stamps, moment, side="left"))

    def after(self, moment: int, span: Span) -> int:
        """Return the moment that is a span later."""
        if span.months:
            moment = _months_later(moment, span.months)
        moment = saturated(moment + span.days * _DAY)
        if not span.bars:
            return moment
        step, last = self.step(moment) + span.bars, len(self._stamps) - 1
        beyond = max(0, step - last) * self._longest
        return saturated(int(self._stamps[min(max(step, 0), last)]) + beyond)

    def is_before(self, moment: int) -> bool:
        """Return whether the data end before the last bar that there would be before this moment."""
        return moment - int(self._stamps[-1]) > self._longest


def _months_later(moment: int, months: int) -> int:
    """Return the same time of the same day in another month, or of its last day where that is shorter."""
    day = datetime.fromtimestamp(moment // 10**9, UTC)
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return EARLIEST if months < 0 else LATEST
    last = calendar.monthrange(year, month + 1)[1]
    there = day.replace(year=year, month=month + 1, day=min(day.day, last))
    return int(there.timestamp()) * 10**9 + moment % 10**9
