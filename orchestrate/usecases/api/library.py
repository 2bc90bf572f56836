"""The library under the name that users know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from orchestrate import wiring
from orchestrate.domain.strategies.protocols import StrategyDescription


class StrategyLibrary:
    """The library of strategies by name."""

    #: name → what stands behind it; third-party packages add theirs by the entry point group `orchestrate.strategies`
    STRATEGIES: Mapping[str, StrategyDescription] = {**wiring.installed()[0], **wiring.shipped()}

    @staticmethod
    def get_strategy(name: str, **config: object) -> object:
        """Return a new instance; ValueError("Unknown strategy: …") for an unknown name.

        `name` may also be `package.module:Class` or `path/to/file.py:Class`, looked up in the working directory.
        """
        return wiring.load(wiring.describe(name, Path.cwd()), config)
