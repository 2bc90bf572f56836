"""The JSON Schema of a configuration file, all five shapes and every short form, for editors and for CI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orchestrate.analytics.options.synthetic.spec import SyntheticChain
from orchestrate.config.reading import Choices
from orchestrate.config.schema import Configuration, Global, LiveStrategy
from orchestrate.config.validation import model_of
from orchestrate.domain.market.synthetic import SyntheticSpec

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ID: Final = "^[A-Za-z][A-Za-z0-9_]*$"
_NUMBER: Final = r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_GATE: Final = rf"^\s*(>=|<=|==|!=|>|<)\s*([+-]?{_NUMBER}|baseline(\s*[+-]\s*{_NUMBER})?)\s*$"
Json = dict[str, Any]


def json_schema(settings: Mapping[str, type], choices: Choices) -> Json:
    """Return the schema of a file, `frameworks` as `settings` has them, names as `choices` has them.

    Values that nothing is written for may be null.
    """
    parts = _parts(settings, choices)
    top = parts.pop("Configuration")
    return {
        "$schema": DIALECT,
        "title": "orchestrate configuration",
        "type": "object",
        "properties": top["properties"] | _sections(parts, settings),
        "additionalProperties": False,
        "anyOf": [*_shapes(), {"required": ["extends"]}],
        "$defs": parts,
    }


def _parts(settings: Mapping[str, type], choices: Choices) -> Json:
    """Return the schema of each section, by the name of its model."""
    limits = dict.fromkeys([*choices.strategy_limits.values(), *choices.portfolio_limits.values()])
    models: list[type[BaseModel]] = [Configuration, Global, LiveStrategy]
    models += [model_of(kind) for kind in (SyntheticSpec, SyntheticChain, *settings.values(), *limits)]
    _, described = models_json_schema([(model, "validation") for model in models])
    _name_choices(described["$defs"], choices)
    parts = {name: _nullable(part) for name, part in described["$defs"].items()}
    _write_short_forms(parts)
    parts["Strategy"]["properties"]["limits"] = _limits(parts, choices.strategy_limits)
    parts["Portfolio"]["properties"]["limits"] = _limits(parts, choices.portfolio_limits)
    return parts


def _sections(parts: Json, settings: Mapping[str, type]) -> Json:
    """Return what a file may write at the top, beside what its model says by itself."""
    entry = _ref("Strategy")
    gate = {"type": "string", "pattern": _GATE}
    _write_sweep(parts["SweepSection"]["properties"])
    engines = {name: _or_null(_ref(model_of(kind).__name__)) for name, kind in settings.items()}
    return {
        "data": _or_null(_by_name({"anyOf": [{"type": "string"}, _ref("Data")]})),
        "capital": _or_null({"anyOf": [parts["Capital"]["properties"]["total"], _ref("Capital")]}),
        "gates": _or_null(_by_name(gate)),
        "frameworks": _or_null({"type": "object", "properties": engines, "additionalProperties": False}),
        "strategies": {
            "anyOf": [_strategies_by_id(entry), {"type": "array", "minItems": 1, "items": _ref("LiveStrategy")}]
        },
        "strategy": {"anyOf": [{"type": "string", "minLength": 1}, {**entry, "required": ["name"]}]},
        "config": _or_null({"type": "object"}),
        "global": _or_null(_ref("Global")),
        "extends": _or_null({"type": "string", "minLength": 1}),
    }


def _by_name(member: Json) -> Json:
    return {"type": "object", "additionalProperties": member}


def _strategies_by_id(entry: Json) -> Json:
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": _ID},
        "additionalProperties": _or_null(entry),
    }


def _limits(parts: Json, known: Mapping[str, type]) -> Json:
    """Limits by name, each as its settings or as the first of them alone."""
    properties = {}
    for name, settings in known.items():
        first = fields(settings)[0].name
        described = parts[settings.__name__]
        forms = [described["properties"][first], _ref(settings.__name__)]
        properties[name] = _or_null({"description": described.get("description", ""), "anyOf": forms})
    return _or_null({"type": "object", "properties": properties, "additionalProperties": False})


def _shapes() -> list[Json]:
    """Return what distinguishes the shapes; a file that extends another may leave its strategies to that one."""
    live = {"strategies": {"type": "array"}, **_mode("multi")}
    return [
        {"required": ["strategy"], "properties": _mode("single"), **_without("strategies", "global")},
        {
            "required": ["strategies"],
            "properties": {"strategies": {"type": "object"}, **_mode("multi")},
            **_without("strategy", "config", "global"),
        },
        {"required": ["strategies"], "properties": live, **_without("strategy", "config")},
    ]


def _without(*keys: str) -> Json:
    return {"not": {"anyOf": [{"required": [key]} for key in keys]}}


def _mode(mode: str) -> Json:
    return {"mode": {"enum": [mode, None]}}


def _name_choices(parts: Json, choices: Choices) -> None:
    """Name what the registries have; a policy may also be a function in a file."""
    for part, key, kind in (
        ("InstrumentSection", "asset_class", "asset_classes"),
        ("SizingSection", "method", "sizings"),
        ("Data", "format", "formats"),
        ("SweepSection", "method", "samplers"),
    ):
        described = parts[part]["properties"][key]
        described.get("anyOf", [described])[0]["enum"] = choices.names[kind]
    formats = parts["Data"]["properties"]["format"]
    formats["enum"] = list(dict.fromkeys([*choices.names["chain_formats"], *formats["enum"]]))
    conflicts = parts["Portfolio"]["properties"]["conflicts"]
    conflicts["examples"] = list(choices.conflicts)
    lines = (f"{name}: {description}" for name, description in choices.conflicts.items())
    conflicts["description"] = "\n".join([*lines, "path.py:function: what your function answers"])
    methods = choices.allocations
    parts["AllocationSection"]["properties"]["method"] |= {
        "description": "".join(f"{name}: each strategy gets {one.description}. " for name, one in methods.items())
        + "path.py:function: what the function answers.",
        "examples": list(methods),
    }


def _write_short_forms(parts: Json) -> None:
    strategy = parts["Strategy"]["properties"]
    strategy["allocation_pct"] = strategy["allocation"]
    strategy["symbol"] = {"type": "string", "minLength": 1}
    portfolio, method = parts["Portfolio"]["properties"], parts["AllocationSection"]["properties"]["method"]
    portfolio["allocation"] = {"anyOf": [*method["anyOf"], _ref("AllocationSection")]}
    made = {"anyOf": [_ref("SyntheticSpec"), _ref("SyntheticChain")]}
    parts["Data"]["properties"]["synthetic"] = _or_null(made)
    parts["Surface"]["additionalProperties"] = False
    splits = parts["Adjust"]["properties"]["splits"]
    parts["Adjust"]["properties"]["splits"] = {"anyOf": [splits, {"type": "string", "minLength": 1}]}


def _write_sweep(sweep: Json) -> None:
    """Describe what the model of a sweep leaves open."""
    number = {"type": "number"}
    sweep["parameters"] |= {
        "additionalProperties": {
            "anyOf": [
                {"type": "array", "minItems": 1},
                _closed({"from": number, "to": number, "step": {"type": "number", "exclusiveMinimum": 0}}),
                _closed({"low": number, "high": number}),
            ]
        }
    }
    metric = {"type": "string", "minLength": 1}
    one = {"anyOf": [metric, _closed({"maximize": metric}), _closed({"minimize": metric})]}
    sweep["objective"] = _or_null({"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]})
    count: Json = {"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": 1024}]}
    by_executor = {"type": "object", "minProperties": 1, "maxProperties": 1}
    sweep["workers"] = _or_null({"anyOf": [*count["anyOf"], by_executor]})


def _closed(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _nullable(part: Json) -> Json:
    """Let keys that may be left out be written with no value."""
    required = part.get("required", ())
    properties = part.get("properties", {})
    part["properties"] = {key: item if key in required else _or_null(item) for key, item in properties.items()}
    return part


def _or_null(part: Json) -> Json:
    if {"type": "null"} in part.get("anyOf", ()):
        return part
    return {"anyOf": [part, {"type": "null"}]}


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}
