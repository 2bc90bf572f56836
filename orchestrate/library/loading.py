"""From a description to a class, and to an instance with its parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from weakref import finalize

from orchestrate.domain.errors import ConfigurationError, Problem, UnknownStrategyError
from orchestrate.domain.strategies.parameters import fill_parameters
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS, StrategyDescription
from orchestrate.library.catalogue import import_folders, is_path
from orchestrate.library.private_import import forget, load_file


def load(description: StrategyDescription, config: Mapping[str, object], shared: Collection[str] = ()) -> object:
    """Return a new instance of a portable strategy, defaults filled in.

    `shared` are the packages of engines, which a folder of the user's never stands in for. A class that declares
    parameters but has no constructor gets them as attributes. What its file or its constructor
    raises reaches the caller as it is. When the strategy is gone, so is everything that was loaded for it.
    ConfigurationError for a native, which only its engine can build, and for parameters that don't fit.
    """
    if description.kind not in PORTABLE_KINDS:
        raise ConfigurationError(
            f"{description.name} is written for {description.kind}: only its engine can build it, in a backtest"
        )
    filled = _filled(description, config)
    module = _module(description, shared)
    try:
        strategy = _made(_class_in(module, description), filled)
    except BaseException:
        forget(module.__name__)
        raise
    with suppress(TypeError):  # an object that can't be referred to weakly stays loaded
        finalize(strategy, forget, module.__name__).atexit = False
    return strategy


def load_class(description: StrategyDescription, shared: Collection[str] = ()) -> type:
    """Return the strategy's class. A user's file is executed anew each time, so that two strategies share nothing."""
    return _class_in(_module(description, shared), description)


def create(loaded: type, description: StrategyDescription, config: Mapping[str, object]) -> object:
    """Return a new instance of a portable strategy whose class is loaded; see `load`."""
    return _made(loaded, _filled(description, config))


def _filled(description: StrategyDescription, config: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters, defaults filled in; ConfigurationError where they don't fit."""
    filled, problems = fill_parameters(description, config)
    if problems:
        raise ConfigurationError([Problem("", 0, 0, problem.message, problem.hint) for problem in problems])
    return filled


def _made(strategy: type, filled: Mapping[str, object]) -> object:
    if any(_constructs(one) for one in strategy.__mro__):
        return strategy(**filled)
    instance = strategy()
    for name, value in filled.items():
        setattr(instance, name, value)
    return instance


def _constructs(one: type) -> bool:
    """Return whether a class brings a constructor of its own; what `Protocol` and `Generic` put there is none."""
    if one is object or one.__module__ == "typing" or vars(one).get("_is_protocol"):
        return False
    return "__init__" in vars(one) or "__new__" in vars(one)


def _module(description: StrategyDescription, shared: Collection[str]) -> ModuleType:
    place = description.source.rpartition(":")[0]
    if not is_path(description.source):
        return import_module(place)
    return load_file(Path(place), *_folders_of(Path(place), description.reference), shared=shared)


def _class_in(module: ModuleType, description: StrategyDescription) -> type:
    name = description.source.rpartition(":")[2]
    loaded = getattr(module, name, None)
    if not isinstance(loaded, type):
        raise UnknownStrategyError(f"Unknown strategy: {description.reference}: {name} is not a class after loading")
    return loaded


def _folders_of(path: Path, reference: str) -> tuple[Path, ...]:
    """Return the folders in which the file's imports are looked up: for a/b.py named as `a.b:Class` that above a."""
    place, colon, _ = reference.rpartition(":")
    if colon and is_path(reference):
        return import_folders(path, place)
    packages = place.count(".") if colon else 0
    return (path.parents[packages + (path.name == "__init__.py")],)
