"""Infer the kind of a strategy class from its base classes and methods."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from orchestrate.domain.engines import Engines, natives_of
from orchestrate.domain.strategies.protocols import Kind
from orchestrate.library.source import ClassSource, is_of_an_engine

#: kind → the methods that make it
PORTABLE_METHODS: dict[Kind, tuple[str, ...]] = {
    "signals": ("signals",),
    "istrategy": ("should_enter", "should_exit"),
    "on_bar": ("on_bar",),
}
NEEDED = "it needs signals(bars), should_enter(bars) and should_exit(position, bars), or on_bar(context)"


class NoStrategyError(Exception):
    """The class is no strategy, or more than one; the second argument is the way out."""


def frameworks_of(kind: Kind, engines: Engines) -> tuple[str, ...]:
    """Return where a strategy of that kind can run."""
    return tuple(engine.name for engine in engines) if kind in PORTABLE_METHODS else (kind,)


def kind_of(lineage: Sequence[ClassSource], ends: Sequence[str], engines: Engines) -> Kind:
    """Return the kind of the first class of `lineage`; NoStrategyError.

    A native stays native whatever methods it has.
    """
    roots = [name for name, natives in natives_of(engines).items() if any(map(natives.has_root, ends))]
    if len(roots) > 1:
        raise NoStrategyError(f"class {lineage[0].name} is a strategy of both engines", "split it into two classes")
    if roots:
        return roots[0]
    methods = {name for source in lineage for name in methods_of(source)}
    kinds = [kind for kind, needed in PORTABLE_METHODS.items() if methods.issuperset(needed)]
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        methods_found = " and ".join(name for kind in kinds for name in PORTABLE_METHODS[kind])
        raise NoStrategyError(
            f"class {lineage[0].name} has {methods_found}: it may have only one of them", "keep one of them"
        )
    raise _none_found(lineage[0].name, methods, ends, engines)


def methods_of(source: ClassSource) -> set[str]:
    """Return the methods that the class body itself defines, without abstract and asynchronous ones."""
    if source.module.path.parts[-3:] == ("orchestrate", "domain", "strategy.py"):
        return set()
    names: set[str] = set()
    for node in source.node.body:
        if isinstance(node, ast.FunctionDef):
            if not any(ast.unparse(item).endswith("abstractmethod") for item in node.decorator_list):
                names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return names


def _none_found(name: str, methods: set[str], ends: Sequence[str], engines: Engines) -> NoStrategyError:
    for present, missing in (("should_enter", "should_exit"), ("should_exit", "should_enter")):
        if present in methods:
            return NoStrategyError(f"class {name} has {present} but no {missing}", NEEDED)
    strangers = [end for end in ends if end not in PLAIN_PARENTS]
    if not strangers:
        return NoStrategyError(f"class {name} is no strategy", NEEDED)
    parents = ", ".join(strangers)
    if any(is_of_an_engine(end, engines) for end in strangers):
        return NoStrategyError(f"class {name} is no strategy: {parents} is none", "inherit from the engine's Strategy")
    return NoStrategyError(f"class {name} is not a strategy, and its parent {parents} can't be found", NEEDED)


#: Parents that bring neither methods nor parameters along.
PLAIN_PARENTS = frozenset({"object", "abc.ABC", "ABC", "typing.Protocol", "typing.Generic", "Protocol", "Generic"})
