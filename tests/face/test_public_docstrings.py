"""Every public name says in one sentence what it is or does, and every public call says what it takes and returns."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator

import pytest

import orchestrate

#: Words that plain English does without (a word list of the project's style).
BANNED = re.compile(r"\b(told|tells?|hears?|heard|landed|whoever|lest|remark|wanted|what is)\b", re.I)
#: First words of sentences that are neither a noun nor an imperative.
NOT_FIRST = ("What", "Who", "How", "Where", "Why", "When", "Asked", "Something", "Somebody", "See")
PUBLIC = {name: getattr(orchestrate, name) for name in orchestrate.__all__}
DEFINED = {name: one for name, one in PUBLIC.items() if inspect.isclass(one) or inspect.isfunction(one)}


def calls(name: str, public: object) -> Iterator[tuple[str, Callable[..., object]]]:
    """A public function, or the public methods and properties of a class, those of our own parents included."""
    if inspect.isfunction(public):
        yield name, public
        return
    assert isinstance(public, type)
    ours = [parent for parent in public.__mro__ if parent.__module__.startswith("orchestrate.")]
    for parent in ours:
        for method, value in vars(parent).items():
            function = getattr(value, "__func__", value.fget if isinstance(value, property) else value)
            if inspect.isfunction(function) and not method.startswith("_"):
                yield f"{name}.{method}", function


CALLS = dict(pair for name, public in DEFINED.items() for pair in calls(name, public))


def faults(text: str | None) -> list[str]:
    """What is wrong with a docstring's first paragraph."""
    summary = inspect.cleandoc(text or "").partition("\n\n")[0]
    tests = {
        "empty": not summary,
        "longer than a line": "\n" in summary,
        "no full stop": not summary.endswith("."),
        "several sentences": bool(re.search(r"[.!?] [A-Z`]", summary)),
        "begins small": not (summary[:1].isupper() or summary[:1] == "`"),
        "neither noun nor imperative": summary.startswith(NOT_FIRST),
        "a banned word": bool(BANNED.search(summary)),
    }
    return [fault for fault, holds in tests.items() if holds]


@pytest.mark.parametrize("name", DEFINED)
def test_a_public_name_says_what_it_is_in_one_sentence(name: str):
    assert (
        faults(vars(DEFINED[name]).get("__doc__") if isinstance(DEFINED[name], type) else DEFINED[name].__doc__) == []
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "empty"),
        ("A value", "no full stop"),
        ("A value. It is frozen.", "several sentences"),
        ("A value\nof two lines.", "longer than a line"),
        ("Asked while flat.", "neither noun nor imperative"),
        ("The price that is told.", "a banned word"),
        ("a price.", "begins small"),
    ],
)
def test_a_poor_docstring_is_noticed(text: str | None, fault: str):
    assert fault in faults(text)


def test_constants_and_type_aliases_are_few():
    assert sorted(set(PUBLIC) - set(DEFINED)) == ["Flags", "Floats", "Side", "Stamps", "TIE"]


def test_every_public_call_has_a_docstring():
    assert len(CALLS) > 100
    assert [name for name, call in CALLS.items() if not call.__doc__] == []


def test_every_public_call_is_annotated():
    for name, call in CALLS.items():
        signature = inspect.signature(call)
        assert signature.return_annotation is not inspect.Signature.empty, name
        bare = [one.name for one in signature.parameters.values() if one.annotation is inspect.Parameter.empty]
        assert bare in ([], ["self"], ["cls"]), name


def test_every_public_constructor_is_annotated():
    for name, public in DEFINED.items():
        if isinstance(public, type) and "__init__" in vars(public) and not getattr(public, "_is_protocol", False):
            given = inspect.signature(public).parameters.values()
            assert [one.name for one in given if one.annotation is inspect.Parameter.empty] == [], name
