"""The `strategies:` section against the library, the frameworks and each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from orchestrate.config.document.nodes import Place, Table, find, plain
from orchestrate.config.reading import Reading
from orchestrate.config.schema import Strategy
from orchestrate.config.sections.sizing import sizing_of
from orchestrate.domain.errors import ConfigurationError
from orchestrate.domain.plan import StrategyPlan
from orchestrate.domain.portfolio import UNMANAGED
from orchestrate.domain.strategies.parameters import fill_parameters
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS, StrategyDescription
from orchestrate.domain.text.spelling import did_you_mean

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def enabled_strategies(reading: Reading) -> list[str]:
    """Return the ids that take part, in the order of the file. Ids are checked, of disabled entries too."""
    if reading.shaped.mode == "multi":
        for name in reading.values.strategies:
            _check_id(reading, name, reading.key("strategies", name))
    written = reading.shaped.table.entries["strategies"]
    enabled = [name for name, entry in reading.values.strategies.items() if entry.enabled]
    if not enabled and reading.shaped.whole and isinstance(written, Table):
        off = [name for name, entry in written if isinstance(entry, Table) and "enabled" in entry]
        message = "no strategy is enabled" if off else "no strategy is named"
        if len(written.entries) == len(reading.values.strategies):
            reading.problems.append(reading.key("strategies").problem(message, "a run needs at least one"))
    return enabled


def _check_id(reading: Reading, name: str, place: Place) -> None:
    if not _IDENTIFIER.fullmatch(name):
        hint = "letters, digits and _, a letter first"
        reading.problems.append(place.problem(f"'{name}' can't be a strategy's id", hint))
    elif name.startswith(UNMANAGED):
        hint = f"{UNMANAGED} is the book of positions that removed strategies leave behind"
        reading.problems.append(place.problem(f"'{name}' can't be a strategy's id", hint))


@dataclass(frozen=True, slots=True)
class Known:
    """A strategy that the library knows, on a framework that exists."""

    description: StrategyDescription
    reference: str
    framework: str
    config: dict[str, object]


def recognise(reading: Reading, name: str) -> Known | None:
    """Look the strategy up in the library and among the frameworks; None, and a mistake, if either lacks it."""
    if reading.enough:
        return None
    entry = reading.values.strategies[name]
    reference, description = _described(reading, name, entry)
    framework = _framework(reading, name, entry, description)
    if description is None:
        return None
    if reading.shaped.mode == "single":
        _check_id(reading, name, reading.place("strategies", name, "name"))
    if not description.sized:
        _refuse_sizing(reading, name, description)
    elif entry.sizing.method == "risk" and description.kind not in PORTABLE_KINDS:
        message = (
            f"strategies.{name}.sizing: the method risk places stops, and {description.name} places its own orders"
        )
        place = reading.key("strategies", name, "sizing", "method")
        reading.problems.append(place.problem(message, "use another method"))
    config = _config(reading, name, description)
    return Known(description, reference, framework, config) if framework and config is not None else None


def _refuse_sizing(reading: Reading, name: str, description: StrategyDescription) -> None:
    table = find(reading.shaped.table, ("strategies", name))[0]
    if isinstance(table, Table) and table.get("sizing") is not None:
        message = (
            f"strategies.{name}.sizing: {description.name} is written for {description.kind} and sizes its own orders"
        )
        place = reading.key("strategies", name, "sizing")
        reading.problems.append(place.problem(message, "leave it out, and set its sizes in config"))


def _described(reading: Reading, name: str, entry: Strategy) -> tuple[str, StrategyDescription | None]:
    node, place = find(reading.shaped.table, ("strategies", name, "name"))
    table = find(reading.shaped.table, ("strategies", name))[0]
    if isinstance(table, Table) and table.get("name") is not None:
        if entry.name is None:
            return "", None
        place = node.place
    elif not isinstance(table, Table) or reading.shaped.mode == "single" or reading.has_strangers(name):
        return "", None
    reference = entry.name or name
    file, _, target = reference.rpartition(":")
    if file.endswith(".py"):
        reference = f"{reading.relative(file, place)}:{target}"
    try:
        return reference, reading.catalogue(reference, reading.root)
    except ConfigurationError as error:
        nameless = "" if entry.name else "write 'name: …', which is the key when left out; "
        for problem in error.problems:
            hint = problem.hint if problem.hint.startswith("did you mean") else f"{nameless}{problem.hint}"
            reading.problems.append(place.problem(f"strategies.{name}: {problem.message}", hint))
    except OSError as error:
        reading.problems.append(place.problem(f"strategies.{name}: can't be looked up: {error.strerror}"))
    return reference, None


def _framework(reading: Reading, name: str, entry: Strategy, description: StrategyDescription | None) -> str:
    if entry.framework is None:
        if description is None or len(description.frameworks) != 1:
            return next(iter(reading.settings))
        return description.frameworks[0]
    path = ("strategies", name, "framework")
    if entry.framework not in reading.settings:
        known = list(reading.settings)
        hint = did_you_mean(entry.framework, known) or f"known: {', '.join(known)}"
        reading.wrong(path, f"unknown framework '{entry.framework}'", hint)
        return ""
    if description is not None and entry.framework not in description.frameworks:
        able = " or ".join(description.frameworks)
        reading.wrong(path, f"{description.name} can't run on {entry.framework}", f"it runs on {able}")
        return ""
    return entry.framework


def _config(reading: Reading, name: str, description: StrategyDescription) -> dict[str, object] | None:
    path = ("strategies", name, "config")
    node = find(reading.shaped.table, path)[0]
    table = find(reading.shaped.table, ("strategies", name))[0]
    written = node if isinstance(table, Table) and isinstance(table.get("config"), Table) else None
    given = plain(written) if written is not None else {}
    filled, mistakes = fill_parameters(description, given if isinstance(given, dict) else {})
    for problem in mistakes:
        if problem.parameter == "<<":  # reported when the file was read
            continue
        known = description.parameters is None or problem.parameter in description.parameters
        spot = (*path, problem.parameter) if problem.parameter else path
        place = reading.place(*spot) if known else reading.key(*spot)
        reading.problems.append(place.problem(f"strategies.{name}: {problem.message}", problem.hint))
    return None if mistakes else filled


def strategy_plan(reading: Reading, name: str, known: Known, weight: Decimal, symbols: tuple[str, ...]) -> StrategyPlan:
    """Return the entry with every question answered; call it only where nothing is wrong."""
    entry = reading.values.strategies[name]
    return StrategyPlan(
        id=name,
        name=known.description.name,
        kind=known.description.kind,
        reference=known.reference,
        framework=known.framework,
        weight=weight,
        symbols=symbols,
        priority=entry.priority,
        depends_on=tuple(entry.depends_on),
        sizing=sizing_of(reading, name),
        config=known.config,
    )
