"""The arithmetic of a hosted strategy's account: fees, what a position is worth, and how large an order is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import backtrader as bt

from orchestrate.domain.books import Position
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.orchestration.risk.sizing import TRADING_DAYS, Sizeable, size, yearly_volatility


class UnlimitedCash(float):
    """Cash that is never too little: the orchestrator has decided that the order can be paid."""

    def __add__(self, other: float) -> UnlimitedCash:
        return UnlimitedCash(float(self) + other)

    def __sub__(self, other: float) -> UnlimitedCash:
        return UnlimitedCash(float(self) - other)

    def __lt__(self, _other: float) -> bool:
        return False


class InstrumentScheme(bt.CommInfoBase):  # type: ignore[misc]  # Backtrader has no types
    """An instrument's commission scheme by the run's rules: its fee, multiplier, margin and lots.

    While an order executes, `whole` is its size, so that the fee of one that crosses zero is taken once and shared.
    """

    params = (("stocklike", True), ("commtype", bt.CommInfoBase.COMM_PERC), ("percabs", True))

    def __init__(self, rules: ExecutionRules, instrument: Instrument) -> None:
        super().__init__()
        self.whole = 0.0
        self._rules, self._instrument = rules, instrument
        self._stocklike = instrument.moves_cash_by_notional
        self.p.mult = instrument.multiplier
        self.p.commission = rules.commissions.get(instrument.symbol, rules.commission).percent / 100.0

    def _getcommission(self, size: float, price: float, pseudoexec: bool) -> float:  # noqa: ARG002  # Backtrader's call
        whole = self.whole or size
        return self._rules.fee(whole, price, self._instrument) * abs(size / whole) if whole else 0.0

    def get_margin(self, price: float) -> float:
        """Return what one unit at `price` holds back: its notional, or its margin."""
        held = abs(price) * self._instrument.multiplier
        return held if self._stocklike else held * self._instrument.margin_rate

    def getsize(self, price: float, cash: float) -> float:
        """Return how many units `cash` pays for at `price`, in lots; whole ones are ints, as all over Backtrader."""
        if self._rules.lot_step(self._instrument) == 1.0:
            return int(cash // self.get_margin(price))
        return self._rules.lot(cash / self.get_margin(price), self._instrument)

    def getoperationcost(self, size: float, price: float) -> float:
        """Return what `size` units at `price` take out of the cash."""
        return abs(size) * self.get_margin(price)

    def getvaluesize(self, size: float, price: float) -> float:
        """Return what a position of `size` is worth at `price`; of one on margin, what it holds back."""
        if self._stocklike:
            return size * price * self._instrument.multiplier
        return abs(size) * self.get_margin(price)


class ConvertedScheme(InstrumentScheme):
    """The scheme of an instrument in another currency, at one rate; `paid` is the rate of what is held."""

    def __init__(self, rules: ExecutionRules, instrument: Instrument, rate: float, paid: float) -> None:
        super().__init__(rules, instrument.at(rate))
        self._position = Position(instrument, rate=paid)
        self._rate = rate

    def profitandloss(self, size: float, price: float, newprice: float) -> float:
        """Return the profit of `size` units from `price` to `newprice`, in the capital's currency."""
        self._position.average_price = price
        return self._position.profit(size, newprice, self._rate)


class PlanSizer(bt.Sizer):  # type: ignore[misc]  # Backtrader has no types
    """`sizing:` as a Backtrader sizer, for orders made without a size.

    `capital` is what percentages are of. An order against what is held closes it: of a `fixed` size at most what is
    held, else all of it. Market orders that wait already count as done, so that `close()` and `sell()` in one go turn a
    position round. `foreign_volatility` is that of a symbol in another currency, which has its rate's moves, too.
    """

    def __init__(
        self,
        sizing: Sizing,
        symbols: int,
        rules: ExecutionRules,
        capital: Callable[[], float],
        periods_per_year: Mapping[str, float],
        foreign_volatility: Callable[[str, int], float] | None = None,
    ) -> None:
        self._sizing, self._symbols, self._rules, self._capital = sizing, symbols, rules, capital
        self._periods, self._foreign_volatility = periods_per_year, foreign_volatility

    def _volatility(self, data: Any) -> float:
        lookback = self._sizing.lookback
        if self._foreign_volatility is not None and self.broker.instruments[data._name].fx:
            return self._foreign_volatility(data._name, lookback)
        if len(data) <= lookback:
            return 0.0
        return yearly_volatility(data.close.get(size=lookback + 1), self._periods.get(data._name, TRADING_DAYS))

    def _getsizing(self, _comminfo: Any, _cash: float, data: Any, isbuy: bool) -> float:
        instrument = self.broker.converted(data._name)
        volatility = partial(self._volatility, data)
        price = data.close[0] if len(data) else 0.0
        of = Sizeable(self._capital(), price, instrument, self._symbols, volatility)
        units = self._rules.lot(size(self._sizing, of), instrument)
        if self._rules.lot_step(instrument) == 1.0:
            units = int(units)
        held = self.broker.expected(data)
        if held and (held < 0) is isbuy:
            return float(min(units, abs(held)) if self._sizing.method == "fixed" else abs(held))
        return units
