"""Where tasks can be done, by the name that a configuration uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrate.domain.errors import ConfigurationError, Problem
from orchestrate.sweep.executors import local, ray_cluster
from orchestrate.sweep.executors.executor import Executor

#: A further one is a file and a line here.
EXECUTORS: Final[Mapping[str, Executor]] = {"local": local.run, "ray": ray_cluster.run}


def place(named: str) -> tuple[str, str]:
    """Return the executor that `named` means, such as `local` or `ray://head:10001`, and the address that it gives."""
    name, is_address, _ = named.partition("://")
    if name not in EXECUTORS or (is_address and name == "local"):
        hint = f"one of {', '.join(EXECUTORS)}"
        raise ConfigurationError([Problem("--on", 0, 0, f"there is no executor {named!r}", hint)])
    return name, named if is_address else ""
