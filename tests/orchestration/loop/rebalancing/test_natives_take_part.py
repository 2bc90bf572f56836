"""The golden run of a month where `up`, `still` or both are natives: their engines execute what is ordered for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import backtrader as bt
import pytest
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from orchestrate.domain.orders.execution import ExecutionRules
from tests.orchestration.harness import AT_CLOSE, PLAIN, Part
from tests.orchestration.loop.rebalancing.rebalances import journal, line, run, trades
from tests.orchestration.loop.rebalancing.test_golden_rebalances import MONTH, pair, stage

HEARD: list[tuple[str, float]] = []


class BacktraderHolder(bt.Strategy):
    """Buys 1,000 at its first bar; notes what it gets, and its position at every bar."""

    def next(self) -> None:
        if len(self) == 1:
            self.buy(size=1000)
        HEARD.append(("held", self.position.size))

    def notify_order(self, order: Any) -> None:
        if order.status == order.Completed:
            HEARD.append((order.info.get("reason", ""), order.executed.size))


class BacktraderSeller(BacktraderHolder):
    """Sells all it has at its fourth bar, the one of the decision."""

    def next(self) -> None:
        super().next()
        if len(self) == 4:
            self.close()


class HolderConfig(StrategyConfig, frozen=True):
    instrument_id: InstrumentId
    bar_type: BarType


class NautilusHolder(Strategy):
    """The same for NautilusTrader."""

    leaves_at = 0

    def on_start(self) -> None:
        self.bars = 0
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar: Bar) -> None:
        self.bars += 1
        instrument = self.cache.instrument(self.config.instrument_id)
        if self.bars == 1:
            order = self.order_factory.market(self.config.instrument_id, OrderSide.BUY, instrument.make_qty(1000))
            self.submit_order(order)
        if self.bars == self.leaves_at:
            self.close_all_positions(self.config.instrument_id)
        HEARD.append(("held", float(self.portfolio.net_position(self.config.instrument_id))))

    def on_order_filled(self, event: OrderFilled) -> None:
        quantity = event.last_qty.as_double()
        HEARD.append(("filled", quantity if event.order_side == OrderSide.BUY else -quantity))

    def __init__(self, config: HolderConfig) -> None:
        super().__init__(config)


class NautilusSeller(NautilusHolder):
    leaves_at = 4


HOLDERS: dict[str, type] = {"backtrader": BacktraderHolder, "nautilus": NautilusHolder}
SELLERS: dict[str, type] = {"backtrader": BacktraderSeller, "nautilus": NautilusSeller}
MONTHS_LINE = line(
    "month", "2020-02-01", {"up": 60_000, "still": 40_000}, {"up": 55_000, "still": 44_000}, 10_000, 11_000
)


def native(part: Part, framework: str, kinds: dict[str, type] = HOLDERS) -> Part:
    return replace(part, strategy=kinds[framework], framework=framework, kind=framework)  # type: ignore[arg-type]


@pytest.mark.parametrize("framework", HOLDERS)
@pytest.mark.parametrize("who", ["up", "still"])
@pytest.mark.parametrize(("rules", "first"), [(PLAIN, 1), (AT_CLOSE, 0)], ids=["next_open", "close"])
def test_a_native_beside_a_portable(framework: str, who: str, rules: ExecutionRules, first: int) -> None:
    """`up` is trimmed, `still` is topped up, each as if it were portable; the native sees what it holds."""
    HEARD.clear()
    parts = pair(frameworks=(framework, framework))
    done = run(stage((40, 40, 50, 50, 50, 50, 50)), parts | {who: native(parts[who], framework)}, MONTH, rules)
    assert trades(done) == [
        (first, "still", "B", 1000, 30, False),
        (first, "up", "A", 1000, 40, False),
        (4, "up", "A", -83, 50, True),
        (5, "still", "B", 100, 30, True),
    ]
    assert journal(done) == [MONTHS_LINE]
    fills = [size for what, size in HEARD if what != "held"]
    assert fills == ([1000, -83] if who == "up" else [1000, 100])
    assert HEARD[-1] == ("held", sum(fills))
    assert {each.status for each in done.results.values()} == {"completed"}


def test_a_backtrader_native_is_given_the_reason() -> None:
    HEARD.clear()
    parts = pair(frameworks=("backtrader", "backtrader"))
    run(stage(), parts | {"up": native(parts["up"], "backtrader")}, MONTH)
    assert ("rebalance", -83) in HEARD


@pytest.mark.parametrize(("up", "still"), [("backtrader", "nautilus"), ("nautilus", "backtrader")])
def test_natives_of_both_engines(up: str, still: str) -> None:
    parts = pair()
    done = run(stage(), {"up": native(parts["up"], up), "still": native(parts["still"], still)}, MONTH)
    assert [trade[:4] for trade in trades(done)[2:]] == [(4, "up", "A", -83), (5, "still", "B", 100)]
    assert journal(done) == [MONTHS_LINE]


@pytest.mark.parametrize("framework", SELLERS)
def test_a_native_that_leaves_is_not_trimmed(framework: str) -> None:
    """Its own order closes all at the open of bar 4."""
    parts = pair(frameworks=(framework, framework))
    done = run(stage(), parts | {"up": native(parts["up"], framework, SELLERS)}, MONTH)
    assert [trade[:4] for trade in trades(done)[2:]] == [(4, "up", "A", -1000), (5, "still", "B", 100)]
    assert journal(done) == [MONTHS_LINE]
