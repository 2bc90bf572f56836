"""What options hold back of a book's money: the requirement of all positions on one underlying."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import fsum, isfinite
from typing import TYPE_CHECKING

from orchestrate.domain.instruments.rates import Prices

if TYPE_CHECKING:
    from orchestrate.domain.books import Position
    from orchestrate.domain.options.margin.requirement import Requirement


def holds_options(positions: Mapping[str, Position]) -> bool:
    """Return whether there is an option among the positions."""
    return any(position.instrument.option is not None for position in positions.values())


def together(positions: Mapping[str, Position]) -> list[tuple[Position, ...]]:
    """Return positions that are judged together: all options on one underlying, any other alone."""
    groups: dict[tuple[bool, str], list[Position]] = {}
    for symbol, position in positions.items():
        option = position.instrument.option
        groups.setdefault((option is not None, symbol if option is None else option.underlying), []).append(position)
    return [tuple(group) for group in groups.values()]


def held_back(positions: Mapping[str, Position], marks: Prices, options: Iterable[Position] | None = None) -> float:
    """Return what of a book's equity its `options` hold back: their worth at the marks, and what they may still cost.

    What is owned is paid for, and what shorts brought is there to be paid out again.
    """
    owned = [one for one in (positions.values() if options is None else options) if one.instrument.option is not None]
    worth = fsum(position.worth(marks[position.symbol]) for position in owned)
    return worth + fsum(one.gross for one in requirements(owned, positions, marks))


def used(positions: Mapping[str, Position]) -> float:
    """Return the capital that options use, at what they were traded for; the underlying counts as at each strike."""
    owned = [position for position in positions.values() if position.instrument.option is not None]
    prices = {position.symbol: position.average_price for position in owned}
    required = [one.required for one in requirements(owned, positions, prices)]
    return fsum(one for one in required if isfinite(one))  # a call that has lost its cover uses no capital


def requirements(owned: Sequence[Position], positions: Mapping[str, Position], prices: Prices) -> list[Requirement]:
    """Return the requirement of the options on each underlying; where that has no price, at the strikes."""
    from orchestrate.domain.options.margin.requirement import Holding, MarginRule, requirement, rule_at

    by_underlying: dict[str, list[Holding]] = {}
    rules: dict[str, MarginRule] = {}
    for position in owned:
        contract = position.instrument.option
        assert contract is not None
        holding = Holding(contract, int(position.quantity), position.average_price, prices[position.symbol])
        by_underlying.setdefault(contract.underlying, []).append(holding)
        rules[contract.underlying] = rule_at(position.instrument.margin_rate)
    return [
        requirement(holdings, prices.get(underlying), rules[underlying], _shares(positions, underlying))
        for underlying, holdings in by_underlying.items()
    ]


def _shares(positions: Mapping[str, Position], underlying: str) -> float:
    position = positions.get(underlying)
    return 0.0 if position is None else position.quantity
