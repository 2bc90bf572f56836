"""A Nautilus native may cancel and change its orders, wherever they are; what costs more is decided upon first."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.model.objects import Quantity

from tests.natives.nautilus.builders import AT_CLOSE, NEXT_OPEN
from tests.natives.nautilus.planned import FLAT, notices, run
from tests.natives.nautilus.scripts import Planned


@pytest.mark.parametrize("rules", [NEXT_OPEN, AT_CLOSE], ids=["next_open", "close"])
def test_an_order_can_be_taken_back_before_it_is_reported(rules):
    def regret(one: Planned, _: object) -> None:
        one.limit(10, 9.7)
        for order in one.cache.orders():
            one.cancel_order(order)

    played = run({0: regret}, rules=rules)
    assert played.trades() == []
    assert played.reasons() == []
    assert notices() == ["Initialized", "Canceled", "stop"]


def test_a_resting_order_is_taken_back_and_its_money_is_free_again():
    def regret(one: Planned, _: object) -> None:
        one.cancel_all_orders(one.config.instrument_id)

    def again(one: Planned, _: object) -> None:
        one.market(1000)

    played = run({0: lambda one, _: one.limit(1000, 9.0), 2: regret, 3: again})
    assert played.trades() == [(4, "A", 1000.0, 10.0)]
    assert played.reasons() == [
        ("approved", "", 1000.0),
        ("rejected", "cancelled", 0.0),
        ("approved", "", 1000.0),
    ]
    assert "Canceled" in notices()


@pytest.mark.parametrize("when", [0, 2], ids=["while_they_wait", "where_they_rest"])
def test_several_orders_are_taken_back_at_once(when):
    def regret(one: Planned, _: object) -> None:
        one.cancel_orders(one.cache.orders())

    def first(one: Planned, bar: object) -> None:
        one.limit(10, 9.0)
        one.limit(10, 8.0)
        if when == 0:
            regret(one, bar)

    rows = [*FLAT[:4], (9.0, 9.0, 7.0, 8.0), *FLAT[5:]]
    played = run({0: first} | ({when: regret} if when else {}), rows)
    assert played.trades() == []
    assert notices().count("Canceled") == 2
    assert played.orchestrator.session.blotter.resting() == []


def test_cancelling_everything_also_takes_back_what_waits_for_its_release():
    def later(one: Planned, bar: Any) -> None:
        one.limit(10, 9.7)
        one.clock.set_time_alert_ns(
            "regret", bar.ts_event + 1, lambda _: one.cancel_all_orders(one.config.instrument_id)
        )

    played = run({0: later})
    assert played.trades() == []
    assert notices() == ["Initialized", "Canceled", "stop"]


def test_cancelling_everything_leaves_what_was_submitted_at_the_same_moment_as_nautilus_does():
    def both(one: Planned, _: object) -> None:
        one.close_all_positions(one.config.instrument_id)
        one.cancel_all_orders(one.config.instrument_id)

    assert run({0: lambda one, _: one.market(10), 2: both}).trades() == [(1, "A", 10.0, 10.0), (3, "A", -10.0, 10.0)]


@pytest.mark.parametrize("when", [0, 2], ids=["while_it_waits", "where_it_rests"])
def test_a_change_that_costs_less_is_made(when):
    def lower(one: Planned, _: object) -> None:
        (order,) = one.cache.orders()
        one.modify_order(order, quantity=Quantity.from_int(4), price=one.instrument.make_price(8.5))

    def first(one: Planned, bar: object) -> None:
        one.limit(10, 9.0)
        if when == 0:
            lower(one, bar)

    rows = [*FLAT[:4], (9.0, 9.2, 8.4, 9.0), *FLAT[5:]]
    played = run({0: first} | ({when: lower} if when else {}), rows)
    assert played.trades() == [(4, "A", 4.0, 8.5)]
    assert ("Updated", 4.0) in notices()


CHANGES = pytest.mark.parametrize("change", ["price", "quantity", "both"])
MOMENTS = pytest.mark.parametrize("when", [0, 2], ids=["while_it_waits", "where_it_rests"])


def dearer(when: int, change: str) -> dict[int, Any]:
    """A limit order for 100 at 9.1, changed at bar `when` to 200, or to 9.3, or to both."""

    def more(one: Planned, _: object) -> None:
        (order,) = one.cache.orders()
        one.modify_order(
            order,
            quantity=None if change == "price" else Quantity.from_int(200),
            price=None if change == "quantity" else one.instrument.make_price(9.3),
        )

    def first(one: Planned, bar: object) -> None:
        one.limit(100, 9.1)
        if when == 0:
            more(one, bar)

    return {0: first} | ({when: more} if when else {})


#: From 9.25 down to 9.2 at the fifth bar, where only the dearer price is reached, and below both at the sixth.
DOWN = [*FLAT[:4], (9.25, 9.4, 9.2, 9.3), (9.3, 9.3, 8.0, 9.0), *FLAT[6:]]


@MOMENTS
@CHANGES
def test_a_change_that_costs_more_is_a_demand_for_the_difference(when, change):
    played = run(dearer(when, change), DOWN)
    wanted = {
        "price": [(4, "A", 100.0, 9.25)],
        "quantity": [(5, "A", 200.0, 9.1)],
        "both": [(4, "A", 200.0, 9.25)],
    }
    assert played.trades() == wanted[change]
    difference = {"price": 3.0, "quantity": 100.0, "both": 103.0}[change]
    assert played.reasons()[:2] == [("approved", "", 100.0), ("approved", "", difference)]
    session = played.orchestrator.session
    assert (session.blotter.waiting, session.blotter.resting(), session.blotter.reserved("native")) == ({}, [], 0.0)
    assert [each for each in notices() if each[0] == "Updated"] == [("Updated", 100.0 if change == "price" else 200.0)]


@MOMENTS
@CHANGES
def test_refused_it_leaves_the_old_order_as_it_was(when, change):
    capital = {"price": 915, "quantity": 1_000, "both": 1_000}[change]
    played = run(dearer(when, change), DOWN, capital=capital)
    assert played.trades() == [(5, "A", 100.0, 9.1)]
    assert "ModifyRejected" in notices()
    assert played.orchestrator.session.blotter.resting() == []


@MOMENTS
def test_an_order_taken_back_takes_its_change_with_it(when):
    def regret(one: Planned, _: object) -> None:
        one.cancel_order(one.cache.orders()[0])

    plan = dearer(when, "both")
    last = plan[when]

    def change_and_regret(one: Planned, bar: object) -> None:
        last(one, bar)
        regret(one, bar)

    played = run(plan | {when: change_and_regret}, DOWN)
    assert played.trades() == []
    session = played.orchestrator.session
    assert (session.blotter.waiting, session.blotter.resting(), session.blotter.reserved("native")) == ({}, [], 0.0)


def test_a_market_order_is_not_changed():
    def change(one: Planned, _: object) -> None:
        one.market(10)
        one.modify_order(one.cache.orders()[0], quantity=Quantity.from_int(20))

    assert run({0: change}).trades() == [(1, "A", 10.0, 10.0)]
    assert "ModifyRejected" in notices()


def test_a_stop_that_protects_may_follow_the_market():
    def follow(one: Planned, bar: Any) -> None:
        for order in one.cache.orders_open():
            one.modify_order(order, trigger_price=one.instrument.make_price(bar.close.as_double() - 1.0))

    rows = [(10.0 + n, 10.6 + n, 9.6 + n, 10.5 + n) for n in range(6)] + [(15.0, 15.1, 11.0, 11.0)] * 2
    plan = {0: lambda one, _: one.market(10), 1: lambda one, _: one.stop_order(-10, 9.5)}
    played = run(plan | dict.fromkeys(range(2, 8), follow), rows)
    assert played.trades() == [(1, "A", 10.0, 11.0), (6, "A", -10.0, 14.5)]
    assert "ModifyRejected" not in notices()
