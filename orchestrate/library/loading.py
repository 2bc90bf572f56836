"""From a description to a class, and to an instance with its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from orchestrate.domain.errors import ConfigurationError, Problem, UnknownStrategyError
from orchestrate.domain.parameters import fill_parameters
from orchestrate.domain.strategy import PORTABLE_KINDS, StrategyDescription
from orchestrate.library.catalogue import is_path
from orchestrate.library.private_import import load_file


def load(description: StrategyDescription, config: Mapping[str, object]) -> object:
    """A new instance of a portable strategy, defaults filled in.

    A class that declares parameters but has no constructor gets them as attributes. What its file or its constructor
    raises reaches the caller as it is. ConfigurationError for a native, which only its engine can build, and for
    parameters that don't fit.
    """
    if description.kind not in PORTABLE_KINDS:
        raise ConfigurationError(
            f"{description.name} is written for {description.kind}: only its engine can build it, in a backtest"
        )
    filled, problems = fill_parameters(description, config)
    if problems:
        raise ConfigurationError([Problem("", 0, 0, problem.message, problem.hint) for problem in problems])
    strategy = load_class(description)
    if strategy.__init__ is not object.__init__:  # type: ignore[misc] # compared, not called
        return strategy(**filled)
    instance = strategy()
    for name, value in filled.items():
        setattr(instance, name, value)
    return instance


def load_class(description: StrategyDescription) -> type:
    """The strategy's class. A user's file is executed anew each time, so that two strategies share nothing."""
    place, _, name = description.source.rpartition(":")
    if is_path(description.source):
        path = Path(place)
        module = load_file(path, _folder_of(path, description.reference))
    else:
        module = import_module(place)
    found = getattr(module, name, None)
    if not isinstance(found, type):
        raise UnknownStrategyError(f"Unknown strategy: {description.reference}: {name} is no class once loaded")
    return found


def _folder_of(path: Path, reference: str) -> Path:
    """The folder from which the file's imports are looked up: for a/b.py named as `a.b:Class` that above a."""
    place, colon, _ = reference.rpartition(":")
    packages = place.count(".") if colon and not is_path(reference) else 0
    return path.parents[packages + (path.name == "__init__.py")]
