"""TA-Lib without what it would import only to know its types."""

from __future__ import annotations

import sys
from functools import cache
from threading import RLock, current_thread, enumerate
from types import ModuleType
from typing import Any, Final

_WANTED: Final = ("pandas", "polars")
_LOADING: Final = RLock()


def ta_lib() -> ModuleType:
    """Return the package, loaded on first use: in 10 ms instead of 250. ImportError says how to get it.

    Of pandas and polars it asks no more than whether an array is one of theirs. Where they aren't loaded, stand-ins
    take their places while it is, and ask the real ones as soon as these are there; not beside other threads, which
    might import pandas at that very moment. Daemons don't count: ours import nothing.
    """
    with _LOADING:
        return _loaded()


@cache
def _loaded() -> ModuleType:
    alone = all(other.daemon or other is current_thread() for other in enumerate())
    absent = [name for name in _WANTED if name not in sys.modules] if alone else []
    sys.modules.update({name: _stand_in(name) for name in absent})
    try:
        import talib
        import talib.abstract
    except ImportError as error:
        raise ImportError(f"indicators need TA-Lib: python -m pip install 'TA-Lib>=0.8.1,<0.9' ({error})") from error
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
    """A class of a module that isn't loaded: nothing is an instance of it before the module is, and has it."""

    def __instancecheck__(cls, instance: object) -> bool:
        real = getattr(sys.modules.get(cls.__module__), cls.__name__, None)
        return real is not None and isinstance(instance, real)

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        return getattr(sys.modules[cls.__module__], cls.__name__)(*arguments, **named)
