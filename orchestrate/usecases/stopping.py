"""When a run has to stop before its end: Ctrl-C, or its time is up."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Self

from orchestrate.domain.errors import InterruptedRunError, OrchestrateError, TimeLimitError


class Stop:
    """Asked between steps whether to stop; `reason` says why it did.

    While entered, a first Ctrl-C only asks for the stop, so that what is done can be kept; a second one breaks off.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self.reason: OrchestrateError | None = None

    def __call__(self) -> bool:
        """True from the moment on at which there is a reason."""
        if self.reason is None and self._deadline is not None and time.monotonic() >= self._deadline:
            self.reason = TimeLimitError(f"the time limit of {self._seconds:g} seconds has passed")
        return self.reason is not None

    def __enter__(self) -> Self:
        self._on_main_thread = threading.current_thread() is threading.main_thread()
        if self._on_main_thread:
            self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._on_main_thread:
            signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, _signal: int, _frame: FrameType | None) -> None:
        if isinstance(self.reason, InterruptedRunError):
            raise KeyboardInterrupt
        self.reason = InterruptedRunError("interrupted")
