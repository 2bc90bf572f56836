"""The sweep in vectorbt: all pairs as columns of one portfolio. `script_vectorbt.py FILE [TURNS]`.

Prints the sum of final equities and the seconds of its fastest turn; the first one compiles.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
import vectorbt as vbt

SAME, FEE, QUANTITY, CAPITAL = 1e-9, 0.001, 100, 100_000
PAIRS = [(fast, slow) for fast in range(5, 26) for slow in range(30, 121, 5)]


def run(frame: pd.DataFrame) -> float:
    """The sum of the final equities."""
    spans = sorted({span for pair in PAIRS for span in pair})
    means = vbt.MA.run(frame["close"], window=spans).ma.to_numpy()
    place = {span: number for number, span in enumerate(spans)}
    fast, slow = (means[:, [place[pair[side]] for pair in PAIRS]] for side in (0, 1))
    gaps = pd.DataFrame(fast - slow, index=frame.index)
    before = gaps.shift()
    portfolio = vbt.Portfolio.from_signals(
        frame["close"],
        ((before <= SAME) & (gaps > SAME)).shift(fill_value=False),
        ((before >= -SAME) & (gaps < -SAME)).shift(fill_value=False),
        price=frame["open"],
        size=QUANTITY,
        fees=FEE,
        init_cash=CAPITAL,
        freq="1D",
    )
    for figure in (portfolio.sharpe_ratio, portfolio.max_drawdown, portfolio.total_return):
        assert len(figure()) == len(PAIRS)
    return float(np.sum(portfolio.final_value()))


if __name__ == "__main__":
    bars = pd.read_csv(sys.argv[1], parse_dates=["timestamp"], index_col="timestamp")
    seconds = []
    for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 1):
        started = time.perf_counter()
        total = run(bars)
        seconds.append(time.perf_counter() - started)
    print(total, min(seconds))
