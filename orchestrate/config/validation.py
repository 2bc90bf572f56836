"""Validate a tree of nodes against a model: report every mistake at its place, keep the valid rest."""

from __future__ import annotations

import copy
import functools
import operator
import os
import re
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields
from decimal import Decimal
from threading import RLock
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Field, ValidationError, create_model

from orchestrate.config.document.nodes import Node, Scalar, Table, Unreadable, find, named, plain, shortened
from orchestrate.config.numbers import SHARE, Real
from orchestrate.config.section import Section
from orchestrate.domain.errors import Problem
from orchestrate.domain.text.spelling import did_you_mean

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]
Names = Mapping[str, Collection[str]]

_PLUGINS: Final = "PYDANTIC_DISABLE_PLUGINS"
_ENVIRONMENT: Final = RLock()

#: What pydantic calls a mistake → what is expected instead.
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "number": "a number",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


_SAID = {
    "string_too_short": " is empty",
    "too_short": " is empty",
    "string_too_long": ": expected one character",
    "string_pattern_mismatch": ": expected a code of capital letters such as USD",
}


_PERCENTAGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")
#: Text that means true or false → how that is written.
_BOOLEANS = {
    "yes": "true",
    "on": "true",
    "true": "true without quotes",
    "no": "false",
    "off": "false",
    "false": "false without quotes",
}


def validate(
    model: type[M], node: Node, where: str = "", *, besides: Iterable[str] = (), names: Names | None = None
) -> tuple[M | None, list[Problem]]:
    """Return `node` as `model` and all mistakes; what is wrong is left out of the result, None where nothing is left.

    `where` is the path of `node`, as messages show it; `besides` are more names to suggest at its top level.
    `names` has, by kind, those of the registries.
    """
    value = plain(node)
    problems: list[Problem] | None = None
    while True:
        try:
            with _without_plugins():
                return model.model_validate(value, context=names), problems or []
        except ValidationError as error:
            mistakes = error.errors(include_url=False)
        if problems is None:
            reported = [_problem(model, node, where, dict(mistake), tuple(besides)) for mistake in mistakes]
            problems = [problem for problem in reported if problem is not None]
        pruned = [_prune(value, mistake["loc"][: -1 if mistake["type"] == "missing" else None]) for mistake in mistakes]
        if not any(pruned):
            return None, problems


@contextmanager
def _without_plugins() -> Iterator[None]:
    """Keep pydantic from loading plugins, for which it reads the metadata of every installed package.

    One thread at a time, or one would find the setting of another and leave it behind.
    """
    with _ENVIRONMENT:
        before = os.environ.get(_PLUGINS)
        os.environ[_PLUGINS] = "__all__"
        try:
            yield
        finally:
            if before is None:
                del os.environ[_PLUGINS]
            else:
                os.environ[_PLUGINS] = before


def _shown(bound: object) -> str:
    """Return a bound as people write it; pydantic says "Decimal('1E-8')"."""
    _, quoted, text = str(bound).partition("Decimal('")
    return format(Decimal(text.removesuffix("')")), "f") if quoted else str(bound)


def _prune(value: Any, path: Path) -> bool:
    """Take out what stands at `path`; where it is an element of a list, the whole list. False if nothing was there."""
    innermost: tuple[dict[str, Any], str] | None = None
    for step in path:
        if isinstance(value, dict) and isinstance(step, str) and step in value:
            innermost = (value, step)
        elif not (isinstance(value, list) and isinstance(step, int) and step < len(value)):
            break
        value = value[step]
    if innermost:
        del innermost[0][innermost[1]]
    return innermost is not None


def _problem(
    model: type[BaseModel], root: Node, where: str, mistake: dict[str, Any], besides: tuple[str, ...]
) -> Problem | None:
    """Return a mistake as a problem; None if its value was refused when it was read."""
    is_key = "[key]" in mistake["loc"]
    path: Path = tuple(step for step in mistake["loc"] if step != "[key]")
    kind, context = mistake["type"], mistake.get("ctx", {})
    node, place = find(root, path)
    spot = dotted(where, path[:-1])
    last = path[-1] if path else ""
    if last == "<<" or (isinstance(node, Scalar) and isinstance(node.value, Unreadable)):
        return None
    if kind == "extra_forbidden" or (is_key and kind == "literal_error"):
        known = [*fields_at(model, path[:-1]), *(besides if len(path) == 1 else ())]
        inside = f" in {spot}" if spot else ""
        hint = did_you_mean(str(last), known) or _stranger(model, path[:-1], known)
        return place.problem(f"unknown key '{shortened(str(last))}'{inside}", hint)
    if kind == "missing":
        return place.problem(f"{spot} needs '{last}'" if spot else f"'{last}' is missing")
    if not isinstance(node, Table) and not is_key:
        place = node.place
    found = named(plain(node))
    path_text = dotted(where, path)
    hint = _unpercent(model, path, node, kind) or _unquote(node, kind) or _lengthen(model, path, node)
    if kind in _EXPECTED:
        message = f"{path_text}: expected {_EXPECTED[kind]}, found {found}"
    elif kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        message = f"{path_text} must be {words} {_shown(context[key])}, not {shortened(str(plain(node)))}"
    elif kind == "literal_error":
        choices = context.get("choices") or _choices(model, path)
        hint = did_you_mean(str(plain(node)), choices)
        message = f"{path_text} must be {_alternatives(choices)}, found {found}"
    elif kind in _SAID:
        message = f"{path_text}{_SAID[kind]}" + (f", found {found}" if ":" in _SAID[kind] else "")
    else:
        message = f"{path_text}: {context.get('error', mistake['msg'])}"
    return place.problem(message, hint)


def _stranger(model: type[BaseModel], path: Path, known: list[str]) -> str:
    """Return a hint for a key that resembles none."""
    owner = _annotation_at(model, path)
    hint = getattr(owner, "stranger", "")
    return hint or (f"known: {', '.join(known)}" if 0 < len(known) <= 8 else "")


def _lengthen(model: type[BaseModel], path: Path, node: Node) -> str:
    """Return how a single value is written where a mapping is expected."""
    key = getattr(_annotation_at(model, path), "short", "")
    if not key or not isinstance(node, Scalar):
        return ""
    return f"write {{{key}: {'…' if node.value is None else shortened(str(node.value))}}}"


def _unpercent(model: type[BaseModel], path: Path, node: Node, kind: str) -> str:
    """Return how to write a percentage where a share is expected."""
    match = _PERCENTAGE.fullmatch(str(plain(node)))
    if kind != "number" or match is None or not _is_share(model, path):
        return ""
    return f"write {Decimal(match[1]).scaleb(-2):f}"


def _is_share(model: type[BaseModel], path: Path) -> bool:
    owner = _annotation_at(model, path[:-1])
    field = getattr(owner, "model_fields", {}).get(str(path[-1]))
    return field is not None and SHARE in [*field.metadata, *_metadata(field.annotation)]


def _metadata(annotation: Any) -> list[Any]:
    inside = [one for part in get_args(annotation) for one in _metadata(part)]
    return [*getattr(annotation, "__metadata__", ()), *inside]


def _unquote(node: Node, kind: str) -> str:
    """Return how to write a number in quotes, or a text without them."""
    value = plain(node)
    if kind in ("number", "int_type") and isinstance(value, str):
        bare = value.strip().rstrip("%").replace(",", "").replace("_", "").strip()
        if bare != value and bare.replace(".", "", 1).isdigit():
            return f"write {bare}"
        if bare.replace(".", "", 1).isdigit():
            return f"write {bare} without quotes"
    if kind == "list_type" and isinstance(value, str) and value:
        return f"write [{value}]"
    if kind == "string_type" and isinstance(value, bool | int | Decimal):
        # how TRUE and 1e5 were written is not known any more
        return f"write '{value}' in quotes" if type(value) is int else "write it in quotes"
    if kind == "bool_type" and str(value).lower() in _BOOLEANS:
        return f"write {_BOOLEANS[str(value).lower()]}"
    return ""


def dotted(where: str, path: Path) -> str:
    """Return `where` and the steps of `path`, as in strategies.trend.symbols[0]."""
    for step in path:
        where = f"{where}[{step}]" if isinstance(step, int) else f"{where}.{shortened(step)}".lstrip(".")
    return where


def _alternatives(choices: list[str]) -> str:
    shown = [choice if choice.isidentifier() else repr(choice) for choice in choices if choice]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys that the model, or the mapping with chosen keys, at `path` knows."""
    annotation = _annotation_at(model, path)
    if get_origin(annotation) is dict:
        return [str(key) for key in get_args(get_args(annotation)[0])]
    return list(annotation.model_fields) if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []


def _choices(model: type[BaseModel], path: Path) -> list[str]:
    return [str(choice) for choice in get_args(_annotation_at(model, path))]


def _annotation_at(model: type[BaseModel], path: Path) -> Any:
    annotation: Any = model
    for step in path:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(step))
            annotation = _essential(field.annotation if field else None)
        else:
            annotation = _essential((get_args(annotation) or (None,))[-1])
    return annotation


def _essential(annotation: Any) -> Any:
    """Return the type without None and without what is said about it."""
    while True:
        if hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
        elif get_origin(annotation) in (Union, types.UnionType):
            annotation = next(item for item in get_args(annotation) if item is not type(None))
        else:
            return annotation


@functools.cache
def model_of(described: type) -> type[BaseModel]:
    """Return the model of a frozen dataclass: the same keys, types and defaults. Its own checks are made by `build`."""
    hints = get_type_hints(described)
    definitions: dict[str, Any] = {}
    for item in fields(described):
        if item.default is not MISSING:
            default: Any = item.default
        elif item.default_factory is not MISSING:
            default = Field(default_factory=item.default_factory)
        else:
            default = ...
        definitions[item.name] = (_exact(hints[item.name]), default)
    return create_model(described.__name__, __base__=Section, __doc__=described.__doc__, **definitions)


def _exact(hint: Any) -> Any:
    """Return the same type with numbers read from the text; anything a mapping or tuple may hold is taken as it is."""
    if hint is float:
        return Real
    if get_origin(hint) in (Union, types.UnionType):
        return functools.reduce(operator.or_, (_exact(item) for item in get_args(hint)))
    if get_origin(hint) is tuple:
        return list[Any]
    return dict[str, Any] if get_origin(hint) in (dict, Mapping) else hint


def build(described: type, node: Node, where: str) -> tuple[Any, list[Problem]]:
    """Return the dataclass `described` from `node`; refusals by its constructor are reported at their first key."""
    values, problems = validate(model_of(described), node, where)
    if values is None or problems:
        return None, problems
    given = {name: copy.copy(getattr(values, name)) for name in values.model_fields_set}
    try:
        return described(**given), []
    except ValueError as error:
        message = str(error)
        keys = node.entries if isinstance(node, Table) else {}
        key = next((word for word in message.replace(",", " ").split() if word in keys), "")
        named_node, place = find(node, (key,) if key else ())
        place = named_node.place if key else place
        return None, [place.problem(f"{where}: {message}")]
