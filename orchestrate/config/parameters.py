"""The parameters of a sweep: where each one stands in the file, and the values that it takes, checked one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Final, NamedTuple

from orchestrate.analytics.metrics import METRICS
from orchestrate.config.document.layers import steps_of, with_value
from orchestrate.config.document.nodes import Node, Place, Scalar, Sequence, Table, floats, named, plain
from orchestrate.config.reading import Reading
from orchestrate.config.schema import Configuration
from orchestrate.config.shapes import SHAPE_KEYS, shape
from orchestrate.config.validation import validate
from orchestrate.domain.errors import Problem
from orchestrate.domain.strategies.parameters import fill_parameters
from orchestrate.domain.strategies.protocols import StrategyDescription
from orchestrate.domain.sweeps import COLUMNS, MAX_POINTS, Axis
from orchestrate.domain.text.spelling import did_you_mean

Descriptions = Mapping[str, StrategyDescription]
#: Returns all mistakes of a file.
Mistakes = Callable[[Table], Ordered[Problem]]

_HOW: Final = "write [5, 10, 20], {from: 5, to: 25, step: 5} or {low: 0.05, high: 0.3}"
_STEPPED: Final = ("from", "to", "step")
_RANGED: Final = ("low", "high")
#: So many values of one list are checked before the sweep begins.
_CHECKED: Final = 100
#: Keys whose values several sections must agree on: alone, one may be wrong that is right beside another parameter.
_SHARED: Final = frozenset(
    ("allocation", "allocation_pct", "total", "start", "end", "percent", "per_share", "ticks", "minimum", "every")
)


class Written(NamedTuple):
    """The values of a parameter as nodes with their places, for checks; and where its name stands."""

    axis: Axis
    nodes: tuple[Node, ...]
    key: Place


@dataclass(frozen=True, slots=True)
class Checks:
    """What values of parameters are checked against; `tree` is the file as written, without its sweep."""

    reading: Reading
    tree: Table
    descriptions: Descriptions
    mistakes: Mistakes


def axes(checks: Checks, ranges: bool) -> tuple[Axis, ...]:
    """Return every parameter that the file can take; `ranges`: whether the method draws from ranges."""
    section = checks.reading.shaped.table.entries["sweep"]
    table = section.get("parameters") if isinstance(section, Table) else None
    read: list[Axis] = []
    for name, node in table if isinstance(table, Table) else ():
        if checks.reading.enough:
            break
        written = _written(checks, name, node, table.keys[name], ranges) if isinstance(table, Table) else None
        if written is not None and _fits(checks, written):
            read.append(written.axis)
    return tuple(read)


def strategy_parameter(path: tuple[str, ...], only: str = "") -> tuple[str, str] | None:
    """Return the strategy and the parameter that a path is of; None for any other. `only`: the id of a single one."""
    match path:
        case ("strategies", name, "config", parameter):
            return name, parameter
        case ("config", parameter) | ("strategy", "config", parameter) if only:
            return only, parameter
    return None


def _written(checks: Checks, name: str, node: Node, key: Place, ranges: bool) -> Written | None:
    path = _path(checks, name, key)
    found = _values(checks.reading, name, node, ranges)
    if path is None or found is None:
        return None
    nodes, bounds = found
    values = () if bounds else tuple(floats(plain(one)) for one in nodes)
    return Written(Axis(name, path, values, bounds), nodes, key)


def _path(checks: Checks, name: str, key: Place) -> tuple[str, ...] | None:
    """Return where a parameter stands in the file: `ID.parameter`, or any path from its top."""
    steps = steps_of(name)
    ids, keys = list(checks.descriptions), [*Configuration.model_fields, *SHAPE_KEYS]
    message = hint = ""
    if name in COLUMNS or (steps[-1:] and steps[-1] in METRICS and (len(steps) == 1 or steps[0] in ids)):
        message, hint = "a figure of trials has this name", "write strategies.ID.config.PARAMETER"
    elif not steps or (len(steps) == 1 and steps[0] in ids):
        message, hint = "names no value", "write ID.PARAMETER, or a path of this file such as capital.total"
    elif steps[0] in ids:
        return _of_strategy(checks, steps)
    elif steps[0] not in keys or steps[0] in ("sweep", "extends", "gates", "logging"):
        message = f"no strategy '{steps[0]}', and no key of the file that a run depends on"
        hint = did_you_mean(steps[0], [*ids, *keys])
    elif steps[0] == "strategies" and len(steps) == 1:
        message, hint = "names no value", "write ID.PARAMETER"
    elif steps[0] == "strategies" and isinstance(checks.tree.get("strategies"), Sequence):
        message, hint = "'strategies' is a list, whose parts can't be set", "write strategies: {ID: …}"
    elif steps[0] == "strategies" and steps[1] not in ids:
        message, hint = f"no strategy '{steps[1]}' takes part", did_you_mean(steps[1], ids)
    if message:
        checks.reading.problems.append(key.problem(f"sweep.parameters.{name}: {message}", hint))
        return None
    return steps


def _of_strategy(checks: Checks, steps: tuple[str, ...]) -> tuple[str, ...] | None:
    tree = checks.tree
    if checks.reading.shaped.mode == "multi":
        if not isinstance(tree.get("strategies"), Sequence):
            return ("strategies", steps[0], "config", *steps[1:])
        place = tree.keys["strategies"]
        message = "a sweep varies strategies that are written by id"
        checks.reading.problems.append(place.problem(message, "write strategies: {ID: …} instead of a list"))
        return None
    single = tree.get("strategy")
    inside = isinstance(single, Table) and tree.get("config") is None
    return (*(("strategy", "config") if inside else ("config",)), *steps[1:])


def _values(
    reading: Reading, name: str, node: Node, ranges: bool
) -> tuple[tuple[Node, ...], tuple[float, float] | None] | None:
    """Return the values as nodes; of a range its ends and a number between them, and the range."""
    where = f"sweep.parameters.{name}"
    if isinstance(node, Sequence):
        return _listed(reading, where, node)
    keys = {key for key, _ in node} if isinstance(node, Table) else set()
    known = _STEPPED if keys.intersection(_STEPPED) else _RANGED
    if not isinstance(node, Table) or not keys or not keys <= {*known}:
        found = f"keys {', '.join(sorted(keys))}" if keys else named(plain(node))
        reading.problems.append(node.place.problem(f"{where}: expected values, found {found}", _HOW))
        return None
    numbers = _numbers(reading, where, node, known)
    if numbers is None:
        return None
    if known is _STEPPED:
        return _stepped(reading, where, node, numbers)
    if not ranges:
        message = f"{where}: this method takes values, not a range"
        able = [name for name, able in reading.choices.samplers.items() if able]
        reading.problems.append(node.place.problem(message, f"add a step, or write method: {' or '.join(able)}"))
        return None
    return _ranged(reading, where, node, numbers)


def _listed(reading: Reading, where: str, node: Sequence) -> tuple[tuple[Node, ...], None] | None:
    seen: list[object] = []
    for item in islice(node.items, MAX_POINTS):
        value = plain(item)
        if any(value == one and type(value) is type(one) for one in seen[-_CHECKED:]):
            reading.problems.append(item.place.problem(f"{where}: {named(value)} stands there twice"))
            return None
        seen.append(value)
    if not node.items:
        reading.problems.append(node.place.problem(f"{where} is empty", _HOW))
        return None
    return node.items, None


def _numbers(reading: Reading, where: str, table: Table, keys: Ordered[str]) -> dict[str, int | Decimal] | None:
    """Return the numbers under `keys`, all of which must be there."""
    numbers: dict[str, int | Decimal] = {}
    for key in keys:
        node = table.get(key)
        value = plain(node) if node is not None else None
        if node is None:
            reading.problems.append(table.place.problem(f"{where} needs '{key}'", _HOW))
        elif isinstance(value, bool) or not isinstance(value, int | Decimal):
            reading.problems.append(node.place.problem(f"{where}.{key}: expected a number, found {named(value)}"))
        else:
            numbers[key] = value
    return numbers if len(numbers) == len(keys) else None


def _stepped(
    reading: Reading, where: str, table: Table, numbers: Mapping[str, int | Decimal]
) -> tuple[tuple[Node, ...], None] | None:
    start, end, step = (numbers[key] for key in _STEPPED)
    if step <= 0:
        reading.problems.append(table.entries["step"].place.problem(f"{where}.step must be more than 0, not {step}"))
    elif start >= end:
        message = f"{where}: from must be less than to, but {start} is not less than {end}"
        reading.problems.append(table.entries["from"].place.problem(message))
    elif (count := int((Decimal(end) - Decimal(start)) // Decimal(step)) + 1) > MAX_POINTS:
        message = f"{where}: {count} values are more than {MAX_POINTS}"
        reading.problems.append(table.entries["step"].place.problem(message))
    else:
        place = table.entries["from"].place
        return tuple(Scalar(place, start + number * step) for number in range(count)), None
    return None


def _ranged(
    reading: Reading, where: str, table: Table, numbers: Mapping[str, int | Decimal]
) -> tuple[tuple[Node, ...], tuple[float, float]] | None:
    low, high = (numbers[key] for key in _RANGED)
    place = table.entries["low"].place
    if low >= high:
        message = f"{where}: low must be less than high, but {low} is not less than {high}"
        reading.problems.append(place.problem(message))
        return None
    between = Decimal(repr(float(low) + (float(high) - float(low)) * 0.38196601125))  # no whole number
    nodes = (table.entries["low"], table.entries["high"], Scalar(place, between))
    return nodes, (float(low), float(high))


def _fits(checks: Checks, written: Written) -> bool:
    """Report values that the file can't take whatever else varies; return whether there are none."""
    nodes = written.nodes
    if len(nodes) > _CHECKED:
        nodes = (*nodes[: _CHECKED - 1], nodes[-1])
    before = len(checks.reading.problems)
    for node in nodes:
        problems = _misfits(checks, written, node)
        checks.reading.problems.extend(problems)
        if problems and (problems[0].line, problems[0].column) == (written.key.line, written.key.column):
            break  # the name is wrong, whatever the value
    return len(checks.reading.problems) == before


def _misfits(checks: Checks, written: Written, node: Node) -> list[Problem]:
    path = written.axis.path
    only = next(iter(checks.descriptions)) if checks.reading.shaped.mode == "single" else ""
    of_strategy = strategy_parameter(path, only)
    if of_strategy is not None:
        return _wrong_parameters(checks, written, node, *of_strategy)
    varied = with_value(checks.tree, path, node, written.key)
    problems: list[Problem] = []
    shaped = shape(varied, problems)
    if shaped is not None:
        names = checks.reading.choices.names
        problems += validate(Configuration, shaped.table, besides=SHAPE_KEYS, names=names)[1]
    if not problems and path[-1] not in _SHARED:
        problems = list(checks.mistakes(varied))
    places = {(one.origin.name, one.line, one.column) for one in (written.key, *_places(node))}
    return [problem for problem in problems if (problem.file, problem.line, problem.column) in places]


def _wrong_parameters(checks: Checks, written: Written, node: Node, strategy: str, parameter: str) -> list[Problem]:
    description = replace(checks.descriptions[strategy], relations=())
    _, mistakes = fill_parameters(description, {parameter: plain(node)})
    unknown = description.parameters is not None and parameter not in description.parameters
    place = written.key if unknown else node.place
    return [
        place.problem(f"sweep.parameters.{written.axis.name}: {one.message}", one.hint)
        for one in mistakes
        if one.parameter == parameter
    ]


def _places(node: Node) -> list[Place]:
    if isinstance(node, Table):
        return [node.place, *node.keys.values(), *(place for _, one in node for place in _places(one))]
    if isinstance(node, Sequence):
        return [node.place, *(place for one in node.items for place in _places(one))]
    return [node.place]
