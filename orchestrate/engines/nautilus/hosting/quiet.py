"""What Nautilus does beside the point, kept from costing or saying anything."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from nautilus_trader.backtest.engine import BacktestEngine


class SilentEngine(BacktestEngine):  # type: ignore[misc]  # Nautilus's compiled classes have no types
    """The engine without its reports on itself: for the first, in 1.221, it takes 15 ms to ask after the machine."""

    def _log_pre_run(self) -> None:
        """Called at the first run."""

    def _log_run(self, *_: object) -> None:
        """Called at every run."""

    def _log_post_run(self) -> None:
        """Called at the end."""


@contextmanager
def pandas_kept_quiet() -> Iterator[None]:
    """The first and the last `run` of an engine make pandas warn of Nautilus's own use of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def without_statistics(engine: BacktestEngine) -> None:
    """The analyzer of 1.231 rebuilds a DataFrame at each closed trade; nobody reads it here."""
    analyzer = engine.portfolio.analyzer
    if hasattr(analyzer, "record_trade"):
        analyzer.record_trade = _ignore


def _ignore(*_: object) -> None:
    """Stands in for statistics."""
