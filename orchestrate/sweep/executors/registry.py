"""Where tasks can be done, by the name that a configuration uses. Their modules are imported where they are used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final

from orchestrate.domain.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from orchestrate.sweep.executors.executor import Executor

#: The module whose function `run` is the executor. A further one is a file and a line here.
EXECUTORS: Final[Mapping[str, str]] = {
    "local": "orchestrate.sweep.executors.local",
    "ray": "orchestrate.sweep.executors.ray_cluster",
}


def executor(name: str) -> Executor:
    """Return the executor of a name."""
    run: Executor = import_module(EXECUTORS[name]).run
    return run


def place(named: str) -> tuple[str, str]:
    """Return the executor that `named` means, such as `local` or `ray://head:10001`, and the address that it gives."""
    name, is_address, _ = named.partition("://")
    if name not in EXECUTORS or (is_address and name == "local"):
        hint = f"one of {', '.join(EXECUTORS)}"
        raise ConfigurationError([Problem("--on", 0, 0, f"there is no executor {named!r}", hint)])
    return name, named if is_address else ""
