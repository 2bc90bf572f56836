"""Check a strategy's parameters against their declaration and fill in the defaults."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestrate.domain.strategies.protocols import Parameter, StrategyDescription
from orchestrate.domain.strategies.relations import Relation, parse_relation
from orchestrate.domain.text.spelling import did_you_mean

_EXPECTED: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    list: "a list",
    dict: "a mapping",
}
_SHORT = reprlib.Repr()
_LONGEST = 60
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = _LONGEST


@dataclass(frozen=True, slots=True)
class ParameterProblem:
    """A mistake in one parameter; `parameter` is "" if no single one is at fault."""

    parameter: str
    message: str
    hint: str = ""


class _UnfitError(ValueError):
    """A value that its parameter can't take; the second argument is a hint."""


def fill_parameters(
    description: StrategyDescription, given: Mapping[str, object]
) -> tuple[dict[str, object], list[ParameterProblem]]:
    """Return `given` as the types that are declared, defaults filled in, in the order of declaration; and all problems.

    Decimals become ints or floats. Where the strategy takes any keyword (`parameters` is None) everything passes.
    Defaults of `...` are left out: the class supplies them.
    """
    if description.parameters is None:
        return {str(name): plain(value) for name, value in given.items()}, []
    declared = description.parameters
    problems = [_unknown(str(name), description.name, declared) for name in given if name not in declared]
    filled: dict[str, object] = {}
    for name, parameter in declared.items():
        if name not in given:
            if parameter.required:
                message = f"{description.name} needs the parameter '{name}'"
                problems.append(ParameterProblem("", message, f"write {name}: {_wanted(parameter)}"))
            elif parameter.default is not ...:
                filled[name] = deepcopy(parameter.default)
            continue
        try:
            filled[name] = _fit(name, given[name], parameter)
        except _UnfitError as unfit:
            problems.append(ParameterProblem(name, str(unfit.args[0]), str(unfit.args[1])))
    if not problems:
        values = dict.fromkeys(declared) | filled
        problems = [problem for text in description.relations for problem in _broken(text, values, given)]
    return filled, problems


def plain(value: object) -> object:
    """Return `value` with every Decimal inside it turned into the int or float that it shows."""
    if isinstance(value, Decimal):
        return int(value) if _is_short_whole(value) else float(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def own(value: object) -> object:
    """Return `value` with lists and mappings of its own, so that changing them changes no plan."""
    if isinstance(value, Mapping):
        return {key: own(item) for key, item in value.items()}
    return [own(item) for item in value] if isinstance(value, list) else value


def shown(value: object) -> str:
    """Return `value` for a message: never long, never failing."""
    if isinstance(value, bool):
        return str(value).lower()
    try:
        text = str(value) if isinstance(value, Decimal) else _SHORT.repr(value)
    except ValueError:
        return "a number of too many digits"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _is_short_whole(value: Decimal) -> bool:
    """Return True for 20 and 2E+1, not for 1E+999999, whose digits would fill the memory."""
    return value.is_finite() and value.adjusted() < 400 and value == value.to_integral_value()


def _unknown(name: str, strategy: str, declared: Mapping[str, Parameter]) -> ParameterProblem:
    known = ", ".join(declared)
    hint = did_you_mean(name, declared) or (f"it takes {known}" if known else "it takes none")
    return ParameterProblem(name, f"unknown parameter '{name}' of {strategy}", hint)


def _fit(name: str, value: object, parameter: Parameter) -> object:
    if value is None:
        if parameter.default is None and not parameter.required:
            return None
        raise _UnfitError(f"parameter '{name}' has no value", f"write {_wanted(parameter)}")
    words = _words(parameter)
    fitted = value if isinstance(value, str) and value in words else _of_type(value, parameter)
    if fitted is _NOTHING:
        hint = "put it in quotes" if parameter.type is str else f"write {_wanted(parameter)}"
        if isinstance(value, str) and words:
            hint = did_you_mean(value, words)
        raise _UnfitError(f"parameter '{name}' must be {_expected(parameter)}, not {shown(value)}", hint)
    if parameter.choices and not words and fitted not in parameter.choices:
        near = did_you_mean(str(fitted), [str(choice) for choice in parameter.choices])
        choices = ", ".join(str(choice) for choice in parameter.choices)
        raise _UnfitError(f"parameter '{name}' must be one of {choices}, not {shown(value)}", near)
    _check_bounds(name, fitted, parameter, value)
    return fitted


_NOTHING = object()


def _of_type(value: object, parameter: Parameter) -> object:
    """Return `value` as its type, or `_NOTHING` where it is something else.

    A bool is no number; 20.0 is a whole one.
    """
    expected_type = parameter.type
    if expected_type in (int, float):
        return _number(value, expected_type)
    if expected_type is list:
        return plain(value) if isinstance(value, (list, tuple)) else _NOTHING
    if expected_type is dict:
        return plain(value) if isinstance(value, Mapping) else _NOTHING
    if expected_type in _EXPECTED:
        return value if type(value) is expected_type else _NOTHING
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return plain(value) if _number(value, float) is not _NOTHING else _NOTHING
    return _NOTHING if _is_number(parameter.default) else plain(value)


def _number(value: object, expected_type: type) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return _NOTHING
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return _NOTHING
    if not math.isfinite(number):
        return _NOTHING
    if expected_type is float:
        return number
    return int(value) if value == int(value) else _NOTHING


def _check_bounds(name: str, value: object, parameter: Parameter, written: object) -> None:
    """Refuse a number beyond the bounds; the message has it as it is `written`."""
    low, high = parameter.minimum, parameter.maximum
    if not isinstance(value, (int, float)):
        return
    if low is not None and (value < low or (parameter.exclusive and value == low)):
        more = "more than" if parameter.exclusive else "at least"
        raise _UnfitError(f"parameter '{name}' must be {more} {low:g}, not {shown(written)}", "")
    if high is not None and (value > high or (parameter.exclusive and value == high)):
        less = "less than" if parameter.exclusive else "at most"
        raise _UnfitError(f"parameter '{name}' must be {less} {high:g}, not {shown(written)}", "")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _words(parameter: Parameter) -> list[str]:
    """Return the words that may stand instead of a number."""
    return [word for word in parameter.choices if isinstance(word, str)] if parameter.type in (int, float) else []


def _expected(parameter: Parameter) -> str:
    expected = _EXPECTED.get(parameter.type) or ("a number" if _is_number(parameter.default) else "a value")
    return f"{', '.join(_words(parameter))} or {expected}" if _words(parameter) else expected


def _wanted(parameter: Parameter) -> str:
    if parameter.choices and not _words(parameter):
        return "one of " + ", ".join(str(choice) for choice in parameter.choices)
    expected = _expected(parameter)
    return expected if parameter.default in (None, ...) else f"{expected}, such as {shown(parameter.default)}"


def _broken(text: str, values: Mapping[str, object], given: Mapping[str, object]) -> list[ParameterProblem]:
    try:
        relation = parse_relation(text)
        if relation.holds(values):
            return []
    except KeyError as error:
        return [ParameterProblem("", f"relation '{text}' names {error}, which is not a parameter")]
    except (ValueError, TypeError, ArithmeticError) as error:
        return [ParameterProblem("", f"a declaration of the strategy can't be checked: {error}")]
    return [_relation_problem(relation, values, given)]


def _relation_problem(relation: Relation, values: Mapping[str, Any], given: Mapping[str, object]) -> ParameterProblem:
    values_shown = " and ".join(
        f"{name} is {shown(values[name])}" + ("" if name in given else " by default") for name in relation.names
    )
    culprit = next((name for name in relation.names if name in given), "")
    return ParameterProblem(culprit, f"{relation.text} must hold, but {values_shown}")
