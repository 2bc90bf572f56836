"""Orders that wait: whoever placed them, they are taken back in the order in which they were placed."""

from orchestrate.domain.orders import Decision, Demand, Order, Outcome, Reason
from orchestrate.orchestration.blotter import Blotter


def place(blotter: Blotter, strategy_id: str, symbol: str, quantity: float = 1.0, *, closing: bool = False) -> Order:
    demand = Demand(strategy_id, symbol, quantity, closing, 10.0, 0, 0)
    return blotter.place(Decision(demand, Outcome.APPROVED, quantity), 0.0)


def test_orders_are_cancelled_in_the_order_in_which_they_were_placed() -> None:
    """Also where one strategy has placed before and after another, and some have been released in between."""
    blotter = Blotter({"a": 0, "b": 1})
    place(blotter, "a", "Y")
    for owner, symbol in (("b", "X"), ("a", "X"), ("b", "X"), ("a", "X"), ("b", "Y")):
        place(blotter, owner, symbol)
    assert [order.id for order in blotter.take_due({"Y"})] == ["a-1", "b-3"]
    last = place(blotter, "b", "X")
    cancelled = blotter.cancel(lambda order: order.id != "b-2", Reason.SERIES_ENDED)
    assert [order.id for order in cancelled] == ["b-1", "a-2", "a-3", last.id]
    assert {order.reason for order in cancelled} == {Reason.SERIES_ENDED}
    assert [order.id for order in blotter.cancel(lambda order: True, Reason.CANCELLED)] == ["b-2"]
    assert blotter.waiting == {}
    assert blotter.symbols() == set()


def test_due_orders_come_closing_first_then_by_the_plan() -> None:
    blotter = Blotter({"first": 0, "second": 1})
    for owner, closing in (("second", False), ("first", False), ("second", True), ("first", True), ("second", False)):
        place(blotter, owner, "X", closing=closing)
    due = [order.id for order in blotter.take_due({"X"})]
    assert due == ["first-2", "second-2", "first-1", "second-1", "second-3"]


def test_a_resting_order_is_cancelled_or_done_once() -> None:
    blotter = Blotter({"a": 0})
    for _ in range(2):
        order = place(blotter, "a", "X")
        assert blotter.take_due({"X"}) == [order]
        blotter.rest(order)
    blotter.done(blotter.resting()[0])
    assert [order.id for order in blotter.cancel(lambda order: True, Reason.CANCELLED)] == ["a-2"]
    assert blotter.resting() == []
    assert blotter.cancel(lambda order: True, Reason.CANCELLED) == []
