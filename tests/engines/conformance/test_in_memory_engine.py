"""The in-memory engine keeps the port's promises, and hosts no native strategy."""

from typing import Literal

import pytest

from orchestrate.domain.errors import EngineError
from orchestrate.domain.orders.order import StrategyCommand
from orchestrate.orchestration.orders.ports import OrchestrationPort
from tests.engines.builders import accounts, cancel, market_of, order, series, submit
from tests.engines.conformance.candidate import FIVE, PLAIN, Feed
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.engines.conformance.resting import Bar, Lived, bars, resting
from tests.engines.conformance.suite import EngineConformance


class TestInMemory(EngineConformance):
    def engine(self, feed: Feed = "on_demand") -> OrchestrationPort:
        return InMemoryAdapter()


@pytest.mark.parametrize("action", ["resize", "reject"])
def test_an_answer_to_a_native_is_refused(action: Literal["resize", "reject"]) -> None:
    market = market_of(series("A", FIVE))
    engine = InMemoryAdapter()
    engine.begin(market, accounts(market), PLAIN)
    with pytest.raises(EngineError, match=f"order b is no native's own, {action} is no answer"):
        engine.execute_commands([StrategyCommand("one", action, order("b", 1))])


def test_what_one_bar_fills_of_an_order_that_rests_can_be_limited() -> None:
    prices: list[Bar] = [
        (10.0, 11.0, 9.0, 10.0),
        (8.0, 8.5, 7.5, 8.0),
        (9.0, 11.0, 9.0, 10.0),
        (12.0, 13.0, 11.0, 12.0),
    ]
    limit, stop = resting("limit", 9, limit=9.5), resting("stop", 9, trigger=10.5)
    lived = Lived(InMemoryAdapter(largest_fill=4), market_of(bars(prices)), {0: submit(limit, stop)})
    assert lived.happened == [
        (0, "limit", 4, 9.5),
        (0, "stop", 4, 10.5),
        (1, "limit", 4, 8.0),
        (1, "stop", 4, 8.0),  # it stays triggered
        (2, "limit", 1, 9.0),
        (2, "stop", 1, 9.0),
    ]
    assert [fill.id for fill in lived.fills][::2] == ["limit/1", "limit/2", "limit/3"]
    assert lived.state.quantities == {"A": 18.0}


def test_a_cancel_leaves_the_parts_that_are_filled() -> None:
    prices: list[Bar] = [(10.0, 11.0, 9.0, 10.0)] * 3
    each = resting("limit", 9, limit=9.5)
    lived = Lived(InMemoryAdapter(largest_fill=4), market_of(bars(prices)), {0: submit(each), 1: cancel(each)})
    assert lived.happened == [(0, "limit", 4, 9.5)]


def test_a_trailing_stop_that_begins_nowhere_is_refused() -> None:
    market = market_of(series("A", FIVE))
    engine = InMemoryAdapter()
    engine.begin(market, accounts(market), PLAIN)
    with pytest.raises(EngineError, match="order b: a trailing stop needs a trigger"):
        engine.execute_commands(submit(resting("b", -1, trail=1.0)))
