"""The `strategies:` section against the library, the frameworks and each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from orchestrate.config.nodes import Table, find, plain
from orchestrate.config.reading import Reading
from orchestrate.config.schema import SizingSection, Strategy
from orchestrate.domain.errors import ConfigurationError
from orchestrate.domain.parameters import fill_parameters
from orchestrate.domain.plan import Sizing, StrategyPlan
from orchestrate.domain.spelling import did_you_mean
from orchestrate.domain.strategy import PORTABLE_KINDS, StrategyDescription

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DEFAULT_FRAMEWORK: Final = "backtrader"
_FIGURE: Final = {"percent": "percent", "fixed": "quantity", "notional": "amount"}
_RISK_KEYS: Final = ("risk", "stop_atr")


def enabled_strategies(reading: Reading) -> list[str]:
    """The ids that take part, in the order of the file. Ids are checked, of disabled entries too."""
    single = reading.shaped.mode == "single"
    for name in reading.values.strategies:
        if not _IDENTIFIER.fullmatch(name):
            place = reading.place("strategies", name, "name") if single else reading.key("strategies", name)
            hint = "letters, digits and _, a letter first"
            reading.problems.append(place.problem(f"'{name}' can't be a strategy's id", hint))
    written = reading.shaped.table.entries["strategies"]
    enabled = [name for name, entry in reading.values.strategies.items() if entry.enabled]
    if not enabled and reading.shaped.whole and isinstance(written, Table):
        off = [name for name, entry in written if isinstance(entry, Table) and "enabled" in entry]
        message = "no strategy is enabled" if off else "no strategy is named"
        if len(written.entries) == len(reading.values.strategies):
            reading.problems.append(reading.key("strategies").problem(message, "a run needs at least one"))
    return enabled


@dataclass(frozen=True, slots=True)
class Known:
    """A strategy that the library knows, on a framework that exists."""

    description: StrategyDescription
    reference: str
    framework: str
    config: dict[str, object]


def recognise(reading: Reading, name: str) -> Known | None:
    """What the library and the frameworks say of the strategy; None, and a mistake told, where one of them says no."""
    if reading.enough:
        return None
    entry = reading.values.strategies[name]
    reference, description = _described(reading, name, entry)
    framework = _framework(reading, name, entry, description)
    if description is None:
        return None
    if description.kind not in PORTABLE_KINDS:
        what = f"strategies.{name}: {description.name} is written for {description.kind}, and hosting native strategies"
        reading.not_landed(("strategies", name, "name"), what, "use a portable strategy until it has")
        return None
    config = _config(reading, name, description)
    return Known(description, reference, framework, config) if framework and config is not None else None


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
        for problem in error.problems:
            reading.problems.append(place.problem(f"strategies.{name}: {problem.message}", problem.hint))
    except OSError as error:
        reading.problems.append(place.problem(f"strategies.{name}: can't be looked up: {error.strerror}"))
    return reference, None


def _framework(reading: Reading, name: str, entry: Strategy, description: StrategyDescription | None) -> str:
    if entry.framework is None:
        if description is None or len(description.frameworks) != 1:
            return _DEFAULT_FRAMEWORK
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
    filled, found = fill_parameters(description, given if isinstance(given, dict) else {})
    for problem in found:
        known = description.parameters is None or problem.parameter in description.parameters
        spot = (*path, problem.parameter) if problem.parameter else path
        place = reading.place(*spot) if known else reading.key(*spot)
        reading.problems.append(place.problem(f"strategies.{name}: {problem.message}", problem.hint))
    return None if found else filled


def symbols_of(reading: Reading, name: str) -> tuple[str, ...]:
    """The entry's symbols; left out: every symbol of data that can be traded."""
    written = reading.values.strategies[name].symbols
    data = reading.values.data
    if written is None:
        return tuple(symbol for symbol, entry in (data or {}).items() if entry.resample is None)
    seen: set[str] = set()
    for index, symbol in enumerate(written):
        if reading.enough:
            break
        if symbol in seen:
            reading.wrong(("strategies", name, "symbols", index), f"'{symbol}' is named twice")
        elif knows_data(reading) and not has_symbol(reading, symbol):
            message = f"the symbol '{symbol}' is not in data"
            reading.wrong(("strategies", name, "symbols", index), message, symbol_hint(reading, symbol))
        seen.add(symbol)
    return tuple(written)


def knows_data(reading: Reading) -> bool:
    """True where the configuration says anything about data."""
    return isinstance(reading.shaped.table.get("data"), Table)


def has_symbol(reading: Reading, symbol: str) -> bool:
    """True for a symbol that `data` names, be its entry right or wrong."""
    node = reading.shaped.table.get("data")
    return isinstance(node, Table) and symbol in node


def symbol_hint(reading: Reading, symbol: str) -> str:
    """A name near `symbol`, else all there are."""
    node = reading.shaped.table.get("data")
    known = list(node.entries) if isinstance(node, Table) else []
    return did_you_mean(symbol, known) or (f"data has {', '.join(known)}" if 0 < len(known) <= 8 else "")


def sizing_of(reading: Reading, name: str) -> Sizing:
    """The entry's sizing; figures of another method are mistakes."""
    entry = reading.values.strategies[name]
    written = entry.sizing
    path = ("strategies", name, "sizing")
    if written.method == "risk":
        return Sizing()
    for key in sorted({*_FIGURE.values(), *_RISK_KEYS} - {_FIGURE[written.method]}):
        if getattr(written, key) is not None:
            method = next((method for method, figure in _FIGURE.items() if figure == key), "risk")
            hint = f"write 'method: {method}', or leave '{key}' out"
            message = f"'{key}' belongs to the method {method}, and the method is {written.method}"
            reading.problems.append(reading.key(*path, key).problem(f"{'.'.join(path)}: {message}", hint))
    figure = _figure(reading, written, path)
    if written.method == "fixed" and reading.values.execution.lots == "integer" and figure < 1:
        hint = "raise it, or write 'execution: {lots: fractional}'"
        reading.wrong((*path, "quantity"), f"{figure:f} rounds down to no lot at all", hint)
    return Sizing(written.method, figure)


def _figure(reading: Reading, written: SizingSection, path: tuple[str, ...]) -> Decimal:
    key = _FIGURE[written.method]
    figure: Decimal | None = getattr(written, key)
    if figure is not None:
        return figure
    node = find(reading.shaped.table, path)[0]
    if key != "percent" and isinstance(node, Table) and node.get(key) is None:
        example = {"quantity": 100, "amount": 10000}[key]
        reading.wrong(path, f"the method {written.method} needs '{key}'", f"write {key}: {example}")
    return Sizing().value if key == "percent" else Decimal(1)


def dependencies_of(reading: Reading, name: str, enabled: list[str]) -> tuple[str, ...]:
    """The entry's `depends_on`, each one checked on its own."""
    written = reading.values.strategies[name].depends_on
    seen: set[str] = set()
    for index, other in enumerate(written):
        path = ("strategies", name, "depends_on", index)
        twice = other in seen
        seen.add(other)
        if reading.enough:
            break
        if other == name:
            reading.wrong(path, "a strategy can't depend on itself")
        elif twice:
            reading.wrong(path, f"'{other}' is named twice")
        elif other in reading.values.strategies and reading.values.strategies[other].enabled:
            continue
        elif other in reading.values.strategies:
            reading.wrong(path, f"'{other}' is disabled", "enable it, or leave it out here")
        else:
            reading.wrong(path, f"no strategy '{other}'", did_you_mean(other, enabled))
    return tuple(written)


def refuse_circles(reading: Reading, enabled: list[str]) -> None:
    """`depends_on` must lead somewhere; every circle is told once, at its first strategy in the file."""
    waits = {
        name: [other for other in reading.values.strategies[name].depends_on if other in reading.values.strategies]
        for name in enabled
    }
    waits = {name: [other for other in others if other in waits and other != name] for name, others in waits.items()}
    while waits := _unready(waits):
        circle = _circle(waits)
        start = min(range(len(circle)), key=lambda at: enabled.index(circle[at]))
        circle = circle[start:] + circle[:start]
        chain = " → ".join([*circle, circle[0]])
        path = ("strategies", circle[0], "depends_on")
        reading.wrong(path, f"goes round in a circle: {chain}", "break it somewhere")
        waits = {name: others for name, others in waits.items() if name not in circle}


def _unready(waits: dict[str, list[str]]) -> dict[str, list[str]]:
    """Those whose turn never comes: they wait for each other, or for one that does."""
    waiting = {name: sum(other in waits for other in others) for name, others in waits.items()}
    followers: dict[str, list[str]] = {name: [] for name in waits}
    for name, others in waits.items():
        for other in others:
            if other in followers:
                followers[other].append(name)
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:
        for follower in followers[name]:
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    return {name: waits[name] for name, count in waiting.items() if count}


def _circle(waits: dict[str, list[str]]) -> list[str]:
    """One circle among strategies of which each waits for another one of them."""
    trail: dict[str, None] = {}
    name = next(iter(waits))
    while name not in trail:
        trail[name] = None
        name = next(other for other in waits[name] if other in waits)
    walked = list(trail)
    return walked[walked.index(name) :]


def strategy_plan(reading: Reading, name: str, known: Known, weight: Decimal, symbols: tuple[str, ...]) -> StrategyPlan:
    """The entry with every question answered; call it only where nothing is wrong."""
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
