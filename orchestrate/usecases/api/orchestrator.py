"""The orchestrator for code that builds one by hand; with it comes `wiring`, which registers the engines it runs on."""

from __future__ import annotations

import orchestrate.wiring  # noqa: F401 # registers the engines
from orchestrate.orchestration.loop.orchestrator import UnifiedStrategyOrchestrator

__all__ = ["UnifiedStrategyOrchestrator"]
