"""What came of a run in which an engine hosts natives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tests.orchestration.harness import HarnessRun


@dataclass
class HostedRun(HarnessRun):
    """A run that is over; what is asked of no strategy in particular is asked of the `only` one."""

    only: ClassVar[str]

    def reasons(self, strategy_id: str = "") -> list[tuple[str, str, float]]:
        return super().reasons(strategy_id or self.only)

    def status(self, strategy_id: str = "") -> str:
        return self.results[strategy_id or self.only].status

    def error(self, strategy_id: str = "") -> str:
        """What the strategy failed with, "" where it didn't."""
        error = self.results[strategy_id or self.only].error
        return f"{error.type}: {error.message}" if error else ""

    def equity(self, strategy_id: str = "") -> float:
        return float(self.results[strategy_id or self.only].equity[-1])
