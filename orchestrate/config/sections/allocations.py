"""Allocate shares of the capital: exact decimal weights that add up to at most one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import Final

from orchestrate.config.reading import Reading

_WHOLE = Decimal(100)
_GRAIN = Decimal("1e-12")
#: The allocations that are written in the file, by strategy id; None for one that is wrong.
Written = Mapping[str, Decimal | None]


def weights(reading: Reading, enabled: list[str]) -> dict[str, Decimal]:
    """Return each enabled strategy's weight in 0..1; empty, with at least one mistake, if they can't be computed."""
    strategies = reading.values.strategies
    written = {name: strategies[name].allocation for name in enabled if _is_written(reading, name)}
    if reading.shaped.mode == "single":
        for name, figure in written.items():
            if figure is not None and figure != _WHOLE:
                message = f"is {figure}, but a single strategy has all of the capital"
                reading.wrong(("strategies", name, "allocation"), message, "leave it out, or use 'strategies:'")
        return dict.fromkeys(enabled, Decimal(1))
    method = ALLOCATIONS.get(allocation_of(reading))
    return method(reading, enabled, written) if method else {}


def allocation_of(reading: Reading) -> str:
    """Return the method by which capital is allocated; entries of the live runner's file all get the same."""
    return "equal" if reading.shaped.live else reading.values.portfolio.allocation


def _is_written(reading: Reading, name: str) -> bool:
    node = reading.shaped.table.entries["strategies"]
    entry = getattr(node, "entries", {}).get(name)
    return entry is not None and getattr(entry, "get", lambda _: None)("allocation") is not None


def _equal(reading: Reading, enabled: list[str], written: Written) -> dict[str, Decimal]:
    if written:
        reading.finding("warning", "portfolio.allocation", "equal: the strategies' own allocations are not used")
    return shares(dict.fromkeys(enabled, Fraction(1)))


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
    total = sum(figures.values(), Decimal(0))
    if total <= _WHOLE:
        return {name: figure / _WHOLE for name, figure in figures.items()}
    if reading.values.portfolio.over_100 == "normalize":
        reading.finding("info", "portfolio.over_100", f"allocations add up to {total:f} and are scaled down to 100")
        return shares({name: Fraction(figure) for name, figure in figures.items()})
    running = Decimal(0)
    for name, figure in figures.items():
        running += figure
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


#: From the enabled strategies and what is written to their weights in 0..1; no weights mean a mistake.
AllocationMethod = Callable[[Reading, list[str], Written], dict[str, Decimal]]
ALLOCATIONS: Final[dict[str, AllocationMethod]] = {"custom": _custom, "equal": _equal}
