"""`orchestrate strategies`: the library, or one strategy in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrate.cli.options import TableFormat

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from orchestrate.domain.strategies.protocols import Parameter, StrategyDescription


def strategies(
    name: Annotated[str, typer.Argument(help="A library name, package.module:Class or path/to/file.py:Class.")] = "",
    output: TableFormat = "table",
) -> None:
    """List the strategies, or show one in full."""
    from pathlib import Path

    from orchestrate.domain.text.printable import one_line
    from orchestrate.reporting.output import complain, say_json
    from orchestrate.usecases.strategies import as_document, find_strategy, list_strategies

    if name:
        description, rules = find_strategy(name, Path.cwd())
        if output == "json":
            say_json({"schema_version": 1, "strategy": as_document(description) | {"rules": rules}})
        else:
            _show_one(description, rules)
        return
    listed, broken = list_strategies()
    if output == "json":
        failures = [{"name": name, "message": message} for name, message in broken.items()]
        say_json({"schema_version": 1, "strategies": [as_document(one) for one in listed], "broken": failures})
    else:
        _show_all(listed)
    for broken_name, message in broken.items():
        complain(one_line(f"warning: strategy {broken_name} is left out: {message}"))


def _show_all(listed: list[StrategyDescription]) -> None:
    from rich.text import Text

    from orchestrate.reporting.output import show

    table = _table("name", "kind", "runs on", "what it does, parameters")
    for one in listed:
        runs_on = {1: one.frameworks[0], 2: "both"}.get(len(one.frameworks), "all")
        about = Text(one.summary)
        about.append(f"\n{_defaults(one) or 'no parameters'}\n", style="dim")
        table.add_row(Text(one.name, style="bold"), one.kind, runs_on, about)
    show(table, "orchestrate strategies NAME shows one in full.")


def _defaults(one: StrategyDescription) -> str:
    if one.parameters is None:
        return "any parameter"
    return ", ".join(
        f"{name} {_default(parameter)}" for name, parameter in one.parameters.items() if parameter.default is not None
    )


def _show_one(one: StrategyDescription, rules: str) -> None:
    from rich.text import Text

    from orchestrate.reporting.output import show

    runs_on = " and ".join(one.frameworks)
    parts: list[RenderableType] = [
        Text.assemble((one.name, "bold"), f"  {one.kind}, runs on {runs_on}\n"),
        Text(rules or "It has no documentation."),
        *_parameters(one),
    ]
    if one.relations:
        parts.append(f"\n{' and '.join(one.relations)} must hold.")
    show(*parts, Text(f"\nIn a configuration:\n\n{_example(one)}"))


def _parameters(one: StrategyDescription) -> list[RenderableType]:
    from rich.text import Text

    if one.parameters is None:
        return ["\nIt takes any parameter."]
    if not one.parameters:
        return ["\nIt takes no parameters."]
    table = _table("parameter", "type", "default", "range", "meaning")
    for name, parameter in one.parameters.items():
        table.add_row(Text(name, style="bold"), *_cells(parameter))
    return ["", table]


def _cells(parameter: Parameter) -> tuple[str, str, str, str]:
    from orchestrate.usecases.strategies import type_name

    return type_name(parameter), _default(parameter), _range(parameter), parameter.help


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "(required)"
    if parameter.default is ...:
        return "(its own)"
    return "–" if parameter.default is None else _written(parameter.default)


def _range(parameter: Parameter) -> str:
    low, high = parameter.minimum, parameter.maximum
    if parameter.choices:
        return " | ".join(str(choice) for choice in parameter.choices) + ("" if low is None else f", or ≥ {low:g}")
    if low is not None and high is not None:
        return f"{low:g} < … < {high:g}" if parameter.exclusive else f"{low:g} … {high:g}"
    if low is not None:
        return f"{'>' if parameter.exclusive else '≥'} {low:g}"
    return "" if high is None else f"{'<' if parameter.exclusive else '≤'} {high:g}"


def _example(one: StrategyDescription) -> str:
    """Return a strategy's entry as it could stand in a file."""
    taken = {
        name: "…" if parameter.required else _written(parameter.default)
        for name, parameter in (one.parameters or {}).items()
        if parameter.required or parameter.default not in (None, ...)
    }
    config = "".join(f"\n      {name}: {value}" for name, value in taken.items())
    lines = f"strategies:\n  mine:\n    name: {one.reference}\n    allocation: 50"
    return f"{lines}\n    config:{config}" if config else lines


def _written(value: object) -> str:
    """Return `value` as it would be written in a configuration."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(*heads: str) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", expand=False)
    for head in heads:
        table.add_column(head, no_wrap=head in ("name", "kind", "runs on", "parameter", "type", "default"))
    return table
