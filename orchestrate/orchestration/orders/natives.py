"""What natives do not decide: whether their engine's fills are possible, and how a broken native is closed.

A native's code runs inside its engine and can damage it. Nothing it reports is booked unless the market and the run's
rules allow it; once its engine is unusable, its positions are closed here, by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from orchestrate.domain.market.timeline import BarSeries, Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Decision, Fill, Order, OrderStatus, StrategyCommand
from orchestrate.orchestration.orders.conversion import Conversion

#: Engines round money to 8 decimals and carry about 16 digits.
_GRAIN: Final = 1e-6
_DIGITS: Final = 1e-12


class FillCheck:
    """Compares a native's fills with the bars and the run's rules. `row` is that of a symbol's newest bar so far."""

    def __init__(self, market: Market, rules: ExecutionRules, row: Callable[[str], int]) -> None:
        self._market, self._rules, self._row = market, rules, row

    def problem(self, fill: Fill, order: Order, *, at_close: bool) -> str:
        """Return what makes the fill of `order` impossible; "" when it is possible."""
        owner, symbol = order.strategy_id, order.symbol
        if (fill.strategy_id, fill.symbol) != (owner, symbol):
            return f"it is reported for {fill.symbol} of {fill.strategy_id}"
        if fill.quantity * order.quantity <= 0 or (not order.rests and fill.quantity != order.quantity):
            return f"{fill.quantity:g} are filled of an order of {order.quantity:g}"
        return self._price_problem(fill, order, at_close=at_close) or self._fee_problem(fill)

    def _price_problem(self, fill: Fill, order: Order, *, at_close: bool) -> str:
        series, row = self._market.series[fill.symbol], self._row(fill.symbol)
        if row < 0:
            return f"{fill.symbol} has no bar yet"
        if order.rests:
            low, high = self._range(series, row, fill)
        else:
            raw = float((series.close if at_close else series.open)[row])
            low = high = self._slipped(raw, fill) if order.slips else raw
        grain = 0.5 * 10.0 ** -self._market.instruments[fill.symbol].precision + _DIGITS * abs(high)
        if low - grain <= fill.price <= high + grain:
            return ""
        return f"its price is {fill.price:.10g}, the bar allows {low:.10g}" + (
            f" to {high:.10g}" if high != low else ""
        )

    def _range(self, series: BarSeries, row: int, fill: Fill) -> tuple[float, float]:
        """Return the lowest and highest price at which the bar lets a resting order fill, slippage included."""
        prices = [float(column[row]) for column in (series.open, series.high, series.low, series.close)]
        low, high = min(prices), max(prices)
        return min(low, self._slipped(low, fill)), max(high, self._slipped(high, fill))

    def _slipped(self, raw: float, fill: Fill) -> float:
        return self._rules.fill_price(raw, fill.quantity, self._market.instruments[fill.symbol])

    def _fee_problem(self, fill: Fill) -> str:
        instrument = self._market.instruments[fill.symbol]
        charged = fill.engine_fee if instrument.fx else fill.fee
        fee = self._rules.fee(fill.quantity, fill.price, instrument.at(fill.rate) if instrument.fx else instrument)
        if abs(charged - fee) <= _GRAIN + _DIGITS * abs(fill.quantity * fill.price):
            return ""
        return f"its fee is {charged:.10g}, the run's rules give {fee:.10g}"


class Liquidator:
    """Fills market orders of natives whose engine is unusable, at the open or close, by the run's rules."""

    def __init__(self, market: Market, rules: ExecutionRules, conversion: Conversion | None = None) -> None:
        self._market, self._rules, self._conversion = market, rules, conversion
        self._orders: list[Order] = []

    def take(self, order: Order) -> None:
        """Accept an order for the very next `fills`."""
        self._orders.append(order)

    def fills(self, t: int, rows: Mapping[str, int], *, at_close: bool) -> tuple[Fill, ...]:
        """Fill every order accepted since the last call."""
        orders, self._orders = self._orders, []
        return tuple(self._fill(order, t, rows[order.symbol], at_close=at_close) for order in orders)

    def _fill(self, order: Order, t: int, row: int, *, at_close: bool) -> Fill:
        series, instrument = self._market.series[order.symbol], self._market.instruments[order.symbol]
        raw = float((series.close if at_close else series.open)[row])
        price = self._rules.fill_price(raw, order.quantity, instrument) if order.slips else raw
        if self._conversion is not None:
            instrument = self._conversion.instrument(order.symbol, at_close=at_close)
        fee = self._rules.fee(order.quantity, price, instrument)
        return Fill(order.id, order.strategy_id, order.symbol, order.quantity, price, fee, t)


def refusal(decision: Decision) -> StrategyCommand:
    """Return the command that notifies a native of its refused order."""
    demand = decision.demand
    order = Order(
        "",
        demand.strategy_id,
        demand.symbol,
        demand.quantity,
        demand.closing,
        reason=decision.reason,
        native_order=demand.native_order,
        type=demand.type,
        status=OrderStatus.REJECTED,
    )
    return StrategyCommand(demand.strategy_id, "reject", order, decision.reason, decision.detail)
