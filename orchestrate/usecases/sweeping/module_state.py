"""Decide whether modules of users are still as they were loaded, so that the next trial may use them again.

Modules are executed anew for each run, because a run may leave something in them: a counter, a mutated default, a
cache. That costs more than the trial of a fast strategy. So everything that can be reached from the modules is noted
once. Where all of it is of kinds whose changes show, a comparison of identities replaces the execution.
"""

from __future__ import annotations
import __future__

import re
from abc import ABCMeta
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from operator import is_
from pathlib import PurePath
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    GenericAlias,
    GetSetDescriptorType,
    MemberDescriptorType,
    ModuleType,
    NoneType,
    UnionType,
    WrapperDescriptorType,
)
from typing import Any, Final, Protocol

import numpy as np

#: Nothing of what these are can change.
_CONSTANT: Final = (
    *(NoneType, bool, int, float, complex, str, bytes, range, type(...), type(NotImplemented), Decimal, PurePath),
    *(date, time, timedelta, re.Pattern, Enum, np.generic, np.dtype, np.ufunc, UnionType, GenericAlias),
    *(
        __future__._Feature,
        CodeType,
        BuiltinFunctionType,
        GetSetDescriptorType,
        MemberDescriptorType,
        WrapperDescriptorType,
    ),
)
#: What Python itself keeps in modules and classes; nobody's results depend on it.
_OWN_NAMES: Final = frozenset(
    {
        *("__builtins__", "__spec__", "__loader__", "__annotations__", "__weakref__", "__dict__"),
        *("__dataclass_fields__", "__dataclass_params__", "__abstractmethods__", "_abc_impl", "__orig_bases__"),
        *("__parameters__", "__protocol_attrs__", "__non_callable_proto_members__"),
    }
)


class ModuleState:
    """All that modules hold, as it is now. `is_known` is False where something may change without a trace."""

    def __init__(self, modules: Collection[ModuleType]) -> None:
        self._modules = {id(one) for one in modules}
        self._names = {one.__name__ for one in modules}
        self._seen: set[int] = set()
        self._noted: list[tuple[object, Holds, list[object]]] = []
        self.is_known = True
        waiting: list[object] = [*modules]
        while waiting and self.is_known:
            one = waiting.pop()
            if id(one) not in self._seen:
                self._seen.add(id(one))
                waiting += self._parts(one)

    @property
    def is_unchanged(self) -> bool:
        """True where every container still holds the very same objects."""
        for one, holds, noted in self._noted:
            now = [*holds(one)]
            if len(now) != len(noted) or not all(map(is_, now, noted)):
                return False
        return True

    def _parts(self, one: Any) -> Iterable[object]:
        """Note what an object holds now, and return it."""
        if isinstance(one, _CONSTANT) or self._is_foreign(one):
            return ()
        holds = next((parts for kind, parts in _FROZEN.items() if isinstance(one, kind)), None)
        if holds is not None:
            return holds(one)
        holds = _HOLDERS.get(type(one), _of_frozen_dataclass if _is_frozen_dataclass(one) else None)
        if holds is None:
            self.is_known = False
            return ()
        noted = [*holds(one)]
        self._noted.append((one, holds, noted))
        return _named(vars(one)) if isinstance(one, ModuleType | type) else noted

    def _is_foreign(self, one: Any) -> bool:
        """Return whether an object belongs to other modules, which runs share anyway."""
        if isinstance(one, ModuleType):
            return id(one) not in self._modules
        if isinstance(one, type | FunctionType):
            return one.__module__ not in self._names
        return type(one).__module__ == "typing"


def _named(names: Mapping[str, object]) -> list[object]:
    """Return what the names stand for that a module or a class was given by its author."""
    return [value for name, value in names.items() if name not in _OWN_NAMES]


def _of_names(one: object) -> tuple[object, ...]:
    names = vars(one)
    return (*names, *names.values())


def _of_function(one: FunctionType) -> tuple[object, ...]:
    return (one.__code__, one.__defaults__, one.__kwdefaults__, one.__closure__, *_of_names(one))


def _of_cell(cell: CellType) -> tuple[object, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:  # nothing is in it yet
        return ()


def _is_frozen_dataclass(one: Any) -> bool:
    return is_dataclass(one) and not isinstance(one, type) and bool(one.__dataclass_params__.frozen)  # type: ignore[attr-defined]


def _of_frozen_dataclass(one: Any) -> list[object]:
    return [getattr(one, field.name) for field in fields(one)]


Holds = Callable[[Any], Iterable[object]]
#: What can't change itself may hold what can.
_FROZEN: Final[dict[type, Holds]] = {
    tuple: iter,
    frozenset: iter,
    staticmethod: lambda one: (one.__func__,),
    classmethod: lambda one: (one.__func__,),
    property: lambda one: (one.fget, one.fset, one.fdel),
}
#: What can change, and all that it holds.
_HOLDERS: Final[dict[type, Holds]] = {
    dict: lambda one: (*one, *one.values()),
    list: iter,
    set: iter,
    ModuleType: _of_names,
    FunctionType: _of_function,
    CellType: _of_cell,
    **dict.fromkeys((type, ABCMeta, type(Protocol)), _of_names),
}
