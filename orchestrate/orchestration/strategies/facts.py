"""Facts that strategies publish for each other: copied when published, seen in the order in which strategies decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import numpy as np

from orchestrate.orchestration.strategies.calls import current_call

_PLAIN: Final = frozenset({type(None), bool, int, float, complex, str, bytes, Decimal, date, datetime, time, timedelta})
_DEEPEST: Final = 20


@dataclass(frozen=True, slots=True)
class _Fact:
    step: int
    value: object


class Facts:
    """The newest facts by strategy and name, and the newest of an earlier step.

    `rank` is each strategy's place in plan order, `step` the step under way. Strategies later in plan order see a fact
    at the step at which it is published, the others from the next one on.
    """

    def __init__(self, rank: Mapping[str, int], step: Callable[[], int]) -> None:
        self._rank, self._step = rank, step
        self._facts: dict[tuple[str, str], tuple[_Fact, _Fact | None]] = {}
        #: True once a strategy has published a fact or asked for one
        self.were_used = False

    def publish(self, strategy_id: str, name: str, value: object) -> None:
        """Keep a copy of `value`; TypeError for what can't be copied safely."""
        self.were_used = True
        fact = _Fact(self._step(), copied(value))
        newest, earlier = self._facts.get((strategy_id, name), (None, None))
        if newest is not None and newest.step < fact.step:
            earlier = newest
        self._facts[strategy_id, name] = fact, earlier

    def fact(self, reader: str, strategy_id: str, name: str, default: object) -> object:
        """Return what `reader` may see now; KeyError for a strategy that is none."""
        self.were_used = True
        if strategy_id not in self._rank:
            raise KeyError(f"{reader} reads facts of {strategy_id!r}, which is no strategy of this run")
        newest, earlier = self._facts.get((strategy_id, name), (None, None))
        at_once = self._rank[strategy_id] < self._rank[reader] or strategy_id == reader
        seen = newest if newest is not None and (at_once or newest.step < self._step()) else earlier
        return default if seen is None else copied(seen.value)


def copied(value: Any, depth: int = 0) -> Any:
    """Return a copy that shares nothing changeable with `value`; arrays are copied once and then read-only."""
    if type(value) in _PLAIN or isinstance(value, np.generic | Enum):
        return value
    if depth > _DEEPEST:
        raise ValueError(f"a fact may be nested {_DEEPEST} deep at most")
    kind = type(value)
    if kind in (list, tuple, set, frozenset):
        return kind(copied(item, depth + 1) for item in value)
    if kind is dict:
        return {copied(key, depth + 1): copied(item, depth + 1) for key, item in value.items()}
    if kind is np.ndarray and not value.dtype.hasobject:
        return value if _is_sealed(value) else _sealed(value)
    raise TypeError(
        f"a fact can't be of type {kind.__name__}: publish numbers, text, dates, arrays, lists, tuples, sets or dicts"
    )


def _sealed(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the same values on memory that nobody can write."""
    return np.frombuffer(array.tobytes(), dtype=array.dtype).reshape(array.shape)


def _is_sealed(array: np.ndarray[Any, Any]) -> bool:
    return isinstance(array.base, bytes) or (isinstance(array.base, np.ndarray) and isinstance(array.base.base, bytes))


class Board:
    """A native strategy's access to facts: it publishes its own and reads those of others."""

    __slots__ = ("_facts", "_strategy_id")

    def __init__(self, strategy_id: str, facts: Facts) -> None:
        self._strategy_id, self._facts = strategy_id, facts

    def publish(self, name: str, value: object) -> None:
        """Publish a fact."""
        self._facts.publish(self._strategy_id, name, value)

    def fact(self, strategy_id: str, name: str, default: object = None) -> object:
        """Return the newest fact `name` of `strategy_id` that this strategy may see."""
        return self._facts.fact(self._strategy_id, strategy_id, name, default)


def board(_strategy: object) -> Board:
    """Return the board of the strategy whose callback this is; RuntimeError outside of a run's callbacks."""
    strategy_id, facts = current_call()
    if not strategy_id or not isinstance(facts, Facts):
        raise RuntimeError("board() works in a strategy's callbacks while a run goes on")
    return Board(strategy_id, facts)
