"""The parameters that a class takes, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrate.domain.engines import AttributeParameters, ConfigParameters, natives_of
from orchestrate.domain.strategies.compatibility import valid_traits
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS, Kind, Parameter
from orchestrate.domain.strategies.relations import parse_relation
from orchestrate.library.kinds import PLAIN_PARENTS
from orchestrate.library.literals import default_of, literal, parameter_of, type_named
from orchestrate.library.source import ClassSource, Reader, is_of_an_engine

_PARAMETER_FIELDS = ("type", "default", "minimum", "maximum", "choices", "exclusive", "required", "help")

_COLUMNS = ("open", "high", "low", "close", "volume")

Parameters = dict[str, Parameter]


class DeclarationError(Exception):
    """Parameters are declared in a way that can't be read; the message says which and why."""


def parameters_of(
    kind: Kind, lineage: Sequence[ClassSource], ends: Sequence[str], reader: Reader
) -> tuple[Parameters | None, tuple[str, ...]]:
    """Return parameters by name, None where any keyword is taken, and the relations between them; DeclarationError."""
    natives = natives_of(reader.engines).get(kind)
    if natives is not None:
        where = natives.parameters
        if isinstance(where, AttributeParameters):
            return _of_attribute(lineage, where.attribute), ()
        return _of_config(lineage, reader, where), ()
    constructor = _of_constructor(lineage, ends)
    declared = _assigned(lineage, "parameters")
    if declared is None:
        return constructor, ()
    source, node = declared
    parameters = _of_mapping(source, node, reader)
    merged = {name: _merged(parameter, given, constructor, name) for name, (parameter, given) in parameters.items()}
    return merged, _relations(lineage, merged)


def declared_traits(kind: Kind, lineage: Sequence[ClassSource]) -> dict[str, Any]:
    """Return the traits of the nearest `traits = {…}` of a class that can be read and mean something.

    The direction of an `IStrategy` is that of its `side`; the columns that a portable strategy needs are those that its
    code reads.
    """
    declared = _literal_of(lineage, "traits")
    traits = valid_traits(declared) if isinstance(declared, dict) else {}
    if kind == "istrategy":
        traits.setdefault("direction", "short" if _literal_of(lineage, "side") == "short" else "long")
    columns = columns_read(lineage) if kind in PORTABLE_KINDS else ()
    if columns:
        traits.setdefault("data_needs", columns)
    return traits


def columns_read(lineage: Sequence[ClassSource]) -> tuple[str, ...]:
    """Return the columns of bars that methods read; none where bars are passed on as a whole, so that others may."""
    nodes = [node for source in lineage for node in ast.walk(source.node)]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    if any(ast.unparse(call.func) != "len" and any(map(_is_bars, _arguments(call))) for call in calls):
        return ()
    called = {id(call.func) for call in calls}  # self.close() is no column
    read = {node.attr for node in nodes if isinstance(node, ast.Attribute) and id(node) not in called}
    return tuple(column for column in _COLUMNS if column in read)


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _is_bars(argument: ast.expr) -> bool:
    """Return whether an argument is `bars`, one of them, or what a context returns as such."""
    if isinstance(argument, ast.Subscript):
        argument = argument.value
    if isinstance(argument, ast.Call):
        argument = argument.func
    return ast.unparse(argument).rpartition(".")[2] in ("bars", "bar")


def _literal_of(lineage: Sequence[ClassSource], name: str) -> object:
    """Return the value of a class attribute; None where it is absent or takes running the class."""
    assigned = _assigned(lineage, name)
    try:
        return literal(assigned[1], assigned[0].module) if assigned else None
    except ValueError:
        return None


def _assigned(lineage: Sequence[ClassSource], name: str) -> tuple[ClassSource, ast.expr] | None:
    """Return the nearest assignment to a class attribute."""
    return next(_all_assigned(lineage, name), None)


def _all_assigned(lineage: Sequence[ClassSource], name: str) -> Iterator[tuple[ClassSource, ast.expr]]:
    for source in lineage:
        for node in source.node.body:
            if isinstance(node, ast.Assign):
                targets, value = node.targets, node.value
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                targets, value = [node.target], node.value
            else:
                continue
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                yield source, value


def _of_mapping(source: ClassSource, node: ast.expr, reader: Reader) -> dict[str, tuple[Parameter, frozenset[str]]]:
    """Return `{"fast": Parameter(int, 20), **Parent.parameters}`; with each parameter the fields that were written."""
    if not isinstance(node, ast.Dict):
        raise DeclarationError(f"parameters of {source.name} must be written as a dict of Parameter(…)")
    parameters: dict[str, tuple[Parameter, frozenset[str]]] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            parameters.update(_inherited(source, value, reader))
        elif isinstance(key, ast.Constant) and isinstance(key.value, str):
            parameters[key.value] = _declared(source, key.value, value)
        else:
            raise DeclarationError(f"a key in the parameters of {source.name} is no plain text")
    return parameters


def _inherited(source: ClassSource, node: ast.expr, reader: Reader) -> dict[str, tuple[Parameter, frozenset[str]]]:
    if isinstance(node, ast.Attribute) and node.attr == "parameters":
        parent = reader.resolve(source.module, node.value)
        if isinstance(parent, ClassSource):
            assigned = _assigned(reader.lineage(parent)[0], "parameters")
            if assigned:
                return _of_mapping(*assigned, reader)
    raise DeclarationError(f"`**{ast.unparse(node)}` in the parameters of {source.name} can't be followed")


def _declared(source: ClassSource, name: str, node: ast.expr) -> tuple[Parameter, frozenset[str]]:
    where = f"parameter '{name}' of {source.name}"
    if not (isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Parameter"):
        raise DeclarationError(f"{where} must be written as Parameter(type, default, …)")
    written = dict(zip(_PARAMETER_FIELDS, node.args, strict=False))
    written.update((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg)
    unknown = [field for field in written if field not in _PARAMETER_FIELDS]
    if unknown or "type" not in written:
        raise DeclarationError(f"{where}: Parameter takes {', '.join(_PARAMETER_FIELDS)}")
    try:
        kind = type_named(written["type"])
        values = {field: literal(value, source.module) for field, value in written.items() if field != "type"}
    except ValueError as error:
        raise DeclarationError(f"{where}: {error}") from None
    for bound in ("minimum", "maximum"):
        if not isinstance(values.get(bound), (int, float, type(None))):
            raise DeclarationError(f"{where}: {bound} must be a number")
    choices = values.get("choices", ())
    if not isinstance(choices, (tuple, list)):
        raise DeclarationError(f"{where}: choices must be a tuple")
    parameter = Parameter(kind, **{**values, "choices": tuple(choices)})  # type: ignore[arg-type] # checked above
    return parameter, frozenset(written)


def _merged(parameter: Parameter, written: frozenset[str], constructor: Parameters | None, name: str) -> Parameter:
    """Give declarations without a default that of the constructor."""
    if "default" in written or "required" in written or constructor is None or name not in constructor:
        return parameter
    return replace(parameter, default=constructor[name].default, required=constructor[name].required)


def _relations(lineage: Sequence[ClassSource], parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
    assigned = _assigned(lineage, "relations")
    if assigned is None:
        return ()
    source, node = assigned
    try:
        texts = literal(node, source.module)
        if not isinstance(texts, (tuple, list)) or not all(isinstance(text, str) for text in texts):
            raise DeclarationError(f'relations of {source.name} must be a tuple of texts: ("fast < slow",)')
        for text in texts:
            strange = [name for name in parse_relation(text).names if name not in parameters]
            if strange:
                raise DeclarationError(f"relation '{text}' names '{strange[0]}', which is not a parameter")
    except ValueError as error:
        raise DeclarationError(f"relations of {source.name}: {error}") from None
    return tuple(texts)


def _of_constructor(lineage: Sequence[ClassSource], ends: Sequence[str]) -> Parameters | None:
    for source in lineage:
        node = _method(source, "__init__")
        if node is not None:
            return _signature(source, node)
    if any(_is_made_of_fields(source) for source in lineage) or "typing.NamedTuple" in ends:
        return _fields(lineage)
    return None if set(ends) - PLAIN_PARENTS else {}


def _method(source: ClassSource, name: str) -> ast.FunctionDef | None:
    return next((node for node in source.node.body if isinstance(node, ast.FunctionDef) and node.name == name), None)


def _signature(source: ClassSource, node: ast.FunctionDef) -> Parameters | None:
    if node.args.kwarg is not None:
        return None
    positional = [*node.args.posonlyargs, *node.args.args][1:]
    defaults: list[ast.expr | None] = [None] * len(positional)
    given = node.args.defaults[-len(positional) :] if positional else []
    defaults[len(positional) - len(given) :] = given
    pairs = [*zip(positional, defaults, strict=True), *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    return {
        argument.arg: parameter_of(
            argument.annotation, default_of(value, source.module) if value else None, required=value is None
        )
        for argument, value in pairs
    }


def _is_made_of_fields(source: ClassSource) -> bool:
    """Return whether a decorator writes the constructor: that of dataclasses, or of attrs."""
    decorators = [ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in source.node.decorator_list]
    return not {"dataclass", "define", "frozen", "mutable"}.isdisjoint(decorators)


def _fields(lineage: Sequence[ClassSource], native: ConfigParameters | None = None) -> Parameters:
    """Return annotated fields, parents' first; a `native` configuration need not give what its engine fills in."""
    filled_in, engines_own = (native.filled_in, native.classes) if native else ((), ())
    parameters: Parameters = {}
    for source in reversed(lineage):
        for node in source.node.body:
            if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
                continue
            name = node.target.id
            if name.startswith("_") or "ClassVar" in ast.unparse(node.annotation):
                continue
            default: object = ... if name in filled_in else None
            if node.value is not None and source.name not in engines_own:
                default = default_of(node.value, source.module)
            elif node.value is not None:
                default = ...
            required = node.value is None and name not in filled_in
            parameters[name] = parameter_of(node.annotation, default, required=required)
    return parameters


def _of_attribute(lineage: Sequence[ClassSource], attribute: str) -> Parameters | None:
    """Return what a class attribute declares: a tuple of pairs, `dict(…)` or a dict, parents' first."""
    parameters: Parameters = {}
    for source, node in reversed(list(_all_assigned(lineage, attribute))):
        pairs = _pairs(node)
        if pairs is None:
            return None
        for name, value in pairs:
            default = default_of(value, source.module) if value else None
            parameters[name] = parameter_of(None, default, required=False)
    return parameters


def _pairs(node: ast.expr) -> list[tuple[str, ast.expr | None]] | None:
    """Return names and values of such an attribute; None if they can't be read."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        if all(keyword.arg for keyword in node.keywords):
            return [(keyword.arg or "", keyword.value) for keyword in node.keywords]
        return None
    if isinstance(node, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        return [(key, value) for key, value in zip(keys, node.values, strict=True) if isinstance(key, str)]
    if not isinstance(node, (ast.Tuple, ast.List)):
        return None
    fields: list[tuple[str, ast.expr | None]] = []
    for item in node.elts:
        parts = item.elts if isinstance(item, (ast.Tuple, ast.List)) else [item]
        name = parts[0] if parts else None
        if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
            return None
        fields.append((name.value, parts[1] if len(parts) > 1 else None))
    return fields


def _of_config(lineage: Sequence[ClassSource], reader: Reader, native: ConfigParameters) -> Parameters | None:
    """Return the fields of the configuration class that a native's constructor names."""
    for source in lineage:
        node = _method(source, "__init__")
        if node is None:
            continue
        arguments = [*node.args.posonlyargs, *node.args.args][1:] or node.args.kwonlyargs
        if not arguments:
            return {}
        annotation = arguments[0].annotation
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
        if isinstance(annotation, ast.BinOp):
            annotation = annotation.left
        config = reader.resolve(source.module, annotation) if annotation is not None else None
        if not isinstance(config, ClassSource):
            return None
        followed, ends = reader.lineage(config)
        if any(not is_of_an_engine(end, reader.engines) and end.rpartition(".")[2] != native.base for end in ends):
            return None
        return _fields(followed, native)
    return {}
