"""The in-memory engine keeps the port's promises, and hosts no native strategy."""

from typing import Literal

import pytest

from orchestrate.domain.errors import EngineError
from orchestrate.domain.orders import StrategyCommand
from orchestrate.orchestration.orders.ports import OrchestrationPort
from tests.engines.candidate import FIVE, PLAIN, Feed
from tests.engines.conformance import EngineConformance
from tests.engines.in_memory import InMemoryAdapter
from tests.engines.stage import accounts, market, order, series


class TestInMemory(EngineConformance):
    def engine(self, feed: Feed = "on_demand") -> OrchestrationPort:
        return InMemoryAdapter()


@pytest.mark.parametrize("action", ["resize", "reject"])
def test_an_answer_to_a_native_is_refused(action: Literal["resize", "reject"]) -> None:
    stage = market(series("A", FIVE))
    engine = InMemoryAdapter()
    engine.begin(stage, accounts(stage), PLAIN)
    with pytest.raises(EngineError, match=f"order b is no native's own, {action} is no answer"):
        engine.execute_commands([StrategyCommand("one", action, order("b", 1))])
