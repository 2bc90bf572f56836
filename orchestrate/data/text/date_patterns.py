"""How dates are written: a pattern each, with groups Y m d (or b), H M S f, p (AM or PM) and z (an offset)."""

from __future__ import annotations

import re
from typing import Final


def _ascii(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


_TIME: Final = (
    r"(?:(?:\s*T|[ ,]+|:)(?P<H>\d{1,2}):?(?P<M>\d{2})(?::?(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<p>[AaPp][Mm])?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
)
_WEEKDAY: Final = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*[,. ]+)?"
_NAME: Final = r"(?P<b>[A-Za-z]{3,9})"
YEAR_FIRST: Final = _ascii(r"(?P<Y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})" + _TIME)
COMPACT: Final = _ascii(r"(?P<Y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})" + _TIME)
COMPACT_TIME: Final = _ascii(
    r"(?P<Y>(?:19|20)\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>\d{2})(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?(?P<f>)(?P<p>)(?P<z>)"
)
DAY_FIRST: Final = _ascii(r"(?P<d>\d{1,2})([-/.])(?P<m>\d{1,2})\2(?P<Y>\d{4})" + _TIME)
MONTH_FIRST: Final = _ascii(r"(?P<m>\d{1,2})([-/.])(?P<d>\d{1,2})\2(?P<Y>\d{4})" + _TIME)
SHORT_YEAR: Final = _ascii(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?!\d).*")
NAMED_DAY_FIRST: Final = _ascii(_WEEKDAY + r"(?P<d>\d{1,2})[-/. ]*" + _NAME + r"[-/., ]*(?P<Y>\d{4}|\d{2})" + _TIME)
NAMED_MONTH_FIRST: Final = _ascii(_WEEKDAY + _NAME + r"[-. ]+(?P<d>\d{1,2})[-, ]+(?P<Y>\d{4})" + _TIME)
NUMBER: Final = _ascii(r"\d+(\.\d*)?")

_DIRECTIVES: Final = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<Y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "b": _NAME,
    "B": _NAME,
    "a": "[A-Za-z]+",
    "A": "[A-Za-z]+",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2})",
    "f": r"(?P<f>\d{1,9})",
    "p": "(?P<p>[AaPp][Mm])",
    "z": r"(?P<z>Z|[+-]\d{2}:?\d{2}|[+-]\d{2})",
    "T": r"(?P<H>\d{1,2}):(?P<M>\d{2}):(?P<S>\d{2})",
    "F": r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})",
    "%": "%",
}


def from_strptime(date_format: str) -> re.Pattern[str] | None:
    """Return a strptime format as a pattern, in which parts that the format lacks match as nothing.

    None for half a date.
    """
    pieces, rest = [], date_format
    try:
        while rest:
            pieces.append(_DIRECTIVES[rest[1]] if rest[0] == "%" else re.escape(rest[0]))
            rest = rest[2:] if rest[0] == "%" else rest[1:]
        pattern = "".join(pieces)
        lacking = [part for part in "YmbdHMSfpz" if f"(?P<{part}>" not in pattern]
        compiled = _ascii(pattern + "".join(f"(?P<{part}>)" for part in lacking))
    except (KeyError, IndexError, re.error):
        return None
    return None if "Y" in lacking or "d" in lacking or {"m", "b"} <= set(lacking) else compiled
