"""The run's commission as a fee model of Nautilus's matching engine."""

from __future__ import annotations

from collections.abc import Callable

from nautilus_trader.backtest.models import FeeModel
from nautilus_trader.model.instruments.base import Instrument as NativeInstrument
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.model.orders import Order as NativeOrder

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import ExecutionRules


class RuleFee(FeeModel):  # type: ignore[misc]  # Nautilus's compiled classes have no types
    """The run's commission, rounded to eight digits; in `currency`, or else in that of the instrument.

    `instrument_of` returns ours for the name that Nautilus has for it. `fixed` is the fee of the order under way, None
    where the rules give it.
    """

    fixed: float | None = None

    def __init__(
        self, rules: ExecutionRules, instrument_of: Callable[[str], Instrument], currency: Currency | None = None
    ) -> None:
        super().__init__()
        self._rules, self._instrument_of, self._currency = rules, instrument_of, currency

    def get_commission(
        self, order: NativeOrder, fill_qty: Quantity, fill_px: Price, instrument: NativeInstrument
    ) -> Money:
        """Called by the matching engine once a fill."""
        currency = instrument.quote_currency if self._currency is None else self._currency
        if self.fixed is not None:
            return Money(self.fixed, currency)
        quantity = round(fill_qty.as_double(), fill_qty.precision)
        fee = self._rules.fee(
            quantity if order.is_buy else -quantity,
            round(fill_px.as_double(), instrument.price_precision),
            self._instrument_of(instrument.id.symbol.value),
        )
        return Money(fee, currency)
