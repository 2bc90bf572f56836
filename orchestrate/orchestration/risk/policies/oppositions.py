"""Opposite positions of different strategies in one symbol: noted when they begin and end, without any effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from orchestrate.orchestration.strategies.registry import StrategyEntry


class Opposition(NamedTuple):
    """Some strategies of a symbol are long and others short, since now (`started`) or until now."""

    symbol: str
    strategies: tuple[str, ...]
    started: bool


class Oppositions:
    """The oppositions in symbols that several strategies may hold, updated once a step in which a book changed."""

    def __init__(self, entries: Mapping[str, StrategyEntry]) -> None:
        self._entries = entries
        self._is_long: dict[str, dict[str, bool]] = {}
        self._standing: dict[str, tuple[str, ...]] = {}
        #: symbols in which a position changed since the last `settle`
        self.changed: set[str] = set()

    def booked(self, entry: StrategyEntry, symbol: str) -> None:
        """Note that a fill has changed the strategy's position in `symbol`."""
        held = self._is_long.get(symbol)
        if held is None:
            held = self._is_long[symbol] = {}
        position = entry.book.positions.get(symbol)
        if position is None:
            held.pop(entry.id, None)
        else:
            held[entry.id] = position.quantity > 0
        if symbol in self._standing or (len(held) > 1 and len(set(held.values())) > 1):
            self.changed.add(symbol)

    def settle(self) -> list[Opposition]:
        """Return the oppositions that began or ended since the last time, by symbol."""
        found = []
        for symbol in sorted(self.changed):
            held, before = self._is_long[symbol], self._standing.pop(symbol, ())
            if len(set(held.values())) > 1:
                now = self._standing[symbol] = tuple([name for name in self._entries if name in held])
                if not before:
                    found.append(Opposition(symbol, now, started=True))
            elif before:
                found.append(Opposition(symbol, before, started=False))
        self.changed.clear()
        return found
