"""The nodes of a configuration before it is interpreted: values that know their line and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

from orchestrate.domain.errors import Problem
from orchestrate.domain.text.printable import one_line

#: Messages and hints that quote a file are shown up to this length.
_LONGEST: Final = 400


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """A file, or a substitute for one (`--set a.b`, an environment variable), which has no lines.

    Relative paths in it start at `folder`.
    """

    name: str
    folder: Path
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """The position of a node. Line and column count from 1; they are 0 if the origin has no lines."""

    origin: Origin
    line: int = 0
    column: int = 0
    width: int = 1

    def problem(self, message: str, hint: str = "") -> Problem:
        """Return a problem at this place, on one line of bearable length whatever text it quotes."""
        source = self.origin.lines[self.line - 1] if 0 < self.line <= len(self.origin.lines) else ""
        return Problem(
            one_line(shortened(self.origin.name, _LONGEST)),
            self.line,
            self.column,
            one_line(shortened(message, _LONGEST)),
            one_line(shortened(hint, _LONGEST)),
            self.width,
            source,
        )


class Unreadable(str):
    """Text of a value that was refused when it was read and is not reported again."""

    __slots__ = ()


Value = None | bool | int | Decimal | str


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A value as the YAML 1.2 core rules read it; what looks like a decimal number is a Decimal of its text."""

    place: Place
    value: Value


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A mapping from text to nodes, in the order of the file; `keys` has the place of each key."""

    place: Place
    entries: Mapping[str, Node] = field(default_factory=dict)
    keys: Mapping[str, Place] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[str, Node]]:
        return iter(self.entries.items())

    def __contains__(self, key: object) -> bool:
        return key in self.entries

    def get(self, key: str) -> Node | None:
        """Return the node under `key`; None where there is none or nothing is written there."""
        node = self.entries.get(key)
        return None if isinstance(node, Scalar) and node.value is None else node

    def with_entry(self, key: str, node: Node, place: Place | None = None) -> Table:
        """Return the same table with `node` under `key`."""
        return Table(self.place, {**self.entries, key: node}, {**self.keys, key: place or node.place})

    def without(self, *names: str) -> Table:
        """Return the same table with some keys left out."""
        return Table(
            self.place,
            {key: node for key, node in self.entries.items() if key not in names},
            {key: place for key, place in self.keys.items() if key not in names},
        )


Node = Scalar | Sequence | Table


def plain(node: Node) -> object:
    """Return the value without its places."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(item) for key, item in node}


def node_of(value: object, place: Place) -> Node:
    """Return a value as the node that its text would be, floats as the Decimals they are written as."""
    if isinstance(value, Mapping):
        return Table(place, {str(k): node_of(v, place) for k, v in value.items()}, {str(k): place for k in value})
    if isinstance(value, list | tuple):
        return Sequence(place, tuple(node_of(item, place) for item in value))
    if isinstance(value, float):
        return Scalar(place, Decimal(repr(value)))
    assert value is None or isinstance(value, bool | int | Decimal | str)
    return Scalar(place, value)


def floats(value: object) -> object:
    """Return the same value with floats for Decimals: what a strategy gets as its parameters."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [floats(item) for item in value]
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    return value


def find(node: Node, path: tuple[str | int, ...]) -> tuple[Node, Place]:
    """Return the node at `path`, or the last one on the way, and the place to point at: its key's, else its own."""
    place = node.place
    for step in path:
        if isinstance(node, Table) and isinstance(step, str) and step in node.entries:
            place, node = node.keys[step], node.entries[step]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            place = node.place
        else:
            break
    return node, place


def named(value: object) -> str:
    """Return what to call a value in a message, such as "the text 'abc'"."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text {shortened(value)!r}"
    if isinstance(value, int | Decimal | float):
        return f"the number {shortened(str(value))}"
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def shortened(text: str, most: int = 60) -> str:
    """Return `text`, cut in the middle where it is very long."""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 4 :]}"
