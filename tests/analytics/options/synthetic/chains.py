"""An underlying, and a chain on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from orchestrate.analytics.options.synthetic.quotes import SyntheticQuotes, synthetic_quotes
from orchestrate.analytics.options.synthetic.spec import SyntheticChain
from orchestrate.domain.market.timeline import Floats, Stamps

DAY = 86_400 * 10**9


def evenings(count: int, first: str = "2024-01-02") -> Stamps:
    """Return 21:00 UTC of working days."""
    return np.busday_offset(first, np.arange(count)).astype("M8[ns]").astype(np.int64) + 21 * DAY // 24


def walk(count: int, price: float = 100.0) -> Floats:
    """Return closes that wander."""
    return price * np.exp(np.cumsum(np.random.default_rng(5).normal(0.0, 0.012, count)))


def chain(closes: Floats, moments: Stamps | None = None, **settings: Any) -> SyntheticQuotes:
    """Return the quotes of a chain on these closes."""
    moments = evenings(len(closes)) if moments is None else moments
    return synthetic_quotes(SyntheticChain.of({"underlying": "ABC", "seed": 3, **settings}), moments, closes)
