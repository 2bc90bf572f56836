"""Around a native strategy's code: timed, and failing alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

from nautilus_trader.model.data import BarType
from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.errors import EngineError

_LIFE = ("on_start", "on_stop", "on_resume", "on_reset", "on_dispose", "on_degrade", "on_fault")
#: Data that a run doesn't have. Quotes and trades may be asked for: as in any run on bars, none will come.
_NOT_HOSTED = {
    "subscribe_order_book_deltas": "order books",
    "subscribe_order_book_depth": "order books",
    "subscribe_order_book_at_interval": "order books",
    "subscribe_data": "custom data",
    "request_order_book_snapshot": "order books",
    "request_order_book_depth": "order books",
    "request_order_book_deltas": "order books",
    "request_aggregated_bars": "aggregation inside Nautilus",
    "add_synthetic": "synthetic instruments",
    "queue_for_executor": "executors",
    "run_in_executor": "executors",
}


class NotHostedError(EngineError):
    """A native asked for something that the orchestrator doesn't host (see docs/natives.md)."""


class Guard:
    """Whatever the strategy's code raises is kept in `failure`, and from then on none of its code is called.

    `on_failure` is called once, when that happens. Ctrl-C passes.
    """

    def __init__(self, asking: AbstractContextManager[object], on_failure: Callable[[], None]) -> None:
        self._asking = asking
        self._on_failure = on_failure
        self._inside = False
        self.failure: BaseException | None = None

    def call(self, function: Callable[..., Any], *arguments: object, **named: object) -> Any:
        """What the function returns; None where it fails or has failed before."""
        if self.failure is not None:
            return None
        if self._inside:
            return function(*arguments, **named)
        self._inside = True
        try:
            with self._asking:
                return function(*arguments, **named)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.failure = error
        finally:
            self._inside = False
        self._on_failure()
        return None

    def protect(self, strategy: Strategy, bar_types: tuple[BarType, ...]) -> None:
        """Let every way by which Nautilus enters the strategy lead through here, before it is registered."""
        entries = [name for name in dir(strategy) if name.startswith("handle_")]
        for name in (*entries, *_LIFE):
            setattr(strategy, name, self._guarded(getattr(strategy, name)))
        for name, what in _NOT_HOSTED.items():
            if hasattr(strategy, name):
                setattr(strategy, name, _refusing(type(strategy).__name__, name, what))
        strategy.subscribe_bars = _known_only(strategy.subscribe_bars, bar_types)

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        call = self.call

        def guarded(*arguments: object, **named: object) -> Any:
            return call(function, *arguments, **named)

        return guarded


def _refusing(strategy: str, name: str, what: str) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise NotHostedError(f"{strategy}.{name}: {what} can't be hosted")

    return refuse


def _known_only(subscribe: Callable[..., None], known: tuple[BarType, ...]) -> Callable[..., None]:
    @wraps(subscribe)
    def subscribe_bars(bar_type: BarType, *arguments: object, **named: object) -> None:
        if bar_type not in known:
            have = ", ".join(str(each) for each in known)
            why = (
                "aggregation inside Nautilus can't be hosted" if bar_type.is_internally_aggregated() else "no such bars"
            )
            raise NotHostedError(f"subscribe_bars({bar_type}): {why}; this strategy has {have}")
        subscribe(bar_type, *arguments, **named)

    return subscribe_bars
