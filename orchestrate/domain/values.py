"""Values: frozen as any frozen dataclass, and made in a third of the time.

A run makes about fifteen of them for every order. A frozen dataclass sets each attribute by a call, because its own
`__setattr__` forbids to set any; that was an eighth of the loop. Here an instance is unsealed while it is filled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

Made = TypeVar("Made")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[Made]) -> type[Made]:
    """Make `cls` what `@dataclass(frozen=True, slots=True)` makes of it; `__post_init__` may check its fields."""
    sealed = dataclass(frozen=True, slots=True, init=False)(cls)
    sealed.__init__ = _filling(sealed)  # type: ignore[method-assign]  # the point
    return sealed


def _filling(sealed: type) -> Callable[..., None]:
    """Return an `__init__` of plain assignments, for which an instance belongs to an unsealed class for a moment.

    Users' own subclasses come through here, too; theirs are filled as dataclasses do it, past the prohibition.
    """
    free = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    names: dict[str, Any] = {"_sealed": sealed, "_unsealed": type(sealed.__name__, (sealed,), free)}
    names |= {"_set": object.__setattr__, "_nothing": MISSING}
    parameters, quick, slow = ["self"], [], []
    for one in fields(sealed):
        given = one.name
        if one.kw_only or not one.init:
            raise TypeError(f"{sealed.__name__}.{one.name}: fields of a value are given by place or by name")
        if one.default_factory is not MISSING:
            names[f"_new_{one.name}"] = one.default_factory
            parameters.append(f"{one.name}=_nothing")
            given = f"_new_{one.name}() if {one.name} is _nothing else {one.name}"
        elif one.default is not MISSING:
            names[f"_default_{one.name}"] = one.default
            parameters.append(f"{one.name}=_default_{one.name}")
        else:
            parameters.append(one.name)
        quick.append(f"self.{one.name} = {given}")
        slow.append(f"_set(self, {one.name!r}, {given})")
    lines = [
        "if self.__class__ is _sealed:",
        *(f"  {line}" for line in ("_set(self, '__class__', _unsealed)", *quick, "self.__class__ = _sealed")),
        "else:",
        *(f"  {line}" for line in (*slow, "pass")),
    ]
    if hasattr(sealed, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n  " + "\n  ".join(lines), names)
    filling: Callable[..., None] = names["__init__"]
    filling.__qualname__ = f"{sealed.__qualname__}.__init__"
    filling.__annotations__ = {one.name: one.type for one in fields(sealed)} | {"return": None}
    return filling
