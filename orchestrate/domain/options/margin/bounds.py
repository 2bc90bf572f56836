"""What options hold back at most, from the pairing that was best when they were last traded.

At other prices another pairing may cost less, but none that is best costs more: an account that has enough for this one
needs no search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING, NamedTuple

from orchestrate.domain.instruments.rates import Prices
from orchestrate.domain.options.margin.account import requirements
from orchestrate.domain.options.margin.requirement import rule_at

if TYPE_CHECKING:
    from orchestrate.domain.books import Position

#: The options of one account on one underlying with their quantities, and the shares beside them.
_Composition = tuple[tuple[tuple[str, float], ...], float]


class _Known(NamedTuple):
    """What a pairing loses at most, whatever the prices, and the shorts that it leaves alone."""

    composition: _Composition
    loss: float
    naked: tuple[tuple[str, int], ...]


class MarginBounds:
    """Bounds for the accounts of a run, each with the last composition of its options on each underlying."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Known] = {}

    def held_back(
        self, owner: str, positions: Mapping[str, Position], marks: Prices, options: Sequence[Position]
    ) -> float:
        """Return a bound of what `held_back` of an account says of its `options`, all on one underlying."""
        contract = options[0].instrument.option
        assert contract is not None
        shares = positions.get(contract.underlying)
        held = tuple((one.symbol, one.quantity) for one in options)
        composition = held, 0.0 if shares is None else shares.quantity
        known = self._known.get((owner, contract.underlying))
        if known is None or known.composition != composition:
            known = _known(composition, positions, marks, options)
            self._known[owner, contract.underlying] = known
        worth = fsum(one.worth(marks[one.symbol]) for one in options)
        return worth + known.loss + fsum(count * _alone(positions[name], marks) for name, count in known.naked)


def _known(
    composition: _Composition, positions: Mapping[str, Position], marks: Prices, options: Sequence[Position]
) -> _Known:
    (found,) = requirements(options, positions, marks)
    return _Known(composition, found.loss, found.naked)


def _alone(position: Position, marks: Prices) -> float:
    """Return the margin of one contract that nothing covers."""
    contract = position.instrument.option
    assert contract is not None
    rule = rule_at(position.instrument.margin_rate)
    return rule.alone(contract, marks[position.symbol], marks[contract.underlying])
