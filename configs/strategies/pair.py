"""Strategies that need margin, as the examples beside this folder use them."""

from collections.abc import Iterator

import numpy as np

from orchestrate import Bars, Context, Position, Signal


class Pair:
    """Sells the dear one of two symbols and buys the cheap one, `contracts` of each, while their ratio is unusual."""

    def __init__(self, days: int = 60, enter: float = 2.0, leave: float = 0.5, contracts: int = 5) -> None:
        self.days, self.enter, self.leave, self.contracts = days, enter, leave, contracts

    def on_bar(self, context: Context) -> Iterator[Signal]:
        """Called at each bar of either symbol."""
        first, second = context.symbols
        a, b = (context.bars(symbol).close[-self.days :] for symbol in (first, second))
        if min(len(a), len(b)) < self.days:
            return
        ratio = np.log(a / b)
        score = (ratio[-1] - ratio.mean()) / ratio.std()
        if abs(score) > self.enter and context.position(first) is None:
            dear, cheap = (first, second) if score > 0 else (second, first)
            yield Signal.enter(dear, "short", self.contracts)
            yield Signal.enter(cheap, "long", self.contracts)
        elif abs(score) < self.leave:
            yield Signal.exit(first)
            yield Signal.exit(second)


class Stubborn:
    """Sells short a new high of the last `days` bars, and waits for the fall, however long that takes."""

    side = "short"

    def __init__(self, days: int = 50) -> None:
        self.days = days

    def should_enter(self, bars: Bars) -> bool:
        """Called while flat."""
        return len(bars) > self.days and bool(bars[-1].close >= bars.high[-1 - self.days : -1].max())

    def should_exit(self, position: Position, bars: Bars) -> bool:
        """Called while in: covered at a fifth less than it was sold for."""
        return bool(bars[-1].close < position.average_price * 0.8)
