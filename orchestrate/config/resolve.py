"""A configuration file and everything laid over it → a RunPlan, or all that is wrong at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path

from orchestrate.config.compatibility import Analyze, compatibility
from orchestrate.config.document.layers import layered
from orchestrate.config.document.nodes import Table
from orchestrate.config.parameters import Mistakes
from orchestrate.config.reading import MOST_PROBLEMS, Catalogue, Choices, Reading
from orchestrate.config.resolution import Resolution
from orchestrate.config.schema import Configuration
from orchestrate.config.sections.allocations import allocation_of, check_allocation, weights
from orchestrate.config.sections.dependencies import dependencies_of, refuse_circles
from orchestrate.config.sections.execution import execution_rules, framework_settings, gates
from orchestrate.config.sections.limits import strategy_limits
from orchestrate.config.sections.market import check_benchmark, check_period, data_plans, instrument_plans
from orchestrate.config.sections.portfolio import portfolio_plan
from orchestrate.config.sections.sizing import sizing_of
from orchestrate.config.sections.strategies import Known, enabled_strategies, recognise, strategy_plan
from orchestrate.config.sections.sweep import sweep_plan
from orchestrate.config.sections.symbols import chain_settings, dividends, symbols_of, with_underlyings
from orchestrate.config.shapes import SHAPE_KEYS, long_sections, shape
from orchestrate.config.validation import validate
from orchestrate.domain.errors import Problem
from orchestrate.domain.plan import CapitalPlan, LoggingPlan, Mode, MultiFrameworkConfig, RunPlan
from orchestrate.domain.strategies.protocols import StrategyDescription

__all__ = ["Resolution", "resolve"]

DEFAULT_CAPITAL = Decimal(100000)
_CENT = Decimal("0.01")


def resolve(
    path: str | Path,
    *,
    catalogue: Catalogue,
    settings: Mapping[str, type],
    choices: Choices,
    overrides: Iterable[str] = (),
    data: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
    analyze: Analyze | None = None,
) -> Resolution:
    """Read `path`; `overrides` are texts `a.b=c`, `data` texts `SYMBOL=PATH` (from the working directory).

    `catalogue` describes a strategy by the reference written and the folder of the configuration; `settings` are the
    frameworks that exist and what each one's section may say; `choices` the names that may stand elsewhere. `analyze`
    compares the strategies of a file that has several.
    """
    folder = Path(path).parent
    tree, problems, order = layered(Path(path), str(path), environ or {}, overrides, data)
    if tree is None:
        return _refused(problems, order)
    return resolve_tree(
        tree,
        folder,
        catalogue=catalogue,
        settings=settings,
        choices=choices,
        analyze=analyze,
        problems=problems,
        order=order,
    )


def resolve_tree(
    tree: Table,
    folder: Path,
    *,
    catalogue: Catalogue,
    settings: Mapping[str, type],
    choices: Choices,
    analyze: Analyze | None = None,
    problems: Iterable[Problem] = (),
    order: Sequence[str] = (),
) -> Resolution:
    """Resolve a file that was read before, with everything laid over it, as `resolve` does.

    `problems` are those of reading it, `order` are the names of its origins in reporting order.
    """
    problems, order = list(problems), list(order) or [tree.place.origin.name]
    shaped = shape(tree, problems)
    if shaped is None:
        return _refused([*problems, *_unknown_at_least(tree, choices)], order)
    values, mistakes_of_form = validate(Configuration, shaped.table, besides=SHAPE_KEYS, names=choices.names)
    problems += mistakes_of_form
    if values is None:
        return _refused(problems, order, shaped.mode)
    reading = Reading(shaped, values, folder, catalogue, settings, choices, problems)
    again = partial(resolve_tree, folder=folder, catalogue=catalogue, settings=settings, choices=choices)
    return _resolved(reading, tree, order, analyze, lambda varied: again(varied).mistakes)


def _resolved(
    reading: Reading, tree: Table, order: list[str], analyze: Analyze | None, mistakes: Mistakes
) -> Resolution:
    """Check what a file says; `mistakes` returns those of the file with a value changed."""
    plan, descriptions = _checked(reading)
    report = sweep = None
    if plan is not None and plan.mode == "multi" and analyze is not None:
        report = compatibility(reading, plan, descriptions, analyze)
    if plan is not None and reading.values.sweep is not None:
        sweep = sweep_plan(reading, tree, descriptions, mistakes)
    problems = [_in_the_users_words(problem, reading) for problem in reading.problems]
    return Resolution(
        plan=None if problems else plan,
        mode=reading.shaped.mode,
        problems=_in_order(problems, order),
        findings=tuple(reading.findings),
        missing=_in_order(reading.missing, order),
        mistakes=_in_order([*problems, *reading.missing], order),
        compatibility=report,
        sweep=None if problems else sweep,
        notes=tuple(reading.notes),
        tree=tree,
    )


def _in_the_users_words(problem: Problem, reading: Reading) -> Problem:
    """Return paths as the file has them: a single strategy is under `strategy:` there, not under `strategies.<id>`."""
    if reading.shaped.mode == "multi":
        return problem
    message = problem.message
    strategies = reading.shaped.table.entries["strategies"]
    for name, _ in strategies if isinstance(strategies, Table) else ():
        prefix = f"strategies.{name}"
        if message.startswith(prefix):
            message = "strategy" + message.removeprefix(prefix)
        message = message.replace(f" in {prefix}", " in strategy")
    return replace(problem, message=message)


def _unknown_at_least(tree: Table, choices: Choices) -> list[Problem]:
    """Return what else is wrong in a file that names no strategy."""
    table = long_sections(tree).without(*SHAPE_KEYS).with_entry("strategies", Table(tree.place))
    return validate(Configuration, table, besides=SHAPE_KEYS, names=choices.names)[1]


def _refused(problems: list[Problem], order: list[str], mode: Mode | None = None) -> Resolution:
    mistakes = _in_order(problems, order)
    return Resolution(None, mode, mistakes, mistakes=mistakes)


def _in_order(problems: list[Problem], order: list[str]) -> tuple[Problem, ...]:
    """Sort problems by file, in the order in which files were read, then by line; beyond a limit only count them."""
    rank = {name: place for place, name in reversed(list(enumerate(order)))}
    ordered = sorted(problems, key=lambda problem: (rank.get(problem.file, len(rank)), problem.line, problem.column))
    more = len(ordered) - MOST_PROBLEMS
    if more > 0:
        ordered[MOST_PROBLEMS:] = [Problem(order[0], 0, 0, f"… and {more} more mistakes")]
    return tuple(ordered)


def _checked(reading: Reading) -> tuple[RunPlan | None, Mapping[str, StrategyDescription]]:
    """Check what needs more than one section; return the plan, if nothing is wrong, and its strategies described."""
    enabled = enabled_strategies(reading)
    known = {name: recognise(reading, name) for name in enabled}
    symbols = {name: symbols_of(reading, name, entry.description if entry else None) for name, entry in known.items()}
    for name in enabled:
        sizing_of(reading, name)
        dependencies_of(reading, name, enabled)
    refuse_circles(reading, enabled)
    check_allocation(reading)
    share = weights(reading, enabled)
    plan_of = _without_strategies(reading, enabled, known, share)
    limits = {name: strategy_limits(reading, name) for name in enabled}
    if reading.problems:
        return None, {}
    strategies = tuple(
        replace(
            strategy_plan(
                reading,
                name,
                entry,
                share[name],
                with_underlyings(reading, name, symbols[name], entry.description.kind),
            ),
            limits=limits[name],
        )
        for name, entry in known.items()
        if entry
    )
    if reading.problems:
        return None, {}
    plan = plan_of(strategies=strategies, allocation=allocation_of(reading))
    return plan, {name: found.description for name, found in known.items() if found}


def _without_strategies(
    reading: Reading, enabled: list[str], known: Mapping[str, Known | None], share: Mapping[str, Decimal]
) -> partial[RunPlan]:
    """Read all other sections. Where nothing is wrong, what is returned makes a plan with strategies and allocation."""
    values = reading.values
    series, instruments, chains = data_plans(reading), instrument_plans(reading), chain_settings(reading)
    check_period(reading)
    check_benchmark(reading)
    used = sorted({entry.framework for entry in known.values() if entry})
    sections = framework_settings(reading, used)
    judged = gates(reading, enabled, used if all(known.values()) else None)
    capital = _capital(reading, len(enabled))
    portfolio = portfolio_plan(reading, enabled, share)
    _check_shares(reading, share, capital.total)
    return partial(
        RunPlan,
        mode=reading.shaped.mode,
        capital=capital,
        data=series,
        chains=chains,
        rates=values.rates,
        dividends=dividends(reading),
        instruments=instruments,
        portfolio=portfolio,
        execution=execution_rules(reading),
        frameworks=MultiFrameworkConfig(sections),
        gates=judged,
        start=values.start or "",
        end=values.end or "",
        periods_per_year=float(values.periods_per_year) if values.periods_per_year else None,
        benchmark=values.benchmark or "",
        logging=LoggingPlan(values.logging.path, values.logging.level, values.logging.user),
        root=reading.root,
    )


def _check_shares(reading: Reading, share: Mapping[str, Decimal], total: Decimal) -> None:
    """Refuse shares of less than a cent: engines divide by what they begin with."""
    for name, part in share.items():
        if part * total < _CENT:
            message = f"the share of strategies.{name} is less than a cent"
            reading.wrong(("capital", "total"), message, "raise the capital, or the strategy's allocation")
            return


def _capital(reading: Reading, enabled: int) -> CapitalPlan:
    written = reading.values.capital
    if written is not None:
        return CapitalPlan(written.total, written.mode, written.currency, written.account)
    if reading.shaped.balance is not None:
        balance = getattr(reading.shaped.balance, "value", None)
        return CapitalPlan(Decimal(str(balance)) * max(1, enabled) if balance is not None else DEFAULT_CAPITAL)
    if reading.shaped.table.get("capital") is None:
        reading.finding("info", "capital", f"no capital is given: {DEFAULT_CAPITAL} USD is used")
    return CapitalPlan(DEFAULT_CAPITAL)
