"""Plain scalars by the YAML 1.2 core rules: NO, ON, 12:30 and 2020-01-01 are text, numbers are exact.

One step stricter than the core rules: a number doesn't start with a needless zero, so that the ticker 0123 is text.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from orchestrate.config.document.nodes import Value

_WORDS: Final[dict[str, Value]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_OCTAL, _HEX = re.compile(r"0o[0-7]+"), re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MOST_DIGITS: Final = 40
_MOST_MAGNITUDE: Final = 30


def resolve_plain(text: str) -> Value:
    """Return the value of an unquoted scalar. ValueError for numbers that no configuration can mean."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number that can be used")
    kind = next((k for k in (_DECIMAL_INT, _OCTAL, _HEX, _FLOAT) if k.fullmatch(text)), None)
    if kind is None:
        return text
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} characters is too long: the most is {_MOST_DIGITS}")
    if kind is _OCTAL or kind is _HEX:
        return int(text, 0)
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("Infinity")
    if not number.is_finite() or (number and not -_MOST_MAGNITUDE <= number.adjusted() <= _MOST_MAGNITUDE):
        raise ValueError(f"{text} is out of range, numbers lie between 1e-{_MOST_MAGNITUDE} and 1e{_MOST_MAGNITUDE}")
    return int(number) if kind is _DECIMAL_INT else number
