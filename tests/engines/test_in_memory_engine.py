"""The in-memory engine keeps the port's promises."""

from orchestrate.orchestration.ports import OrchestrationPort
from tests.engines.candidate import Feed
from tests.engines.conformance import EngineConformance
from tests.engines.in_memory import InMemoryAdapter


class TestInMemory(EngineConformance):
    def engine(self, feed: Feed = "on_demand") -> OrchestrationPort:
        return InMemoryAdapter()
