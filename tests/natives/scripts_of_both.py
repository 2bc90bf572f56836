"""One script of orders for a native of either engine, which notes at each bar what its engine says it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import backtrader as bt
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Venue
from nautilus_trader.model.objects import Currency, Quantity
from nautilus_trader.trading.strategy import Strategy

#: A signed quantity, at the market, with a price at a limit, with a third figure at a stop.
ScriptOrder = tuple[float, float | None] | tuple[float, None, float]
#: Bar (from 0) of the first symbol → orders for it.
Script = Mapping[int, Sequence[ScriptOrder]]


class BacktraderScript(bt.Strategy):  # type: ignore[misc]  # Backtrader has no types
    """The script for Backtrader; `seen` gets cash and value, `profits` what its trades made."""

    params = (("script", ()),)
    seen: ClassVar[list[tuple[float, float]]] = []
    profits: ClassVar[list[float]] = []
    reasons: ClassVar[list[str]] = []

    def next(self) -> None:
        self.seen.append((self.broker.getcash(), self.broker.getvalue()))
        for quantity, limit, *stop in dict(self.p.script).get(len(self) - 1, ()):
            send = self.buy if quantity > 0 else self.sell
            kind = {} if limit is None else {"exectype": bt.Order.Limit, "price": limit}
            send(size=abs(quantity), **({"exectype": bt.Order.Stop, "price": stop[0]} if stop else kind))

    def notify_trade(self, trade: bt.Trade) -> None:
        if trade.isclosed:
            self.profits.append(trade.pnlcomm)

    def notify_order(self, order: bt.Order) -> None:
        if order.status in (order.Completed, order.Canceled):
            self.reasons.append(order.info.get("reason", ""))


class ScriptConfig(StrategyConfig, frozen=True):
    instrument_id: InstrumentId
    bar_type: BarType


class NautilusScript(Strategy):
    """The script for Nautilus; `seen` gets cash and equity, `commissions` those of its fills."""

    script: ClassVar[Script] = {}
    seen: ClassVar[list[tuple[float, float]]] = []
    commissions: ClassVar[list[str]] = []

    def __init__(self, config: ScriptConfig) -> None:
        super().__init__(config)
        self.bars = 0

    def on_start(self) -> None:
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, _bar: Bar) -> None:
        dollars, venue = Currency.from_str("USD"), Venue("ORCHESTRATE")
        cash = self.portfolio.account(venue).balance_total(dollars)
        equity = {money.code: float(amount) for money, amount in self.portfolio.equity(venue).items()}
        self.seen.append((float(cash), equity["USD"]))
        number, self.bars = self.bars, self.bars + 1
        instrument = self.cache.instrument(self.config.instrument_id)
        for quantity, limit, *stop in self.script.get(number, ()):
            side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
            size = Quantity(abs(quantity), instrument.size_precision)
            if stop:
                trigger = instrument.make_price(stop[0])
                self.submit_order(self.order_factory.stop_market(instrument.id, side, size, trigger))
            elif limit is None:
                self.submit_order(self.order_factory.market(instrument.id, side, size))
            else:
                self.submit_order(self.order_factory.limit(instrument.id, side, size, instrument.make_price(limit)))

    def on_order_filled(self, event: Any) -> None:
        self.commissions.append(str(event.commission))


def native(framework: str, script: Script) -> tuple[type, dict[str, object]]:
    """Return the class and its configuration."""
    if framework == "backtrader":
        return BacktraderScript, {"script": tuple(script.items())}
    NautilusScript.script = script
    return NautilusScript, {}


def seen(framework: str) -> list[tuple[float, float]]:
    """Return cash and value as the strategy saw them at each bar."""
    return (BacktraderScript if framework == "backtrader" else NautilusScript).seen


def forget() -> None:
    """Empty all notes."""
    for notes in (BacktraderScript.seen, BacktraderScript.profits, BacktraderScript.reasons):
        notes.clear()
    NautilusScript.seen.clear()
    NautilusScript.commissions.clear()
