"""The life of an order: where it lives, what may follow what, how it fills, whole or in parts, and ends."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from orchestrate.domain.errors import EngineError, OrderError
from orchestrate.domain.orders.order import (
    TRANSITIONS,
    Demand,
    Fill,
    Order,
    OrderGroup,
    OrderStatus,
    OrderType,
    Reason,
)
from orchestrate.orchestration.orders.blotter import Blotter


def place(blotter: Blotter, strategy_id: str, symbol: str, quantity: float = 1.0, **how: Any) -> Order:
    closing, reserve = how.pop("closing", False), how.pop("reserve", 0.0)
    demand = Demand(strategy_id, symbol, quantity, closing, 10.0, 0, 0, **how)
    return blotter.place(demand, quantity, reserve)


def fill(order: Order, quantity: float, part: int = 0) -> Fill:
    return Fill(order.id, order.strategy_id, order.symbol, quantity, 10.0, 0.0, 0, part)


def ids(orders: Any) -> list[str]:
    return [order.id for order in orders]


def test_open_orders_are_found_in_the_order_in_which_they_were_placed() -> None:
    """Also where one strategy has placed before and after another, and some have been released in between."""
    blotter = Blotter({"a": 0, "b": 1})
    place(blotter, "a", "Y")
    for owner, symbol in (("b", "X"), ("a", "X"), ("b", "X"), ("a", "X"), ("b", "Y")):
        place(blotter, owner, symbol)
    assert ids(blotter.release({"Y"})) == ["a-1", "b-3"]
    last = place(blotter, "b", "X")
    ended = blotter.where(lambda order: order.status is OrderStatus.PENDING and order.id != "b-2")
    assert ids(ended) == ["b-1", "a-2", "a-3", last.id]
    for order in ended:
        blotter.end(order, OrderStatus.CANCELLED, Reason.SERIES_ENDED)
    assert {(order.status, order.reason) for order in ended} == {(OrderStatus.CANCELLED, Reason.SERIES_ENDED)}
    assert ids(blotter.open_orders()) == ["b-2", "a-1", "b-3"]
    assert ids(blotter.unanswered()) == ["a-1", "b-3"]
    assert blotter.pending_symbols() == {"X"}
    assert list(blotter.waiting) == ["b"]


def test_due_orders_come_closing_first_then_by_the_plan() -> None:
    blotter = Blotter({"first": 0, "second": 1})
    for owner, closing in (("second", False), ("first", False), ("second", True), ("first", True), ("second", False)):
        place(blotter, owner, "X", closing=closing)
    assert ids(blotter.release({"X"})) == ["first-2", "second-2", "first-1", "second-1", "second-3"]


def test_an_order_carries_what_was_demanded() -> None:
    blotter = Blotter({"a": 0})
    kinds: list[tuple[dict[str, Any], OrderType]] = [
        ({}, OrderType.MARKET),
        ({"limit": 9.0}, OrderType.LIMIT),
        ({"trigger": 11.0}, OrderType.STOP),
        ({"trigger": 11.0, "limit": 12.0}, OrderType.STOP_LIMIT),
        ({"trail": 2.0}, OrderType.TRAILING_STOP),
    ]
    for prices, kind in kinds:
        order = place(blotter, "a", "X", until=99, group=OrderGroup("oco", "a-1"), **prices)
        assert (order.type, order.rests) == (kind, kind is not OrderType.MARKET)
        assert {name: getattr(order, name) for name in prices} == prices
        assert order.group == OrderGroup("oco", "a-1")
        assert order.until == (99 if order.rests else None)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(OrderStatus, OrderStatus)))
def test_a_status_follows_only_as_in_the_table(before: OrderStatus, after: OrderStatus) -> None:
    order = Order("a-1", "a", "X", 1.0, closing=False, status=before)
    if after in TRANSITIONS[before]:
        order.become(after)
        assert order.status is after
    else:
        with pytest.raises(OrderError, match=f"order a-1 is {before}, it can't become {after}"):
            order.become(after)
        assert order.status is before
    assert order.is_over == (not TRANSITIONS[order.status])


def test_what_has_ended_has_no_way_on() -> None:
    over = {status for status, following in TRANSITIONS.items() if not following}
    assert over == {OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED}
    assert set(TRANSITIONS) == set(OrderStatus)


def resting(blotter: Blotter, quantity: float = 10.0, **how: Any) -> Order:
    order = place(blotter, "a", "X", quantity, limit=9.0, **how)
    assert blotter.release({"X"}) == [order]
    blotter.rest(order)
    return order


def test_a_whole_fill_ends_an_order() -> None:
    blotter = Blotter({"a": 0})
    order = resting(blotter, reserve=90.0)
    assert (blotter.resting(), blotter.reserved("a")) == ([order], 90.0)
    assert blotter.fill(fill(order, 10.0)) is order
    assert (order.status, order.filled, order.remaining) == (OrderStatus.FILLED, 10.0, 0.0)
    assert (blotter.resting(), blotter.reserved("a"), list(blotter.open_orders())) == ([], 0.0, [])


def test_parts_fill_an_order_little_by_little() -> None:
    blotter = Blotter({"a": 0})
    order = resting(blotter, -10.0, reserve=90.0)
    for part, quantity, left, reserve in ((1, -2.0, -8.0, 72.0), (2, -3.0, -5.0, 45.0)):
        assert blotter.fill(fill(order, quantity, part)) is order
        assert (order.status, order.remaining) == (OrderStatus.PARTIALLY_FILLED, left)
        assert blotter.reserved("a") == pytest.approx(reserve)
    assert blotter.fill(fill(order, -5.0, 3)) is order
    assert (order.status, list(blotter.open_orders())) == (OrderStatus.FILLED, [])


def test_a_fill_that_is_reported_again_changes_nothing() -> None:
    blotter = Blotter({"a": 0})
    order = resting(blotter)
    assert blotter.fill(fill(order, 4.0, 1)) is order
    assert blotter.fill(fill(order, 4.0, 1)) is None
    assert (order.filled, order.remaining) == (4.0, 6.0)
    assert blotter.fill(fill(order, 6.0, 2)) is order
    assert blotter.fill(fill(order, 6.0, 2)) is None
    assert (order.status, order.filled) == (OrderStatus.FILLED, 10.0)


def test_each_change_of_a_reserve_is_noted_by_strategy_and_symbol() -> None:
    """Placed, released, changed, filled in part, ended; orders that reserve nothing note nothing."""
    blotter = Blotter({"a": 0})
    place(blotter, "a", "Y")
    order = place(blotter, "a", "X", 10.0, limit=9.0, reserve=90.0)

    def noted() -> list[tuple[tuple[str, str], float]]:
        found = [(where, blotter.reserved_on(where)) for where in blotter.reserving]
        blotter.reserving.clear()
        return found

    assert noted() == [(("a", "X"), 90.0)]
    blotter.release({"X", "Y"})
    blotter.rest(order)
    assert noted() == [(("a", "X"), 90.0)]
    blotter.change(order, 20.0, 160.0, 8.0, None)
    assert noted() == [(("a", "X"), 160.0)]
    blotter.fill(fill(order, 5.0, 1))
    assert noted() == [(("a", "X"), 120.0)]
    blotter.end(order, OrderStatus.CANCELLED, Reason.CANCELLED)
    assert noted() == [(("a", "X"), 0.0)]


def test_a_part_may_come_before_an_order_rests() -> None:
    blotter = Blotter({"a": 0})
    order = place(blotter, "a", "X", 10.0)
    blotter.release({"X"})
    blotter.fill(fill(order, 4.0, 1))
    assert blotter.unanswered() == []
    assert blotter.resting() == [order]
    blotter.end(order, OrderStatus.CANCELLED, Reason.CANCELLED)
    assert (order.status, order.filled, blotter.resting()) == (OrderStatus.CANCELLED, 4.0, [])


@pytest.mark.parametrize(("quantity", "part"), [(11.0, 1), (-4.0, 1), (9.0, 0), (11.0, 0)])
def test_a_fill_that_does_not_fit_is_refused(quantity: float, part: int) -> None:
    blotter = Blotter({"a": 0})
    order = resting(blotter)
    with pytest.raises(EngineError, match=r"an engine fills .* where a-1 was 10 of X"):
        blotter.fill(fill(order, quantity, part))
    assert (order.status, order.filled) == (OrderStatus.RESTING, 0.0)


def test_a_fill_of_what_no_engine_has_is_refused() -> None:
    blotter = Blotter({"a": 0})
    order = place(blotter, "a", "X")
    with pytest.raises(EngineError, match="a fill of order 'a-1', which it does not have"):
        blotter.fill(fill(order, 1.0))
    assert order.status is OrderStatus.PENDING


def test_the_whole_fill_of_a_natives_exit_may_be_smaller() -> None:
    """Its engine has cut it to what was held."""
    blotter = Blotter({"a": 0})
    order = resting(blotter, native_order="n1")
    assert blotter.fill(fill(order, 7.0)) is order
    assert (order.status, order.quantity, order.filled) == (OrderStatus.FILLED, 7.0, 7.0)


def test_an_order_ends_once() -> None:
    blotter = Blotter({"a": 0})
    order = resting(blotter)
    blotter.end(order, OrderStatus.EXPIRED, Reason.EXPIRED)
    with pytest.raises(OrderError, match="order a-1 is expired, it can't become cancelled"):
        blotter.end(order, OrderStatus.CANCELLED, Reason.CANCELLED)
    with pytest.raises(OrderError, match="order a-1 is expired, its quantity stays"):
        blotter.resize(order, 1.0)
    assert (order.status, order.reason, order.quantity) == (OrderStatus.EXPIRED, Reason.EXPIRED, 10.0)


def test_the_order_behind_a_natives_own_is_found() -> None:
    blotter = Blotter({"a": 0, "b": 1})
    for owner in "ab":
        place(blotter, owner, "X", native_order="n1")
    assert ids(blotter.named("b", "n1")) == ["b-1"]
    assert ids(blotter.named("b", "n2")) == []


def test_a_portable_order_is_named_by_its_id() -> None:
    blotter = Blotter({"a": 0, "b": 1})
    for owner in "ab":
        place(blotter, owner, "X")
    assert ids(blotter.named("a", "a-1")) == ["a-1"]
    assert ids(blotter.named("b", "a-1")) == []


def test_portable_orders_that_rest_are_released_by_themselves() -> None:
    blotter = Blotter({"a": 0})
    for how in ({}, {"limit": 9.0}, {"limit": 9.0, "native_order": "n1"}, {"trail": 1.0}):
        place(blotter, "a", "X", **how)
    assert ids(blotter.release({"Y"}, "resting")) == []
    assert ids(blotter.release({"X"}, "resting")) == ["a-2", "a-4"]
    assert ids(blotter.release({"X"}, "others")) == ["a-1", "a-3"]


def test_a_tag_names_an_open_order() -> None:
    blotter = Blotter({"a": 0, "b": 1})
    first = place(blotter, "a", "X", limit=9.0, tag="dip")
    assert blotter.tagged("a", "dip") is first is blotter.tagged("a", "a-1")
    assert blotter.tagged("b", "dip") is None is blotter.tagged("b", "a-1")
    second = place(blotter, "a", "X", limit=8.0, tag="dip")  # what takes the name keeps it
    blotter.end(first, OrderStatus.CANCELLED, Reason.CANCELLED)
    assert (blotter.tagged("a", "dip"), blotter.tagged("a", "a-1")) == (second, None)


def test_what_rests_or_needs_a_position_is_found_by_its_symbol() -> None:
    blotter = Blotter({"a": 0})
    for how in ({"limit": 9.0}, {"requires": "position"}, {"limit": 9.0, "native_order": "n1"}, {}):
        place(blotter, "a", "X", **how)
    assert ids(blotter.conditional("a", "X")) == ["a-1", "a-2"]
    assert ids(blotter.conditional("a", "Y")) == []
    for order in list(blotter.conditional("a", "X")):
        blotter.end(order, OrderStatus.CANCELLED, Reason.CANCELLED)
    assert ids(blotter.conditional("a", "X")) == []


def test_a_market_entry_on_its_way_needs_to_find_its_strategy_out_once_an_order_rests_beside_it() -> None:
    blotter = Blotter({"a": 0})
    entry, exiting = place(blotter, "a", "X"), place(blotter, "a", "X", -1.0, closing=True)
    rebalance = blotter.place(Demand("a", "X", 1.0, False, 10.0, 0, 0), 1.0, 0.0, Reason.REBALANCE)
    place(blotter, "a", "Y", limit=9.0)
    assert [order.requires for order in (entry, exiting, rebalance)] == ["", "", ""]
    place(blotter, "a", "X", limit=9.0)
    assert [order.requires for order in (entry, exiting, rebalance)] == ["flat", "", ""]
    assert ids(blotter.conditional("a", "X")) == ["a-1", "a-5"]


def test_changes_of_status_are_noted_for_strategies_that_are_followed() -> None:
    blotter = Blotter({"a": 0, "b": 1})
    blotter.followed.add("a")
    order = place(blotter, "a", "X", 5.0, limit=9.0, tag="dip")
    place(blotter, "b", "X", limit=9.0)
    blotter.release({"X"})
    blotter.rest(order)
    blotter.fill(Fill(order.id, "a", "X", 5.0, 9.0, 0.0, 7))
    changes = [(update.status, update.filled, update.price) for _, update in blotter.updates]
    assert changes == [("pending", 0.0, None), ("released", 0.0, None), ("resting", 0.0, None), ("filled", 5.0, 9.0)]
    assert {(owner, update.order_id, update.tag, update.symbol) for owner, update in blotter.updates} == {
        ("a", "a-1", "dip", "X")
    }


def test_an_order_is_changed_until_it_is_over() -> None:
    blotter = Blotter({"a": 0})
    order = place(blotter, "a", "X", 5.0, limit=9.0)
    blotter.change(order, 7.0, 70.0, 10.0, None)
    assert (order.quantity, order.reserve, order.limit) == (7.0, 70.0, 10.0)
    blotter.end(order, OrderStatus.CANCELLED, Reason.CANCELLED)
    with pytest.raises(OrderError, match="a-1 is cancelled"):
        blotter.change(order, 8.0, 80.0, 10.0, None)


def test_what_rests_waits_for_no_bar_to_be_released() -> None:
    blotter = Blotter({"a": 0})
    assert not blotter.resting()
    order = resting(blotter)
    place(blotter, "a", "Y")
    assert (bool(blotter.resting()), blotter.pending_symbols()) == (True, {"Y"})
    blotter.end(order, OrderStatus.EXPIRED, Reason.EXPIRED)
    assert (bool(blotter.resting()), blotter.pending_symbols()) == (False, {"Y"})


@pytest.mark.parametrize(
    ("quantity", "trail", "trigger", "begins"), [(-1.0, 0.3, None, 9.7), (1.0, 0.3, None, 10.3), (-1.0, 0.3, 8.0, 8.0)]
)
def test_a_trailing_stop_begins_at_its_distance_from_the_close(
    quantity: float, trail: float, trigger: float | None, begins: float
) -> None:
    order = place(Blotter({"a": 0}), "a", "X", quantity, trail=trail, trigger=trigger)
    assert (order.type, order.trigger) == (OrderType.TRAILING_STOP, begins)


def test_a_refused_release_changes_what_its_strategy_may_hold() -> None:
    """A strategy whose opening is refused is flat again: a schedule that jumps must look its next step up anew."""
    blotter = Blotter({"a": 0})
    order = place(blotter, "a", "X")
    blotter.release({"X"})
    blotter.moved.clear()
    blotter.end(order, OrderStatus.REJECTED, Reason.BELOW_ONE_LOT)
    assert blotter.moved == {"a"}
