"""What gave the return and the risk once more, from the curves and the ledgers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from orchestrate.verification.facts import Difference, Floats
from orchestrate.verification.figures.distribution import ends_of, months_of
from orchestrate.verification.figures.lines import Line, Lines, has_moved
from orchestrate.verification.figures.metrics import is_figure, metrics

Parts = dict[str, Any]


def check_attribution(lines: Lines) -> Iterator[Difference]:
    """Yield the first part of the return or the risk that is another one; parts that are null are not compared."""
    stored = lines.run.figures.get("attribution")
    if stored is None:
        return
    portfolio = lines.portfolio
    due: Parts = {
        "strategies": _of_strategies(lines),
        "frameworks": _of_frameworks(lines),
        "symbols": _of_symbols(lines, stored["symbols"]),
        "months": _of_months(portfolio),
    }
    for name, compute in (("risk", _of_risk), ("equal_weights", _equal_weights)):
        if stored[name] is not None:
            due[name] = compute(lines, portfolio)
    yield from _unlike("attribution", {name: stored[name] for name in due}, due)


def _unlike(where: str, stored: Mapping[str, Any], due: Parts) -> Iterator[Difference]:
    for name in dict.fromkeys([*stored, *due]):
        one, other, place = stored.get(name), due.get(name), f"{where}.{name}"
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _unlike(place, one, dict(other))
        elif not is_figure(one, other):
            yield Difference("attribution", f"metrics.json: {place}", one, other)


def _of_strategies(lines: Lines) -> Parts:
    return {name: _gain(lines, name) / lines.run.capital for name in lines.names}


def _gain(lines: Lines, name: str) -> float:
    return float(lines.earned(name)[lines.union][-1]) - lines.run.strategies[name].allocated


def _of_frameworks(lines: Lines) -> Parts:
    parts: Parts = {}
    for name, part in _of_strategies(lines).items():
        framework = lines.run.strategies[name].framework
        parts[framework] = parts.get(framework, 0.0) + part
    return parts


def _of_symbols(lines: Lines, named: Mapping[str, Any]) -> Parts:
    """Return what round trips and open positions made; what is handed over takes its round trip along."""
    gains = dict.fromkeys(named, 0.0)
    for curve in lines.curves.values():
        for trade in curve.ledger.trades:
            gains[str(trade["symbol"])] = gains.get(str(trade["symbol"]), 0.0) + float(str(trade["profit"]))
        for symbol, held in curve.ledger.holdings.items():
            open_profit = float(curve.places[symbol].profit[lines.union][-1])
            gains[symbol] = gains.get(symbol, 0.0) + held.profit - held.fees + open_profit
    return {symbol: gain / lines.run.capital for symbol, gain in gains.items()}


def _of_months(portfolio: Line) -> Parts:
    months = months_of(portfolio.stamps)
    marks = portfolio.equity[ends_of(months)]
    gains = np.diff(np.concatenate([[portfolio.initial], marks])) / portfolio.initial
    names = np.unique(months).astype("datetime64[M]").astype(str).tolist()
    return dict(zip(names, gains.tolist(), strict=True))


def _of_risk(lines: Lines, portfolio: Line) -> Parts:
    """Return the covariance of what each strategy added to the returns with these ÷ their deviation, annualised."""
    added = {name: _gains(lines, portfolio, name) / portfolio.curve[:-1] for name in lines.names}
    returns = portfolio.returns
    scale = math.sqrt(portfolio.periods) / float(returns.std(ddof=1)) if returns.std() else 0.0
    return {name: float(np.cov(own, returns)[0, 1]) * scale for name, own in added.items()}


def _along(lines: Lines, portfolio: Line, name: str, values: Floats) -> Floats:
    """Return a strategy's values where the portfolio's curve has some."""
    own = values[lines.union]
    is_ahead = has_moved(portfolio.initial, portfolio.equity)
    return np.concatenate([[lines.run.strategies[name].allocated], own]) if is_ahead else own


def _gains(lines: Lines, portfolio: Line, name: str) -> Floats:
    return np.diff(_along(lines, portfolio, name, lines.earned(name)))


def _equal_weights(lines: Lines, portfolio: Line) -> Parts:
    """Return the effects of weights against a portfolio in which all strategies have the same at each step."""
    managed = [name for name in lines.names if not lines.run.strategies[name].is_unmanaged]
    whole = portfolio.curve[:-1]
    gains = {name: _gains(lines, portfolio, name) for name in lines.names}
    capital = {name: _along(lines, portfolio, name, lines.equity(name))[:-1] for name in lines.names}
    with np.errstate(all="ignore"):
        returns = {name: np.where(gains[name] != 0.0, gains[name] / capital[name], 0.0) for name in managed}
    equal = np.asarray(sum(returns.values())) / len(managed)
    factors = _carino(portfolio.returns, equal)
    effects, idle = {}, np.ones(len(whole))
    for name in lines.names:
        idle -= capital[name] / whole
        effect = gains[name] / whole - capital[name] / whole * equal
        if name in managed:
            effect = effect - (returns[name] - equal) / len(managed)
        effects[name] = _effects(factors, effect)
    total = float(np.prod(1.0 + equal)) - 1.0
    excess = (metrics(portfolio)["total_return"] or 0.0) - total
    return {"total_return": total, "excess": excess, "strategies": effects, "reserve": _effects(factors, -idle * equal)}


def _effects(factors: Floats, allocation: Floats) -> Parts:
    return {"allocation": float(factors @ allocation), "selection": 0.0, "interaction": 0.0}


def _carino(own: Floats, other: Floats) -> Floats:
    """Return the factor of each period: (ln(1 + r) - ln(1 + b)) ÷ (r - b), against that of all together."""
    whole = [np.array([math.expm1(float(np.log1p(one).sum()))]) for one in (own, other)]
    return _slope(own, other) / _slope(*whole)


def _slope(own: Floats, other: Floats) -> Floats:
    apart = (own - other) / (1.0 + other)
    small = np.abs(apart) < 1e-8
    slope = np.where(small, 1.0 - apart / 2.0, np.log1p(apart) / np.where(small, 1.0, apart))
    return np.asarray(slope / (1.0 + other), dtype=np.float64)
