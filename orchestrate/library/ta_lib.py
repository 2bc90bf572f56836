"""TA-Lib without what it would import only to know its types."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType
from typing import Any

_WANTED = ("pandas", "polars")


@cache
def ta_lib() -> ModuleType:
    """The package, loaded on first use: in 10 ms instead of 250.

    Of pandas and polars it asks no more than whether an array is one of theirs. Where they aren't loaded, stand-ins
    take their places while it is, and ask the real ones as soon as these are there.
    """
    absent = [name for name in _WANTED if name not in sys.modules]
    sys.modules.update({name: _stand_in(name) for name in absent})
    try:
        import talib
        import talib.abstract
    finally:
        for name in absent:
            del sys.modules[name]
    return talib


def _stand_in(name: str) -> ModuleType:
    module = ModuleType(name)
    for kind in ("DataFrame", "Series"):
        setattr(module, kind, _Later(kind, (), {"__module__": name}))
    return module


class _Later(type):
    """A class of a module that isn't loaded: nothing is an instance of it before the module is."""

    def __instancecheck__(cls, instance: object) -> bool:
        return cls.__module__ in sys.modules and isinstance(instance, cls._real())

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        return cls._real()(*arguments, **named)

    def _real(cls) -> Any:
        return getattr(sys.modules[cls.__module__], cls.__name__)
