"""The recent returns of strategies and of the portfolio, without transfers: weights are made from them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from orchestrate.domain.market.timeline import Flags, Floats, Stamps, Timeline
from orchestrate.domain.portfolio import PortfolioPlan
from orchestrate.orchestration.loop.rules.equity_watch import EquityWatch, with_row
from orchestrate.orchestration.strategies.registry import StrategyEntry


class GrowthRecord:
    """The growth of 1 in all rows of an `EquityWatch`; a detector to which no step matters.

    The portfolio's counts at steps with a bar of any of `entries`, the strategies' at those with bars of all; the last
    `returns` of the one and the last `bars` of the others are kept. It starts from the capital before the first step.
    """

    def __init__(
        self, watch: EquityWatch, entries: Sequence[StrategyEntry], timeline: Timeline, returns: int, bars: int
    ) -> None:
        self._watch, self._entries, self._timeline = watch, entries, timeline
        self._rows = watch.rows()
        base = np.array([book.initial for book in watch.books])
        base[-1] = base.sum()
        #: growth is measured from the equity after the last transfer, so that jumping gives the same digits
        self._base: Floats = base
        self._growth: Floats = np.ones(len(base))
        self._last: Floats = base.copy()
        self._portfolio: deque[float] = deque([1.0], maxlen=returns + 1)
        self._strategies: deque[tuple[int, Floats]] = deque(maxlen=bars)
        watch.detectors.append(self)

    # ---- a detector

    def add_row(self) -> None:
        """See `Detector`; what joins has not grown so far."""
        self._rows = self._watch.rows()
        self._base, self._last = with_row(self._base, 0.0), with_row(self._last, 0.0)
        self._growth = with_row(self._growth, 1.0)
        earlier = [(step, np.append(growth, 1.0)) for step, growth in self._strategies]
        self._strategies = deque(earlier, maxlen=self._strategies.maxlen)

    def first_hit(self, equity: Floats, days: Stamps) -> int:  # noqa: ARG002  # nothing depends on the figures
        """See `Detector`."""
        return len(days)

    def commit(self, equity: Floats, days: Stamps) -> None:
        """See `Detector`."""
        start = self._watch.next_step
        steps = slice(start, start + len(days))
        growth = self._grown(equity)
        with_bar = self._with_bar(steps)
        self._portfolio.extend(growth[-1, with_bar.any(axis=0)].tolist())
        for column in np.flatnonzero(with_bar.all(axis=0)).tolist():
            self._strategies.append((start + column, growth[:-1, column].copy()))
        self._last = equity[:, -1].copy()

    def _with_bar(self, steps: slice) -> Flags:
        """Return a row for each strategy: whether it has a bar at these steps."""
        rows = self._timeline.rows
        has_bar = {symbol: rows[symbol][steps] >= 0 for entry in self._entries for symbol in entry.symbols}
        return np.array([np.logical_or.reduce([has_bar[one] for one in entry.symbols]) for entry in self._entries])

    def _grown(self, equity: Floats) -> Floats:
        base = self._base[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self._growth[:, None] * np.where(base > 0, equity / base, 1.0))

    def moved(self, name: str, amount: float) -> None:
        """Note money that came to a strategy, or (negative) left it, after the result of the last step."""
        row = self._rows[name]
        self._growth[row] = self._grown(self._last[:, None])[row, 0]
        self._last[row] += amount
        self._base[row] = self._last[row]

    # ---- results

    def portfolio_returns(self) -> Floats | None:
        """Return the portfolio's last returns; None until there are as many as are kept."""
        if len(self._portfolio) < (self._portfolio.maxlen or 0):
            return None
        grown = np.array(self._portfolio)
        return np.asarray(grown[1:] / grown[:-1] - 1.0)

    def strategy_returns(self, names: Sequence[str]) -> tuple[list[int], Floats] | None:
        """Return steps and, a row each, the returns of `names` between the last bars; None until there are enough."""
        if len(self._strategies) < (self._strategies.maxlen or 0):
            return None
        rows = [self._rows[name] for name in names]
        grown = np.array([growth[rows] for _, growth in self._strategies])
        with np.errstate(divide="ignore", invalid="ignore"):
            returns = np.where(grown[:-1] > 0, grown[1:] / grown[:-1] - 1.0, 0.0)
        return [step for step, _ in self._strategies][1:], returns


def growth_record(
    watch: EquityWatch, entries: Sequence[StrategyEntry], timeline: Timeline, portfolio: PortfolioPlan, bars: int
) -> GrowthRecord | None:
    """Return a record of the returns for new weights, `bars` of the strategies'; None where none are needed."""
    volatility = portfolio.target_volatility
    if volatility is None and not bars:
        return None
    returns = volatility.lookback if volatility is not None else 0
    return GrowthRecord(watch, entries, timeline, returns, bars)
