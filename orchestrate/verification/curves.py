"""Equity and exposure of each strategy at every close, from its ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from orchestrate.verification.facts import Flags, Floats, Run
from orchestrate.verification.ledger import Change, Ledger
from orchestrate.verification.options.margins import margins_of


@dataclass(frozen=True, eq=False)
class Place:
    """The position of one strategy in one symbol at every close, in the capital's currency.

    `cost` is what it cost, `worth` what it is worth; where only profit moves cash, `profit` is what it adds to equity.
    """

    worth: Floats
    used: Floats
    initial: Floats
    maintenance: Floats
    profit: Floats
    added: Floats
    held: Flags


def place_of(run: Run, symbol: str, changes: Sequence[Change]) -> Place:
    """Return a strategy's position in a symbol, from its changes."""
    terms, steps = run.terms[symbol], len(run.stamps)
    closes, rates = run.closes(symbol), run.rates(terms.fx)
    quantity, average, paid = (
        _path(changes, [getattr(one, name) for one in changes], steps) for name in ("quantity", "average", "rate")
    )
    held = quantity != 0.0
    price, rate = np.where(held, closes, 0.0), np.where(held, rates, 0.0)
    units = quantity * terms.multiplier
    worth, cost = units * price * rate, units * average * np.where(held, paid, 0.0)
    short = quantity < 0
    initial, maintenance = (np.where(short, one[1], one[0]) for one in (terms.initial, terms.maintenance))
    alone = symbol not in run.contracts  # options are judged together
    profit = worth - (cost if terms.by_notional else units * average * rate)
    return Place(
        worth=worth,
        used=np.abs(cost) * initial * alone,
        initial=np.abs(worth) * initial * alone,
        maintenance=np.abs(worth) * maintenance * alone,
        profit=profit,
        added=worth if terms.by_notional else profit,
        held=held,
    )


def _path(changes: Sequence[Change], values: Sequence[float], steps: int) -> Floats:
    """Return a figure at every step; 0 before its first change, of several at one step the last counts."""
    starts = np.minimum(np.array([change.step for change in changes], dtype=np.int64), steps)
    lasts = np.diff(starts, prepend=0, append=steps)
    return np.repeat(np.concatenate([[0.0], np.array(values, dtype=np.float64)]), lasts)


class Curve:
    """What one strategy has at every close: its positions, its equity, and what came and went."""

    def __init__(self, run: Run, ledger: Ledger) -> None:
        self._run, self.ledger, self._steps = run, ledger, len(run.stamps)
        self.places = {symbol: place_of(run, symbol, changes) for symbol, changes in ledger.changes.items()}

    def _sums(self, moves: Iterable[tuple[int, float]]) -> Floats:
        """Return what moves come to at each step; those after the last step are in none."""
        sums = np.zeros(self._steps + 1)
        for step, amount in moves:
            sums[min(step, self._steps)] += amount
        return sums[:-1]

    @cached_property
    def flows(self) -> Floats:
        """Return the money that came at each step, after its result, or (negative) left."""
        return np.round(self._sums(self.ledger.flows), 2)

    @cached_property
    def equity(self) -> Floats:
        """Return cash and positions."""
        cash = self.ledger.strategy.allocated + np.cumsum(self._sums(self.ledger.earned)) + np.cumsum(self.flows)
        return np.asarray(cash + sum((place.added for place in self.places.values()), np.zeros(self._steps)))

    @cached_property
    def options(self) -> tuple[Floats, Floats]:
        """Return what options use, and what of the equity they hold back."""
        return margins_of(self._run, self.ledger.changes)

    @cached_property
    def exposed(self) -> Flags:
        """Return the closes at which something was held."""
        exposed = np.zeros(self._steps, dtype=np.bool_)
        for place in self.places.values():
            exposed |= place.held
        return exposed
