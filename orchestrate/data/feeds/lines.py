"""Messages as lines of a file, a pipe or standard input; with the format `bare_json` each is a JSON object."""

from __future__ import annotations

import os
from collections import deque
from select import select
from typing import Final

from orchestrate.data.feeds.formats import Frames
from orchestrate.data.feeds.messages import LARGEST

_BLOCK: Final = 64 * 1024


class Lines:
    """Gives each line of an open `descriptor` that is not empty, and is over at the end of the file.

    What is longer than any message comes in parts, so that memory is bounded, and is refused.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._rest = b""
        self._at_end = False

    @property
    def is_over(self) -> bool:
        """Whether nothing is left and nothing will come."""
        return self._at_end and not self._lines

    def receive(self, timeout: float) -> Frames | None:
        """See `Source`."""
        if not self._lines and not self._at_end and select([self._descriptor], [], [], timeout)[0]:
            self._read()
        return [self._lines.popleft()] if self._lines else None

    def close(self) -> None:
        """See `Source`; the descriptor stays open for the one who opened it."""

    def _read(self) -> None:
        block = os.read(self._descriptor, _BLOCK)
        *whole, self._rest = (self._rest + block).split(b"\n")
        self._at_end = not block
        if self._at_end or len(self._rest) > LARGEST:
            whole, self._rest = [*whole, self._rest], b""
        self._lines.extend(line for line in map(bytes.strip, whole) if line)
