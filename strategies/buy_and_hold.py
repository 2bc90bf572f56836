"""Buying once: what every other strategy is measured against."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from orchestrate import Bars, Signals


class BuyAndHold:
    """Buys on the first bar and never sells.

    Rules
      Entry: an order on the first bar of each symbol. Refused or cut, it is
             not repeated.
      Exit:  none.

    The passive benchmark: a strategy that trades has to beat it after costs.
    """

    name = "BUY_AND_HOLD"
    traits: ClassVar[dict[str, object]] = {
        "style": "passive",
        "direction": "long",
        "horizon": "years",
        "data_needs": ("close",),
    }

    def signals(self, bars: Bars) -> Signals:
        """Return an entry on the first bar, nothing else."""
        enter = np.zeros(len(bars), dtype=np.bool_)
        enter[:1] = True
        return Signals(enter_long=enter, exit_long=np.zeros(len(bars), dtype=np.bool_))
