"""Strategies by name: finding, describing, loading."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrate.library.strategy_library import StrategyLibrary

__all__ = ["StrategyLibrary"]


def __getattr__(name: str) -> object:
    """`StrategyLibrary`, read when it is first asked for."""
    if name == "StrategyLibrary":
        from orchestrate.library.strategy_library import StrategyLibrary

        return StrategyLibrary
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
