"""Backtrader keeps the port's promises."""

from orchestrate import BacktraderOrchestrationAdapter, BacktraderSettings, OrchestrationPort
from tests.engines.conformance.candidate import Feed
from tests.engines.conformance.suite import EngineConformance


class TestBacktrader(EngineConformance):
    def engine(self, feed: Feed = "on_demand") -> OrchestrationPort:
        return BacktraderOrchestrationAdapter(BacktraderSettings(feed=feed))
