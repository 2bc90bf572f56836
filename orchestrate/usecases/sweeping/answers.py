"""What vectorised strategies say of the bars, remembered by their parameters: many trials differ in other things."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.bars import Bars
from orchestrate.domain.strategies.protocols import Signals

#: Hooks of a run; a strategy with one of them may need there what its `signals` has computed.
_HOOKS: Final = ("on_start", "on_fill", "on_order", "on_rejected", "on_stop")
#: The memory that answers may take, in bytes.
_ROOM: Final = 64_000_000
#: Everything that an answer says, in the order in which `Signals` takes it.
_PARTS: Final = attrgetter(*(one.name for one in fields(Signals)))


@dataclass(frozen=True, slots=True)
class _Flags:
    """Flags that take a bit each."""

    bits: npt.NDArray[np.uint8]
    size: int

    @classmethod
    def packed(cls, part: object) -> object:
        """Return flags packed; a copy of what is anything else."""
        if type(part) is np.ndarray and part.dtype == np.bool_ and part.ndim == 1:
            return cls(np.packbits(part), len(part))
        return deepcopy(part)

    @classmethod
    def unpacked(cls, part: object) -> object:
        """Return what was packed as it was."""
        return np.unpackbits(part.bits, count=part.size).view(np.bool_) if isinstance(part, cls) else part


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a strategy said of a symbol's bars: the parts of `Signals`, or of a tuple."""

    parts: tuple[object, ...]
    is_tuple: bool

    @classmethod
    def of(cls, answer: object) -> KeptAnswer | None:
        """Return an answer as it is remembered; None for what is none, or is of a kind of its own."""
        if type(answer) is Signals:
            return cls(tuple(map(_Flags.packed, _PARTS(answer))), is_tuple=False)
        if type(answer) is tuple and len(answer) == 2:
            return cls(tuple(map(_Flags.packed, answer)), is_tuple=True)
        return None

    @property
    def said(self) -> object:
        """The answer as it was given."""
        parts: Any = tuple(map(_Flags.unpacked, self.parts))
        return parts if self.is_tuple else Signals(*parts)

    @property
    def size(self) -> int:
        """The bytes that it takes."""
        parts = (part.bits if isinstance(part, _Flags) else part for part in self.parts)
        return sum(np.asarray(part).nbytes for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answers of a strategy that is not asked again, by symbol."""

    answers: Mapping[str, KeptAnswer]

    def signals(self, bars: Bars) -> object:
        """Return what the strategy said of a symbol's bars."""
        return self.answers[bars.symbol].said


@dataclass(slots=True)
class Observed:
    """A strategy whose answers are remembered once it has been asked about each of its `symbols`."""

    strategy: Any
    symbols: tuple[str, ...]
    key: Hashable
    memory: Answers
    _answers: dict[str, KeptAnswer] = field(default_factory=dict)

    def signals(self, bars: Bars) -> object:
        """Return what the strategy says of a symbol's bars."""
        answer: object = self.strategy.signals(bars)
        kept = KeptAnswer.of(answer)
        if kept is not None:
            self._answers[bars.symbol] = kept
        if self._answers.keys() == set(self.symbols):
            self.memory.put(self.key, self._answers)
        return answer


class Answers:
    """The answers of the strategies that were asked for last, up to a sum of bytes."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room, self._taken = room, 0
        self._known: OrderedDict[Hashable, tuple[Mapping[str, KeptAnswer], int]] = OrderedDict()

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

    def put(self, key: Hashable, answers: Mapping[str, KeptAnswer]) -> None:
        """Remember answers in place of those that were not asked for longest."""
        size = sum(answer.size for answer in answers.values())
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
