"""The one place that names concrete engines, sources and sinks, and puts a run together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrate.data.bounds import require_room
from orchestrate.orchestration.orders.ports import OrchestrationPort

if TYPE_CHECKING:
    from orchestrate.config.resolution import Resolution
    from orchestrate.data.cache import ColumnCache


@dataclass(frozen=True, slots=True)
class Framework:
    """Where an engine's adapter and its settings are, named so that nothing is imported before it is needed.

    `room` is the address space that importing it takes.
    """

    adapter: str
    settings: str
    room: int = 0


#: A further engine is a folder and a line here.
FRAMEWORKS: Final[Mapping[str, Framework]] = {
    "backtrader": Framework(
        "orchestrate.engines.backtrader.adapter:BacktraderOrchestrationAdapter",
        "orchestrate.engines.backtrader.settings:BacktraderSettings",
        30_000_000,
    ),
    "nautilus": Framework(
        "orchestrate.engines.nautilus.adapter:NautilusOrchestrationAdapter",
        "orchestrate.engines.nautilus.settings:NautilusSettings",
        600_000_000,
    ),
}


def settings_types() -> dict[str, type]:
    """Each framework's dataclass of settings; imports no engine."""
    return {name: _load(framework.settings) for name, framework in FRAMEWORKS.items()}


def read_plan(
    path: str | Path,
    overrides: Iterable[str] = (),
    data: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Resolution:
    """What becomes of the configuration in `path` with the library and the frameworks that are here."""
    from orchestrate.config.resolve import resolve
    from orchestrate.library.catalogue import describe

    return resolve(path, catalogue=describe, settings=settings_types(), overrides=overrides, data=data, environ=environ)


def column_cache(environ: Mapping[str, str], *, wanted: bool) -> ColumnCache | None:
    """Where parsed columns are kept; None where that is not `wanted`, or where `environ` names no place for them."""
    from orchestrate.data.cache import ColumnCache, cache_folder

    folder = cache_folder(environ) if wanted else None
    return ColumnCache(folder) if folder else None


def build_adapter(framework: str, settings: Mapping[str, object]) -> OrchestrationPort:
    """An engine ready to begin; importing it is the costly part."""
    known = FRAMEWORKS[framework]
    require_room(known.room)
    adapter: Callable[[Any], OrchestrationPort] = _load(known.adapter)
    return adapter(_load(known.settings)(**settings))


def _load(reference: str) -> Any:
    module, name = reference.split(":")
    return getattr(import_module(module), name)
