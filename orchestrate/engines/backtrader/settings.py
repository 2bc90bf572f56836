"""The settings of Backtrader, which a configuration has under `frameworks.backtrader`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class BacktraderSettings:
    """The settings under `frameworks.backtrader`.

    `feed: full` gives the engine every bar, `on_demand` only those on which it has an order to fill.
    """

    feed: Literal["on_demand", "full"] = "on_demand"
