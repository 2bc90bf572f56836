"""Nautilus keeps the port's promises."""

from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.engines.nautilus.settings import NautilusSettings
from orchestrate.orchestration.orders.ports import OrchestrationPort
from tests.engines.conformance.candidate import Feed
from tests.engines.conformance.suite import EngineConformance


class TestNautilus(EngineConformance):
    def engine(self, feed: Feed = "on_demand") -> OrchestrationPort:
        return NautilusOrchestrationAdapter(NautilusSettings(feed=feed))
