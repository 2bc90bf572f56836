"""A Nautilus strategy that damages its cache, orders, positions, clock or message bus fails alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nautilus_trader import __version__
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.model.enums import LiquiditySide, OrderSide
from nautilus_trader.model.events import OrderFilled, OrderSubmitted
from nautilus_trader.model.identifiers import AccountId, ClientOrderId, StrategyId, TradeId, VenueOrderId
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import MarketOrder
from nautilus_trader.model.orders import Order as NativeOrder

from orchestrate.domain.strategies.protocols import Signal
from orchestrate.engines.nautilus.hosting.refusals import MOST_TIMER_EVENTS
from tests.natives.nautilus.builders import AT_CLOSE, NEXT_OPEN, Hosted, Part, market, play, wave
from tests.natives.nautilus.scripts import Planned

BARS = 12
SECOND = 1_000_000_000
ACCOUNT = AccountId("ORCHESTRATE-001")
Act = Callable[[Any], object]


class Portable:
    """Trades on the same engine without living in it."""

    def on_bar(self, context: Any) -> Iterator[Signal]:
        if len(context.bars()) % 4 == 0:
            yield Signal("exit" if context.position() else "entry", context.symbols[0])


def order(one: Planned, quantity: int = 5) -> NativeOrder:
    side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
    return one.order_factory.market(one.config.instrument_id, side, Quantity.from_int(abs(quantity)))


def buy(one: Planned) -> NativeOrder:
    one.last = order(one)
    one.submit_order(one.last)
    return one.last


def rest(one: Planned) -> NativeOrder:
    instrument_id, price = one.config.instrument_id, one.instrument.make_price(1.0)
    one.last = one.order_factory.limit(instrument_id, OrderSide.BUY, Quantity.from_int(5), price)
    one.submit_order(one.last)
    return one.last


def fill_of(one: Planned, filled: NativeOrder, price: float = 100.0) -> OrderFilled:
    """A fill that no exchange has made."""
    currency, now = one.instrument.quote_currency, one.clock.timestamp_ns()
    return OrderFilled(
        one.trader_id, one.id, filled.instrument_id, filled.client_order_id, VenueOrderId("V-1"), ACCOUNT,
        TradeId("T-1"), None, filled.side, filled.order_type, filled.quantity, Price(price, 2), currency,
        Money(0, currency), LiquiditySide.TAKER, UUID4(), now, now,
    )  # fmt: skip


def fill_it(one: Planned) -> None:
    """Move a waiting order through its states by hand."""
    mine = buy(one)
    now = one.clock.timestamp_ns()
    submitted = OrderSubmitted(
        one.trader_id, one.id, mine.instrument_id, mine.client_order_id, ACCOUNT, UUID4(), now, now
    )
    mine.apply(submitted)
    mine.apply(fill_of(one, mine))


def of_another(one: Planned) -> None:
    name, size = ClientOrderId("O-1"), Quantity.from_int(5)
    instrument_id = one.config.instrument_id
    one.submit_order(
        MarketOrder(one.trader_id, StrategyId("X-001"), instrument_id, name, OrderSide.BUY, size, UUID4(), 0)
    )


def every(nanoseconds: int) -> Act:
    return lambda one: one.clock.set_timer_ns("often", nanoseconds, 0, 0, lambda _: None)


def purge(one: Planned) -> None:
    for position in one.cache.positions_open():
        position.apply(fill_of(one, order(one)))


#: what is done at which bars, and a part of the error
DAMAGE: dict[str, tuple[dict[int, Act], str]] = {
    "the cache, while it holds": ({2: buy, 5: lambda s: s.cache.reset()}, "nautilus holds 0 of A"),
    "the cache, as an order waits": ({4: lambda s: (buy(s), s.cache.reset())}, "nautilus broke in the engine of bad"),
    "the cache's index": ({2: buy, 5: lambda s: s.cache.clear_index()}, "nautilus holds 0 of A"),
    "a position": ({2: buy, 5: purge}, "nautilus holds 10 of A"),
    "an order, filled by hand": ({4: fill_it}, "handed to its engine and not filled"),
    "an order sent again": ({2: buy, 5: lambda s: s.submit_order(s.last)}, "Invalid order status on submit"),
    "an order of another's": ({4: of_another}, "is of strategy X-001"),
    "no order": ({4: lambda s: s.submit_order(None)}, "'NoneType' object has no attribute"),
    "a quantity of nothing": (
        {2: rest, 5: lambda s: s.modify_order(s.last, quantity=Quantity.zero())},
        "'quantity' not a positive real",
    ),
    "a fill of its own, by the engine": (
        {2: rest, 5: lambda s: s.msgbus.send("ExecEngine.process", fill_of(s, s.last))},
        "the strategy itself reports a fill",
    ),
    "a fill of its own, published": (
        {2: rest, 5: lambda s: s.msgbus.publish(f"events.order.{s.id}", fill_of(s, s.last))},
        "the strategy itself reports a fill",
    ),
    "nonsense to an engine": ({4: lambda s: s.msgbus.send("ExecEngine.execute", "x")}, "TypeError"),
    "nonsense as an account": ({4: lambda s: s.msgbus.send("Portfolio.update_account", "x")}, "TypeError"),
    "an endpoint": ({4: lambda s: s.msgbus.deregister("ExecEngine.execute", None)}, "TypeError"),
    "the portfolio": (
        {4: lambda s: (setattr(s.portfolio, "net_position", lambda _: "x"), buy(s))},
        "could not convert string to float",
    ),
    "a timer of a millisecond": ({4: every(1_000_000)}, "its timers fire 86,399,999 times before the next bar"),
    "a timer of a nanosecond": ({4: every(1)}, "'often' alone 86,399,999,999,999 times; at most 300,000 times"),
    "its attributes": ({4: lambda s: s.__dict__.clear()}, "AttributeError"),
}  # fmt: skip


#: The execution engine of newer versions (1.231) drops such a fill itself, and nothing comes of it.
DROPPED = frozenset() if __version__.startswith("1.221") else frozenset({"a fill of its own, by the engine"})


def run(rules: Any, steps: dict[int, Act] | None = None) -> Hosted:
    """The strategy that does `steps`, if any, between others on the same symbol."""
    sound = {1: lambda one, _: one.market(10), 6: lambda one, _: one.market(-10)}
    Planned.plans.update(good=dict(sound), last=dict(sound))
    parts = {"good": Part(Planned, {"tag": "good"}, pct=20)}
    if steps is not None:
        Planned.plans["bad"] = {number: lambda one, _, act=act: act(one) for number, act in steps.items()}
        parts["bad"] = Part(Planned, {"tag": "bad"}, pct=20)
    parts |= {"last": Part(Planned, {"tag": "last"}, pct=20), "portable": Part(Portable(), pct=20)}
    return play(market(wave("A", BARS)), parts, rules)


def facts_of(played: Hosted) -> dict[str, object]:
    """All that a run says of the others."""
    results = played.orchestrator.results()
    return {
        name: (played.trades(name), results[name].status, results[name].equity.tolist(), results[name].fees)
        for name in ("good", "last", "portable")
    }


@pytest.mark.parametrize("rules", [NEXT_OPEN, AT_CLOSE], ids=["open", "close"])
@pytest.mark.parametrize("what", DAMAGE)
def test_it_fails_alone_and_is_flattened(what, rules):
    steps, message = DAMAGE[what]
    played = run(rules, steps)
    if what in DROPPED:
        assert (played.trades("bad"), played.orchestrator.results()["bad"].status) == ([], "completed")
    else:
        assert message in played.error("bad")
    assert sum(quantity for _, _, quantity, _ in played.trades("bad")) == 0
    assert not played.orchestrator.strategies["bad"].book.positions
    assert facts_of(played) == facts_of(run(rules))


@pytest.mark.parametrize("place", ["on_start", "on_stop"])
def test_the_cache_where_it_starts_or_stops(place):
    class Resetting(Planned):
        def on_start(self) -> None:
            super().on_start()
            if place == "on_start":
                self.cache.reset()

        def on_stop(self) -> None:
            if place == "on_stop":
                self.cache.reset()

    Planned.plans.update(one={2: lambda one, _: buy(one)})
    played = play(market(wave("A", BARS)), {"one": Part(Resetting, {"tag": "one"})})
    assert played.error("one").startswith("NativeError: ")


def test_none_of_its_code_runs_once_its_engine_is_let_go():
    played = run(NEXT_OPEN, {2: buy, 5: lambda one: one.cache.reset()})
    assert played.error("bad")
    assert "stop" not in Planned.notices["bad"]
    assert Planned.notices["good"][-1] == "stop"


def test_what_it_holds_is_closed_at_the_next_open_by_the_rules():
    played = run(NEXT_OPEN, {2: buy, 7: lambda one: one.cache.reset()})
    opens = played.stage.series["A"].open
    assert played.trades("bad") == [(3, "A", 5.0, opens[3]), (8, "A", -5.0, opens[8])]


def test_a_change_sent_past_the_risk_engine_is_paid_for_like_any_other():
    def change(one: Planned) -> None:
        target, much = one.last, Quantity.from_int(500_000)
        price = one.instrument.make_price(500.0)
        command = ModifyOrder(
            one.trader_id, one.id, target.instrument_id, target.client_order_id, target.venue_order_id, much, price,
            None, UUID4(), one.clock.timestamp_ns(),
        )  # fmt: skip
        one.msgbus.send("ExecEngine.execute", command)

    played = run(NEXT_OPEN, {2: rest, 5: change})
    assert played.error("bad") == ""
    assert played.trades("bad") == []


def test_a_timer_may_fire_often_but_not_for_ever():
    rung: list[int] = []

    def wind(one: Planned) -> None:
        one.clock.set_timer_ns("often", 600 * SECOND, 0, 0, lambda event: rung.append(event.ts_event))

    played = run(NEXT_OPEN, {4: wind})
    assert played.error("bad") == ""
    assert len(rung) == 144 * (BARS - 5)
    assert MOST_TIMER_EVENTS > 3 * 86_400


def test_a_timer_that_ends_counts_until_its_end():
    rung: list[int] = []

    def wind(one: Planned) -> None:
        end = one.clock.timestamp_ns() + SECOND
        one.clock.set_timer_ns("often", 10_000_000, 0, end, lambda event: rung.append(event.ts_event))

    assert run(NEXT_OPEN, {4: wind}).error("bad") == ""
    assert len(rung) == 100


def test_an_alert_that_sets_itself_again_for_the_past_does_not_ring_for_ever():
    rung: list[int] = []

    def ring(one: Planned) -> Callable[[object], None]:
        def again(_: object) -> None:
            rung.append(one.clock.timestamp_ns())
            one.clock.set_time_alert_ns(f"again {len(rung)}", 1, again)

        return again

    played = run(NEXT_OPEN, {4: lambda one: one.clock.set_time_alert_ns("again", 1, ring(one))})
    assert played.error("bad") == ""
    assert 1 < len(rung) <= 2 * BARS


def test_an_order_that_a_timer_makes_marketable_is_booked():
    def sell_at_once(one: Planned) -> None:
        low = one.instrument.make_price(1.0)
        alert = one.clock.timestamp_ns() + 3600 * SECOND
        one.clock.set_time_alert_ns("change", alert, lambda _: one.modify_order(one.last, price=low))

    def rest_far_away(one: Planned) -> None:
        buy(one)
        instrument_id, price = one.config.instrument_id, one.instrument.make_price(5000.0)
        one.last = one.order_factory.limit(instrument_id, OrderSide.SELL, Quantity.from_int(5), price)
        one.submit_order(one.last)

    played = run(NEXT_OPEN, {2: rest_far_away, 5: sell_at_once})
    assert played.error("bad") == ""
    assert [quantity for _, _, quantity, _ in played.trades("bad")] == [5.0, -5.0]
