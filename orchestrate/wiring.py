"""The one place that names concrete engines, sources and sinks, and puts a run together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrate.data.files.bounds import require_room
from orchestrate.domain.engines import AttributeParameters, ConfigParameters, Engine, Natives, natives_of, register
from orchestrate.orchestration.orders.ports import OrchestrationPort

if TYPE_CHECKING:
    from types import ModuleType

    from orchestrate.config.document.nodes import Table
    from orchestrate.config.reading import Choices
    from orchestrate.config.resolution import Resolution
    from orchestrate.data.files.cache import ColumnCache
    from orchestrate.domain.engines import EngineProperty
    from orchestrate.domain.plan import RunPlan
    from orchestrate.domain.strategies.protocols import StrategyDescription
    from orchestrate.library.functions import LoadedFunction, UserFunction


#: A further engine is a folder and a line here. The first one is the default of portable strategies.
ENGINES: Final[Mapping[str, Engine]] = register(
    Engine(
        "backtrader",
        "orchestrate.engines.backtrader.adapter:BacktraderOrchestrationAdapter",
        "orchestrate.engines.backtrader.settings:BacktraderSettings",
        "backtrader",
        Natives(
            "backtrader",
            ("Strategy", "SignalStrategy", "strategies."),
            AttributeParameters("params"),
            sized=True,
            derived=("lines", "linealias", "params", "plotinfo", "plotlines"),
        ),
        room=30_000_000,
    ),
    Engine(
        "nautilus",
        "orchestrate.engines.nautilus.adapter:NautilusOrchestrationAdapter",
        "orchestrate.engines.nautilus.settings:NautilusSettings",
        "nautilus_trader",
        Natives(
            "nautilus_trader",
            ("Strategy",),
            ConfigParameters(
                filled_in=("instrument_id", "instrument_ids", "bar_type", "bar_types", "order_id_tag", "strategy_id"),
                classes=("StrategyConfig", "NautilusConfig"),
                base="Struct",
            ),
            sized=False,
        ),
        room=600_000_000,
        properties="orchestrate.engines.nautilus.properties:PROPERTIES",
    ),
)


def settings_types() -> dict[str, type]:
    """Return each engine's dataclass of settings; imports no engine."""
    return {name: _load(engine.settings) for name, engine in ENGINES.items()}


def engine_properties() -> dict[str, tuple[EngineProperty, ...]]:
    """Return what is known of each engine that explains differences from others; imports no engine."""
    return {name: _load(engine.properties) if engine.properties else () for name, engine in ENGINES.items()}


def default_engine() -> str:
    """Return the engine of portable strategies that name none."""
    return next(iter(ENGINES))


def choices() -> Choices:
    """Return the names that a configuration may write, from the registry of each kind of thing."""
    from orchestrate.analytics.weights.methods import ALLOCATIONS
    from orchestrate.config.reading import Choices
    from orchestrate.data.files.formats import FORMATS
    from orchestrate.data.options.formats.registry import FORMATS as CHAIN_FORMATS
    from orchestrate.orchestration.risk.limits.registry import PORTFOLIO_LIMITS, STRATEGY_LIMITS
    from orchestrate.orchestration.risk.policies.registry import CONFLICT_POLICIES
    from orchestrate.orchestration.risk.sizing import SIZINGS
    from orchestrate.sweep.executors.registry import EXECUTORS
    from orchestrate.sweep.samplers.registry import SAMPLERS

    return Choices(
        allocations=ALLOCATIONS,
        conflicts={name: policy.description for name, policy in CONFLICT_POLICIES.items()},
        sizings={name: method.figure for name, method in SIZINGS.items()},
        formats=tuple(FORMATS),
        chain_formats=tuple(CHAIN_FORMATS),
        strategy_limits={name: limit.settings for name, limit in STRATEGY_LIMITS.items()},
        portfolio_limits={name: limit.settings for name, limit in PORTFOLIO_LIMITS.items()},
        samplers={name: sampler.ranges for name, sampler in SAMPLERS.items()},
        executors=tuple(EXECUTORS),
        function=find_function,
    )


def estimates_weights(plan: RunPlan) -> bool:
    """Return whether the weights of a plan are estimated from returns before its start; else they are those it has."""
    return bool(plan.start) and weighs_returns(plan)


def weighs_returns(plan: RunPlan) -> bool:
    """Return whether the weights of a plan are made of returns."""
    from orchestrate.analytics.weights.methods import ALLOCATIONS

    method = ALLOCATIONS.get(plan.allocation.method)
    return plan.mode == "multi" and (method is None or method.source == "returns")


def required_distributions() -> list[str]:
    """Return what must be installed for the engines, beside `orchestrate` itself."""
    return [engine.distribution for engine in ENGINES.values() if engine.distribution]


def distributions() -> dict[str, str]:
    """Return the distribution in which each engine comes."""
    return {name: engine.distribution or name for name, engine in ENGINES.items()}


def describe(reference: str, beside: Path) -> StrategyDescription:
    """Return all that can be known of a strategy with the engines that are here; see `library.catalogue`."""
    from orchestrate.library import catalogue

    return catalogue.describe(reference, beside, tuple(ENGINES.values()))


def shipped() -> dict[str, StrategyDescription]:
    """Return the strategies that come with `orchestrate`, by name, in alphabetical order."""
    from orchestrate.library import catalogue

    return catalogue.shipped(tuple(ENGINES.values()))


def installed() -> tuple[dict[str, StrategyDescription], dict[str, str]]:
    """Return strategies of third-party packages, and those that are broken: name → what is wrong."""
    from orchestrate.library import catalogue

    return catalogue.installed(tuple(ENGINES.values()))


def read_plan(
    path: str | Path,
    overrides: Iterable[str] = (),
    data: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Resolution:
    """Resolve the configuration in `path` with the library and the installed frameworks."""
    from orchestrate.config.resolve import resolve
    from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer

    return resolve(
        path,
        catalogue=describe,
        settings=settings_types(),
        choices=choices(),
        overrides=overrides,
        data=data,
        environ=environ,
        analyze=CompatibilityAnalyzer().analyze,
    )


def read_tree(tree: Table, folder: Path) -> Resolution:
    """Resolve a configuration that was read before; its folder is where relative paths of the plan begin."""
    from orchestrate.config.resolve import resolve_tree
    from orchestrate.orchestration.strategies.compatibility import CompatibilityAnalyzer

    return resolve_tree(
        tree,
        folder,
        catalogue=describe,
        settings=settings_types(),
        choices=choices(),
        analyze=CompatibilityAnalyzer().analyze,
    )


def load(description: StrategyDescription, config: Mapping[str, object]) -> object:
    """Return a new instance of a portable strategy; see `library.loading`."""
    from orchestrate.library import loading

    return loading.load(description, config, _native_packages())


def load_class(description: StrategyDescription) -> type:
    """Return the strategy's class; see `library.loading`."""
    from orchestrate.library import loading

    return loading.load_class(description, _native_packages())


def create(loaded: type, description: StrategyDescription, config: Mapping[str, object]) -> object:
    """Return a new instance of a portable strategy whose class is loaded; see `library.loading`."""
    from orchestrate.library import loading

    return loading.create(loaded, description, config)


def modules_of(loaded: type) -> dict[str, ModuleType]:
    """Return the modules that were loaded with a user's class; see `library.private_import`."""
    from orchestrate.library import private_import

    return private_import.modules_of(loaded.__module__)


def forget(loaded: type) -> None:
    """Let go of the modules that were loaded with a user's class, and of what engines keep for their classes."""
    from orchestrate.library import private_import

    for natives in natives_of(ENGINES.values()).values():
        private_import.forget_derived(loaded.__module__, natives.derived)
    private_import.forget(loaded.__module__)


def find_function(reference: str, beside: Path) -> UserFunction:
    """Return a user's function as far as it is known without being run; see `library.functions`."""
    from orchestrate.library import functions

    return functions.find_function(reference, beside)


def load_function(found: UserFunction) -> LoadedFunction:
    """Return a user's function; see `library.functions`."""
    from orchestrate.library import functions

    return functions.load_function(found, _native_packages())


def _native_packages() -> list[str]:
    return [natives.package for natives in natives_of(ENGINES.values()).values()]


def column_cache(environ: Mapping[str, str], *, wanted: bool) -> ColumnCache | None:
    """Return where parsed columns are kept.

    None where that is not `wanted`, or where `environ` names no place for them.
    """
    from orchestrate.data.files.cache import ColumnCache, cache_folder

    folder = cache_folder(environ) if wanted else None
    return ColumnCache(folder) if folder else None


def build_adapter(framework: str, settings: Mapping[str, object]) -> OrchestrationPort:
    """Return an engine ready to begin; importing it is the costly part."""
    return adapters(framework, settings)()


def adapters(framework: str, settings: Mapping[str, object]) -> Callable[[], OrchestrationPort]:
    """Return a function that makes engines ready to begin, one for each run."""
    known = ENGINES[framework]
    require_room(known.room)
    adapter: Callable[[Any], OrchestrationPort] = _load(known.adapter)
    return partial(adapter, _load(known.settings)(**settings))


def _load(reference: str) -> Any:
    module, name = reference.split(":")
    return getattr(import_module(module), name)
