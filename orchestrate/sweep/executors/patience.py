"""Whether a worker's call of a strategy's code has taken longer than it may, and can't be broken off."""

from __future__ import annotations

import time
from typing import Final

from orchestrate.supervision.board import CALL, CALL_LIMIT, Board

#: Seconds between two looks at the board. A longer gap means that this process was stopped, and likely its workers.
BEAT: Final = 0.1


class Patience:
    """Looks at the board of a worker, which states there at every call whose code it is in, and how long that may take.

    The worker breaks off code that takes longer by itself; what it can't break off has `grace` seconds more.
    """

    def __init__(self, board: Board, grace: float) -> None:
        self._words, self._grace = board.words, grace
        self._call, self._spent, self._looked = 0, 0.0, 0.0

    def begin(self) -> None:
        """Note that a task begins: its calls are counted anew."""
        self._call = 0

    def reason(self) -> str:
        """Return why the worker has to be ended; "" as long as it needn't."""
        now, call, limit = time.monotonic(), self._words[CALL], self._words[CALL_LIMIT] / 1000
        had = min(now - self._looked, 2 * BEAT)
        self._spent = self._spent + had if call and call == self._call else 0.0
        self._call, self._looked = call, now
        if not limit or self._spent <= limit + self._grace:
            return ""
        return (
            f"no answer within {limit:g} seconds (execution.strategy_timeout), and no end within {self._grace:g} more"
        )
