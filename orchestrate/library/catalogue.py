"""Describe a strategy from its reference in a configuration, without importing it.

A reference is a library name (MOMENTUM), `package.module:Class` or `path/to/file.py:Class`; the last two are looked up
beside the configuration first.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from orchestrate.domain.engines import Engine, natives_of
from orchestrate.domain.errors import Problem, UnknownStrategyError
from orchestrate.domain.strategies.protocols import StrategyDescription
from orchestrate.domain.text.spelling import did_you_mean
from orchestrate.library.declarations import DeclarationError, declared_traits, parameters_of
from orchestrate.library.kinds import NoStrategyError, frameworks_of, kind_of
from orchestrate.library.literals import literal
from orchestrate.library.source import (
    ClassSource,
    Reader,
    UnreadableSourceError,
    find_module,
    is_file,
    module_file,
)

GROUP = "orchestrate.strategies"
Engines = tuple[Engine, ...]
_PREFIX = "Unknown strategy: "
_PACKAGE = Path(__file__).parents[1]
#: In a wheel the shipped strategies stand inside the package, in a checkout beside it.
_SHIPPED_FOLDERS = (_PACKAGE / "shipped_strategies", _PACKAGE.parent / "strategies")


def describe(reference: str, beside: Path, engines: Engines) -> StrategyDescription:
    """Return all that can be known of a strategy; UnknownStrategyError when there is none or it can't be read.

    `engines` are those that could run it.
    """
    if ":" in reference or reference.endswith(".py"):
        return _own(reference, beside, engines)
    ours = _shipped(engines)
    if reference in ours:
        return ours[reference]
    third_party, problems = installed(engines)
    if reference in third_party:
        return third_party[reference]
    if reference in problems:
        raise _unknown(reference, problems[reference])
    names = [*ours, *third_party]
    raise _unknown(reference, hint=did_you_mean(reference, names) or f"the library has {', '.join(names)}")


def shipped(engines: Engines) -> dict[str, StrategyDescription]:
    """Return the strategies that come with `orchestrate`, by name, in alphabetical order."""
    return dict(_shipped(engines))


def shipped_folder() -> Path:
    """Return where the files of the shipped strategies stand."""
    return next(folder for folder in _SHIPPED_FOLDERS if folder.is_dir())


@cache
def _shipped(engines: Engines) -> Mapping[str, StrategyDescription]:
    reader = Reader(engines)
    folder = shipped_folder()
    strategies: dict[str, StrategyDescription] = {}
    for path in sorted(folder.glob("*.py")):
        module = reader.module(path, (folder,))
        for node in module.classes.values():
            source = ClassSource(module, node)
            name = _library_name(source)
            if name:
                strategies[name] = _described(name, source, f"{path}:{node.name}", reader)
    return dict(sorted(strategies.items()))


def installed(engines: Engines) -> tuple[dict[str, StrategyDescription], dict[str, str]]:
    """Return strategies of third-party packages by entry point, and the broken ones: name → what is wrong."""
    from importlib.metadata import entry_points

    strategies: dict[str, StrategyDescription] = {}
    broken: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        if point.name in _shipped(engines) or point.name in strategies:
            broken.setdefault(point.name, f"'{point.value}' uses a name that is taken")
            continue
        try:
            strategies[point.name] = _of_module(point.name, point.value, (), engines)
        except UnknownStrategyError as error:
            broken[point.name] = f"{point.value}: {error.problems[0].message.removeprefix(f'{_PREFIX}{point.name}: ')}"
    return strategies, broken


def rules(description: StrategyDescription) -> str:
    """Return the strategy's whole documentation, as its author wrote it."""
    place, _, name = description.source.rpartition(":")
    path = Path(place) if is_path(description.source) else find_module(place)
    if path is None:
        return description.summary
    reader = Reader(())
    match = reader.named(reader.module(path, (path.parent,)), name)
    return match.docstring if isinstance(match, ClassSource) else description.summary


def is_path(reference: str) -> bool:
    """Return True for `path/to/file.py:Class`, False for `package.module:Class`."""
    place = reference.rpartition(":")[0]
    return place.endswith(".py") or "/" in place or "\\" in place


def import_folders(path: Path, written: str) -> tuple[Path, ...]:
    """Return where absolute imports of `path` are looked up: its own folder, then the one `written` starts from.

    For `../strategies/trend.py` that is `strategies`, then the folder above it.
    """
    own = path.parents[path.name == "__init__.py"]
    named = tuple(part for part in Path(written).parts if part != "..")
    if Path(written).is_absolute() or path.parts[-len(named) :] != named:
        return (own,)
    return tuple(dict.fromkeys((own, path.parents[len(named) - 1])))


def _own(reference: str, beside: Path, engines: Engines) -> StrategyDescription:
    place, _, name = reference.rpartition(":")
    if not name.isidentifier():
        raise _unknown(reference, "no class is named", _classes_hint(place or name, beside))
    if not place:
        raise _unknown(reference, "no file or module is named", "write path/to/file.py:Class or package.module:Class")
    if not is_path(reference):
        return _of_module(reference, reference, (beside,), engines)
    for folder in (beside, Path.cwd()):
        path = folder / place
        if is_file(path):
            path = path.resolve()
            return _of_file(reference, f"{path}:{name}", path, import_folders(path, place), engines)
    raise _unknown(reference, f"there is no file {place}", f"looked in {beside.resolve()}")


def _classes_hint(place: str, beside: Path) -> str:
    """Return the classes one could have meant."""
    path = beside / place
    if place.endswith(".py") and is_file(path):
        try:
            names = list(Reader(()).module(path, ()).classes)
        except UnreadableSourceError:
            names = []
        if names:
            return f"write {place}:{names[0]}" + (f" (it has {', '.join(names)})" if names[1:] else "")
    return "write path/to/file.py:Class or package.module:Class"


def _of_module(name: str, reference: str, folders: tuple[Path, ...], engines: Engines) -> StrategyDescription:
    """Search `folders` before the installed packages.

    What is found in them is loaded by file, the rest imported.
    """
    place, _, class_name = reference.partition(":")
    parts = place.split(".")
    if not all(part.isidentifier() for part in parts) or not class_name:
        raise _unknown(name, f"'{place}' is no module", "write package.module:Class")
    for folder in folders:
        path = module_file(folder.resolve(), parts)
        if path:
            return _of_file(name, f"{path}:{class_name}", path, (folder.resolve(),), engines)
    path = find_module(place)
    if path is None or path.suffix != ".py":
        looked = f" beside the configuration ({folders[0].resolve()}) or" if folders else ""
        raise _unknown(name, f"there is no module {place}", f"looked{looked} among the installed packages")
    return _of_file(name, f"{place}:{class_name}", path, (), engines)


def _of_file(
    reference: str, source: str, path: Path, folders: tuple[Path, ...], engines: Engines
) -> StrategyDescription:
    reader = Reader(engines)
    class_name = source.rpartition(":")[2]
    try:
        module = reader.module(path, folders)
    except UnreadableSourceError as error:
        raise _unknown(reference, str(error)) from None
    match = reader.named(module, class_name)
    if match is None:
        there = ", ".join(module.classes)
        hint = did_you_mean(class_name, module.classes) or (f"it has {there}" if there else "it has no class at all")
        raise _unknown(reference, f"{path.name} has no class {class_name}", hint)
    if isinstance(match, str):
        raise _unknown(reference, f"{path.name} takes {class_name} from {match}, which can't be read")
    return _described(reference, match, source, reader)


def _described(reference: str, match: ClassSource, source: str, reader: Reader) -> StrategyDescription:
    lineage, ends = reader.lineage(match)
    try:
        kind = kind_of(lineage, ends, reader.engines)
        parameters, relations = parameters_of(kind, lineage, ends, reader)
    except NoStrategyError as error:
        raise _unknown(reference, str(error.args[0]), str(error.args[1])) from None
    except DeclarationError as error:
        raise _unknown(reference, str(error)) from None
    summary = " ".join(match.docstring.partition("\n\n")[0].split())
    frameworks = frameworks_of(kind, reader.engines)
    natives = natives_of(reader.engines).get(kind)
    sized = natives is None or natives.sized
    facts = (parameters, relations, summary, source, sized, declared_traits(kind, lineage))
    return StrategyDescription(reference, kind, reference, frameworks, *facts)


def _library_name(source: ClassSource) -> str:
    """Return the name in a shipped strategy's `name = "…"`; "" for classes that are no strategies of the library."""
    for node in source.node.body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "name" for to in node.targets):
            return str(literal(node.value, source.module))
    return ""


def _unknown(reference: str, why: str = "", hint: str = "") -> UnknownStrategyError:
    text = f"{_PREFIX}{reference}"
    return UnknownStrategyError([Problem("", 0, 0, f"{text}: {why}" if why else text, hint)])
