"""From a matrix of returns, a row a bar and a column a strategy, to weights: positive, and of sum 1.

Strategies are compared by the sample covariance (ddof 1). UndefinedWeightsError where the returns decide nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from orchestrate.domain.market.timeline import Floats

#: Returns that deviate by less are those of a price that stands still or grows evenly, up to rounding.
STILL: Final = 1e-12
#: Added to each strategy's own variance (of 1) so that a hedge without any risk still has one solution.
_RIDGE: Final = 1e-8
_PRECISION: Final = 1e-8


class UndefinedWeightsError(ValueError):
    """Returns that decide nothing: the message says why, `columns` which strategies are the reason (none: all)."""

    def __init__(self, reason: str, columns: Sequence[int] = ()) -> None:
        self.reason, self.columns = reason, tuple(columns)
        super().__init__(reason)


def inverse_volatility(returns: Floats) -> Floats:
    """Weigh each strategy by 1 / volatility."""
    return _normalised(1.0 / _moments(returns)[0])


def risk_parity(returns: Floats) -> Floats:
    """Weigh so that each strategy contributes the same to the portfolio's variance, long only.

    The minimum of ½y′Cy − mean(log y) has equal contributions; it is the only one. C are the correlations, so that
    strategies of very different volatility are of one size.
    """
    from scipy.optimize import minimize

    volatility, correlation = _moments(returns)
    size = len(volatility)
    risk = correlation + _RIDGE * np.eye(size)

    def objective(y: Floats) -> float:
        return float(0.5 * y @ risk @ y - np.log(y).mean()) if (y > 0.0).all() else np.inf

    found = minimize(
        objective,
        np.full(size, size**-0.5),
        jac=lambda y: risk @ y - 1.0 / (size * y),
        hess=lambda y: risk + np.diag(1.0 / (size * y**2)),
        method="trust-exact",
        options={"gtol": _PRECISION},
    )
    return _normalised(found.x / volatility)


def hrp(returns: Floats) -> Floats:
    """Weigh by hierarchical risk parity.

    Strategies are ordered by a tree (Ward linkage on √(½(1−ρ)), leaves in optimal order); the ordered list is halved
    again and again, and each half gets a share in proportion to its inverse variance.
    """
    volatility, correlation = _moments(returns)
    if len(volatility) == 1:
        return np.ones(1)
    covariance = correlation * np.outer(volatility, volatility)
    weights = np.ones(len(volatility))
    lists = [_ordered(correlation)]
    while lists:
        whole = lists.pop()
        left, right = whole[: len(whole) // 2], whole[len(whole) // 2 :]
        share = _share(_cluster_variance(covariance, left), _cluster_variance(covariance, right))
        weights[left] *= share
        weights[right] *= 1.0 - share
        lists += [half for half in (left, right) if len(half) > 1]
    return weights


def _moments(returns: Floats) -> tuple[Floats, Floats]:
    """Return volatilities scaled to at most 1, and correlations; UndefinedWeightsError where they have no meaning."""
    if len(returns) < 2:
        raise UndefinedWeightsError("fewer than two returns have no variance")
    with np.errstate(over="ignore", invalid="ignore"):
        away = returns - returns.mean(axis=0)
        volatility = np.sqrt((away**2).sum(axis=0) / (len(returns) - 1))
    endless = np.flatnonzero(~np.isfinite(volatility))
    if len(endless):
        raise UndefinedWeightsError("not every return is a finite number", endless.tolist())
    still = np.flatnonzero(volatility <= STILL)
    if len(still):
        raise UndefinedWeightsError("the returns do not vary", still.tolist())
    scores = away / volatility
    correlation = np.clip(scores.T @ scores / (len(returns) - 1), -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    return volatility / volatility.max(), correlation


def _ordered(correlation: Floats) -> list[int]:
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = np.sqrt(0.5 * (1.0 - correlation))
    tree = linkage(squareform(distance, checks=False), "ward", optimal_ordering=True)
    return [int(leaf) for leaf in leaves_list(tree)]


def _cluster_variance(covariance: Floats, members: Sequence[int]) -> float:
    """Return the variance of a cluster whose members are weighed by their inverse variances."""
    own = covariance[np.ix_(members, members)]
    weights = _normalised(1.0 / np.diag(own))
    return max(0.0, float(weights @ own @ weights))


def _share(left: float, right: float) -> float:
    """Return the left cluster's share; half where neither has a variance: two hedges without any risk."""
    return right / (left + right) if left + right > 0.0 else 0.5


def _normalised(weights: Floats) -> Floats:
    return np.asarray(weights / weights.sum(), dtype=np.float64)
