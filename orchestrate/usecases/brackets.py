"""Where the exits of a vectorised strategy's entries close them, for a check that runs no engine."""

from __future__ import annotations

from functools import partial

from orchestrate.domain.market.timeline import NEVER, BarSeries, Market
from orchestrate.domain.market.true_range import AverageTrueRange
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import trailing_level
from orchestrate.domain.orders.resting import RestingOrder
from orchestrate.domain.orders.terms import Child, OrderTerms, rounded_level
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Side, Signal
from orchestrate.orchestration.orders.entries import EntryColumns
from orchestrate.orchestration.risk.sizing import SIZINGS, protect


class BracketEnds:
    """The exits that entries on one symbol have: those that the strategy gives, completed by those of its sizing."""

    def __init__(
        self, symbol: str, market: Market, entries: EntryColumns | None, sizing: Sizing, rules: ExecutionRules
    ) -> None:
        self._symbol, self._series, self._instrument = symbol, market.series[symbol], market.instruments[symbol]
        self._entries, self._sizing, self._rules = entries, sizing, rules
        self._protects = SIZINGS[sizing.method].protects
        self._ranges = AverageTrueRange(self._series, sizing.period)

    @property
    def has_some(self) -> bool:
        """False where an entry is closed by flags alone."""
        return self._entries is not None or self._protects

    def closed_at(self, row: int, side: Side) -> int:
        """Return the row of the bar that reaches an exit of the entry flagged at `row`; of one that is refused, 0."""
        terms = self._terms(row, side)
        filled = row + (self._rules.fill == "next_open")
        if terms is None:
            return 0
        if terms.bracket is None or filled >= len(self._series):
            return NEVER
        raw = float((self._series.open if filled > row else self._series.close)[filled])
        buys = side == "long"
        price = self._rules.fill_price(raw, 1.0 if buys else -1.0, self._instrument)
        children = terms.bracket.children(price, buys=buys)
        return min([self._reached(child, price, filled + 1, buys=not buys) for child in children], default=NEVER)

    def _terms(self, row: int, side: Side) -> OrderTerms | None:
        entry = Signal.enter(self._symbol, side)
        close = float(self._series.close[row])
        if self._entries is not None:
            entry = self._entries.entry(entry, row, lambda _symbol: close)
        if not self._protects:
            return entry.terms
        average = partial(self._ranges.at, row)
        precision = self._instrument.precision
        found = protect(entry.terms, close, self._sizing, precision, average, buys=side == "long")
        return None if found.lacking else found.terms

    def _reached(self, child: Child, price: float, start: int, *, buys: bool) -> int:
        """Return the first row from `start` on whose bar fills the exit of an entry that filled at `price`."""
        precision, trigger = self._instrument.precision, child.trigger
        if child.trail is not None:
            trigger = trailing_level(price, child.trail, buys=buys)
        limit = None if child.limit is None else rounded_level(child.limit, precision)
        trigger = None if trigger is None else rounded_level(trigger, precision)
        return _first_fill(RestingOrder(buys, precision, limit, trigger, child.trail), self._series, start)


def _first_fill(rule: RestingOrder, series: BarSeries, start: int) -> int:
    """Return the first row from `start` on whose bar fills the order; what may reach a trail is looked at closely."""
    end = len(series)
    while (row := rule.first_reach(series, start, end)) < end:
        rule = rule.after_all(series, start, row)
        if rule.reached(series.bar(row)) is not None:
            return row
        rule, start = rule.after(series.bar(row)), row + 1
    return NEVER
