"""YAML text → nodes, by events, with no recursion: bounded in size, depth and number, so that nothing can hang it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from orchestrate.config.document.nodes import (
    Node,
    Origin,
    Place,
    Scalar,
    Sequence,
    Table,
    Unreadable,
    Value,
    named,
    shortened,
)
from orchestrate.config.document.parser_errors import explain
from orchestrate.config.document.scalars import resolve_plain
from orchestrate.domain.errors import Problem

#: Where PyYAML was built without libyaml its own parser does, slower and with other words for some mistakes.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MOST_BYTES: Final = 1_000_000
MOST_NODES: Final = 20_000
MOST_DEPTH: Final = 40
_READABLE: Final = "\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_ASCII: Final = frozenset("\t\n\r" + "".join(map(chr, range(0x20, 0x7F))))
_LINE_END = re.compile("\r\n|\r|\n")


class _UnusableError(Exception):
    """Reading can't go on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read_file(path: Path, name: str) -> tuple[Node | None, list[Problem]]:
    """Return the document in `path`, called `name` in messages; None, and a problem, if it can't be read."""
    origin = Origin(name, path.parent)
    try:
        if path.is_dir():
            return None, [Place(origin).problem("is a folder, not a configuration file")]
        if path.exists() and not path.is_file():  # reading a pipe or a device may never end
            return None, [Place(origin).problem("is a pipe or a device, not a regular file")]
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None, [Place(origin).problem("no such file")]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return None, [Place(origin).problem(f"cannot be read: {reason}")]
    origin = Origin(name, path.parent, _lines(data.decode("utf-8-sig", "replace")))
    try:
        text = _decode(data, origin)
    except _UnusableError as unusable:
        return None, [unusable.problem]
    node, problems = read_text(text, origin)
    if not problems and (node is None or (isinstance(node, Scalar) and node.value is None)):
        problems.append(Place(origin, 1, 1).problem("the file is empty", "start with 'strategy: MOMENTUM'"))
    return node, problems


def read_text(text: str, origin: Origin) -> tuple[Node | None, list[Problem]]:
    """Return the one document in `text`.

    None where it can't be read, and then at least one problem, or where it is empty.
    """
    builder = _Builder(origin)
    try:
        _refuse_unreadable(text, origin)
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _UnusableError as unusable:
        builder.problems.append(unusable.problem)
        return None, builder.problems
    except yaml.MarkedYAMLError as error:
        builder.problems.append(explain(error, origin))
        return None, builder.problems
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        builder.problems.append(Place(origin, min(1, len(origin.lines)), 1).problem(f"this is not YAML: {reason}"))
        return None, builder.problems
    return builder.result, builder.problems


def _refuse_unreadable(text: str, origin: Origin) -> None:
    wrong = None if _ASCII.issuperset(text) else _unreadable().search(text)
    if wrong:
        place = _place_of(wrong.start(), text, origin)
        raise _UnusableError(place.problem(f"the character U+{ord(wrong.group()):04X} is not allowed in a text file"))


def _decode(data: bytes, origin: Origin) -> str:
    if len(data) > MOST_BYTES:
        raise _UnusableError(
            Place(origin).problem(f"the file is larger than {MOST_BYTES:,} bytes, the most that is read")
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        bare = Place(Origin(origin.name, origin.folder), 1, 1)
        raise _UnusableError(bare.problem("the file is UTF-16 or UTF-32", "save it as UTF-8"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        place = _place_of(len(before), before, origin)
        message = f"the byte 0x{data[error.start]:02X} is not UTF-8"
        raise _UnusableError(place.problem(message, "save the file as UTF-8")) from error


@cache
def _unreadable() -> re.Pattern[str]:
    """Return a character that is not allowed in a text file; most files are ASCII, and compiling this takes 3 ms."""
    return re.compile(f"[^{_READABLE}]")


def _lines(text: str) -> tuple[str, ...]:
    """Return the lines as they are shown under an error: one column a character, nothing that moves the cursor."""
    shown = text if _ASCII.issuperset(text) else _unreadable().sub("·", text)
    return tuple(line.replace("\t", " ") for line in _LINE_END.split(shown))


def _place_of(index: int, text: str, origin: Origin) -> Place:
    before = _LINE_END.split(text[:index])
    return Place(origin, len(before), len(before[-1]) + 1) if origin.lines else Place(origin)


@dataclass(slots=True)
class _Frame:
    """A collection that is still open. `size` and `height` count what is in it, for aliases."""

    place: Place
    is_table: bool
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    key: str | None = None
    key_place: Place | None = None
    size: int = 1
    height: int = 1

    def closed(self) -> Node:
        if self.is_table:
            return Table(self.place, self.entries, self.keys)
        return Sequence(self.place, tuple(self.items))


class _Builder:
    """Take events one by one; mistakes that can be read past go to `problems`."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.problems: list[Problem] = []
        self.result: Node | None = None
        self._open: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._nodes = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take one more event. _UnusableError if nothing after it could be understood."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                hint = "write one configuration a file; 'extends:' joins files"
                raise _UnusableError(self._place(event).problem("a second document starts here", hint))
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._start(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            frame = self._open.pop()
            self._add(frame.closed(), frame.anchor, frame.size, frame.height)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)

    def _place(self, event: yaml.Event) -> Place:
        if not self.origin.lines:
            return Place(self.origin)
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            return Place(self.origin)
        line, column = start.line + 1, start.column + 1
        length = len(self.origin.lines[start.line]) if start.line < len(self.origin.lines) else 0
        width = end.column - start.column if end.line == start.line else length - start.column
        return Place(self.origin, line, column, max(1, width))

    def _count(self, place: Place, size: int) -> None:
        self._nodes += size
        if self._nodes > MOST_NODES:
            raise _UnusableError(place.problem(f"more than {MOST_NODES:,} values, aliases counted in, are not read"))

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        place = self._place(event)
        self._refuse_tag(event, place)
        frame = self._open[-1] if self._open else None
        if frame and frame.is_table:
            if frame.key is None:
                raise _UnusableError(_no_key(place, "a mapping or a list"))
            if not event.flow_style and frame.key_place:
                place = frame.key_place
        if len(self._open) >= MOST_DEPTH:
            raise _UnusableError(place.problem(f"nested deeper than {MOST_DEPTH} levels"))
        self._count(place, 1)
        self._open.append(_Frame(place, isinstance(event, yaml.MappingStartEvent), event.anchor))

    def _alias(self, event: yaml.AliasEvent) -> None:
        place = self._place(event)
        frame = self._open[-1] if self._open else None
        if frame and frame.is_table and frame.key is None:
            raise _UnusableError(_no_key(place, "an alias"))
        if any(other.anchor == event.anchor for other in self._open):
            raise _UnusableError(place.problem(f"the alias *{event.anchor} stands inside its own anchor"))
        if event.anchor not in self._anchors:
            raise _UnusableError(place.problem(f"no anchor &{event.anchor} precedes this alias"))
        node, size, height = self._anchors[event.anchor]
        if len(self._open) + height > MOST_DEPTH:
            raise _UnusableError(place.problem(f"nested deeper than {MOST_DEPTH} levels"))
        self._count(place, size)
        self._add(node, None, size, height)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        place = self._place(event)
        self._refuse_tag(event, place)
        self._count(place, 1)
        text: str = event.value
        value: Value = text
        if event.tag is not None:
            value = Unreadable(text)
        elif not event.style and event.implicit[0]:
            try:
                value = resolve_plain(text)
            except ValueError as error:
                value = Unreadable(text)
                self.problems.append(place.problem(str(error)))
        frame = self._open[-1] if self._open else None
        if frame and frame.is_table and frame.key is None:
            self._key(frame, text, value, place)
        else:
            self._add(Scalar(place, value), event.anchor, 1, 1)

    def _key(self, frame: _Frame, text: str, value: object, place: Place) -> None:
        if not isinstance(value, str):
            self.problems.append(_no_key(place, named(value), text))
        elif text == "<<":
            hint = "use 'extends:', or an alias for each value"
            self.problems.append(place.problem("merge keys (<<) are no part of YAML 1.2", hint))
        elif text in frame.keys:
            line = frame.keys[text].line
            first = f", first in line {line}" if line else ""
            self.problems.append(place.problem(f"the key {shortened(text)!r} is written twice{first}"))
        frame.key, frame.key_place = text, place

    def _add(self, node: Node, anchor: str | None, size: int, height: int) -> None:
        if anchor:
            self._anchors[anchor] = (node, size, height)
        if not self._open:
            self.result = node
            return
        frame = self._open[-1]
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if not frame.is_table:
            frame.items.append(node)
        elif frame.key is not None and frame.key_place is not None:
            if frame.key not in frame.entries:
                frame.entries[frame.key], frame.keys[frame.key] = node, frame.key_place
            frame.key = frame.key_place = None

    def _refuse_tag(self, event: yaml.NodeEvent, place: Place) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None:
            shown = shortened(str(tag).replace("tag:yaml.org,2002:", "!!"))
            hint = "leave it out; put text that looks like a number in quotes"
            self.problems.append(place.problem(f"YAML tags such as {shown} are not read", hint))


def _no_key(place: Place, found: str, text: str = "") -> Problem:
    hint = f"write '{text}' in quotes" if text else "put text in braces or brackets in quotes"
    return place.problem(f"a key is text, not {found}", hint)
