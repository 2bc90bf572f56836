"""Suggest the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

_LONGEST = 80
_MOST = 1000


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the one of `known` that looks most like `word`, whatever its case; "" when nothing is near.

    Among very many names, and for very long words, nothing is looked for: it would take long and mean little.
    """
    if not word or len(word) > _LONGEST:
        return ""
    by_folded: dict[str, str] = {}
    for name in islice(known, _MOST):
        by_folded.setdefault(name.casefold(), name)
    matches = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean 'x'?`, or "" when nothing is near."""
    name = nearest(word, known)
    return f"did you mean '{name}'?" if name else ""
