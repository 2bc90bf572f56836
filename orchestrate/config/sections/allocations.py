"""Allocate shares of the capital: exact decimal weights that add up to at most one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from orchestrate.config.reading import Reading, is_function
from orchestrate.domain.portfolio import AllocationPlan
from orchestrate.domain.text.spelling import did_you_mean

_WHOLE = Decimal(100)
_GRAIN = Decimal("1e-12")
_METHOD = ("portfolio", "allocation", "method")
#: The allocations that are written in the file, by strategy id; None for one that is wrong.
Written = Mapping[str, Decimal | None]


def weights(reading: Reading, enabled: list[str]) -> dict[str, Decimal]:
    """Return each enabled strategy's weight in 0..1, equal ones where they are estimated when the data is there.

    Empty where they can't be known, and then at least one mistake.
    """
    strategies = reading.values.strategies
    written = {name: strategies[name].allocation for name in enabled if _is_written(reading, name)}
    if reading.shaped.mode == "single":
        for name, figure in written.items():
            if figure is not None and figure != _WHOLE:
                message = f"is {figure}, but a single strategy has all of the capital"
                reading.wrong(("strategies", name, "allocation"), message, "leave it out, or use 'strategies:'")
        return dict.fromkeys(enabled, Decimal(1))
    method, source = allocation_of(reading).method, _source(reading)
    if source == "file":
        return _custom(reading, enabled, written)
    if written and source:
        reading.finding("warning", "portfolio.allocation", f"{method}: the strategies' own allocations are not used")
    if source == "returns" and reading.values.start is None:
        message = f"{method} looks at the bars before 'start', which is not given: equal weights"
        reading.finding("warning", "portfolio.allocation", message)
    return shares(dict.fromkeys(enabled, Fraction(1)))


def allocation_of(reading: Reading) -> AllocationPlan:
    """Return the split of the capital; entries of the live runner's file all get the same."""
    if reading.shaped.live:
        return AllocationPlan("equal")
    written = reading.values.portfolio.allocation
    method = reading.function(_METHOD, written.method) if is_function(written.method) else written.method
    plan = AllocationPlan(method, every=written.every)
    lookback = written.lookback or reading.values.portfolio.lookback
    return replace(plan, lookback=lookback) if lookback else plan


def check_allocation(reading: Reading) -> None:
    """Check that the method exists, and that `lookback` means something to it."""
    written, beside = reading.values.portfolio.allocation, reading.values.portfolio.lookback
    known = reading.choices.allocations
    method = known.get(written.method)
    if is_function(written.method):
        reading.check_function(_METHOD, written.method)
    elif method is None:
        hint = did_you_mean(written.method, known) or f"known: {', '.join(known)}, and path.py:function"
        reading.wrong(_METHOD, f"there is no '{written.method}'", hint)
    if beside is not None and written.lookback is not None:
        hint = "keep portfolio.allocation.lookback"
        reading.wrong(("portfolio", "lookback"), "'lookback' is written twice", hint)
    elif method is not None and method.source != "returns" and (beside or written.lookback):
        place = ("portfolio", "lookback") if beside else ("portfolio", "allocation", "lookback")
        reading.wrong(place, f"{written.method} looks at no bars", "leave it out")


def _is_written(reading: Reading, name: str) -> bool:
    node = reading.shaped.table.entries["strategies"]
    entry = getattr(node, "entries", {}).get(name)
    return entry is not None and getattr(entry, "get", lambda _: None)("allocation") is not None


def _source(reading: Reading) -> str:
    """Return the source of the weights, as in `AllocationMethod`; "" for an unknown method."""
    method = allocation_of(reading).method
    if is_function(method):
        return "returns"
    known = reading.choices.allocations.get(method)
    return known.source if known else ""


def _custom(reading: Reading, enabled: list[str], written: Written) -> dict[str, Decimal]:
    lacking = [name for name in enabled if name not in written]
    if any(reading.has_strangers(name) for name in lacking):
        return {}
    if lacking:
        hint = "write 'allocation: 40' (percent) in each strategy, or 'portfolio: {allocation: equal}'"
        if not written:
            place = reading.key("strategies", lacking[0])
            message = (
                "no strategy has an allocation" if len(enabled) > 1 else f"strategies.{lacking[0]} has no allocation"
            )
            reading.problems.append(place.problem(message, hint))
        else:
            for name in lacking:
                reading.problems.append(
                    reading.key("strategies", name).problem(f"strategies.{name} has no allocation", hint)
                )
        return {}
    figures = {name: figure for name, figure in written.items() if figure is not None}
    if len(figures) < len(enabled):
        return {}
    later = {one.add for one in reading.values.portfolio.schedule}  # the schedule is judged as a whole
    total = sum((figure for name, figure in figures.items() if name not in later), Decimal(0))
    if total <= _WHOLE:
        return {name: figure / _WHOLE for name, figure in figures.items()}
    if reading.values.portfolio.over_100 == "normalize":
        reading.finding("info", "portfolio.over_100", f"allocations add up to {total:f} and are scaled down to 100")
        return shares({name: Fraction(figure) for name, figure in figures.items()})
    running = Decimal(0)
    for name, figure in figures.items():
        running += 0 if name in later else figure
        if running > _WHOLE:
            message = f"allocations add up to {total:f}, more than 100 percent"
            place = reading.place("strategies", name, "allocation")
            reading.problems.append(place.problem(message, "lower them, or write 'portfolio: {over_100: normalize}'"))
            break
    return {}


def shares(parts: Mapping[str, Fraction]) -> dict[str, Decimal]:
    """Return weights in the ratio of `parts` that add up to exactly 1.

    What can't be split goes to the largest remainders.
    """
    whole = sum(parts.values(), Fraction(0))
    exact = {name: part / whole for name, part in parts.items()}
    down = {
        name: (Decimal(value.numerator) / Decimal(value.denominator)).quantize(_GRAIN, ROUND_FLOOR)
        for name, value in exact.items()
    }
    left = int((1 - sum(down.values(), Decimal(0))) / _GRAIN)
    order = sorted(down, key=lambda name: exact[name] - Fraction(down[name]), reverse=True)
    for name in order[:left]:
        down[name] += _GRAIN
    return {name: value.normalize() for name, value in down.items()}
