"""How a moment is told to people: labels of bars as texts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_SECOND: Final = 1_000_000_000
_DAY: Final = 86_400 * _SECOND
_UP_TO_DAYS: Final = len("2020-01-31")
_UP_TO_SECONDS: Final = len("2020-01-31T09:30:00")


def label_text(label: int) -> str:
    """A label (int nanoseconds, UTC) as `2020-01-31` at midnight, else `2020-01-31T09:30:00Z`."""
    seconds, fraction = divmod(label, _SECOND)
    told = datetime.fromtimestamp(seconds, UTC).isoformat()[:_UP_TO_SECONDS]
    if label % _DAY == 0:
        return told[:_UP_TO_DAYS]
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{told}{digits}Z"
