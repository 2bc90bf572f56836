"""Exposure and use of capital at every close: of the portfolio, and of each strategy, framework and symbol.

Computed from what books held, so that a run pays nothing for it; one group at a time, so that it fits in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final, Generic, Literal, TypeVar

import numpy as np

from orchestrate.analytics.options.margins import option_margins, options_of
from orchestrate.analytics.sums import mean
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.market.timeline import Flags, Floats, Stamps
from orchestrate.domain.portfolio import UNMANAGED
from orchestrate.domain.results import Holding, RunResult, StrategyResult

#: Strategies and symbols.
Places = tuple[tuple[str, str], ...]
Scope = Literal["portfolio", "strategy", "framework", "symbol"]
#: The decimals of `available`, a difference of large amounts.
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Group:
    """Positions that are looked at together, by strategy and symbol, and the strategies that may add to them."""

    scope: Scope
    id: str
    places: Places
    strategies: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """The columns of exposure, an element a step."""

    gross: Floats
    net: Floats
    used: Floats
    reserved: Floats
    available: Floats
    margin_initial: Floats
    margin_maintenance: Floats


#: In the order in which they are stored.
FIGURES: Final = tuple(field.name for field in fields(Figures))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The figures of one group at the steps at which one of them changed, the first step included."""

    group: Group
    steps: Stamps
    columns: Mapping[str, Floats]


def groups(result: RunResult) -> list[Group]:
    """Return the portfolio, then each strategy, each framework, and each symbol that was held or had a reserve."""
    strategies = result.strategies.values()
    places = [place for one in strategies for place in _places(one)]
    found = [Group("portfolio", "portfolio", tuple(places), tuple(result.strategies))]
    found += [_group("strategy", one.id, places, [one]) for one in strategies]
    for name in dict.fromkeys(one.framework for one in strategies):
        found.append(_group("framework", name, places, [one for one in strategies if one.framework == name]))
    for symbol in dict.fromkeys(symbol for _, symbol in places):
        own = [place for place in places if place[1] == symbol]
        trading = [one for one in strategies if symbol in one.symbols or (one.id, symbol) in own]  # options join
        found.append(_group("symbol", symbol, own, trading))
    return found


def _places(strategy: StrategyResult) -> list[tuple[str, str]]:
    return [(strategy.id, symbol) for symbol in dict.fromkeys([*strategy.holdings, *strategy.reserves])]


def _group(scope: Scope, name: str, places: list[tuple[str, str]], members: list[StrategyResult]) -> Group:
    ids = tuple(one.id for one in members)
    return Group(scope, name, tuple(place for place in places if place[0] in ids), ids)


def rows(result: RunResult) -> Iterator[Rows]:
    """Return the rows of each group, one group after another."""
    exposure, known, found = Exposure(result), None, None
    for group in groups(result):
        key = group.places, group.strategies
        if found is None or key != known:  # of one strategy on one symbol all groups are the same
            known, found = key, _changed(exposure.figures(group))
        yield Rows(group, *found)


def _changed(figures: Figures) -> tuple[Stamps, Mapping[str, Floats]]:
    columns = {name: getattr(figures, name) for name in FIGURES}
    changed = np.zeros(len(figures.gross), dtype=np.bool_)
    changed[:1] = True
    for column in columns.values():
        changed[1:] |= column[1:] != column[:-1]
    steps = np.flatnonzero(changed)
    return steps, {name: column[steps] for name, column in columns.items()}


_PLURALS: Final[dict[Scope, str]] = {"strategy": "strategies", "framework": "frameworks", "symbol": "symbols"}


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """Worths of positions at every close, and what of the equity they hold back."""

    gross: Floats
    net: Floats
    held: Floats


class Extremes:
    """The peaks of exposure of a run, and the shares of its equity that nothing held; computed as they are asked for.

    Leverage is of the equity at that moment: a strategy's own, for all others that of the portfolio, as limits have it.
    """

    def __init__(self, result: RunResult) -> None:
        self._result, self._exposure = result, Exposure(result)
        self._groups = {(group.scope, group.id): group for group in groups(result)}
        self._idle: dict[tuple[Scope, str], float | None] = {}

    @cached_property
    def peaks(self) -> Mapping[str, object]:
        """Return the largest gross, net and leverage of the portfolio, and of each strategy, framework and symbol."""
        result, whole = self._result, self._result.portfolio_equity
        found: dict[str, dict[str, object]] = {name: {} for name in _PLURALS.values()}
        of_portfolio: dict[str, object] = {}
        for group in self._groups.values():
            sizes = self._exposure.sizes(group)
            own = result.strategies[group.id].equity if group.scope == "strategy" else whole
            highest = _highest(sizes, own, result.labels)
            if group.scope == "portfolio":
                of_portfolio = highest
            else:
                found[_PLURALS[group.scope]][group.id] = highest
            if group.scope != "symbol":
                self.idle(group.scope, group.id)  # now: sums over positions are remembered for a short time only
        return {"portfolio": of_portfolio, **found}

    def idle(self, scope: Scope, name: str) -> float | None:
        """Return the mean share of equity that nothing of a group held; None where there was no equity."""
        place = scope, name
        if place not in self._idle and place in self._groups:
            group = self._groups[place]
            self._idle[place] = _idle_share(self._result, group, self._exposure.sizes(group).held)
        return self._idle.get(place)

    def idle_between(self, first: int, last: int) -> float | None:
        """Return the mean share of the portfolio's equity that nothing held, from one moment to another."""
        group, stamps = self._groups["portfolio", "portfolio"], self._result.stamps
        return _idle_share(self._result, group, self._exposure.sizes(group).held, (stamps >= first) & (stamps <= last))


def _idle_share(result: RunResult, group: Group, held: Floats, within: Flags | None = None) -> float | None:
    """Return the mean share of a group's equity that its positions do not hold back, over the closes of its bars.

    `within` marks the steps that count; None for all of them.
    """
    strategies = [result.strategies[name] for name in sorted(group.strategies)]  # as sums of books are made
    equity = np.asarray(sum(one.equity for one in strategies), dtype=np.float64)
    if group.scope == "portfolio":
        equity = result.portfolio_equity
    of_bars = strategies if group.scope == "strategy" else result.strategies.values()
    counted = np.logical_or.reduce([one.has_bar for one in of_bars]) & (equity > 0.0)
    if within is not None:
        counted &= within
    if not counted.any():
        return None
    if not counted.all():  # steps that do not count change no digit of the mean
        held, equity = held[counted], equity[counted]
    return mean(np.maximum(1.0 - held / equity, 0.0))


def _highest(sizes: Sizes, equity: Floats, labels: Stamps) -> dict[str, object]:
    has_equity = equity > 0.0
    curves = {"gross": sizes.gross, "net": np.abs(sizes.net)}
    for name, size in list(curves.items()):
        curves[f"{name}_leverage"] = np.divide(size, equity, out=np.zeros(len(size)), where=has_equity)
    return {name: _peak(curve, labels) for name, curve in curves.items()}


def _peak(curve: Floats, labels: Stamps) -> dict[str, object]:
    """Return the largest value and the label of the first bar that has it; no label where it never is above 0."""
    place = int(np.argmax(curve)) if len(curve) else 0
    value = float(curve[place]) if len(curve) else 0.0
    return {"value": value, "label": label_text(int(labels[place])) if value else None}


class Exposure:
    """The exposure of a run's groups of positions."""

    def __init__(self, result: RunResult) -> None:
        self._result, self._steps = result, len(result.stamps)
        self._is_pooled = any(strategy.weight is not None for strategy in result.strategies.values())
        self._spendable: dict[str, Floats] = {}
        self._known_options: dict[str, tuple[Floats, Floats]] = {}
        self._known_held: _Recent[Positions] = _Recent()
        self._known_sizes: _Recent[Sizes] = _Recent()

    def figures(self, group: Group) -> Figures:
        """Return all figures of a group."""
        held, reserved = self._held(group.places), self._reserved(group.places)
        return Figures(
            held.gross, held.net, held.used, reserved, self._available(group), held.initial, held.maintenance
        )

    def sizes(self, group: Group) -> Sizes:
        """Return gross, net and what they hold back alone."""
        return self._known_sizes.sum(group.places, self._sum_sizes)

    def _held(self, places: Places) -> Positions:
        return self._known_held.sum(places, self._sum)

    def _sum(self, places: Places) -> Positions:
        held = Positions.none(self._steps)
        for holding in self._holdings(places):
            held.add(holding)
        for used, margin in self._options(places):
            held.used[:] += used
            held.initial[:] += margin
            held.maintenance[:] += margin
        return held

    def _sum_sizes(self, places: Places) -> Sizes:
        total = Sizes(*(np.zeros(self._steps) for _ in fields(Sizes)))
        for holding in self._holdings(places):
            worth = _worth(holding)
            size = np.abs(worth)
            total.gross[:] += size
            total.net[:] += worth
            if holding.instrument.option is None:
                rates = _rates(holding.instrument.initial_rate, holding.quantity.values)
                total.held[:] += _margin(holding, size, rates)
        for _, margin in self._options(places):
            total.held[:] += margin
        return total

    def _options(self, places: Places) -> Iterator[tuple[Floats, Floats]]:
        """Yield what the options of each strategy use and hold back: of those that have all of them in these places."""
        for name in sorted({name for name, _ in places}):
            holdings = self._result.strategies[name].holdings
            options = options_of(holdings)
            if options and {(name, symbol) for symbol in options} <= set(places):
                if name not in self._known_options:
                    self._known_options[name] = option_margins(holdings, self._steps)
                yield self._known_options[name]

    def _holdings(self, places: Places) -> Iterator[Holding]:
        for name, symbol in sorted(places):  # the order in the file changes no digit
            holding = self._result.strategies[name].holdings.get(symbol)
            if holding is not None:
                yield holding

    def _reserved(self, places: Places) -> Floats:
        reserved = np.zeros(self._steps)
        for name, symbol in sorted(places):
            changes = self._result.strategies[name].reserves.get(symbol)
            if changes is not None:
                reserved += changes.path(self._steps)
        return reserved

    # ---- what can be spent

    def _available(self, group: Group) -> Floats:
        """Return what the group's strategies could spend on openings; never more than is free in a common account."""
        total = np.zeros(self._steps)
        for name in sorted(group.strategies):
            if name not in self._spendable:
                self._spendable[name] = self._room(self._result.strategies[name])
            total += self._spendable[name]
        return np.round(np.minimum(total, self._free) if self._is_pooled else total, _DIGITS)

    def _room(self, strategy: StrategyResult) -> Floats:
        """Return the money of a strategy, or its share of a common account, that nothing uses or holds back."""
        if strategy.id.startswith(UNMANAGED):
            return np.zeros(self._steps)
        places = tuple(_places(strategy))
        held, reserved = self._held(places), self._reserved(places)
        if strategy.weight is not None:
            room = strategy.weight.path(self._steps) * self._result.portfolio_equity - held.used
        else:
            room = strategy.equity - np.maximum(held.used + held.profit, held.initial)
        return np.maximum(room - reserved, 0.0)

    @cached_property
    def _free(self) -> Floats:
        """Return what is free in a common account: its equity less what positions and open orders hold back."""
        places = groups(self._result)[0].places
        return np.maximum(self._result.portfolio_equity - self._held(places).initial - self._reserved(places), 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Sums over positions at every close: worths, what they use and hold back, and their open profit."""

    gross: Floats
    net: Floats
    used: Floats
    initial: Floats
    maintenance: Floats
    profit: Floats

    @classmethod
    def none(cls, steps: int) -> Positions:
        """Return the sums over no position."""
        return cls(*(np.zeros(steps) for _ in fields(cls)))

    def add(self, holding: Holding) -> None:
        """Take in one position."""
        worth, instrument, quantities = _worth(holding), holding.instrument, holding.quantity.values
        steps, size = len(worth), np.abs(worth)
        cost = quoted = quantities * holding.averages * instrument.multiplier
        if holding.rates is not None:
            cost = quoted * holding.rates.paid
        initial = _rates(instrument.initial_rate, quantities)
        kept = _rates(instrument.maintenance, quantities)
        path = holding.quantity.path
        self.gross[:] += size
        self.net[:] += worth
        if instrument.option is None:  # options are judged together
            self.used[:] += path(steps, np.abs(cost) * initial)
            self.initial[:] += _margin(holding, size, initial)
            self.maintenance[:] += _margin(holding, size, kept)
        if holding.rates is not None and not instrument.moves_cash_by_notional:
            self.profit[:] += worth - np.where(worth != 0.0, path(steps, quoted) * holding.rates.closes, 0.0)
        else:
            self.profit[:] += worth - path(steps, cost)


def _worth(holding: Holding) -> Floats:
    """Return the signed worth of a position at the closes."""
    units = holding.quantity.path(len(holding.closes)) * holding.instrument.multiplier
    prices = holding.closes if holding.rates is None else holding.closes * holding.rates.closes
    return np.where(units != 0.0, units * prices, 0.0)


def _margin(holding: Holding, size: Floats, rates: Floats) -> Floats:
    """Return the margin that a position of this `size` needs at these rates."""
    return size * (rates[0] if len(rates) == 1 else holding.quantity.path(len(size), rates))


def _rates(rate: Callable[[float], float], quantities: Floats) -> Floats:
    """Return a margin rate for each of these signed quantities; one for all of them where they have the same."""
    long, short = rate(1.0), rate(-1.0)
    if long == short or not (quantities < 0).any():
        return np.array([long])
    return np.where(quantities < 0, short, long)


Sum = TypeVar("Sum")


class _Recent(Generic[Sum]):
    """A sum over places, remembered for the first (the portfolio's) and the last ones: groups may be alike."""

    def __init__(self) -> None:
        self._known: dict[Places, Sum] = {}

    def sum(self, places: Places, add_up: Callable[[Places], Sum]) -> Sum:
        """Return the sum over places, which `add_up` makes where it is not remembered."""
        if places not in self._known:
            for last in list(self._known)[1:]:
                del self._known[last]
            self._known[places] = add_up(places)
        return self._known[places]
