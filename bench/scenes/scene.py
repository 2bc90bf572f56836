"""The task of every contestant: the same bars, the same crossings, the same 100 shares at the next open."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

QUANTITY = 100
CASH = 10_000_000.0
FEE = 0.001
SAME = 1e-9  # averages closer than this are equal, or the last digit of a sum decides
NS = 1_000_000_000


@dataclass(frozen=True)
class Scene:
    """`rules` are (symbol, fast, slow); strategies take symbols in turn. `pace` is the first one's averages."""

    bars: int
    symbols: int
    strategies: int
    step: int = 86_400
    pace: tuple[int, int] = (20, 50)

    def __str__(self) -> str:
        what = "days" if self.step == 86_400 else "minutes"
        strategies = f"{self.strategies} {'strategy' if self.strategies == 1 else 'strategies'}"
        symbols = f"{self.symbols} symbol{'s' if self.symbols > 1 else ''}"
        return f"{strategies}, {symbols}, {self.bars:,} {what}, averages from {self.pace[0]}/{self.pace[1]}"

    @property
    def rules(self) -> list[tuple[str, int, int]]:
        fast, slow = self.pace
        return [(f"S{k % self.symbols}", fast + k % 20, slow + 2 * (k % 20)) for k in range(self.strategies)]

    @property
    def data(self) -> dict[str, dict[str, np.ndarray]]:
        return {f"S{k}": _bars(self.bars, k, self.step) for k in range(self.symbols)}


@dataclass
class Done:
    """A contestant's run: seconds of its loop, fills (stamp, signed quantity, price) by strategy, final equity."""

    seconds: float
    equity: float
    fills: list[list[tuple[int, float, float]]] = field(default_factory=list)

    def same_as(self, other: Done) -> bool:
        """True where every fill agrees, and the equity to the cent."""
        if abs(self.equity - other.equity) > 0.005 or len(self.fills) != len(other.fills):
            return False
        for mine, theirs in zip(self.fills, other.fills, strict=True):
            if len(mine) != len(theirs) or not np.allclose(mine or [(0.0,)], theirs or [(0.0,)], rtol=0, atol=1e-6):
                return False
        return True


@cache
def _bars(n: int, seed: int, step: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    close = np.round(100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.012 if step == 86_400 else 0.0006, n))), 2)
    open_ = np.empty(n)
    open_[0] = 100.0
    open_[1:] = np.round(close[:-1] * np.exp(generator.normal(0.0, 0.0002, n - 1)), 2)
    spread = np.abs(generator.normal(0.0, 0.002, n))
    high = np.round(np.maximum(open_, close) * (1 + spread), 2)
    low = np.round(np.minimum(open_, close) * (1 - spread), 2)
    stamp = np.int64(1_262_304_000) * NS + np.arange(n, dtype=np.int64) * step * NS
    return {"t": stamp, "open": open_, "high": high, "low": low, "close": close, "volume": np.full(n, 1e6)}
