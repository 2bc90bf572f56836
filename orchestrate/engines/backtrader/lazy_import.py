"""Backtrader, without the parts that few runs touch.

`import backtrader` also defines some 150 indicators, and where TA-Lib is installed 170 more, for which it imports
pandas, and feeds, analyzers and observers: half of the time that it takes, four fifths with TA-Lib. Imported from here,
it loads these parts as soon as anything of theirs is used, in whatever way: `bt.ind.SMA`, `vars(bt.talib)`,
`from backtrader.indicators import SMA`. The rest is unchanged, and a process that has imported it before has all of it.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from threading import RLock, current_thread, enumerate
from types import ModuleType
from typing import Any, Final

_PACKAGE: Final = "backtrader"
_TALIB: Final = "talib"
_PARTS: Final = (
    *("indicators", "indicators.contrib", "studies", "studies.contrib", "strategies", _TALIB),
    *("analyzers", "feeds", "filters", "observers"),
)
#: Attributes that a part has before its code has run; `import backtrader` reads them.
_KNOWN: Final = frozenset({"__class__", "__name__", "__spec__", "__loader__", "__package__", "__file__", "__doc__"})
_LOADING: Final = RLock()
_UNDER_WAY: Final = "_orchestrate_under_way"


class _Part(ModuleType):
    """A module whose code runs when any other attribute of it is used; from then on it is an ordinary one."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        state = _state(self)
        state |= {"__spec__": spec, "__loader__": spec.loader, "__package__": spec.parent}
        state |= {"__file__": spec.origin, "__cached__": spec.cached, _UNDER_WAY: False}
        if spec.submodule_search_locations is not None:
            state["__path__"] = spec.submodule_search_locations

    def __getattribute__(self, name: str) -> Any:
        if name not in _KNOWN:
            _load(self)
        return ModuleType.__getattribute__(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        _load(self)
        ModuleType.__setattr__(self, name, value)

    def __dir__(self) -> list[str]:
        return list(self.__dict__)


def _state(part: ModuleType) -> dict[str, Any]:
    state: dict[str, Any] = ModuleType.__getattribute__(part, "__dict__")
    return state


def _load(part: ModuleType) -> None:
    """Run the code of `part` after that of the part above and before those below, unless it has begun to run."""
    with _LOADING:
        state = _state(part)
        spec: ModuleSpec = state["__spec__"]
        above = sys.modules.get(spec.name.rpartition(".")[0])
        if isinstance(above, _Part):
            _load(above)
        if state.get(_UNDER_WAY, True) or spec.loader is None:
            return
        state[_UNDER_WAY] = True
        try:
            spec.loader.exec_module(part)
            for name, below in sys.modules.copy().items():  # other threads import meanwhile
                if name.startswith(f"{spec.name}.") and isinstance(below, _Part):
                    state[name.rpartition(".")[2]] = below
                    _load(below)
        except BaseException:
            state[_UNDER_WAY] = False
            raise
        del state[_UNDER_WAY]
        object.__setattr__(part, "__class__", ModuleType)


def load_all_parts() -> None:
    """Load all parts but TA-Lib's now if other threads could load them at the same time.

    A thread that imports `backtrader.indicators.sma` holds that module while it waits for the part above it, and
    another one that is loading the part above waits for that module: for ever, as Python knows nothing of our lock.
    Daemons don't count: the thread that draws a run's progress is one, and imports nothing.
    """
    if any(not other.daemon and other is not current_thread() for other in enumerate()):
        for name in [f"{_PACKAGE}.{part}" for part in _PARTS if part != _TALIB]:
            part = sys.modules.get(name)
            if isinstance(part, _Part):
                _load(part)


def _install_stand_ins() -> None:
    """Put stand-ins where `import backtrader` looks for its parts; none for a part that doesn't exist."""
    package = find_spec(_PACKAGE)
    for name in [f"{_PACKAGE}.{part}" for part in _PARTS]:
        above = sys.modules.get(name.rpartition(".")[0])
        owner = above.__spec__ if above else package
        spec = PathFinder.find_spec(name, owner.submodule_search_locations) if owner else None
        if spec is not None:
            sys.modules[name] = _Part(spec)


if _PACKAGE not in sys.modules:
    _install_stand_ins()

import backtrader as bt  # noqa: E402  (only now, when the stand-ins are there)

__all__ = ["bt", "load_all_parts"]
