"""The settings of NautilusTrader, which a configuration has under `frameworks.nautilus`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class NautilusSettings:
    """The settings under `frameworks.nautilus`.

    `feed: full` gives the engine every bar, `on_demand` only those on which it has an order to fill.
    """

    feed: Literal["on_demand", "full"] = "on_demand"
