"""Relations between parameters, such as "fast < slow": read, checked and evaluated without `eval`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Relation:
    """A comparison, chained ones included, of sums and products of parameters and numbers."""

    text: str
    names: tuple[str, ...]
    _tree: ast.Compare

    def holds(self, values: Mapping[str, object]) -> bool:
        """Return whether it holds for `values`; it does if one of its values is None.

        KeyError for a name that `values` lacks.
        """
        if any(values[name] is None for name in self.names):
            return True
        left = _value(self._tree.left, values)
        for comparison, operand in zip(self._tree.ops, self._tree.comparators, strict=True):
            right = _value(operand, values)
            if not _COMPARISONS[type(comparison)](left, right):
                return False
            left = right
        return True


@lru_cache(maxsize=256)
def parse_relation(text: str, *, dotted: bool = False) -> Relation:
    """Parse a relation; ValueError, saying what is wrong, for anything but a comparison of names, numbers, + - * /.

    Names may be `dotted`, such as `trend.fast`.
    """
    try:
        tree = ast.parse(text.strip()[: _LONGEST + 1], mode="eval").body if len(text) <= _LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if not isinstance(tree, ast.Compare) or not all(type(item) in _COMPARISONS for item in tree.ops):
        raise ValueError(f"relation {text[:_LONGEST]!r} is not a comparison such as 'fast < slow'")
    names: dict[str, None] = {}
    for operand in (tree.left, *tree.comparators):
        _check(operand, names, text, dotted=dotted)
    return Relation(text.strip(), tuple(names), tree)


def _check(node: ast.expr, names: dict[str, None], text: str, *, dotted: bool) -> None:
    match node:
        case ast.Name(id=name):
            names[name] = None
        case ast.Attribute() if dotted and (name := _dotted(node)):
            names[name] = None
        case ast.Constant(value=int() | float()):
            pass
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, names, text, dotted=dotted)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            _check(left, names, text, dotted=dotted)
            _check(right, names, text, dotted=dotted)
        case _:
            raise ValueError(f"relation {text!r} may use parameters, numbers and + - * / only")


def _dotted(node: ast.expr) -> str:
    """Return a name such as `trend.fast`; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    owner = _dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{owner}.{node.attr}" if owner and isinstance(node, ast.Attribute) else ""


def _value(node: ast.expr, values: Mapping[str, object]) -> Any:
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.Attribute():
            return values[_dotted(node)]
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(operand=operand):
            return -_value(operand, values)
        case ast.BinOp(left=left, op=op, right=right):
            return _ARITHMETIC[type(op)](_value(left, values), _value(right, values))
        case _:
            raise ValueError("not a relation")
