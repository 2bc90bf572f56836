"""Random runs of natives in several currencies, with borrow, against plain arithmetic: alone and in company.

Each native sizes its entries by the equity and the rate that its own engine shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import floor
from typing import Any, ClassVar

import backtrader as bt
import pytest
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Venue
from nautilus_trader.model.objects import Currency, Quantity
from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.orders.execution import Commission, ExecutionRules, FillRule
from orchestrate.domain.plan import Sizing
from orchestrate.wiring import build_adapter
from tests.orchestration.harness import HarnessRun, Part, run_harness
from tests.orchestration.instruments.plain_cases import (
    CAPITAL,
    INSTRUMENTS,
    RATES,
    Case,
    Turning,
    case,
    require,
)

SYMBOLS = ("R", "Q", "A", "B", "C")


def size(symbol: str, flag: int, equity: float, close: float, rate: float) -> int:
    """Return 40 percent of a third of the equity in units."""
    return flag * floor(equity * 0.4 / 3 / (close * INSTRUMENTS[symbol].multiplier * rate))


class BacktraderFlags(bt.Strategy):  # type: ignore[misc]  # Backtrader has no types
    """Goes where the flags of each symbol want to be."""

    wanted: ClassVar[Mapping[str, Sequence[int]]] = {}

    def __init__(self) -> None:
        self.counts = dict.fromkeys(RATES, 0)

    def next(self) -> None:
        for symbol, rate in RATES.items():
            data = self.getdatabyname(symbol)
            if len(data) > self.counts[symbol]:
                self.counts[symbol] = len(data)
                self.turn(data, symbol, self.getdatabyname(rate).close[0] if rate else 1.0)

    def turn(self, data: Any, symbol: str, rate: float) -> None:
        flag, held = self.wanted[symbol][len(data) - 1], self.getposition(data).size
        if flag == (held > 0) - (held < 0):
            return
        if held:
            self.close(data)
        units = size(symbol, flag, self.broker.getvalue(), data.close[0], rate)
        if units:
            (self.buy if units > 0 else self.sell)(data, size=abs(units))


class FlagsConfig(StrategyConfig, frozen=True):
    instrument_ids: list[InstrumentId]
    bar_types: list[BarType]


class NautilusFlags(Strategy):
    """The same for Nautilus."""

    wanted: ClassVar[Mapping[str, Sequence[int]]] = {}

    def __init__(self, config: FlagsConfig) -> None:
        super().__init__(config)
        self.counts = dict.fromkeys(RATES, 0)

    def on_start(self) -> None:
        for bar_type in self.config.bar_types:
            self.subscribe_bars(bar_type)

    def on_bar(self, bar: Bar) -> None:
        symbol = bar.bar_type.instrument_id.symbol.value
        if symbol not in RATES:
            return
        flag = self.wanted[symbol][self.counts[symbol]]
        self.counts[symbol] += 1
        held = self.portfolio.net_position(bar.bar_type.instrument_id)
        if flag == (held > 0) - (held < 0):
            return
        self.close_all_positions(bar.bar_type.instrument_id)
        rated = self.config.bar_types[SYMBOLS.index(RATES[symbol])] if RATES[symbol] else None
        rate = 1.0 if rated is None else self.cache.bar(rated).close.as_double()
        equity = self.portfolio.equity(Venue("ORCHESTRATE"))[Currency.from_str("USD")].as_double()
        units = size(symbol, flag, equity, bar.close.as_double(), rate)
        if units:
            side = OrderSide.BUY if units > 0 else OrderSide.SELL
            self.submit_order(
                self.order_factory.market(bar.bar_type.instrument_id, side, Quantity.from_int(abs(units)))
            )


NATIVES: Mapping[str, Any] = {"backtrader": BacktraderFlags, "nautilus": NautilusFlags}


def run(made: Case, fill: FillRule, frameworks: Sequence[str], *, company: bool) -> HarnessRun:
    """A run of a native on each of the frameworks, in `company` of a portable strategy that wants the same."""
    share = 100 // (len(frameworks) + company)
    parts = {
        name: Part(NATIVES[name], symbols=SYMBOLS, pct=share, framework=name, kind=name)  # type: ignore[arg-type]
        for name in frameworks
    }
    if company:
        ours, sizing = Turning(made.wanted), Sizing("percent", Decimal(40))
        parts["ours"] = Part(ours, symbols=("A", "B", "C"), pct=share, sizing=sizing, framework=frameworks[0])
    for native in NATIVES.values():
        native.wanted = made.wanted
    rules = ExecutionRules(fill=fill, commission=Commission(percent=0.1))
    adapters = {name: build_adapter(name, {}) for name in frameworks}
    return run_harness(made.market, parts, rules, capital=Decimal(CAPITAL) * 100 / share, adapters=adapters)


@pytest.mark.parametrize("frameworks", [("backtrader",), ("nautilus",), ("backtrader", "nautilus")], ids="+".join)
@pytest.mark.parametrize("seed", range(4))
def test_what_natives_have_is_what_it_comes_to(seed: int, frameworks: Sequence[str]) -> None:
    fill: FillRule = "close" if seed % 2 else "next_open"
    made = case(seed)
    done = run(made, fill, frameworks, company=seed > 1 and len(frameworks) == 1)
    assert not any(result.error for result in done.results.values())
    require(done, made.expected(fill, turns=True))
