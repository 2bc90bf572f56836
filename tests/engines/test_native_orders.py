"""A native's orders are reported once, under their names, and a demand that nobody knows of is withdrawn."""

from __future__ import annotations

import pytest

from orchestrate.domain.errors import NativeError
from orchestrate.domain.orders.order import Demand, Reason
from orchestrate.engines.hosting.orders import NOTHING, NativeOrders


@pytest.fixture
def news() -> list[str]:
    return []


@pytest.fixture
def orders(news: list[str]) -> NativeOrders[int]:
    return NativeOrders("one", lambda: news.append("news"))


def demand(name: str, quantity: float = 5.0, *, closing: bool = False, owner: str = "one") -> Demand:
    return Demand(owner, "A", quantity, closing, 10.0, 0, 0, native_order=name)


def reported(orders: NativeOrders[int]) -> tuple[list[str], list[tuple[str, Reason]]]:
    report = orders.report()
    return [each.native_order for each in report.demands], [(each.name, each.reason) for each in report.ended]


def test_everything_is_reported_once(orders: NativeOrders[int], news: list[str]) -> None:
    orders.demand(7, demand("1"))
    assert reported(orders) == (["1"], [])
    orders.release(7, "one-1")
    orders.fill(7, "A", 5.0, 10.0, 0.5, 3)
    (fill,) = orders.report().fills
    assert (fill.order_id, fill.strategy_id, fill.quantity, fill.t) == ("one-1", "one", 5.0, 3)
    assert orders.report() is NOTHING
    assert news == ["news", "news"]


def test_an_end_before_the_report_withdraws_the_demand(orders: NativeOrders[int]) -> None:
    orders.demand(7, demand("1"))
    orders.end(7, Reason.CANCELLED)
    assert orders.report() is NOTHING


def test_an_end_after_the_report_is_reported(orders: NativeOrders[int]) -> None:
    orders.demand(7, demand("1"))
    orders.report()
    orders.end(7, Reason.EXPIRED)
    orders.end(7, Reason.CANCELLED)
    assert reported(orders) == ([], [("1", Reason.EXPIRED)])


def test_an_order_that_the_orchestrator_ended_is_not_reported(orders: NativeOrders[int]) -> None:
    orders.demand(7, demand("1"))
    orders.report()
    orders.forget(7)
    orders.end(7, Reason.CANCELLED)
    assert orders.report() is NOTHING
    assert (orders.key("1"), orders.name(7)) == (None, "")


def test_the_same_order_demanded_anew_has_a_new_name(orders: NativeOrders[int]) -> None:
    orders.demand(7, demand("1", closing=True))
    orders.report()
    assert orders.is_closing(7)
    orders.end(7, Reason.CANCELLED)
    orders.demand(7, demand("1*1"))
    assert reported(orders) == (["1*1"], [("1", Reason.CANCELLED)])
    assert (orders.key("1*1"), orders.name(7), orders.is_closing(7)) == (7, "1*1", False)


def test_nothing_fills_before_its_release(orders: NativeOrders[int]) -> None:
    orders.demand(7, demand("1"))
    with pytest.raises(NativeError, match="order 7 is executed before its release"):
        orders.fill(7, "A", 5.0, 10.0, 0.0, 0)


def test_an_abandoned_order_that_is_released_may_still_fill(orders: NativeOrders[int]) -> None:
    for key in (7, 8):
        orders.demand(key, demand(str(key)))
    orders.release(7, "one-1")
    orders.abandon()
    orders.end(8, Reason.CANCELLED)
    orders.fill(7, "A", 5.0, 10.0, 0.0, 0)
    report = orders.report()
    assert ([fill.order_id for fill in report.fills], report.demands, report.ended) == (["one-1"], (), ())


def test_ends_of_one_moment_are_in_the_order_of_their_demands(orders: NativeOrders[int]) -> None:
    for key in range(1, 7):
        orders.demand(key, demand(str(key)))
    orders.report()
    for key in (6, 5):
        orders.end(key, Reason.CANCELLED)
    orders.sort_ended()
    for key in (3, 1, 2):
        orders.end(key, Reason.CANCELLED)
    orders.sort_ended()
    orders.end(4, Reason.CANCELLED)
    assert [name for name, _ in reported(orders)[1]] == ["5", "6", "1", "2", "3", "4"]


def test_nobody_reports_for_another(orders: NativeOrders[int]) -> None:
    orders.demand(7, demand("1", owner="two"))
    with pytest.raises(NativeError, match="it reports something of two"):
        orders.report()
    assert orders.report() is NOTHING
