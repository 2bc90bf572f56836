"""How often values of each size occur."""

from __future__ import annotations

import numpy as np

from orchestrate.domain.market.timeline import Floats, Stamps

#: What lies beyond this share of the values is counted in the outermost bins.
_INNER = 0.995


def histogram(values: Floats, bins: int = 41) -> tuple[Floats, Stamps]:
    """Return the edges of equal bins around 0, and how many values lie in each."""
    reach = float(np.quantile(np.abs(values), _INNER)) if len(values) else 0.0
    reach = reach or 1e-6
    edges = np.linspace(-reach, reach, bins + 1)
    counts, _ = np.histogram(np.clip(values, -reach, reach), edges)
    return edges, counts.astype(np.int64)
