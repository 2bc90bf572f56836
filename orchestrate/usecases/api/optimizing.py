"""The best parameters of each strategy of a portfolio, each found while the others keep theirs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from orchestrate.analytics.gates import gate_problem, path_problem
from orchestrate.domain.errors import ConfigurationError
from orchestrate.domain.gates import parse_gate
from orchestrate.domain.plan import Gate
from orchestrate.domain.results import RunResult
from orchestrate.domain.sweeps import Axis, Measured, Objective, SweepPlan, Trial, TrialStatus
from orchestrate.domain.text.spelling import did_you_mean
from orchestrate.sweep.selection import choose
from orchestrate.sweep.space import Space
from orchestrate.usecases.sweeping.measured import measured

Selection = Literal["plateau", "best"]
Parameters = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Search:
    """What is sought: a metric, more or less of it, conditions on metrics, and how a set is chosen."""

    objective: str
    maximize: bool
    require: tuple[str, ...]
    select: Selection

    def plan(self, axes: tuple[Axis, ...]) -> SweepPlan:
        """Return the sweep of these parameters; ConfigurationError where the search is none."""
        if self.select not in ("plateau", "best"):
            raise ConfigurationError(f"select must be 'plateau' or 'best', not {self.select!r}")
        wrong = path_problem(self.objective, (), ())
        if wrong or "." in self.objective:
            reason, hint = wrong or ("it is a metric of the strategy", "write its name alone")
            raise ConfigurationError(f"objective: {reason}{f'; {hint}' if hint else ''}")
        return SweepPlan(
            axes,
            objectives=(Objective(self.objective, self.maximize),),
            require=tuple(_condition(text) for text in self.require),
            select=self.select,
        )


def _condition(text: str) -> Gate:
    try:
        gate = parse_gate(text)
    except ValueError as error:
        raise ConfigurationError(f"require: {error}") from None
    wrong = gate_problem(gate, (), (), "")
    if wrong:
        raise ConfigurationError(f"require: {wrong[0]}{f'; {wrong[1]}' if wrong[1] else ''}")
    return gate


def best_sets(
    values: Mapping[str, Mapping[str, Iterable[object]]],
    given: Parameters,
    instances: Collection[str],
    search: Search,
    run: Callable[[Parameters], RunResult],
) -> dict[str, dict[str, object]]:
    """Return the best set of parameters of each strategy that has `values`.

    `given` are the parameters that all of them have now, `instances` are strategies that can't get others; `run` runs
    the portfolio with some of them changed.
    """
    best: dict[str, dict[str, object]] = {}
    for name, parameters in values.items():
        if name not in given:
            hint = did_you_mean(name, given) or f"there is {', '.join(given)}"
            raise ConfigurationError(f"no strategy {name!r} in this portfolio; {hint}")
        if name in instances:
            raise ConfigurationError(f"{name} is an object, which keeps its parameters; give its class or its name")
        axes = tuple(Axis(key, (name, key), tuple(tried)) for key, tried in parameters.items())
        if not axes or not all(axis.values for axis in axes):
            raise ConfigurationError(f"{name}: there are no values to try")
        plan = search.plan(axes)
        trials = _trials(name, given[name], axes, run)
        pick = choose(plan, axes, trials).pick
        best[name] = {} if pick is None else dict(trials[pick].point)
    return best


def _trials(
    name: str, given: Mapping[str, object], axes: tuple[Axis, ...], run: Callable[[Parameters], RunResult]
) -> list[Trial]:
    """Return every combination with the figures of a strategy, which has other parameters `given`."""
    space = Space(axes, trials=0, seed=0)
    trials: list[Trial] = []
    refused: ConfigurationError | None = None
    for number in range(space.size):
        point = space.point(number)
        try:
            found = measured(run({name: {**given, **point}}))
        except ConfigurationError as error:
            refused, found = error, Measured(TrialStatus.INFEASIBLE, str(error))
        own = {key.partition(".")[2]: value for key, value in found.metrics.items() if key.startswith(f"{name}.")}
        trials.append(Trial(number, point, Measured(found.status, found.reason, own)))
    if refused is not None and all(trial.measured.status is TrialStatus.INFEASIBLE for trial in trials):
        raise refused
    return trials
