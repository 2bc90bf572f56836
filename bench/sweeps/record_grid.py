"""Record what backtesting.py makes of its example: prints the cells of tests/usecases/sweeping/grid.py.

The averages, their spans, the capital and the fee are those of its quick start; once with four shares, and once with
all of the money, which is what it does where no size is given.
"""

from __future__ import annotations

import warnings

from backtesting import Backtest, Strategy, backtesting
from backtesting.lib import crossover
from backtesting.test import GOOG, SMA

backtesting._tqdm = lambda bars, **_: bars


class Cross(Strategy):
    n1, n2, shares = 10, 20, 0

    def init(self):
        self.fast = self.I(SMA, self.data.Close, self.n1)
        self.slow = self.I(SMA, self.data.Close, self.n2)

    def next(self):
        size = {"size": self.shares} if self.shares else {}
        if crossover(self.fast, self.slow):
            self.position.close()
            self.buy(**size)
        elif crossover(self.slow, self.fast):
            self.position.close()
            self.sell(**size)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    test = Backtest(GOOG, Cross, cash=10_000, commission=0.002, finalize_trades=False)
    for n1 in range(5, 26, 5):
        for n2 in range(10, 66, 5):
            if n1 < n2:
                four, whole = (test.run(n1=n1, n2=n2, shares=shares) for shares in (4, 0))
                equities = (round(one["Equity Final [$]"], 2) for one in (four, whole))
                print(f"    ({n1}, {n2}): Cell({next(equities):.2f}, {four['# Trades']}, {next(equities):.2f}),")
