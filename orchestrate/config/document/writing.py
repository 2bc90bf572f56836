"""A tree of nodes as a file that reads the same wherever it stands: YAML, with absolute paths."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from orchestrate.config.document.nodes import Node, Scalar, Sequence, Table, Value
from orchestrate.config.document.scalars import resolve_plain

Rewrite = Callable[[Node], Node]
#: Text that needs no quotes, unless it reads as something else.
_BARE: Final = re.compile(r"[A-Za-z_./~][\w./~:+-]*(?<!:)", re.ASCII)


def yaml_text(tree: Table) -> str:
    """Return the file that reads as this tree."""
    return "".join(f"{line}\n" for line in _lines(tree))


def _lines(node: Table) -> Iterator[str]:
    for key, value in node:
        yield from _entry(f"{_scalar(key)}:", value)


def _entry(head: str, node: Node) -> Iterator[str]:
    """Yield a key, or the dash of a list, with what stands there."""
    if isinstance(node, Table) and node.entries:
        yield head
        yield from (f"  {line}" for line in _lines(node))
    elif isinstance(node, Sequence) and any(not isinstance(item, Scalar) for item in node.items):
        yield head
        for item in node.items:
            yield from (f"  {line}" for line in _item(item))
    else:
        yield f"{head} {_flow(node)}"


def _item(node: Node) -> Iterator[str]:
    if not isinstance(node, Table) or not node.entries:
        yield from _entry("-", node)
        return
    for number, line in enumerate(_lines(node)):
        yield f"{'  ' if number else '- '}{line}"


def _flow(node: Node) -> str:
    if isinstance(node, Scalar):
        return _scalar(node.value)
    if isinstance(node, Sequence):
        return f"[{', '.join(map(_flow, node.items))}]"
    return "{}"


def _scalar(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | Decimal):
        return str(value)
    return value if _BARE.fullmatch(value) and resolve_plain(value) == value else json.dumps(value, ensure_ascii=False)


def grounded(tree: Table) -> Table:
    """Return a configuration with its relative paths made absolute, so that it may stand anywhere."""
    for key, rewrite in (
        ("data", _data),
        ("strategies", _strategies),
        ("strategy", _strategy),
        ("portfolio", _portfolio),
    ):
        node = tree.get(key)
        if node is not None:
            tree = tree.with_entry(key, rewrite(node), tree.keys[key])
    return tree


def _data(node: Node) -> Node:
    return _each(node, lambda entry: _path(entry) if isinstance(entry, Scalar) else _series(entry))


def _series(entry: Node) -> Node:
    return _at(_at(_at(entry, ("path",), _path), ("adjust", "factors"), _path), ("adjust", "splits"), _path)


def _strategies(node: Node) -> Node:
    if isinstance(node, Sequence):
        return Sequence(node.place, tuple(_at(item, ("strategy",), _reference) for item in node.items))
    return _each(node, lambda entry: _at(entry, ("name",), _reference))


def _strategy(node: Node) -> Node:
    return _reference(node) if isinstance(node, Scalar) else _at(node, ("name",), _reference)


def _portfolio(node: Node) -> Node:
    for path in (("conflicts",), ("allocation",), ("allocation", "method")):
        node = _at(node, path, _reference)
    return node


def _each(node: Node, rewrite: Rewrite) -> Node:
    if not isinstance(node, Table):
        return node
    return Table(node.place, {key: rewrite(entry) for key, entry in node}, node.keys)


def _at(node: Node, path: tuple[str, ...], rewrite: Rewrite) -> Node:
    """Return a node with the scalar at `path` rewritten, if there is one."""
    below = node.get(path[0]) if isinstance(node, Table) else None
    if below is None or not isinstance(node, Table):
        return node
    if path[1:]:
        below = _at(below, path[1:], rewrite)
    elif isinstance(below, Scalar):
        below = rewrite(below)
    return node.with_entry(path[0], below, node.keys[path[0]])


def _path(node: Node) -> Node:
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return node
    written = os.path.expanduser(node.value)  # noqa: PTH111 (Path's own raises for an unknown user)
    absolute = Path(os.path.abspath(node.place.origin.folder / written))  # noqa: PTH100 (links stay as they are)
    return Scalar(node.place, absolute.as_posix())


def _reference(node: Node) -> Node:
    """Return `path.py:name`, or `package.module:name` of a module beside the file, with an absolute path."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return node
    file, colon, name = node.value.rpartition(":")
    module = node.place.origin.folder / f"{file.replace('.', '/')}.py"
    if colon and not file.endswith(".py") and module.is_file():
        file = module.as_posix()
    if not file.endswith(".py"):
        return node
    path = _path(Scalar(node.place, file))
    assert isinstance(path, Scalar)
    return Scalar(node.place, f"{path.value}:{name}")
