"""What became of the messages of a feed, counted by the threads that receive and use them."""

from __future__ import annotations

from threading import Lock

from orchestrate.domain.errors import MessageError


class FeedCounts:
    """Messages received, refused by reason, and ticks dropped because nobody took them in time."""

    def __init__(self) -> None:
        self.received = self.dropped = 0
        self._refused: dict[str, int] = {}
        self._lock = Lock()

    @property
    def refused(self) -> dict[str, int]:
        """Refused messages by reason, in alphabetical order."""
        with self._lock:
            return dict(sorted(self._refused.items()))

    def refuse(self, error: MessageError) -> None:
        """Count a message that was refused."""
        with self._lock:
            self._refused[error.reason] = self._refused.get(error.reason, 0) + 1
