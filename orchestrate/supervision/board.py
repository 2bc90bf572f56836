"""The state of a run's process, in memory that its supervisor reads.

Only the run writes. Without a supervisor (the Python API, a test) the memory is private and unread.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mmap import mmap

#: The words of the memory: the call of a strategy's code under way (0: none), the milliseconds it may take (0: any),
#: the moment of a time limit that the run has not noticed yet, in monotonic nanoseconds (0: none), how far the journal
#: is, and 1 + the exit code of a command that is over (0: it isn't).
CALL, CALL_LIMIT, DEADLINE, JOURNAL, CODE, _LENGTH = range(6)
#: The values of `JOURNAL`: the run's first lines are there, its last ones, or its first ones are due.
BEGUN, CLOSED, DUE = 1, 2, 3
_TEXT: Final = 64
#: What each call adds to the word of calls; below it is the number of the call's strategy.
A_CALL: Final = 1 << 20


class Board:
    """Words that change at every call, and facts in JSON that change a few times a run.

    Callers are strategies by their ids, and users' functions by their key in the configuration, which has a dot.
    """

    SIZE: Final = 1 << 16

    def __init__(self, memory: mmap | bytearray | None = None) -> None:
        self._shared = memory is not None
        self._memory = memoryview(bytearray(self.SIZE) if memory is None else memory)
        self.words = self._memory[:_TEXT].cast("q")
        self._facts: dict[str, Any] = {}
        self.numbers = Numbers(self)

    # ---- written by the run

    def name(self, strategies: Iterable[str]) -> None:
        """Give each strategy a number."""
        for name in strategies:
            self.numbers.setdefault(name, len(self.numbers))
        self.state({"names": list(self.numbers)})

    def state(self, facts: Mapping[str, object]) -> None:
        """Add `facts`. Those that don't fit are left out: the names of very many strategies."""
        import json

        together = self._facts | dict(facts)
        text = json.dumps(together).encode("ascii")
        if len(text) <= self.SIZE - _TEXT:
            self._facts = together
            self.words[_LENGTH] = 0
            self._memory[_TEXT : _TEXT + len(text)] = text
            self.words[_LENGTH] = len(text)

    def keep(self, strategies: dict[str, object]) -> None:
        """Let go of `strategies` only when the command is over: their finalizers may hang."""
        if self._shared:
            atexit.register(strategies.clear)

    def over(self, code: int) -> None:
        """Note that the command is done: all that is left is to exit with `code`."""
        self.words[CODE] = 1 + (code & 0xFF)

    # ---- read by the supervisor

    @property
    def code(self) -> int | None:
        """The exit code of a command that is over."""
        return self.words[CODE] - 1 if self.words[CODE] else None

    def facts(self) -> dict[str, Any]:
        """Return all facts that were stated."""
        import json

        text = self._memory[_TEXT : _TEXT + self.words[_LENGTH]].tobytes()
        facts: dict[str, Any] = json.loads(text) if text else {}
        return facts

    def caller(self) -> str:
        """Return the strategy whose code runs; "" where none does, or where its name is unknown."""
        word = self.words[CALL]
        names = self.facts().get("names", [])
        number = word % A_CALL
        return str(names[number]) if word and number < len(names) else ""


class Numbers(dict[str, int]):
    """The numbers of strategies by their names, which are stated on first use."""

    def __init__(self, board: Board) -> None:
        super().__init__()
        self._board = board

    def __missing__(self, name: str) -> int:
        self._board.name([name])
        return self[name]


class _Current:
    """The board of this process."""

    board = Board()


def board() -> Board:
    """Return the board of this process."""
    return _Current.board


def use(shared: Board) -> None:
    """Write to `shared` from now on."""
    _Current.board = shared
