"""The facts about an engine that are known without importing it, and the registry of those that exist."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class AttributeParameters:
    """Parameters that natives declare in an attribute of their class, as pairs of name and default."""

    attribute: str


@dataclass(frozen=True, slots=True)
class ConfigParameters:
    """Parameters that natives declare as fields of a class: that of their constructor's argument.

    `filled_in` are the fields that the adapter fills in from the strategy's entry. The engine's own configurations are
    `classes`, whose defaults are its business, and `base` is what they are derived from.
    """

    filled_in: tuple[str, ...]
    classes: tuple[str, ...]
    base: str


@dataclass(frozen=True, slots=True)
class Natives:
    """The strategies that an engine hosts: classes of its own `package`, and what users derive from them.

    `roots` are the names of the classes that make a strategy; `strategies.` stands for every class of a module.
    `parameters` says where a native declares them. `sized`: it can use the `sizing` of a configuration. `derived` are
    the attributes of users' classes that are classes which the engine has made for them, and keeps in its own modules.
    """

    package: str
    roots: tuple[str, ...]
    parameters: AttributeParameters | ConfigParameters
    sized: bool
    derived: tuple[str, ...] = ()

    def owns(self, dotted: str) -> bool:
        """Return whether a dotted name belongs to the engine's package."""
        return dotted.partition(".")[0] == self.package

    def has_root(self, dotted: str) -> bool:
        """Return whether a dotted name means one of the engine's own strategy classes."""
        rest = dotted.partition(".")[2]
        inside = any(rest.startswith(root) for root in self.roots if root.endswith("."))
        return self.owns(dotted) and (inside or rest.rpartition(".")[2] in self.roots)


#: What a figure of a run, or `status`, is about.
DifferenceKind = Literal["status", "order", "trade", "equity"]
#: One side of a difference, as JSON shows it.
Side = Mapping[str, object]
#: The facts of a side that are amounts of money.
AMOUNTS: Final = frozenset({"fee", "fees", "profit", "equity"})


@dataclass(frozen=True, slots=True)
class Difference:
    """Facts of a strategy that are not the same on two engines, at the bar with label `t`.

    `sides` has them by engine, None where an engine has nothing like it; `strategy` is "" for the portfolio.
    """

    strategy: str
    kind: DifferenceKind
    t: int | None
    sides: Mapping[str, Side | None]


@dataclass(frozen=True, slots=True)
class EngineProperty:
    """A known property of an engine or its adapter, and the differences from another engine that it explains."""

    id: str
    description: str
    explains: Callable[[Difference], bool]


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: where its adapter and its settings are, as `module:name`; its known `properties`, too.

    `room` is the address space that importing it takes. `distribution` is what is installed to have it, "" where that
    is `orchestrate` itself. An engine without `natives` runs portable strategies only.
    """

    name: str
    adapter: str
    settings: str
    distribution: str = ""
    natives: Natives | None = None
    room: int = 0
    properties: str = ""


Engines = Collection[Engine]

#: The registry, by name; `wiring.py`, which alone names engines, fills it.
ENGINES: Final[dict[str, Engine]] = {}


def register(*engines: Engine) -> dict[str, Engine]:
    """Enter engines in the registry, the default of portable strategies first; return the registry."""
    ENGINES.update((engine.name, engine) for engine in engines)
    return ENGINES


def registered_engines() -> tuple[str, ...]:
    """Return the names of all engines; ValueError before they are registered."""
    if not ENGINES:
        raise ValueError("no engine is registered: import from `orchestrate` alone, or pass `frameworks`")
    return tuple(ENGINES)


def natives_of(engines: Engines) -> dict[str, Natives]:
    """Return the natives of those engines that host them, by the engine's name."""
    return {engine.name: engine.natives for engine in engines if engine.natives is not None}


def engine_of(native: type, engines: Engines) -> str:
    """Return the engine that hosts a class; "" where none does. ValueError where several would."""
    names = [f"{parent.__module__}.{parent.__qualname__}" for parent in native.__mro__]
    hosts = [engine for engine, natives in natives_of(engines).items() if any(map(natives.has_root, names))]
    if len(hosts) > 1:
        raise ValueError(f"{native.__name__} is a strategy of {' and of '.join(hosts)}: split it into two classes")
    return hosts[0] if hosts else ""
