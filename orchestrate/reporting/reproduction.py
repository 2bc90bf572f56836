"""What came of running a stored plan again, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrate.reporting.output import say

_HASH: Final = 12
#: What a kind of difference is called.
_KINDS: Final = {"code": "code", "version": "version", "strategy_file": "strategy file", "data": "data"}


def show(document: Mapping[str, Any]) -> None:
    """Print a reproduction."""
    differences = document["differences"]
    inputs = [one for one in differences if one["kind"] != "result"]
    results = [one for one in differences if one["kind"] == "result"]
    same = "gives the same results again" if document["identical"] else "does not give the same results again"
    say(f"Run {document['run_id']} {same}.")
    if inputs:
        say("These have changed since:")
        for one in inputs:
            say(f"  {_input(one)}")
    elif results:
        say("Code, versions, strategy files and data are those of the run: a strategy is not repeatable, or our code")
        say("has changed within one version.")
    for line in _results(results):
        say(line)


def _input(one: Mapping[str, Any]) -> str:
    stored, now = one["stored"], one["now"]
    if one["kind"] == "version" or one["name"] == "orchestrate":
        return f"{_KINDS[one['kind']]} {one['name']}: {stored}, now {now}"
    return f"{_KINDS[one['kind']]} {one['name']}: sha256 {_short(stored)}, now {_short(now)}"


def _short(digest: str | None) -> str:
    return "none" if digest is None else f"{digest[:_HASH]}…"


def _results(results: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the first difference in full, of the others their names."""
    if not results:
        return
    first = results[0]
    if isinstance(first["stored"], Mapping) and "label" in first["stored"]:
        yield f"The first difference in {first['name']}:"
        yield f"  stored  {_row(first['stored'])}"
        yield f"  now     {_row(first['now'])}"
    else:
        yield f"The first difference: {first['name']} was {_shown(first['stored'])}, now {_shown(first['now'])}"
    if len(results) > 1:
        yield f"Different too: {', '.join(one['name'] for one in results[1:])}"


def _row(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "no such row"
    return ", ".join(f"{name} {cell}" for name, cell in row.items() if cell not in ("", None) and name != "t")


def _shown(figure: object) -> str:
    if figure is None:
        return "nothing"
    return str(figure) if isinstance(figure, (str, int, float)) else "something else"
