"""The curves that figures are made of: of the portfolio, a framework, a strategy, the benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from orchestrate.verification.facts import Bars, Flags, Floats, Row, Run, Stamps
from orchestrate.verification.ranges import with_ranges
from orchestrate.verification.tables import Curves

DAY: Final = 86_400 * 10**9
YEAR: Final = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A curve with what belongs to it: `money` is its equity, `held` what positions hold of it, at the same closes.

    `traded` is the money that changed hands. `closes` are those of the benchmark, None where there is none.
    """

    initial: float
    equity: Floats
    stamps: Stamps
    periods: float
    exposed: Flags
    trades: Sequence[Row] = ()
    fees: float = 0.0
    slippage: float = 0.0
    traded: float = 0.0
    money: Floats | None = None
    held: Floats | None = None
    closes: Floats | None = None

    @property
    def curve(self) -> Floats:
        """The initial capital and the closes; without a first close at which nothing has moved."""
        return np.concatenate([[self.initial], self.equity]) if has_moved(self.initial, self.equity) else self.equity

    @property
    def returns(self) -> Floats:
        """Those of the curve; none where it fell to zero."""
        curve = self.curve
        return curve[1:] / curve[:-1] - 1.0 if len(curve) > 1 and curve.min() > 0 else np.zeros(0)


def has_moved(initial: float, equity: Floats) -> bool:
    """Return whether the first close is another value than the initial one."""
    return len(equity) > 0 and abs(float(equity[0]) - initial) > 1e-13 * abs(initial)


class Lines:
    """All lines of a run, from the stored equity."""

    def __init__(self, run: Run, curves: Curves) -> None:
        self.run, self.curves, self._stored = run, curves, run.tables["equity"]

    @property
    def names(self) -> list[str]:
        """The strategies, those that only take positions over included."""
        return list(self.curves)

    @property
    def whole(self) -> Floats:
        """The equity of the portfolio."""
        return np.asarray(self._stored["portfolio"])

    @property
    def reserve(self) -> Floats:
        """What no strategy has."""
        left = self.run.capital - sum(one.allocated for one in self.run.strategies.values())
        return left - np.asarray(sum((np.cumsum(self.flows(name)) for name in self.names), np.zeros(len(self.whole))))

    def equity(self, name: str) -> Floats:
        """Return the equity of a strategy."""
        return np.asarray(self._stored[f"equity.{name}"])

    def flows(self, name: str) -> Floats:
        """Return what came to a strategy at each step, or left it."""
        return np.asarray(self._stored.get(f"flow.{name}", np.zeros(len(self.whole))))

    def earned(self, name: str) -> Floats:
        """Return its capital and its results, as if no money had come or left."""
        return self.equity(name) - np.round(np.cumsum(self.flows(name)), 2)

    def own(self, name: str) -> Flags:
        """Return the steps at which one of its symbols has a bar."""
        return self.run.has_bar(self.run.strategies[name].symbols)

    @cached_property
    def union(self) -> Flags:
        """The steps at which a symbol of some strategy has a bar."""
        union: Flags = np.logical_or.reduce([self.own(name) for name in self.names])
        return union

    @cached_property
    def periods(self) -> float:
        """The bars a year of these."""
        symbols = dict.fromkeys(symbol for one in self.run.strategies.values() for symbol in one.symbols)
        return _periods(self.run, tuple(symbols), self.union)

    @cached_property
    def closes(self) -> Floats | None:
        """The closes of the benchmark in the capital's currency."""
        symbol = self.run.benchmark
        return self.run.closes(symbol) * self.run.rates(self.run.terms[symbol].fx) if symbol else None

    @cached_property
    def _trades(self) -> list[Row]:
        """The trades in the order of exits, then of ids."""
        rows = sorted(self.run.rows("trades"), key=lambda trade: (trade["exited"], trade["strategy_id"]))
        return with_ranges(self.run, rows)

    # ---- lines

    @cached_property
    def portfolio(self) -> Line:
        """The line of all strategies and the reserve."""
        return self._line(self.names, (self.run.capital, self.whole), self.union, self.periods, self.whole)

    @cached_property
    def strategies(self) -> dict[str, Line]:
        """The line of each strategy, on the bars of its own symbols."""
        return {name: self._strategy(name) for name in self.names}

    @cached_property
    def frameworks(self) -> dict[str, Line]:
        """The line of each framework's strategies together."""
        names = dict.fromkeys(one.framework for one in self.run.strategies.values())
        return {name: self._framework(name) for name in names}

    def _framework(self, framework: str) -> Line:
        members = [name for name in sorted(self.names) if self.run.strategies[name].framework == framework]
        money = np.asarray(sum(self.equity(name) for name in members))
        return self._line(members, self.growth(members), self.union, self.periods, money)

    def _strategy(self, name: str) -> Line:
        own = self.own(name)
        periods = _periods(self.run, self.run.strategies[name].symbols, own)
        return self._line([name], self.growth([name]), own, periods, self.equity(name))

    @cached_property
    def benchmark(self) -> Line | None:
        """The line of what holding the benchmark is worth; None where there is none."""
        if self.closes is None:
            return None
        known = self.union & np.isfinite(self.closes)
        equity = self.closes[known]
        initial = float(equity[0]) if len(equity) else 0.0
        return Line(initial, equity, self.run.stamps[known], self.periods, np.zeros(0, dtype=np.bool_))

    def growth(self, members: Sequence[str]) -> tuple[float, Floats]:
        """Return the equity of strategies; where money came or went, what 1 has grown to: (e[t] - flow[t]) / e[t-1]."""
        initial = float(sum(self.run.strategies[name].allocated for name in members))
        equity = np.asarray(sum(self.equity(name) for name in members))
        flows = np.round(sum(self.flows(name) for name in members), 2)
        if not flows.any():
            return initial, equity
        before = np.concatenate([[initial], equity[:-1]])
        before = np.where(np.maximum.accumulate(before) <= 1e-9, np.abs(before), before)
        gains = equity - flows - np.concatenate([[initial], equity[:-1]])
        still = np.abs(gains) <= 1e-9
        with np.errstate(all="ignore"):
            returns = np.where(np.abs(before) > 1e-9, gains / before, -1.0)
        return 1.0, np.asarray(np.cumprod(1.0 + np.where(still, 0.0, returns)), dtype=np.float64)

    def _line(
        self, members: Sequence[str], curve: tuple[float, Floats], own: Flags, periods: float, money: Floats
    ) -> Line:
        initial, equity = curve
        curves, terms = [self.curves[name] for name in members], self.run.terms
        fills = [fill for fill in self.run.rows("fills") if fill["strategy_id"] in members]
        worths = [fill["quantity"] * fill["price"] * terms[fill["symbol"]].multiplier for fill in fills]
        holds = [place.initial for one in curves for place in one.places.values()] + [one.options[1] for one in curves]
        return Line(
            initial=initial,
            equity=equity[own],
            stamps=self.run.stamps[own],
            exposed=np.logical_or.reduce([one.exposed for one in curves])[own],
            fees=sum(one.ledger.fees for one in curves),
            periods=periods,
            trades=[trade for trade in self._trades if trade["strategy_id"] in members],
            slippage=sum(fill["slippage"] for fill in fills),
            traded=sum(abs(worth) * fill.get("rate", 1.0) for worth, fill in zip(worths, fills, strict=True)),
            money=money[own],
            held=np.asarray(sum(holds, np.zeros(len(own))))[own],
            closes=None if self.closes is None else self.closes[own],
        )


def _periods(run: Run, symbols: Sequence[str], own: Flags) -> float:
    """Return the bars a year of steps at which some of the symbols have one."""
    if run.rules.periods_per_year is not None:
        return run.rules.periods_per_year
    traded = [symbol for symbol in symbols if run.bars[symbol].tradable] or list(symbols)
    each = {_periods_of(run.bars[one], run.terms[one].week) for one in traded}
    daily = all(run.bars[symbol].length == DAY for symbol in traded)
    stamps = run.stamps[own]
    if len(traded) == 1 or (daily and len(each) == 1) or not len(stamps):
        return min(each)
    return _bars_a_year(stamps, 5, daily=daily)


def _periods_of(bars: Bars, week: int) -> float:
    return _bars_a_year(bars.labels, week, daily=bars.length == DAY)


def _bars_a_year(stamps: Stamps, week: int, *, daily: bool) -> float:
    """Return 252 for daily bars from Monday to Friday, 365 for those of all days, else how many there are a year."""
    days = set(((stamps // DAY + 3) % 7).tolist())
    if daily and max(days) <= 4:
        passed = ((np.arange(stamps[0], stamps[-1] + 1, DAY) // DAY + 3) % 7).tolist()
        return 365.0 if week == 7 and max(passed) <= 4 else 252.0
    if daily and len(days) == 7:
        return 365.0
    years = (float(stamps[-1]) - float(stamps[0])) / YEAR / DAY
    return (len(stamps) - 1) / years if years > 0 else 252.0
