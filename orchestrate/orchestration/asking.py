"""Being inside a strategy's code: timed, and with no way to start another run from there."""

from __future__ import annotations

from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from types import TracebackType

from orchestrate.domain.errors import EngineError

_asked: ContextVar[str] = ContextVar("the strategy being asked", default="")


class Asking(AbstractContextManager[None]):
    """Entered around every call of one strategy's code, also one within another."""

    __slots__ = ("_strategy_id", "_tokens", "_watch")

    def __init__(self, strategy_id: str, watch: AbstractContextManager[object]) -> None:
        self._strategy_id = strategy_id
        self._watch = watch
        self._tokens: list[Token[str]] = []

    def __enter__(self) -> None:
        self._tokens.append(_asked.set(self._strategy_id))
        self._watch.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.__exit__(kind, error, trace)
        _asked.reset(self._tokens.pop())


def refuse_run_in_callback() -> None:
    """EngineError while a strategy is being asked: runs don't nest."""
    if _asked.get():
        raise EngineError(f"strategy {_asked.get()!r} starts a run from inside a run, which can't be done")
