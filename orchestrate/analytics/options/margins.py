"""What the options of a strategy use and hold back at every close, judged together as accounts fund them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from orchestrate.domain.books import Position
from orchestrate.domain.market.timeline import Floats
from orchestrate.domain.options.margin.account import held_back, used
from orchestrate.domain.results import Holding


def options_of(holdings: Mapping[str, Holding]) -> list[str]:
    """Return the options among holdings."""
    return [symbol for symbol, one in holdings.items() if one.instrument.option is not None]


def option_margins(holdings: Mapping[str, Holding], steps: int) -> tuple[Floats, Floats]:
    """Return what the options of one strategy use, and what of its equity they hold back, at each step.

    What they use goes by what they were traded for, and is computed where a position changes; what they hold back
    where a price does, too.
    """
    options = options_of(holdings)
    bases = {option.underlying for one in holdings.values() if (option := one.instrument.option) is not None}
    own = [one for symbol, one in holdings.items() if symbol in options or symbol in bases]
    quantities = np.array([one.quantity.path(steps) for one in own])
    averages = np.array([one.quantity.path(steps, one.averages) for one in own])
    owned = quantities * np.array([[one.instrument.option is not None] for one in own]) != 0.0
    prices = np.array([np.where(there, one.closes, 0.0) for one, there in zip(own, owned, strict=True)])
    unders = np.array([np.where(there, _under(one), 0.0) for one, there in zip(own, owned, strict=True)])
    held = np.where(owned.any(axis=0), np.concatenate([quantities, averages]), 0.0)
    state = np.where(owned.any(axis=0), np.concatenate([held, prices, unders]), 0.0)
    return (
        _by_step(held, lambda now: used(_positions(own, *np.split(now, 2)))),
        _by_step(state, lambda now: _held_back(own, *np.split(now, 4))),
    )


def _by_step(state: Floats, figure: Callable[[Floats], float]) -> Floats:
    """Return a figure of each column of a state, computed where it is another one than the one before."""
    steps = state.shape[1]
    starts = np.flatnonzero([True, *(state[:, 1:] != state[:, :-1]).any(axis=0)][:steps])
    return np.repeat(np.array([figure(state[:, step]) for step in starts]), np.diff(starts, append=steps))


def _under(holding: Holding) -> Floats:
    """Return the closes of what an option is on."""
    return holding.closes if holding.underlying is None else holding.underlying


def _held_back(own: Sequence[Holding], quantities: Floats, averages: Floats, prices: Floats, unders: Floats) -> float:
    marks = {}
    for row, one in enumerate(own):
        option = one.instrument.option
        if quantities[row] and option is not None:
            marks[one.instrument.symbol], marks[option.underlying] = float(prices[row]), float(unders[row])
    return held_back(_positions(own, quantities, averages), marks)


def _positions(own: Sequence[Holding], quantities: Floats, averages: Floats) -> dict[str, Position]:
    return {
        one.instrument.symbol: Position(one.instrument, float(quantities[row]), float(averages[row]))
        for row, one in enumerate(own)
        if quantities[row]
    }
