"""Contributions to the volatility of a portfolio."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Floats


def risk_contributions(weights: npt.ArrayLike, covariance: npt.ArrayLike) -> Floats:
    """Return what each asset contributes to the portfolio's volatility: weight × covariance with it ÷ volatility.

    They sum to the volatility. ValueError where the covariance is no square matrix of the weights' size, or is one
    that no returns have.
    """
    shares, matrix = np.asarray(weights, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if shares.ndim != 1 or matrix.shape != (len(shares), len(shares)):
        raise ValueError(f"the covariance of {shares.size} assets is a matrix of that size, not {matrix.shape}")
    marginal = matrix @ shares
    variance = float(shares @ marginal)
    if not variance >= 0.0:
        raise ValueError("the covariance gives a negative variance: it is not that of any returns")
    return np.asarray(shares * marginal / np.sqrt(variance) if variance else np.zeros(len(shares)), dtype=np.float64)
