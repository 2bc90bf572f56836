"""Sizes as people write them: 2GB is 2,000,000,000 bytes."""

from __future__ import annotations

import re
from typing import Final

PATTERN: Final = r"[1-9][0-9]{0,5}(\.[0-9]{1,3})? ?(KB|MB|GB|TB)"
_UNITS: Final = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def size_of(text: str) -> int:
    """Return the bytes that `2GB`, `1.5 GB` or `500MB` means; ValueError for anything else."""
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"expected a size such as 500MB or 2GB, found {text!r}")
    whole, _, part = text[:-2].strip().partition(".")
    unit = _UNITS[text[-2:]]
    return int(whole) * unit + int(part.ljust(3, "0")) * unit // 1000


def size_text(size: int) -> str:
    """Return a number of bytes in the unit that shows it best, three digits at most before the point."""
    unit = next((name for name in reversed(_UNITS) if size >= _UNITS[name]), "KB")
    return f"{size / _UNITS[unit]:.3g} {unit}" if size < 10**15 else f"{size // 10**12} TB"
