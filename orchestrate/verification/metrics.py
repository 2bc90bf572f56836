"""The figures of `metrics.json` once more, from the equity that follows from the fills, and from the trades that do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from orchestrate.verification.distribution import of_periods, of_returns, of_trades
from orchestrate.verification.facts import Bars, Difference, Flags, Floats, Row, Run, Stamps, same
from orchestrate.verification.tables import Curves

_DAY: Final = 86_400 * 10**9
_YEAR: Final = 365.25
Figure = float | None


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A curve with what belongs to it."""

    initial: float
    equity: Floats
    stamps: Stamps
    exposed: Flags
    profits: Floats
    fees: float
    periods: float
    trades: Sequence[Row]
    slippage: float


def check_metrics(run: Run, curves: Curves) -> Iterator[Difference]:
    """Yield the figures of the portfolio, of strategies and of frameworks that don't follow from the curves."""
    figures, names = run.figures, list(curves)
    yield from _unlike_figure("bars", figures["bars"], len(run.stamps))
    yield from _unlike_figure("portfolio.initial_capital", figures["portfolio"]["initial_capital"], run.capital)
    reserve = run.capital - sum(one.allocated for one in run.strategies.values())
    paid = sum((np.cumsum(curve.flows) for curve in curves.values()), np.zeros(len(run.stamps)))
    whole = reserve - paid + sum(curves[name].equity for name in names)
    union = np.logical_or.reduce([run.has_bar(curve.ledger.strategy.symbols) for curve in curves.values()])
    everything = tuple(dict.fromkeys(symbol for one in run.strategies.values() for symbol in one.symbols))
    periods = _periods(run, everything, union)
    portfolio = _line(run, curves, names, (run.capital, whole), union, periods)
    yield from _unlike("portfolio", figures["portfolio"], portfolio, whole)
    yield from _unlike_figure("portfolio.reserve", figures["portfolio"]["reserve"], _last(reserve - paid, reserve))
    for name, curve in curves.items():
        own = run.has_bar(curve.ledger.strategy.symbols)
        line = _line(
            run, curves, [name], _growth(curves, [name]), own, _periods(run, curve.ledger.strategy.symbols, own)
        )
        yield from _unlike(f"strategies.{name}", figures["strategies"][name], line, curve.equity)
    for framework, facts in figures["frameworks"].items():
        members = [name for name in names if run.strategies[name].framework == framework]
        line = _line(run, curves, members, _growth(curves, members), union, periods)
        equity = np.asarray(sum(curves[name].equity for name in members))
        yield from _unlike(f"frameworks.{framework}", facts, line, equity)


def _line(
    run: Run, curves: Curves, members: Sequence[str], curve: tuple[float, Floats], own: Flags, periods: float
) -> _Line:
    initial, equity = curve
    trades = [trade for trade in run.rows("trades") if trade["strategy_id"] in members]
    return _Line(
        initial=initial,
        equity=equity[own],
        stamps=run.stamps[own],
        exposed=np.logical_or.reduce([curves[name].exposed for name in members])[own],
        profits=np.array([trade["profit"] for trade in trades], dtype=float),
        fees=sum(curves[name].ledger.fees for name in members),
        periods=periods,
        trades=trades,
        slippage=sum(fill["slippage"] for fill in run.rows("fills") if fill["strategy_id"] in members),
    )


def _growth(curves: Curves, members: Sequence[str]) -> tuple[float, Floats]:
    """Return the equity of strategies; where money came or went, what 1 has grown to: (e[t] - flow[t]) / e[t-1]."""
    initial = float(sum(curves[name].ledger.strategy.allocated for name in members))
    equity = np.asarray(sum(curves[name].equity for name in members))
    flows = np.round(sum(curves[name].flows for name in members), 2)
    if not flows.any():
        return initial, equity
    before = np.concatenate([[initial], equity[:-1]])
    before = np.where(np.maximum.accumulate(before) <= 1e-9, np.abs(before), before)
    gains = equity - flows - np.concatenate([[initial], equity[:-1]])
    still = np.abs(gains) <= 1e-9
    with np.errstate(all="ignore"):
        returns = np.where(np.abs(before) > 1e-9, gains / before, -1.0)
    return 1.0, np.asarray(np.cumprod(1.0 + np.where(still, 0.0, returns)), dtype=np.float64)


def _periods(run: Run, symbols: Sequence[str], own: Flags) -> float:
    """Return the bars a year of steps at which some of the symbols have one."""
    if run.rules.periods_per_year is not None:
        return run.rules.periods_per_year
    traded = [symbol for symbol in symbols if run.bars[symbol].tradable] or list(symbols)
    each = {_periods_of(run.bars[one], run.terms[one].week) for one in traded}
    daily = all(run.bars[symbol].length == _DAY for symbol in traded)
    stamps = run.stamps[own]
    if len(traded) == 1 or (daily and len(each) == 1) or not len(stamps):
        return min(each)
    return _bars_a_year(stamps, 5, daily=daily)


def _periods_of(bars: Bars, week: int) -> float:
    return _bars_a_year(bars.labels, week, daily=bars.length == _DAY)


def _bars_a_year(stamps: Stamps, week: int, *, daily: bool) -> float:
    """Return 252 for daily bars from Monday to Friday, 365 for those of all days, else how many there are a year."""
    days = set(((stamps // _DAY + 3) % 7).tolist())
    if daily and max(days) <= 4:
        passed = ((np.arange(stamps[0], stamps[-1] + 1, _DAY) // _DAY + 3) % 7).tolist()
        return 365.0 if week == 7 and max(passed) <= 4 else 252.0
    if daily and len(days) == 7:
        return 365.0
    years = (float(stamps[-1]) - float(stamps[0])) / _YEAR / _DAY
    return (len(stamps) - 1) / years if years > 0 else 252.0


def _curve(line: _Line) -> Floats:
    """Return the initial capital and the closes; without a first close at which nothing has moved."""
    moved = len(line.equity) > 0 and abs(float(line.equity[0]) - line.initial) > 1e-13 * abs(line.initial)
    return np.concatenate([[line.initial], line.equity]) if moved else line.equity


def metrics(line: _Line) -> dict[str, Figure]:
    """Return the figures; None where one has no meaning."""
    equity, initial, curve = line.equity, line.initial, _curve(line)
    figures: dict[str, Figure] = dict.fromkeys(
        ("total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown"), None
    )
    if len(equity) and initial > 0:
        figures |= _growths(line, curve)
    if len(curve) > 2 and curve.min() > 0:
        figures |= _deviations(curve[1:] / curve[:-1] - 1.0, line.periods)
    gained, lost = line.profits[line.profits > 0].sum(), -line.profits[line.profits < 0].sum()
    figures["win_rate"] = float((line.profits > 0).mean()) if len(line.profits) else None
    figures["profit_factor"] = float(gained / lost) if lost else None
    figures["exposure"] = float(line.exposed.mean()) if len(line.exposed) else None
    return figures | {"trades": float(len(line.profits)), "fees": line.fees}


def _growths(line: _Line, curve: Floats) -> dict[str, Figure]:
    total = float(line.equity[-1]) / line.initial - 1.0
    depth = float((curve / np.maximum.accumulate(curve) - 1.0).min())
    years = (float(line.stamps[-1]) - float(line.stamps[0])) / _DAY / _YEAR
    cagr: Figure = None
    if years > 0 and total > -1.0 and math.log1p(total) / years < 700:
        cagr = math.expm1(math.log1p(total) / years)
    calmar = None if cagr is None or not depth else cagr / -depth
    return {"total_return": total, "cagr": cagr, "max_drawdown": depth, "calmar": calmar}


def _deviations(returns: Floats, periods: float) -> dict[str, Figure]:
    mean, deviation = float(returns.mean()), float(returns.std(ddof=1))
    downside = math.sqrt(float((np.minimum(returns, 0.0) ** 2).mean()))
    still = deviation <= 1e-12 * float(np.abs(returns).max())
    return {
        "volatility": deviation * math.sqrt(periods),
        "sharpe": None if still else mean / deviation * math.sqrt(periods),
        "sortino": mean / downside * math.sqrt(periods) if downside else None,
    }


def _unlike(where: str, stored: Mapping[str, Any], line: _Line, equity: Floats) -> Iterator[Difference]:
    initial = stored.get("initial_capital", stored.get("allocated_capital", line.initial))
    yield from _unlike_figure(f"{where}.final_equity", stored["final_equity"], _last(equity, initial))
    for name, due in metrics(line).items():
        figure = stored["metrics"].get(name)
        if due is None and figure is None:
            continue
        if due is None or figure is None or not _close(figure, due):
            yield Difference("metrics", f"metrics.json: {where}.{name}", figure, due)
    for name, due in _further(line).items():
        figure = stored["metrics"].get(name)
        if figure is not None and not _close(figure, due):
            yield Difference("metrics", f"metrics.json: {where}.{name}", figure, due)


def _further(line: _Line) -> dict[str, float]:
    """Return figures that are compared where they are stored: runs of before they were known have none."""
    curve = _curve(line)
    returns = curve[1:] / curve[:-1] - 1.0 if len(curve) > 1 and curve.min() > 0 else np.zeros(0)
    figures = of_returns(returns) | of_periods(line.initial, line.equity, line.stamps)
    return figures | of_trades(line.trades, line.fees, line.slippage)


def _unlike_figure(where: str, stored: Any, due: float) -> Iterator[Difference]:
    if not same(stored, due, due):
        yield Difference("metrics", f"metrics.json: {where}", stored, due)


def _close(figure: Any, due: float) -> bool:
    return isinstance(figure, int | float) and abs(figure - due) <= 1e-9 + 1e-6 * abs(due)


def _last(equity: Floats, initial: float) -> float:
    return float(equity[-1]) if len(equity) else initial
