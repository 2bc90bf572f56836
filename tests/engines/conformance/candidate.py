"""What all parts of the conformance suite share: the engine to be tested, plain rules, five bars."""

from __future__ import annotations

from typing import Literal

import pytest

from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.orchestration.orders.ports import OrchestrationPort

Feed = Literal["on_demand", "full"]
FEEDS: tuple[Feed, ...] = ("on_demand", "full")
PLAIN = ExecutionRules()
AT_CLOSE = ExecutionRules(fill="close")
FIVE = [(10.0, 10.5), (11.0, 11.5), (12.0, 12.5), (13.0, 13.5), (14.0, 14.5)]


def near(expected: float | list[float] | dict[str, float]) -> object:
    """Equal to a millionth; sums of billions to their last digits."""
    return pytest.approx(expected, rel=1e-12, abs=1e-6)


class Candidate:
    """Override `engine`."""

    def engine(self, feed: Feed = "on_demand") -> OrchestrationPort:
        raise NotImplementedError
