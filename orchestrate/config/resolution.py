"""The result of reading a configuration: a plan, or all its mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrate.config.document.nodes import Table
from orchestrate.domain.errors import ConfigurationError, DataError, Problem
from orchestrate.domain.plan import Mode, RunPlan
from orchestrate.domain.results import Finding
from orchestrate.domain.strategies.compatibility import CompatibilityReport
from orchestrate.domain.sweeps import SweepPlan


@dataclass(frozen=True, slots=True)
class Resolution:
    """The result of reading a configuration; it has a `plan` if the configuration is right, even if its data is not.

    `problems` are mistakes of the configuration (code 2), `missing` is data whose files don't exist (code 3);
    both in the order of lines, and `mistakes` has both. `mode` is None if no strategy is named. `compatibility`
    compares the strategies where there are several. `sweep` is what the file varies, with `notes` about that; `tree` is
    the file with everything laid over it.
    """

    plan: RunPlan | None
    mode: Mode | None = None
    problems: tuple[Problem, ...] = ()
    findings: tuple[Finding, ...] = ()
    missing: tuple[Problem, ...] = ()
    mistakes: tuple[Problem, ...] = ()
    compatibility: CompatibilityReport | None = None
    sweep: SweepPlan | None = None
    notes: tuple[Finding, ...] = ()
    tree: Table | None = None

    @property
    def exit_code(self) -> int:
        """0, or 2 for a wrong configuration, which beats 3 for missing data."""
        if self.plan is None:
            return ConfigurationError.exit_code
        return DataError.exit_code if self.missing else 0

    def refused(self, problems: Sequence[Problem]) -> Resolution:
        """Return this resolution with further mistakes, if there are any."""
        if not problems:
            return self
        mistakes, wrong = (*self.mistakes, *problems), (*self.problems, *problems)
        return replace(self, plan=None, problems=wrong, mistakes=mistakes)

    def runnable(self) -> RunPlan:
        """Return the plan, if all that a run needs is there.

        Else a ConfigurationError or a DataError that reports all problems.
        """
        if self.plan is None:
            raise ConfigurationError(self.mistakes)
        if self.missing:
            raise DataError.together(str(problem) for problem in self.mistakes)
        if not self.plan.data:
            raise DataError("the configuration has no 'data'", hint="add it, or give --data SYMBOL=PATH")
        return self.plan
