"""What the library has, and what one strategy is."""

from __future__ import annotations

from pathlib import Path

from orchestrate import wiring
from orchestrate.domain.errors import NotFoundError, UnknownStrategyError
from orchestrate.domain.strategies.protocols import Parameter, StrategyDescription
from orchestrate.library.catalogue import rules


def list_strategies() -> tuple[list[StrategyDescription], dict[str, str]]:
    """Return all strategies by name, and what is wrong with those that can't be read."""
    installed, broken = wiring.installed()
    return sorted([*wiring.shipped().values(), *installed.values()], key=lambda strategy: strategy.name), broken


def find_strategy(name: str, beside: Path) -> tuple[StrategyDescription, str]:
    """Return a strategy by whatever a configuration in `beside` could call it, and its rules in full; NotFoundError."""
    try:
        description = wiring.describe(name, beside)
    except UnknownStrategyError as error:
        raise NotFoundError(str(error)) from None
    return description, rules(description)


def as_document(description: StrategyDescription) -> dict[str, object]:
    """Return the description in JSON types; `parameters` is null where any keyword is taken."""
    declared = description.parameters
    return {
        "name": description.name,
        "kind": description.kind,
        "frameworks": list(description.frameworks),
        "summary": description.summary,
        "parameters": None if declared is None else [_as_document(name, item) for name, item in declared.items()],
        "relations": list(description.relations),
        "source": description.source,
    }


def _as_document(name: str, parameter: Parameter) -> dict[str, object]:
    """Leave out a default that only the class itself knows."""
    facts: dict[str, object] = {"name": name, "type": type_name(parameter), "required": parameter.required}
    if not parameter.required and parameter.default is not ...:
        facts["default"] = _plain(parameter.default)
    return facts | {
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
        "exclusive": parameter.exclusive,
        "choices": [_plain(choice) for choice in parameter.choices],
        "help": parameter.help,
    }


def type_name(parameter: Parameter) -> str:
    """Return `any` where everything is taken."""
    return "any" if parameter.type is object else parameter.type.__name__


def _plain(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if isinstance(value, (int, float, str, type(None))) else str(value)
