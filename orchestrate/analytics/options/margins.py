"""What the options of a strategy use and hold back at every close, judged together as accounts fund them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.results import Holding


def options_of(holdings: Mapping[str, Holding]) -> list[str]:
    """Return the options among holdings."""
    return [symbol for symbol, one in holdings.items() if one.instrument.option is not None]


def option_margins(holdings: Mapping[str, Holding], steps: int) -> tuple[Floats, Floats]:
    """Return what the options of one strategy use, and what of its equity they hold back, at each step.

    Both are computed where a position or a price is another one than at the step before.
    """
    options = options_of(holdings)
    bases = {option.underlying for one in holdings.values() if (option := one.instrument.option) is not None}
    own = [one for symbol, one in holdings.items() if symbol in options or symbol in bases]
    quantities = np.array([one.quantity.path(steps) for one in own])
    averages = np.array([one.quantity.path(steps, one.averages) for one in own])
    owned = quantities * np.array([[one.instrument.option is not None] for one in own]) != 0.0
    prices = np.array([np.where(there, one.closes, 0.0) for one, there in zip(own, owned, strict=True)])
    unders = np.array([np.where(there, _under(one), 0.0) for one, there in zip(own, owned, strict=True)])
    state = np.where(owned.any(axis=0), np.concatenate([quantities, averages, prices, unders]), 0.0)
    starts = np.flatnonzero([True, *(state[:, 1:] != state[:, :-1]).any(axis=0)][:steps])
    found = np.array([_at(own, *np.split(state[:, step], 4)) for step in starts]).reshape(-1, 2)
    lasts = np.diff(starts, append=steps)
    return np.repeat(found[:, 0], lasts), np.repeat(found[:, 1], lasts)


def _under(holding: Holding) -> Floats:
    """Return the closes of what an option is on."""
    return holding.closes if holding.underlying is None else holding.underlying


def _at(
    own: Sequence[Holding], quantities: Floats, averages: Floats, prices: Floats, unders: Floats
) -> tuple[float, float]:
    """Return both at one step."""
    from orchestrate.domain.books import Position
    from orchestrate.domain.options.margin.account import held_back, used

    positions, marks = {}, {}
    for row, one in enumerate(own):
        if quantities[row]:
            symbol, option = one.instrument.symbol, one.instrument.option
            positions[symbol] = Position(one.instrument, float(quantities[row]), float(averages[row]))
            if option is not None:
                marks[symbol], marks[option.underlying] = float(prices[row]), float(unders[row])
    return used(positions), held_back(positions, marks)
