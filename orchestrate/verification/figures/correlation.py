"""The correlation of the strategies' daily returns once more, and the pairs that are named for it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Final

import numpy as np

from orchestrate.verification.facts import Difference, Floats
from orchestrate.verification.figures.distribution import ends_of
from orchestrate.verification.figures.lines import DAY, Lines, has_moved
from orchestrate.verification.figures.metrics import is_figure

#: The list of pairs whose correlation is low; the other one has those that are alike.
_FIRST: Final = "diversifiers"
_LOW: Final = 0.3
_HIGH: Final = 0.8


def check_correlation(lines: Lines) -> Iterator[Difference]:
    """Yield the first figure of the matrix that the curves don't give, and lists of pairs that it doesn't."""
    stored = lines.run.figures["correlation"]
    returns = _daily_returns(lines)
    known = {pair: _of_pair(*(returns[name] for name in pair)) for pair in product(lines.names, repeat=2)}
    for (name, other), due in known.items():
        figure = stored.get(name, {}).get(other)
        if not is_figure(figure, due):
            yield Difference("correlation", f"metrics.json: correlation.{name}.{other}", figure, due)
    pairs = {pair: figure for pair in combinations(lines.names, 2) if (figure := known[pair]) is not None}
    for kind, rows in lines.run.figures.get("correlated", {}).items():
        named = {tuple(row["strategies"]): row["correlation"] for row in rows}
        due_pairs = {pair: one for pair, one in pairs.items() if (one < _LOW if kind == _FIRST else one > _HIGH)}
        if {*named} != {*due_pairs} or not all(is_figure(named[pair], one) for pair, one in due_pairs.items()):
            yield Difference("correlation", f"metrics.json: correlated.{kind}", [*named], [*due_pairs])


def _daily_returns(lines: Lines) -> dict[str, Floats | None]:
    """Return the returns of days on which some strategy has a bar, of the first one where something has moved in it."""
    stamps = lines.run.stamps[lines.union]
    marks = ends_of(stamps // DAY) if len(stamps) else np.zeros(0, dtype=np.int64)
    growths = {name: lines.growth([name]) for name in lines.names}
    values = {name: (initial, equity[lines.union][marks]) for name, (initial, equity) in growths.items()}
    if any(has_moved(initial, equity) for initial, equity in values.values()):
        values = {name: (initial, np.concatenate([[initial], equity])) for name, (initial, equity) in values.items()}
    return {name: _returns(equity) for name, (_, equity) in values.items()}


def _returns(equity: Floats) -> Floats | None:
    """Return returns that change; None where there are none."""
    if len(equity) < 3 or equity.min() <= 0:
        return None
    returns = equity[1:] / equity[:-1] - 1.0
    return returns if returns.std() > 1e-12 * float(np.abs(returns).max()) else None


def _of_pair(one: Floats | None, other: Floats | None) -> float | None:
    return None if one is None or other is None else float(np.corrcoef(one, other)[0, 1])
