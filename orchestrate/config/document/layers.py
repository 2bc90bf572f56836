"""One tree out of several layers, weakest first: `extends`, the file, the environment, `--set`, `--data`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Ordered
from pathlib import Path
from typing import Final

from orchestrate.config.document.nodes import Node, Origin, Place, Scalar, Sequence, Table, named, plain
from orchestrate.config.document.parser import MOST_DEPTH, read_file, read_text
from orchestrate.config.shapes import ALIASES, lengthened
from orchestrate.domain.errors import Problem

PREFIX: Final = "ORCHESTRATE__"
_STEP = re.compile(r"""(?:"([^"]+)"|'([^']+)'|([^."'=\s]+))(?:\.(?=.)|$)""")
#: What no value begins with in YAML, or nothing on one line: such a text stands for itself (>= 0.5, %d/%m/%Y, a tab).
_NO_YAML: Final = (">", "%", ",", "|", "@", "`", "\t")
_BY_SYMBOL: Final = ("data", "instruments")
#: So many files may extend one another.
MOST_FILES: Final = 20


def layered(
    path: Path, name: str, environ: Mapping[str, str], overrides: Iterable[str], data: Iterable[str]
) -> tuple[Table | None, list[Problem], list[str]]:
    """Return the tree, all problems of reading it, and the names of its origins, in reporting order."""
    files = _Files()
    tree = files.read(path, name, ())
    problems, order = files.problems, files.names
    if tree is None:
        return None, problems, order
    variables = sorted(variable for variable in environ if variable.startswith(PREFIX))
    given = [(Origin(variable, path.parent), variable, environ[variable]) for variable in variables]
    for origin, spot, text in [*given, *_overrides(overrides, path.parent)]:
        order.append(origin.name)
        tree, mistakes = _laid(tree, origin, spot, text, "write --set capital.total=50000")
        problems.extend(mistakes)
    for text in data:
        symbol, _, file = text.partition("=")
        origin = Origin(f"--data {symbol}", Path.cwd())
        order.append(origin.name)
        place = Place(origin)
        if not symbol or not file:
            problems.append(place.problem("expected SYMBOL=PATH", "write --data IBM=prices/IBM.csv"))
            continue
        top = _nested(("data", symbol), Scalar(place, file), place)
        known = tree.get("data")
        if isinstance(known, Table):
            tree = tree.with_entry("data", known.without(symbol), tree.keys["data"])
        tree = merged(tree, top)
    return tree, problems, order


def entry_of(overrides: Iterable[str], folder: Path) -> tuple[Table, list[Problem]]:
    """Return what `--set` texts write into an empty data entry, and all problems of reading them."""
    tree, problems = Table(Place(Origin("--set", folder))), []
    for origin, spot, text in _overrides(overrides, folder):
        tree, mistakes = _laid(tree, origin, spot, text, "write --set date_format=day_first")
        problems.extend(mistakes)
    return tree, problems


def _overrides(overrides: Iterable[str], folder: Path) -> list[tuple[Origin, str, str]]:
    """Return each text `a.b=c` as where it comes from, a.b (empty without a value) and c."""
    parts = [(text.partition("=")[0].strip(), text) for text in overrides]
    return [
        (Origin(f"--set {spot}", folder), spot if "=" in text else "", text.partition("=")[2]) for spot, text in parts
    ]


class _Files:
    """Reads a file and what it extends."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.names: list[str] = []

    def read(self, path: Path, name: str, above: tuple[tuple[str, str], ...]) -> Table | None:
        """Return the tree of `path` laid over what it extends; `above` are the files that extend it."""
        node, mistakes = read_file(path, name)
        self.names.append(name)
        self.problems.extend(mistakes)
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return None
        if not isinstance(node, Table):
            hint = "a configuration starts with keys such as 'strategy:'"
            self.problems.append(node.place.problem(f"expected a mapping, found {named(plain(node))}", hint))
            return None
        extends = node.get("extends")
        if extends is None:
            return node
        if not isinstance(extends, Scalar) or not isinstance(extends.value, str):
            found_instead = named(plain(extends))
            place = extends.place
            self.problems.append(place.problem(f"extends: expected the name of a file, found {found_instead}"))
            return node
        base = self._base(extends.place, extends.value, path, name, above)
        return merged(base, node) if base is not None else node

    def _base(
        self, place: Place, written: str, path: Path, name: str, above: tuple[tuple[str, str], ...]
    ) -> Table | None:
        target = path.parent / written
        shown = (Path(name).parent / written).as_posix()
        try:
            real, exists, regular = os.path.realpath(target), target.exists(), target.is_file()
        except (OSError, ValueError):
            real, exists, regular = "", False, False
        chain = (*above, (os.path.realpath(path), name))
        if any(real == seen for seen, _ in chain):
            circle = " → ".join([*(shown_name for _, shown_name in chain), shown])
            self.problems.append(place.problem(f"extends is circular: {circle}"))
            return None
        if len(chain) >= MOST_FILES:
            self.problems.append(place.problem(f"extends: more than {MOST_FILES} files, each extending the next"))
            return None
        if not exists:
            self.problems.append(place.problem(f"extends: no such file: {written}", "it is looked up beside this file"))
            return None
        if not regular:
            kind = "a folder" if target.is_dir() else "a pipe or a device"
            self.problems.append(place.problem(f"extends: {written} is {kind}, not a regular file"))
            return None
        return self.read(target, shown, chain)


def merged(base: Table, top: Table, path: tuple[str, ...] = ()) -> Table:
    """Return `top` laid over `base`: mappings are joined key by key, everything else is replaced.

    A mapping over a short form (`capital: 300000`) completes it; a key also replaces its other word.
    """
    entries, keys = dict(base.entries), dict(base.keys)
    for key, node in top:
        if _is_strategy(path):
            for other in _other_words(key):
                entries.pop(other, None)
                keys.pop(other, None)
        below = entries.get(key)
        if below is not None and isinstance(node, Table):
            below = lengthened((*path, key), below)
        if isinstance(below, Table) and isinstance(node, Table):
            entries[key] = merged(below, node, (*path, key))
        else:
            entries[key], keys[key] = node, top.keys[key]
    return Table(base.place, entries, keys)


def _is_strategy(path: tuple[str, ...]) -> bool:
    return path == ("strategy",) or (len(path) == 2 and path[0] == "strategies")


def _other_words(key: str) -> list[str]:
    return [ALIASES[key]] if key in ALIASES else [alias for alias, word in ALIASES.items() if word == key]


def _laid(tree: Table, origin: Origin, spot: str, text: str, how: str) -> tuple[Table, list[Problem]]:
    """Return `tree` with the value `text` (read as YAML) at `spot`: a.b.c, or the name of an environment variable.

    `how` is a hint where `spot` names nothing.
    """
    place = Place(origin)
    is_variable = origin.name.startswith(PREFIX)
    path = _variable_path(tree, spot) if is_variable else steps_of(spot)
    if not path:
        example = f"name it as {PREFIX}CAPITAL__TOTAL" if is_variable else how
        return tree, [place.problem("names no key", example)]
    if len(path) > MOST_DEPTH:
        return tree, [place.problem(f"nested deeper than {MOST_DEPTH} levels")]
    if path[0] == "extends":
        return tree, [place.problem("'extends' can only be written in a file", "set single keys, or write it there")]
    node, problems = _value(text, origin)
    if problems:
        return tree, problems
    below: Node | None = tree
    for depth, step in enumerate(path):
        if isinstance(below, Sequence):
            inside = ".".join(path[:depth])
            return tree, [place.problem(f"{inside} is a list; a part of it can't be set", "set all of it")]
        below = below.get(step) if isinstance(below, Table) else None
    return merged(tree, _nested(path, node, place)), []


def _value(text: str, origin: Origin) -> tuple[Node, list[Problem]]:
    place = Place(origin)
    bare = text.strip(" ")
    if bare.startswith(_NO_YAML):
        return Scalar(place, bare), []
    if not text.strip():
        return Scalar(place, None), []
    node, problems = read_text(text, origin)
    return (node if node is not None else Scalar(place, None)), problems


def steps_of(spot: str) -> tuple[str, ...]:
    """Return `a.b."c.d"` as its steps; empty where it can't be read.

    What follows `gates.` is one step, a metric's path.
    """
    if spot.startswith("gates.") and len(spot) > len("gates."):
        return ("gates", spot.removeprefix("gates.").strip("\"'"))
    steps: list[str] = []
    at = 0
    while at < len(spot):
        match = _STEP.match(spot, at)
        if match is None:
            return ()
        steps.append(next(group for group in match.groups() if group is not None))
        at = match.end()
    return tuple(steps)


def _variable_path(tree: Table, variable: str) -> tuple[str, ...]:
    """Return keys by their own spelling where the tree has them, whatever the case; new ones in small letters."""
    path: list[str] = []
    below: Node | None = tree
    for word in variable.removeprefix(PREFIX).split("__"):
        if not word:
            return ()
        known: Ordered[str] = list(below.entries) if isinstance(below, Table) else []
        as_written = len(path) == 1 and path[0] in _BY_SYMBOL
        fallback = word if as_written or word != word.upper() else word.lower()
        step = word if word in known else next((key for key in known if key.lower() == word.lower()), fallback)
        path.append(step)
        below = below.get(step) if isinstance(below, Table) else None
    return tuple(path)


def with_value(tree: Table, path: Ordered[str], node: Node, place: Place) -> Table:
    """Return `tree` with `node` laid over it at `path`, whose keys are written at `place`."""
    return merged(tree, _nested(path, node, place))


def _nested(path: Ordered[str], node: Node, place: Place) -> Table:
    result: Node = node
    for step in reversed(path):
        result = Table(place, {step: result}, {step: place})
    return result if isinstance(result, Table) else Table(place)
