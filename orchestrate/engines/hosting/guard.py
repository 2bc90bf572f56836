"""The guard around a native's own code: every call is timed, and a failure ends that strategy alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from orchestrate.domain.errors import NativeError, UserInterrupt


class CodeGuard:
    """Runs a strategy's code inside `scope` until it raises; none of it runs afterwards. Ctrl-C passes.

    `on_failure` receives what the code raised, once. `inside` is True while the code runs.
    """

    def __init__(self, scope: AbstractContextManager[object], on_failure: Callable[[BaseException], None]) -> None:
        self._scope, self._on_failure = scope, on_failure
        self.inside = False
        self.failure: BaseException | None = None

    def call(self, function: Callable[..., Any], *arguments: object, **named: object) -> Any:
        """Return what the function returns; None where it fails or the code has failed before."""
        return self.call_in(self._scope, function, *arguments, **named)

    def call_in(
        self, scope: AbstractContextManager[object], function: Callable[..., Any], *arguments: object, **named: object
    ) -> Any:
        """Do the same inside another scope."""
        if self.failure is not None:
            return None
        if self.inside:
            return function(*arguments, **named)
        self.inside = True
        try:
            with scope:
                return function(*arguments, **named)
        except UserInterrupt:
            raise
        except BaseException as error:
            self.failure = error
        finally:
            self.inside = False
        self._on_failure(self.failure)
        return None

    def guarded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function behind this guard."""
        return partial(self.call, function)

    def close(self) -> None:
        """Run none of the strategy's code from now on."""
        self.failure = self.failure or NativeError("its engine is closed")
