"""Keeps Nautilus from reporting on itself: nobody reads it here, and it takes time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from nautilus_trader.backtest.engine import BacktestEngine


class SilentEngine(BacktestEngine):  # type: ignore[misc]  # Nautilus's compiled classes have no types
    """The engine without its reports on itself: for the first, in 1.221, it takes 15 ms to query the machine."""

    def _log_pre_run(self) -> None:
        """Called at the first run."""

    def _log_run(self, *_: object) -> None:
        """Called at every run."""

    def _log_post_run(self) -> None:
        """Called at the end."""


@contextmanager
def pandas_kept_quiet() -> Iterator[None]:
    """Suppress what pandas warns of Nautilus's own use of it at the first and the last `run` of an engine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def without_statistics(engine: BacktestEngine) -> None:
    """Switch off the analyzer of 1.231, which rebuilds a DataFrame at each closed trade."""
    analyzer = engine.portfolio.analyzer
    if hasattr(analyzer, "record_trade"):
        analyzer.record_trade = _ignore


def _ignore(*_: object) -> None:
    """Do nothing, in the place of statistics."""
