"""What becomes of options at their expiry: one settlement price for each chain and day, and deliveries."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from orchestrate.domain.books import Position
from orchestrate.domain.events import (
    OptionAssignedEvent,
    OptionExercisedEvent,
    OptionExpiredEvent,
    OptionSettledEvent,
)
from orchestrate.domain.market.stamps import DAY
from orchestrate.domain.market.timeline import BarSeries, Market
from orchestrate.domain.options.chain import Chain, Settlement
from orchestrate.domain.options.contract import OptionContract
from orchestrate.domain.options.settlement import Settled, settle
from orchestrate.domain.options.view import date_text
from orchestrate.domain.orders.order import Demand, Reason
from orchestrate.orchestration.loop.decision_log import DecisionLog, Emit
from orchestrate.orchestration.loop.marks import Marks
from orchestrate.orchestration.orders.blotter import Blotter
from orchestrate.orchestration.orders.priced import place_priced
from orchestrate.orchestration.strategies.registry import StrategyEntry

#: A chain by its root, and an instant of expiry.
_Expiry = tuple[str, int]


class Expiries:
    """Settles the positions of all strategies in options, by one price for each chain and expiry."""

    def __init__(self, market: Market, marks: Marks, blotter: Blotter, log: DecisionLog, emit: Emit) -> None:
        self._market, self._marks, self._blotter, self._log, self._emit = market, marks, blotter, log, emit
        self._chains: Mapping[str, Chain] = {chain.terms.root: chain for chain in market.chains.values()}
        self._moments: dict[_Expiry, Settlement | None] = {}
        self._settled: set[_Expiry] = set()

    # ---- when, and at which price

    def settlement(self, contract: OptionContract) -> Settlement | None:
        """Return when and at which price a contract is settled; None where that lies beyond the data.

        The price is NaN where nobody knows it.
        """
        expiry = contract.root, contract.expiry
        if expiry not in self._moments:
            self._moments[expiry] = self._find(contract)
        return self._moments[expiry]

    def _find(self, contract: OptionContract) -> Settlement | None:
        """Return the first bar of the underlying that ends at or after the expiry; one of days is that of its day."""
        chain, series = self._chains[contract.root], self._market.series[contract.underlying]
        ends, expiry = series.available_at + chain.lag, contract.expiry
        if series.length >= DAY:
            ends, expiry = series.timestamp // DAY, expiry // DAY
        row = int(np.searchsorted(ends, expiry, side="left"))
        if row == len(series):
            return None
        price = chain.settlement_prices.get(date_text(contract.expiry // DAY))
        if price is None:
            price = _last_price(series, row, made=bool(ends[row] == expiry)) if contract.settlement == "pm" else np.nan
        return Settlement(int(series.available_at[row]), price)

    # ---- positions

    def settle(self, entry: StrategyEntry, position: Position) -> bool:
        """Place the orders that an expired option comes to; return whether the position is one."""
        contract = position.instrument.option
        settlement = None if contract is None else self.settlement(contract)
        if contract is None or settlement is None:
            return False
        self._report_price(contract, settlement)
        self.end(entry, settle(contract, position.quantity, settlement.price), settlement.price)
        return True

    def end(self, entry: StrategyEntry, settled: Settled, price: float, early: str = "") -> None:
        """Place the orders that a position comes to with the underlying at `price`, and report it."""
        contract, t = settled.contract, self._log.step_label()
        symbol, units = contract.symbol, settled.units
        reason = Reason.ASSIGNED if early else Reason.SETTLEMENT
        self._place(entry, symbol, -units, settled.price, reason)
        if settled.shares:
            self._blotter.delivered.add((entry.id, contract.underlying))
            self._place(entry, contract.underlying, settled.shares, contract.strike, reason)
        facts = (entry.id, symbol, units, price)
        if settled.outcome == "expired":
            self._emit(OptionExpiredEvent(*facts, t))
        elif settled.outcome == "exercised":
            self._emit(OptionExercisedEvent(*facts, settled.cash, settled.shares, t))
        else:
            self._emit(OptionAssignedEvent(*facts, settled.cash, settled.shares, early, t))

    def _report_price(self, contract: OptionContract, settlement: Settlement) -> None:
        """Report a settlement price when it counts for the first time."""
        if (contract.root, contract.expiry) in self._settled:
            return
        self._settled.add((contract.root, contract.expiry))
        chain = self._chains[contract.root].symbol
        what = (chain, contract.underlying, contract.expires_on, contract.settlement, settlement.price)
        self._emit(OptionSettledEvent(*what, self._log.step_label()))

    def _place(self, entry: StrategyEntry, symbol: str, quantity: float, price: float, reason: Reason) -> None:
        step = self._marks.step
        t = self._market.timeline.moments[step]
        demand = Demand(entry.id, symbol, quantity, False, price, step, t, signalled=False)
        place_priced(self._blotter, entry.book, demand, fee=0.0, reason=reason)


def _last_price(series: BarSeries, row: int, *, made: bool) -> float:
    """Return the last close up to an expiry: of the bar in `row` where it is `made` by then, else of the one before."""
    return float(series.close[row if made else max(row - 1, 0)])
