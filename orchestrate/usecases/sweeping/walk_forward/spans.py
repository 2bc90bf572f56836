"""The plan of a part of the data: of a training, and of the test after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import BarSeries, Market
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.portfolio import Appointment

_DAY: Final = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Ends:
    """The labels of the first and the last bar of a part of the data, and how `start` and `end` are written for it."""

    first: int
    last: int
    start: str
    end: str


def ends_of(plan: RunPlan, market: Market, steps: range) -> Ends:
    """Return where a part of the timeline begins and ends, such that no bar within it is known only later."""
    begins, ends = (int(market.timeline.stamps[step]) for step in (steps[0], steps[-1]))
    series = list(_own_series(plan, market))
    first = min(label for one in series for label in one.timestamp[one.available_at >= begins][:1].tolist())
    after = [label for one in series for label in one.timestamp[one.available_at > ends][:1].tolist()]
    bound = min(after, default=None)
    labels = (one.timestamp if bound is None else one.timestamp[one.timestamp < bound] for one in series)
    last = max(int(those[-1]) for those in labels if len(those))
    is_whole_day = bound is None or bound >= last - last % _DAY + _DAY
    return Ends(first, last, label_text(first), label_text(last) if is_whole_day else _exact(last))


def _own_series(plan: RunPlan, market: Market) -> Iterator[BarSeries]:
    """Yield the series that have bars of their own: others end with those that they are made of."""
    return (one for symbol, one in market.series.items() if plan.data[symbol].resample is None)


def _exact(label: int) -> str:
    """Return a moment, also at midnight, where a date would be a whole day."""
    text = label_text(label)
    return text if "T" in text else f"{text}T00:00:00Z"


def test_plan(plan: RunPlan, test: Ends, capital: Decimal) -> RunPlan:
    """Return the plan of a test: that of its training, which goes on to the end of the test.

    Before the test, strategies wait: they see the bars, natives go through them, nobody trades. What is open at the
    last close is closed there.
    """
    return replace(
        plan,
        end=test.end,
        capital=replace(plan.capital, total=capital),
        portfolio=replace(plan.portfolio, schedule=_adding(plan, test)),
        execution=replace(plan.execution, close_at_end=True),
    )


def carrying_plan(plan: RunPlan, train: Ends, first: Ends, last: Ends) -> RunPlan:
    """Return the plan of one run through all tests: it begins with the first training, and nobody trades there."""
    schedule = _adding(plan, first)
    return replace(plan, start=train.start, end=last.end, portfolio=replace(plan.portfolio, schedule=schedule))


def _adding(plan: RunPlan, test: Ends) -> tuple[Appointment, ...]:
    """Return a schedule by which all strategies take part from the first bar of a test on."""
    return tuple(Appointment(at=_exact(test.first), action="add", strategy_id=one.id) for one in plan.strategies)
