"""What vectorised strategies say of the bars, remembered by their parameters: many trials differ in other things."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np

from orchestrate.domain.market.bars import Bars
from orchestrate.domain.strategies.protocols import Signals

#: Hooks of a run; a strategy with one of them may need there what its `signals` has computed.
_HOOKS: Final = ("on_start", "on_fill", "on_order", "on_rejected", "on_stop")
#: The memory that answers may take, in bytes.
_ROOM: Final = 64_000_000


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answers of a strategy that is not asked again, by symbol."""

    answers: Mapping[str, object]

    def signals(self, bars: Bars) -> object:
        """Return what the strategy said of a symbol's bars."""
        return self.answers[bars.symbol]


@dataclass(slots=True)
class Observed:
    """A strategy whose answers are remembered once it has been asked about each of its `symbols`."""

    strategy: Any
    symbols: tuple[str, ...]
    key: Hashable
    memory: Answers
    _answers: dict[str, object] = field(default_factory=dict)

    def signals(self, bars: Bars) -> object:
        """Return what the strategy says of a symbol's bars."""
        answer: object = self.strategy.signals(bars)
        if isinstance(answer, Signals) or (isinstance(answer, tuple) and len(answer) == 2):
            self._answers[bars.symbol] = deepcopy(answer)
        if self._answers.keys() == set(self.symbols):
            self.memory.put(self.key, self._answers)
        return answer


class Answers:
    """The answers of the strategies that were asked for last, up to a sum of bytes."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room, self._taken = room, 0
        self._known: OrderedDict[Hashable, tuple[Mapping[str, object], int]] = OrderedDict()

    def strategy(self, key: Hashable) -> Remembered | None:
        """Return the strategy of that key where its answers are remembered."""
        known = self._known.get(key)
        if known is None:
            return None
        self._known.move_to_end(key)
        return Remembered(known[0])

    def observed(self, strategy: object, symbols: tuple[str, ...], key: Hashable) -> object:
        """Return a strategy whose answers will be remembered; itself where it has a hook."""
        if any(hasattr(strategy, hook) for hook in _HOOKS):
            return strategy
        return Observed(strategy, symbols, key, self)

    def put(self, key: Hashable, answers: Mapping[str, object]) -> None:
        """Remember answers in place of those that were not asked for longest."""
        size = sum(map(_size, answers.values()))
        if size > self._room:
            return
        self._known[key] = answers, size
        self._taken += size
        while self._taken > self._room:
            _, (_, freed) = self._known.popitem(last=False)
            self._taken -= freed

    def clear(self) -> None:
        """Forget all of them: the bars are others from now on."""
        self._known.clear()
        self._taken = 0


def _size(answer: Any) -> int:
    parts = [getattr(answer, one.name) for one in fields(answer)] if isinstance(answer, Signals) else answer
    return sum(np.asarray(part).nbytes for part in parts if part is not None)
