"""Which shorts are assigned before they expire: on the eve of a dividend, or where no time value is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import fsum
from typing import NamedTuple

from orchestrate.domain.books import Position
from orchestrate.domain.market.stamps import DAY
from orchestrate.domain.market.timeline import Market, MarketEvent
from orchestrate.domain.options.contract import OptionContract
from orchestrate.domain.options.quote import Quote
from orchestrate.domain.options.settlement import EarlyAssignment, is_assigned_deep, is_assigned_for_dividend
from orchestrate.domain.options.structure import Leg
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.loop.options.quotes import LegPrices
from orchestrate.orchestration.strategies.registry import StrategyEntry


class Assignment(NamedTuple):
    """A position that is assigned now, whole, with its underlying at `price`."""

    entry: StrategyEntry
    position: Position
    contract: OptionContract
    price: float


class EarlyAssignments:
    """Finds what the holders of a strategy's shorts exercise, by one `rule` for the run."""

    def __init__(self, rule: EarlyAssignment, market: Market, marks: Marks, prices: LegPrices) -> None:
        self.rule, self._market, self._marks, self._prices = rule, market, marks, prices

    def due(self, entries: Iterable[StrategyEntry], event: MarketEvent) -> Iterator[Assignment]:
        """Yield the shorts that are assigned at the end of a step at which they and their underlying have a price."""
        for entry in entries:
            for position in list(entry.book.positions.values()):
                contract = position.instrument.option
                if contract is None or position.is_long or contract.style != "american":
                    continue
                if self._is_priced(contract, event):
                    price = self._marks[contract.underlying]
                    if self._is_exercised(contract, price, event.t):
                        yield Assignment(entry, position, contract, price)

    def _is_priced(self, contract: OptionContract, event: MarketEvent) -> bool:
        """Return whether both have a price now; what is settled at this step is not assigned before."""
        settled = self._market.timeline.ends.steps[contract.symbol] == event.step
        return contract.symbol in event.rows and contract.underlying in event.rows and not settled

    def _is_exercised(self, contract: OptionContract, price: float, t: int) -> bool:
        if self.rule == "deep":
            return is_assigned_deep(contract, price, self._quote(contract, t), self._instant(contract, t))
        paid = self._paid_next(contract)
        if not paid or contract.delivery != "physical" or not contract.is_call:
            return False
        return is_assigned_for_dividend(contract, price, self._quote(replace(contract, right="put"), t), paid)

    def _paid_next(self, contract: OptionContract) -> float:
        """Return the dividends of the days after that of the underlying's bar, up to that of its next one."""
        series, row = self._market.series[contract.underlying], self._marks.row(contract.underlying)
        if row + 1 == len(series):
            return 0.0
        today, tomorrow = (int(series.timestamp[place]) // DAY for place in (row, row + 1))
        payments = self._prices.chains[contract.root].payments
        return fsum(one.amount for one in payments if today < one.moment // DAY <= tomorrow)

    def _quote(self, contract: OptionContract, t: int) -> Quote:
        return self._prices.quotes([Leg(contract)], t)[contract.symbol]

    def _instant(self, contract: OptionContract, t: int) -> int:
        return self._prices.chains[contract.root].instant(t)
