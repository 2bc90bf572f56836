"""The view of a policy, read from the books and prices of the run on each access."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import TypeVar

from orchestrate.domain.orders.conflicts import ConflictView
from orchestrate.orchestration.strategies.registry import StrategyEntry

Seen = TypeVar("Seen")


class _Live(Mapping[str, Seen]):
    """A mapping that looks each value up when it is read, and can't be written to."""

    __slots__ = ("_keys", "_value")

    def __init__(self, keys: Collection[str], value: Callable[[str], Seen]) -> None:
        self._keys, self._value = keys, value

    def __getitem__(self, key: str) -> Seen:
        if key not in self._keys:
            raise KeyError(key)
        return self._value(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return repr(dict(self))


def view_of(
    entries: Mapping[str, StrategyEntry], prices: Mapping[str, float], symbols: Collection[str]
) -> ConflictView:
    """Return the view of a run's policy; it changes with the run."""

    def weight(name: str) -> float:
        return float(entries[name].weight)

    def priority(name: str) -> int:
        return entries[name].metadata.priority

    def positions(name: str) -> Mapping[str, float]:
        return _Live(symbols, partial(_held, entries[name]))

    return ConflictView(
        _Live(entries, weight), _Live(entries, priority), _Live(entries, positions), _Live(prices, prices.__getitem__)
    )


def _held(entry: StrategyEntry, symbol: str) -> float:
    return entry.book.quantity(symbol)
