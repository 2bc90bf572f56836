"""What the pairing of before holds back is never less than the best one of now, so that no margin call is missed."""

from __future__ import annotations

import random

import pytest

from orchestrate.domain.books import Position
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.options.contract import OptionContract
from orchestrate.domain.options.margin.account import held_back
from orchestrate.domain.options.margin.bounds import MarginBounds

STRIKES = (80.0, 90.0, 100.0, 110.0, 120.0)


def positions_of(chance: random.Random, rate: float) -> dict[str, Position]:
    contracts = [
        OptionContract("XO", "X", right, strike, 10 + month, f"2024-0{month}-19")
        for right in ("call", "put")
        for strike in STRIKES
        for month in (1, 2)
    ]
    held = {"X": Position(Instrument("X"), chance.choice([0.0, 100.0, 300.0]), 100.0)}
    for contract in chance.sample(contracts, chance.randint(1, 6)):
        instrument = Instrument(contract.symbol, multiplier=100.0, margin_rate=rate, option=contract)
        held[contract.symbol] = Position(
            instrument, chance.choice([-3.0, -2.0, -1.0, 1.0, 2.0]), chance.uniform(0.5, 9)
        )
    return held


def marks_of(chance: random.Random, positions: dict[str, Position]) -> dict[str, float]:
    return {"X": chance.uniform(60, 140)} | {name: chance.uniform(0.1, 15) for name in positions if name != "X"}


@pytest.mark.parametrize("rate", [0.15, 0.2, 1.0])
def test_a_bound_is_never_below_what_is_held_back(rate: float) -> None:
    chance, meets = random.Random(5), 0
    for number in range(40):
        positions = positions_of(chance, rate)
        options = [one for one in positions.values() if one.instrument.option is not None]
        bounds = MarginBounds()
        for _ in range(4):
            marks = marks_of(chance, positions)
            exact = held_back(positions, marks, options)
            bound = bounds.held_back("s", positions, marks, options)
            assert bound >= exact - 1e-6, (number, bound, exact)
            meets += bound <= exact + 1e-6
    assert meets > 40  # it is no empty promise: often it is the requirement itself


def test_a_trade_makes_a_new_bound() -> None:
    chance = random.Random(7)
    positions, bounds = positions_of(chance, 0.2), MarginBounds()
    marks = marks_of(chance, positions)
    options = [one for one in positions.values() if one.instrument.option is not None]
    before = bounds.held_back("s", positions, marks, options)
    options[0].quantity -= 5.0
    assert bounds.held_back("s", positions, marks, options) != before
    assert bounds.held_back("s", positions, marks, options) >= held_back(positions, marks, options) - 1e-6
