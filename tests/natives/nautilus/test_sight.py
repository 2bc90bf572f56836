"""What a Nautilus native sees: its own money, positions and orders, real bars, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from nautilus_trader.core.datetime import unix_nanos_to_dt
from nautilus_trader.model.data import Bar
from nautilus_trader.model.enums import AccountType, OrderSide
from nautilus_trader.model.identifiers import Venue

from orchestrate.domain.errors import DataError
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from tests.natives.nautilus.builders import (
    AT_CLOSE,
    NEXT_OPEN,
    Part,
    bar_type,
    bare,
    drawn,
    host,
    instrument_id,
    market,
    play,
    usd,
    wave,
)
from tests.natives.nautilus.scripts import Planned, PlannedConfig

FLAT = [(10.0, 10.5, 9.5, 10.0)] * 8


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    yield
    Witness.seen.clear()


def figure(money: Any) -> float | None:
    """An amount without its currency's digits, of which the bare engine has fewer."""
    return None if money is None else round(money.as_double(), 2)


class Witness(Planned):
    """Buys and sells by the bars' number, and notes at each bar all that it can know."""

    seen: ClassVar[list[tuple[object, ...]]] = []

    def on_start(self) -> None:
        super().on_start()
        self.subscribe_quote_ticks(self.config.instrument_id)
        self.subscribe_trade_ticks(self.config.instrument_id)
        self.answered = 0
        self.request_bars(
            self.config.bar_type,
            start=unix_nanos_to_dt(self.clock.timestamp_ns() - 864_000_000_000_000),
            callback=self.count,
        )

    def count(self, _: object) -> None:
        self.answered += 1

    def on_quote_tick(self, tick: object) -> None:
        self.seen.append(("quote", tick))

    def on_trade_tick(self, tick: object) -> None:
        self.seen.append(("trade", tick))

    def on_historical_data(self, data: object) -> None:
        self.seen.append(("history", data))

    def on_bar(self, bar: Bar) -> None:
        number, identity = self.bars, self.config.instrument_id
        super().on_bar(bar)
        if number % 7 == 3:
            self.market(10 + number % 5)
        if number % 7 == 4:
            self.limit(3, round(bar.close.as_double() * 0.99, 2))
        if number % 7 == 6:
            self.cancel_all_orders(identity)
            self.close_all_positions(identity)
        account = self.portfolio.account(identity.venue)
        self.seen.append(
            (
                number,
                self.clock.timestamp_ns(),
                figure(account.balance_total(usd())),
                figure(account.balance_free(usd())),
                self.portfolio.net_position(identity),
                self.portfolio.is_flat(identity),
                self.portfolio.is_net_long(identity),
                figure(self.portfolio.unrealized_pnl(identity)),
                figure(self.portfolio.realized_pnl(identity)),
                figure(self.portfolio.net_exposure(identity)),
                self.cache.bar_count(self.config.bar_type),
                str(self.cache.bar(self.config.bar_type).close),
                len(self.cache.orders()),
                len(self.cache.orders_open()),
                len(self.cache.positions()),
                len(self.cache.positions_open()),
                len(self.cache.instruments()),
                self.cache.quote_tick(identity),
                self.cache.trade_tick(identity),
                self.answered,
                [str(order.client_order_id) for order in self.cache.orders_closed()],
            )
        )


def test_it_sees_what_it_sees_in_its_own_engine_with_a_cash_account():
    stage = market(wave(bars=200))
    Planned.plans["default"] = {}
    played = host(Witness, stage, AT_CLOSE)
    assert played.error() == ""
    hosted, Witness.seen[:] = list(Witness.seen), []
    config = PlannedConfig(instrument_id=instrument_id("A"), bar_type=bar_type("A"), order_id_tag="native")
    alone = bare(Witness(config), stage, AT_CLOSE, account_type=AccountType.CASH)
    assert played.trades() == alone
    assert len(alone) > 70
    assert len(hosted) == 200
    for mine, theirs in zip(hosted, Witness.seen, strict=True):
        # free money: a cash account in Nautilus locks what resting orders may cost; the orchestrator reserves it unseen
        assert mine[:3] + mine[4:12] + mine[13:] == theirs[:3] + theirs[4:12] + theirs[13:]


def test_cash_moves_by_notional_or_by_profit_as_the_book_says():
    seen: list[tuple[str, float]] = []

    def look(one: Planned, _: object) -> None:
        account = one.portfolio.account(one.config.instrument_id.venue)
        seen.append((one.config.tag, account.balance_total(account.base_currency).as_double()))

    rows = [(10.0, 10.0, 10.0, 10.0), (10.0, 10.0, 10.0, 10.0), (12.0, 12.0, 12.0, 12.0), (12.0, 12.0, 12.0, 12.0)]
    rules = ExecutionRules(commission=Commission(per_share=0.01))
    for tag, kind in (("share", Instrument("A")), ("future", Instrument("A", asset_class="future", multiplier=5.0))):

        def first(one: Planned, bar: object) -> None:
            look(one, bar)
            one.market(10)

        def second(one: Planned, bar: object) -> None:
            look(one, bar)
            one.market(-10)

        Planned.plans[tag] = {0: first, 1: second, 2: look}
        played = play(market(drawn("A", rows), A=kind), {"one": Part(Planned, {"tag": tag})}, rules, capital=10_000)
        assert played.error("one") == ""
        assert seen[-1][1] == pytest.approx(played.orchestrator.strategies["one"].book.cash, abs=1e-8)
    assert seen == [
        ("share", 10_000.0),
        ("share", 10_000.0 - 100.1),
        ("share", 10_000.0 + 20.0 - 0.2),
        ("future", 10_000.0),
        ("future", 10_000.0 - 0.1),
        ("future", 10_000.0 + 100.0 - 0.2),
    ]


def test_equity_counts_what_it_holds_once():
    seen: list[float] = []

    def look(one: Planned, _: object) -> None:
        (money,) = one.portfolio.equity(Venue("ORCHESTRATE")).values()
        seen.append(money.as_double())

    Planned.plans["default"] = {0: lambda one, _: one.market(10), 2: look}
    rows = [*FLAT[:2], (10.0, 12.0, 10.0, 12.0)]
    assert play(market(drawn("A", rows)), {"native": Part(Planned)}, capital=10_000).error() == ""
    assert seen == [10_020.0]


def test_two_on_one_symbol_know_nothing_of_each_other():
    seen: dict[str, list[object]] = {"long": [], "short": []}

    def plan(tag: str, quantity: int) -> dict[Any, Any]:
        def look(one: Planned, _: object) -> None:
            identity = one.config.instrument_id
            seen[tag].append(
                (
                    float(one.portfolio.net_position(identity)),
                    len(one.cache.positions()),
                    len(one.cache.orders()),
                    round(one.portfolio.account(identity.venue).balance_total(usd()).as_double(), 2),
                )
            )

        def leave(one: Planned, bar: object) -> None:
            if tag == "long":
                one.cancel_all_orders(one.config.instrument_id)
                one.close_all_positions(one.config.instrument_id)
            look(one, bar)

        return {
            0: lambda one, _: one.market(quantity),
            1: look,
            2: lambda one, _: one.limit(quantity, 5.0),
            4: leave,
            6: look,
        }

    Planned.plans.update(long=plan("long", 10), short=plan("short", -20))
    parts = {tag: Part(Planned, {"tag": tag}, pct=50) for tag in ("long", "short")}
    played = play(market(drawn("A", FLAT)), parts, capital=20_000)
    assert played.trades("long") == [(1, "A", 10.0, 10.0), (5, "A", -10.0, 10.0)]
    assert played.trades("short") == [(1, "A", -20.0, 10.0), (3, "A", -20.0, 10.0)]
    assert seen["long"] == [(10.0, 1, 1, 9_900.0), (10.0, 1, 3, 9_900.0), (0.0, 1, 3, 10_000.0)]
    assert seen["short"] == [(-20.0, 1, 1, 10_200.0), (-40.0, 1, 2, 10_400.0), (-40.0, 1, 2, 10_400.0)]


def test_volumes_are_the_real_ones_whatever_is_traded():
    seen: list[str] = []
    Planned.plans["default"] = {number: lambda _, bar: seen.append(str(bar.volume)) for number in range(4)}
    Planned.plans["default"][0] = lambda one, bar: (seen.append(str(bar.volume)), one.market(5000))
    series = drawn("A", FLAT[:4])
    played = play(market(series), {"native": Part(Planned)})
    assert played.trades() == [(1, "A", 5000.0, 10.0)]
    assert seen == ["7"] * 4


@pytest.mark.parametrize("rules", [NEXT_OPEN, AT_CLOSE], ids=["next_open", "close"])
def test_fractional_lots(rules):
    half = Decimal("0.5")

    def buy(one: Planned, _: object) -> None:
        assert one.instrument.size_precision == 6
        one.submit_order(
            one.order_factory.market(one.config.instrument_id, OrderSide.BUY, one.instrument.make_qty(half))
        )

    Planned.plans["default"] = {0: buy}
    played = play(market(drawn("A", FLAT)), {"native": Part(Planned)}, ExecutionRules(rules.fill, lots="fractional"))
    assert played.error() == ""
    assert [quantity for _, _, quantity, _ in played.trades()] == [0.5]


def test_a_position_bought_in_parts_has_one_average():
    seen: list[tuple[float, float]] = []

    def look(one: Planned, _: object) -> None:
        (position,) = one.cache.positions_open()
        seen.append((position.signed_qty, position.avg_px_open))

    rows = [(10.0, 10.0, 10.0, 10.0), (10.0, 10.0, 10.0, 10.0), (13.0, 13.0, 13.0, 13.0)]
    Planned.plans["default"] = {0: lambda one, _: one.market(10), 1: lambda one, _: one.market(20), 2: look}
    play(market(drawn("A", rows)), {"native": Part(Planned)})
    assert seen == [(30.0, 12.0)]


def test_bars_before_1970_are_refused():
    series = drawn("A", FLAT)
    Planned.plans["default"] = {}
    old = replace(
        series,
        timestamp=series.timestamp - 2 * series.timestamp[0],
        available_at=series.available_at - 2 * series.timestamp[0],
    )
    with pytest.raises(DataError, match="1970"):
        play(market(old), {"native": Part(Planned)})
