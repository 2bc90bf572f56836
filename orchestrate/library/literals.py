"""Values written in source code, as far as they can be known without running it."""

from __future__ import annotations

import ast

from orchestrate.domain.strategies.protocols import Parameter
from orchestrate.library.source import Module

_TYPES: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str, "list": list, "dict": dict}
#: annotations that are types with a bound: name → type, smallest value, whether that itself is excluded
_BOUNDED: dict[str, tuple[type, float, bool]] = {
    "PositiveInt": (int, 0, True),
    "PositiveFloat": (float, 0, True),
    "NonNegativeInt": (int, 0, False),
    "NonNegativeFloat": (float, 0, False),
}


def literal(node: ast.expr, module: Module, depth: int = 0) -> object:
    """Return the value of a literal, or of a name assigned to one at top level; ValueError where it can't be known."""
    if isinstance(node, ast.Name) and node.id in module.constants and depth < 5:
        return literal(module.constants[node.id], module, depth + 1)
    if isinstance(node, ast.Tuple):
        return tuple(literal(item, module, depth) for item in node.elts)
    if isinstance(node, ast.List):
        return [literal(item, module, depth) for item in node.elts]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(f"`{ast.unparse(node)}` can't be known without running it") from None


def default_of(node: ast.expr, module: Module) -> object:
    """Return the value of a default; `...` if only the class itself knows it."""
    try:
        return literal(node, module)
    except ValueError:
        return ...


def parameter_of(annotation: ast.expr | None, default: object, *, required: bool) -> Parameter:
    """Return what an annotated name takes; without an annotation a default of true, a text or a decimal decides."""
    if annotation is None:
        inferred = type(default) if isinstance(default, (bool, str, float, list, dict)) else object
        return Parameter(inferred, default, required=required)
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return Parameter(object, default, required=required)
    name, inner = _named(_without_none(annotation))
    if name in _BOUNDED:
        kind, minimum, exclusive = _BOUNDED[name]
        return Parameter(kind, default, minimum=minimum, exclusive=exclusive, required=required)
    if name == "Literal":
        choices = tuple(item.value for item in inner if isinstance(item, ast.Constant))
        return Parameter(object, default, choices=choices, required=required)
    if name == "Annotated" and inner:
        return parameter_of(inner[0], default, required=required)
    if name in ("Sequence", "Iterable", "tuple", "Tuple", "List"):
        name = "list"
    if name in ("Mapping", "Dict"):
        name = "dict"
    return Parameter(_TYPES.get(name, object), default, required=required)


def type_named(node: ast.expr) -> type:
    """Return `int` for the name int, and so on; ValueError for anything but the types a parameter can have."""
    name = node.id if isinstance(node, ast.Name) else ""
    if name == "object":
        return object
    if name not in _TYPES:
        raise ValueError(f"`{ast.unparse(node)}` is not a type of a parameter; use one of {', '.join(_TYPES)}, object")
    return _TYPES[name]


def _without_none(annotation: ast.expr) -> ast.expr:
    """Return `int` for `int | None` and `Optional[int]`; unions of several types are left alone."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        for one, other in ((annotation.left, annotation.right), (annotation.right, annotation.left)):
            if isinstance(other, ast.Constant) and other.value is None:
                return _without_none(one)
    name, inner = _named(annotation)
    return inner[0] if name == "Optional" and inner else annotation


def _named(annotation: ast.expr) -> tuple[str, list[ast.expr]]:
    """Return the last name of an annotation, and what stands in its brackets."""
    inner: list[ast.expr] = []
    if isinstance(annotation, ast.Subscript):
        inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        annotation = annotation.value
    if isinstance(annotation, ast.Attribute):
        return annotation.attr, inner
    return (annotation.id if isinstance(annotation, ast.Name) else ""), inner
