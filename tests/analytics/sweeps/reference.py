"""Statistics of sweeps computed slowly, a split or a point at a time."""

from __future__ import annotations

from itertools import combinations

import numpy as np


def slow_ranks(returns, blocks):
    """The best trial, its Sharpe ratio in and out of sample and its rank ÷ (trials + 1), for each split."""
    cut = np.split(returns[len(returns) % blocks :], blocks)
    rows = []
    for chosen in combinations(range(blocks), blocks // 2):
        others = [block for block in range(blocks) if block not in chosen]
        sample, other = (_sharpes(np.concatenate([cut[block] for block in half])) for half in (chosen, others))
        best = int(np.argmax(sample))
        rank = 1 + sum(value < other[best] for value in other)
        rows.append((best, sample[best], other[best], rank / (len(other) + 1)))
    return rows


def _sharpes(days):
    return [column.mean() / column.std(ddof=1) for column in days.T]
