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


def slow_heatmap(landscape, x, y, figures, reduction, at):
    """The figures of each cell and their numbers, a cell at a time."""
    axes = range(len(landscape.scales))
    cells = [[int(landscape.cells(axis)[point]) for axis in axes] for point in range(len(figures))]
    rows, counts = [], []
    for row in range(landscape.scales[y].cells):
        for column in range(landscape.scales[x].cells):
            inside = [
                figures[point]
                for point, places in enumerate(cells)
                if (places[y], places[x]) == (row, column)
                and not np.isnan(figures[point])
                and (reduction != "slice" or all(places[a] == cells[at][a] for a in axes if a not in (x, y)))
            ]
            counts.append(len(inside))
            rows.append(_REDUCED[reduction](inside) if inside else np.nan)
    shape = landscape.scales[y].cells, landscape.scales[x].cells
    return np.reshape(rows, shape), np.reshape(counts, shape)


_REDUCED = {"slice": np.median, "median": np.median, "mean": np.mean, "max": max, "min": min}
