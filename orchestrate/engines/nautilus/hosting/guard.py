"""Around a native strategy's code: timed, and failing alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.errors import NativeError, UserInterrupt

_LIFE = ("on_start", "on_stop", "on_resume", "on_reset", "on_dispose", "on_degrade", "on_fault")


class Guard:
    """Whatever the strategy's code raises is kept in `failure`, and from then on none of its code is called.

    `on_failure` is called once, when that happens. Ctrl-C passes. `inside` is True while the strategy's code runs.
    """

    def __init__(self, asking: AbstractContextManager[object], on_failure: Callable[[], None]) -> None:
        self._asking = asking
        self._on_failure = on_failure
        self.inside = False
        self.failure: BaseException | None = None

    def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """What the function returns; None where it fails or has failed before."""
        return self._guarded(function)(*arguments)

    def close(self) -> None:
        """Call none of the strategy's code from now on."""
        self.failure = self.failure or NativeError("its engine has been let go")

    def protect(self, strategy: Strategy) -> None:
        """Let every way by which Nautilus enters the strategy lead through here, before it is registered."""
        entries = [name for name in dir(strategy) if name.startswith("handle_")]
        for name in (*entries, *_LIFE):
            setattr(strategy, name, self._guarded(getattr(strategy, name)))

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        asking = self._asking

        def guarded(*arguments: object, **named: object) -> Any:
            if self.failure is not None:
                return None
            if self.inside:
                return function(*arguments, **named)
            self.inside = True
            try:
                with asking:
                    return function(*arguments, **named)
            except UserInterrupt:
                raise
            except BaseException as error:
                self.failure = error
            finally:
                self.inside = False
            self._on_failure()
            return None

        return guarded
