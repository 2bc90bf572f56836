"""The facts about an engine that are known without importing it; wiring.py has the registry of those that exist."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Natives:
    """The strategies that an engine hosts: classes of its own `package`, and what users derive from them.

    `roots` are the names of the classes that make a strategy; `strategies.` stands for every class of a module.
    `parameters` names where a native declares them: in `params` of the class, or in the class of its constructor's
    `config`. `sized`: it can use the `sizing` of a configuration.
    """

    package: str
    roots: tuple[str, ...]
    parameters: Literal["params", "config"]
    sized: bool

    def owns(self, dotted: str) -> bool:
        """Return whether a dotted name belongs to the engine's package."""
        return dotted.partition(".")[0] == self.package

    def has_root(self, dotted: str) -> bool:
        """Return whether a dotted name means one of the engine's own strategy classes."""
        rest = dotted.partition(".")[2]
        inside = any(rest.startswith(root) for root in self.roots if root.endswith("."))
        return self.owns(dotted) and (inside or rest.rpartition(".")[2] in self.roots)


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: where its adapter and its settings are, as `module:name`.

    `room` is the address space that importing it takes. `distribution` is what is installed to have it, "" where that
    is `orchestrate` itself. An engine without `natives` runs portable strategies only.
    """

    name: str
    adapter: str
    settings: str
    distribution: str = ""
    natives: Natives | None = None
    room: int = 0


Engines = Collection[Engine]


def natives_of(engines: Engines) -> dict[str, Natives]:
    """Return the natives of those engines that host them, by the engine's name."""
    return {engine.name: engine.natives for engine in engines if engine.natives is not None}
